"""The door for events as JSON: one flat object an event, as logs, replays and programs in other languages write them.

    {"kind": "data.job_lookup", "call_sid": "CA…", "client_id": "ACME12", "job_number": "48213", "found": true, …}

Types are strict, what the envelope lacks is filled in, and an unknown field goes to `attributes` as text: it is better
masked like free text than lost.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from earwitness.client import envelope, snapshot
from earwitness.client.capture import Limits
from earwitness.client.envelope import Record
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.schemas import catalogue
from earwitness.schemas.events import EVENTS, CallStarted

__all__ = ["JsonEvent", "JsonEvents", "Refused", "read"]

_Name = Annotated[str, msgspec.Meta(min_length=1)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_BYTES = Limits().event_bytes

T = TypeVar("T")


class _Envelope(msgspec.Struct, kw_only=True):
    """What the client would fill in; null is the same as absent."""

    event_id: UUID | None = None
    service: _Name | None = None
    environment: _Name | None = None
    tenant: _Name | None = None
    producer_id: _Name | None = None
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    trace_id: str | None = None
    span_id: str | None = None
    replayed: bool | None = None


class JsonEvent(NamedTuple):
    """An event that was read: `record` has all fields of the kind's raw schema."""

    line: int
    kind: str
    record: Record


class Refused(NamedTuple):
    """A line that is no event."""

    line: int
    reason: str


