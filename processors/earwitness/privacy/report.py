"""What masking did to one record: which field, which kind, which rule, which position; never what stood there.

The masked text is the pipeline's own: the record goes through its masker. Beside it the scanner says why, and a field where
the two do not agree says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.keyring import Era
from earwitness.privacy.masker import Masker
from earwitness.privacy.policy import Policy, policies
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.replacements import TEXT
from earwitness.privacy.scanner import Span
from earwitness.privacy.text_reader import TextReader
from earwitness.schemas import codec
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = ["DIFFERS", "FieldReport", "Finding", "Reporter"]

DIFFERS = "differs"
"""The rule of a field where report and pipeline do not agree."""
_DECLARED = {"phone": "PHONE", "name": "PERSON", "client": "CLIENT", "job": "JOB", "ip": "IP", "secret": "SECRET"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was replaced.

    Attributes:
        kind: what it was: PHONE, PERSON, …
        rule: what said so: a rule of the scanner; `declared` for a field that the schema declares.
        start: where its replacement begins in the masked text, in code points.
        end: behind its replacement.
    """

    kind: str
    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One text of a record.

    Attributes:
        field: where it stands: `note`, `changes[0].old_value`, `attributes.screen`.
        pii: what the schema says of it; `none` for what is not masked.
        text: the text as it is stored.
        findings: what was replaced in it, in order.
    """

    field: str
    pii: str
    text: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    at: str
    """The field as it is told, with the number of an entry and the key of an attribute."""
    path: str
    """The field as policies name it."""
    pii: str

    def inner(self, field: Mapping[str, Any], dot: str = ".") -> _Place:
        name = dot + field["name"]
        return _Place(self.at + name, self.path + name, str(field.get("pii", self.pii)))

    def entry(self, what: str) -> _Place:
        return replace(self, at=self.at + what)


class Reporter:
    """Reports on raw records.

    Args:
        schemas: what masks them.
        wire_ids: what stands in their frames.
    """

    def __init__(self, schemas: RawSchemas, wire_ids: WireIds = CONTENT_IDS) -> None:
        self._schemas = schemas
        self._wire_ids = wire_ids
        self._eras = [_InEra(era, schemas) for era in schemas.eras]
        self._maskers: dict[str, Masker] = {}

    def report(self, value: bytes, received_ms: int) -> list[FieldReport]:
        """Each text of a raw record, masked, with what was replaced.

        Args:
            value: the raw record's value.
            received_ms: when the broker took it, milliseconds since 1970-01-01 UTC: it says which key is used.

        Raises:
            DatumError, UnknownSchemaError: it cannot be read.
            NotAskedError: its schema is not known yet: `RawSchemas.ask`, then again.
        """
        schema = self._schemas.get(value).schema
        masked, _ = self._masker(schema.family).mask(value, 0, received_ms)
        before, after = codec.decode(value, self._wire_ids)[1], codec.decode(masked, self._wire_ids)[1]
        era = next(era for era in self._eras if received_ms < era.until)
        treated = policies(schema)
        root = _Place("", "", "none")
        return [
            era.text(place, raw, stored, treated.get(place.path))
            for field in schema.fields
            for place, raw, stored in _texts(
                root.inner(field, ""), field["type"], before[field["name"]], after[field["name"]]
            )
        ]

    def _masker(self, family: str) -> Masker:
        masker = self._maskers.get(family)
        if masker is None:
            masker = Masker(self._schemas, family=family, topic_id=bytes(16), partition=0)
            self._maskers[family] = masker
        return masker


class _InEra:
    """Reports on texts that are masked with one key."""

    def __init__(self, era: Era, schemas: RawSchemas) -> None:
        self.until = era.until
        self._reader_of = partial(schemas.texts.reader, era.tokens)
        self._preset = schemas.site.preset
        self._free_text = FreeText(era.tokens)
        self._readers: dict[Policy, TextReader] = {}

    def text(self, place: _Place, raw: str, stored: str, policy: Policy | None) -> FieldReport:
        findings: tuple[Finding, ...] = ()
        if stored and place.pii == "text":
            findings = self._findings(raw, stored, policy or Policy())
        elif stored and place.pii != "none":
            findings = (Finding(_DECLARED.get(place.pii, place.pii.upper()), "declared", 0, len(stored)),)
        return FieldReport(place.at, place.pii, stored, findings)

    def _findings(self, raw: str, stored: str, policy: Policy) -> tuple[Finding, ...]:
        if policy.under(self._preset).preset == "whole":
            return (Finding("TEXT", "whole", 0, len(stored)),)
        reader = self._readers.get(policy)
        if reader is None:
            reader = self._readers[policy] = self._reader_of(policy)
        spans = reader.spans(raw)
        if self._free_text.replaced(raw, spans) != stored:
            return (Finding("TEXT", DIFFERS, 0, len(stored)),)
        return tuple(self._moved(raw, spans))

    def _moved(self, raw: str, spans: Sequence[Span]) -> Iterator[Finding]:
        """Where the replacements of spans stand."""
        shift = 0
        for span in spans:
            length = span.end - span.start
            size = len(self._free_text.replaced(raw[span.start : span.end], [Span(0, length, span.kind, span.rule)]))
            yield Finding(span.kind, span.rule, span.start + shift, span.start + shift + size)
            shift += size - length


def _texts(place: _Place, kind: Any, raw: Any, stored: Any) -> Iterator[tuple[_Place, str, str]]:
    """The texts in a value, as they were and as they are stored."""
    if isinstance(raw, str):
        yield place, raw, str(stored)
    elif isinstance(raw, list):
        for number, pair in enumerate(zip(raw, stored, strict=True)):
            yield from _texts(place.entry(f"[{number}]"), _part(kind, "items"), *pair)
    elif isinstance(raw, dict) and (fields := _part(kind, "fields")) is not None:
        for field in fields:
            name = field["name"]
            yield from _texts(place.inner(field), field["type"], raw[name], stored[name])
    elif isinstance(raw, dict):
        values = _part(kind, "values")
        # Several keys may become the one [text]; whoever decodes the record sees the last of them.
        keys = {key if key in stored else TEXT: key for key in raw}
        for key, before in keys.items():
            yield from _texts(place.entry(f".{key}"), values, raw[before], stored[key])


def _part(kind: Any, name: str) -> Any:
    """`items`, `values` or `fields` of a type, wherever in a union it stands."""
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, dict):
            if name in branch:
                return branch[name]
            if not isinstance(branch["type"], str):
                return _part(branch["type"], name)
    return None
