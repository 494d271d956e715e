"""From a raw record's bytes to the masked record's: walk, replace, put the front before it.

A `Masker` masks one record after the other; it holds no connection and no clock. What it cannot read raises an error
that says why, without a byte of the content.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from earwitness.privacy.keyring import Era
from earwitness.privacy.previous import PreviousTokens
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.tokens import encoded
from earwitness.schemas import framing
from earwitness.schemas.errors import DatumError, FramingError, MalformedError
from earwitness.schemas.varint import encode_long
from earwitness.schemas.walker import Part, Splicer

__all__ = ["Masker", "WrongTopicError"]

_EMPTY_COLLECTION = b"\x00"
_KEPT = struct.pack("<d", 1.0)


class WrongTopicError(DatumError):
    """An event of one family came on another family's topic."""


@dataclass(frozen=True, slots=True)
class _Plan:
    lead: bytes
    splice: Splicer
    previous: PreviousTokens | None


class _Era:
    """The plans of one key's time, and what stands in each front behind the times."""

    __slots__ = ("plans", "since", "tail", "until")

    def __init__(self, era: Era) -> None:
        self.since, self.until = era.since, era.until
        self.plans: dict[bytes, _Plan] = {}
        # sample rate, key id, no verdict, category or field; no previous tokens, or they follow; then the coarse tokens
        self.tail = _KEPT + encoded(era.tokens.key_id) + b"\x00\x00\x00"
        if era.tokens.previous is None:
            self.tail += _EMPTY_COLLECTION


class Masker:
    """Masks the records of one raw partition.

    Args:
        schemas: what may come, and what masks it.
        family: the topic's family; an event of another one is refused.
        topic_id: Kafka's id of the raw topic, 16 bytes.
        partition: the raw partition.
    """

    def __init__(self, schemas: RawSchemas, *, family: str, topic_id: bytes, partition: int) -> None:
        if len(topic_id) != 16:
            raise ValueError(f"a topic id has 16 bytes, not {len(topic_id)}")
        self._schemas = schemas
        self._family = family
        self._position = b"\x00" + topic_id + encode_long(partition)
        self._eras = [_Era(era) for era in schemas.eras]
        self._era = self._eras[-1]
        self._received_ms: int | None = None
        self._received = b""

    def mask(self, value: bytes | None, offset: int, received_ms: int) -> tuple[bytes, int]:
        """The masked record of a raw record, both framed; and 1 if it is marked as replayed, else 0; see `parts`."""
        parts, replayed = self.parts(value, offset, received_ms)
        return b"".join(parts), replayed

    def parts(self, value: bytes | None, offset: int, received_ms: int) -> tuple[tuple[Part, ...], int]:
        """The parts of the masked record of a raw record, both framed; and 1 if it is marked as replayed, else 0.

        Args:
            value: the raw record's value.
            offset: its offset.
            received_ms: when the broker took it, milliseconds since 1970-01-01 UTC.

        Raises:
            DatumError, UnknownSchemaError: it cannot be read; the message holds nothing of its content.
            NotAskedError: its schema is not known yet: `RawSchemas.ask`, then mask it again.
        """
        if value is None:
            raise FramingError("the record has no value")
        if received_ms != self._received_ms:
            self._received = _micros(received_ms)
            self._received_ms = received_ms
            if not self._era.since <= received_ms < self._era.until:
                self._era = next(era for era in self._eras if received_ms < era.until)
        plan = self._era.plans.get(value[:5])
        if plan is None:
            plan = self._learn(value)
        front = plan.lead + encode_long(offset) + self._received + self._era.tail
        if plan.previous is not None:
            front += plan.previous.of(value)
        return plan.splice(value, 5, front)

    def _learn(self, value: bytes) -> _Plan:
        found = self._schemas.get(value)
        if found.schema.family != self._family:
            raise WrongTopicError(
                f"schema {framing.schema_id(value)} is not of the family {self._family!r} of this topic"
            )
        masking = found.maskings[self._eras.index(self._era)]
        plan = _Plan(found.masked_frame + self._position, masking.splice, masking.previous)
        self._era.plans[value[: framing.HEADER_SIZE]] = plan
        return plan


def _micros(milliseconds: int) -> bytes:
    try:
        return encode_long(milliseconds * 1000)
    except ValueError:
        raise MalformedError("the record's timestamp is outside of what microseconds can say") from None