class JsonEvents:
    """Turns JSON objects into records. Remembers who calls in which call, and counts for producers that do not.

    Attributes:
        unknown_fields: how many fields were moved to `attributes`.
    """

    def __init__(self, origin: Origin, *, calls: int = 100_000, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.unknown_fields = 0
        self._origin = origin
        self._now_ns = now_ns
        self._parsed = 0
        self._callers = _Recent[str](calls)
        self._sequences = _Recent[int](calls)

    def parse(self, found: object) -> tuple[str, Record]:
        """The kind and the record of one JSON object, bare or wrapped in transport metadata (`{"event": {…}, …}`).

        Raises:
            InvalidEventError: it is no event; the error names the field.
        """
        if isinstance(found, dict) and "kind" not in found and isinstance(found.get("event"), dict):
            found = found["event"]
        if not isinstance(found, dict):
            raise InvalidEventError("unknown", "", "an event is a JSON object")
        kind = found.get("kind")
        if kind is None:
            raise InvalidEventError("unknown", "kind", "is required")
        if not isinstance(kind, str) or kind not in EVENTS:
            raise InvalidEventError("unknown", "kind", "is none of " + ", ".join(EVENTS))
        fields, moved = _known(kind, found)
        given = _convert(kind, {name: fields.pop(name, None) for name in _Envelope.__struct_fields__}, _Envelope)
        if type(fields.get("occurred_at")) is int:
            fields["occurred_at"] = _time(kind, fields["occurred_at"])
        event = _convert(kind, fields, EVENTS[kind])
        record = envelope.body(event)
        _check_values(kind, record)
        self._fill(record, given)
        record["severity"] = envelope.severity(event)
        if isinstance(event, CallStarted) and record["caller"] is None:
            record["caller"] = envelope.other_party(event)
        self._fill_caller(record, started=isinstance(event, CallStarted))
        self.unknown_fields += moved
        return kind, record

    def _fill(self, record: Record, given: _Envelope) -> None:
        self._parsed += 1
        now_ns = self._now_ns()
        if record["occurred_at"] is None:
            record["occurred_at"] = now_ns // 1000
        record["event_id"] = str(given.event_id or self._origin.event_id(now_ns, self._parsed))
        record["service"] = given.service or self._origin.service
        record["environment"] = given.environment or self._origin.environment
        record["tenant"] = given.tenant or self._origin.tenant
        producer = given.producer_id
        if producer is None:
            # Numbers that somebody else gave must not mix with those given here.
            producer = self._origin.producer_id + ("" if given.sequence is None else "-numbered")
        sequence = given.sequence
        if sequence is None:
            sequence = (self._sequences.get(producer) or 0) + 1
            self._sequences.put(producer, sequence)
        record["producer_id"], record["sequence"] = producer, sequence
        record["trace_id"], record["span_id"] = given.trace_id, given.span_id
        record["replayed"] = bool(given.replayed)

    def _fill_caller(self, record: Record, *, started: bool) -> None:
        call_sid, caller = record["call_sid"], record["caller"]
        if not call_sid:
            return
        if started and caller is not None:
            self._callers.put(call_sid, caller)
        elif caller is None:
            record["caller"] = self._callers.get(call_sid)


def read(lines: Iterable[bytes], door: JsonEvents) -> Iterator[JsonEvent | Refused]:
    """The events of a file of JSON lines, in order; blank lines are skipped. Lines count from 1."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield JsonEvent(number, *door.parse(_load(line)))
        except InvalidEventError as error:
            yield Refused(number, str(error))
        except RecursionError:
            yield Refused(number, "the line is nested too deeply")


def _load(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        pass
    try:  # says better what is wrong, and takes lone surrogates, which `_check_values` then finds
        return json.loads(line, parse_constant=_no_number)
    except ValueError as error:
        reason = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"is no JSON: {error}"
        raise InvalidEventError("unknown", "", f"the line {reason}") from None


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number in JSON")


@cache
def _names(kind: str) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The kind's field names, and those of the items of its lists of records."""
    fields = catalogue.raw(kind).fields
    items = {
        field["name"]: frozenset(item["name"] for item in field["type"]["items"]["fields"])
        for field in fields
        if isinstance(field["type"], dict) and isinstance(field["type"].get("items"), dict)
    }
    return frozenset(field["name"] for field in fields) | {"kind"}, items


def _known(kind: str, found: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The object's known fields, what is unknown moved to `attributes` as text; and how many were moved."""
    names, lists = _names(kind)
    known = {name: value for name, value in found.items() if name in names}
    unknown = {name: value for name, value in found.items() if name not in names}
    for name, within in lists.items():
        items = known.get(name)
        if isinstance(items, list):
            for index, item in enumerate(items):
                for key in item.keys() - within if isinstance(item, dict) else ():
                    unknown[f"{name}[{index}].{key}"] = item[key]
    attributes = known.get("attributes") or {}
    if unknown and isinstance(attributes, dict):
        for name in unknown:
            if name in attributes:
                raise InvalidEventError(kind, name, "is no field of this kind, and stands in attributes too")
        known["attributes"] = attributes | {name: _text(value) for name, value in unknown.items()}
    return known, len(unknown)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _convert(kind: str, fields: dict[str, Any], into: type[T]) -> T:
    try:
        return msgspec.convert(fields, into)
    except msgspec.ValidationError as error:
        reason, path = snapshot.problem(error)
        raise InvalidEventError(kind, path.removeprefix("."), reason) from None


def _time(kind: str, microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise InvalidEventError(kind, "occurred_at", "is no number of microseconds since 1970-01-01") from None


def _check_values(kind: str, record: Record) -> None:
    size = 0
    for name, value in record.items():
        try:
            size += len(msgspec.msgpack.encode(value))
        except UnicodeEncodeError:
            raise InvalidEventError(kind, name, "holds a lone surrogate, which is no text") from None
    if size > _MAX_BYTES:
        raise InvalidEventError(kind, "", f"the event is larger than {_MAX_BYTES // 1024} KiB")


class _Recent(Generic[T]):
    """A mapping that forgets what was used longest ago."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._found: OrderedDict[str, T] = OrderedDict()

    def get(self, key: str) -> T | None:
        if key not in self._found:
            return None
        self._found.move_to_end(key)
        return self._found[key]

    def put(self, key: str, value: T) -> None:
        self._found[key] = value
        self._found.move_to_end(key)
        if len(self._found) > self._size:
            self._found.popitem(last=False)
