"""The privacy stage: every record of a raw topic becomes a masked record, or a dead letter."""

from __future__ import annotations

from typing import Any

from earwitness.privacy.masker import Masker
from earwitness.privacy.raw_schemas import NotAskedError, RawSchemas
from earwitness.runtime.topic_names import MASKED, RAW
from earwitness.schemas import framing
from earwitness.schemas.errors import DatumError, FramingError, UnknownSchemaError
from earwitness.schemas.walker import Part
from earwitness.stream.step import Dead, NeedsAnswerError, Output, Reason, Result, SourceRecord, SourceSlice, place_of

__all__ = ["MOST_BYTES", "MaskingStep"]

MOST_BYTES = 2_000_000
"""A masked record that is longer becomes a dead letter; the masked topics take 2 MiB, the raw ones 1 MiB."""

_Walked = tuple[tuple[Part, ...], int]

_HEADERS = (None, framing.REPLAYED_HEADERS)
"""Of the masked records that are not marked as replayed, and of those that are."""


class MaskingStep:
    """Masks slices. Deterministic: the same record at the same position gives the same bytes, however slices are cut."""

    def __init__(self, schemas: RawSchemas) -> None:
        self._schemas = schemas
        self._maskers: dict[tuple[str, bytes, int], Masker] = {}

    def process(self, source: SourceSlice) -> Result:
        """Mask each record; what cannot be read is dead.

        Raises:
            NeedsAnswerError: a schema is not known yet, and the registry is to be asked for it.
        """
        topic = MASKED + source.topic.removeprefix(RAW)
        messages: list[dict[str, Any]] = []
        marked = 0
        result = Result()
        outcomes = result.outcomes
        start, outcome = source.first, "masked"
        previous = start
        for record, walked in zip(source.records, self._walked(source), strict=True):
            offset, now = record.offset, "masked"
            if isinstance(walked, Dead):
                result.dead.append(walked)
                now = "dead"
            else:
                parts, replayed = walked
                value = b"".join(parts)
                if len(value) > MOST_BYTES:
                    result.dead.append(_dead(record, _TooLargeError(len(value))))
                    now = "dead"
                else:
                    if replayed != marked:
                        if messages:
                            result.outputs.append(Output(topic, source.partition, messages, _HEADERS[marked]))
                        messages, marked = [], replayed
                    messages.append({"value": value, "key": record.key})
            if now != outcome:
                if offset != start:
                    outcomes.append((outcome, start, previous))
                start, outcome = offset, now
            previous = offset
        outcomes.append((outcome, start, previous))
        if messages:
            result.outputs.append(Output(topic, source.partition, messages, _HEADERS[marked]))
        return result

    def _walked(self, source: SourceSlice) -> list[_Walked | Dead]:
        """The parts of each masked record; they are whole, because the texts of all records have been read at the end."""
        parts = self._masker(source).parts
        walked: list[_Walked | Dead] = []
        with self._schemas.texts.ahead:
            for record in source.records:
                try:
                    walked.append(parts(record.value, record.offset, record.timestamp))
                except (DatumError, UnknownSchemaError) as error:
                    walked.append(_dead(record, error))
                except NotAskedError:
                    raise NeedsAnswerError(lambda: self._schemas.ask([each.value for each in source.records])) from None
                except Exception as error:  # noqa: BLE001 - a fault of ours that one record brings out must not stop all others
                    walked.append(_failed(record, error))
        return walked

    def _masker(self, source: SourceSlice) -> Masker:
        key = (source.topic, source.topic_id, source.partition)
        masker = self._maskers.get(key)
        if masker is None:
            masker = self._maskers[key] = Masker(
                self._schemas,
                family=source.topic.removeprefix(RAW),
                topic_id=source.topic_id,
                partition=source.partition,
            )
        return masker


class _TooLargeError(DatumError):
    reason = "too_large"

    def __init__(self, size: int) -> None:
        super().__init__(f"masked it has {size} bytes, more than {MOST_BYTES}")


def _failed(record: SourceRecord, error: Exception) -> Dead:
    # Its message may quote the record, so only type and place are told.
    detail = f"masking it raised {type(error).__name__} at {place_of(error)}"
    schema_id = framing.schema_id(record.value) if record.value is not None else None
    return Dead(record.offset, "stage_failed", detail, record.value, schema_id)


def _dead(record: SourceRecord, error: DatumError | UnknownSchemaError) -> Dead:
    reason: Reason = "unknown_schema" if isinstance(error, UnknownSchemaError) else error.reason
    schema_id = None
    if record.value is not None and not isinstance(error, FramingError):
        schema_id = framing.schema_id(record.value)
    return Dead(record.offset, reason, str(error), record.value, schema_id)
