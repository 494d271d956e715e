"""From an event to the message that goes to Kafka: envelope around, Avro, topic and key.

Pure: no clock, no network. The client's worker and the door for JSON both come through here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec

from earwitness.client.context import Call
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.snapshot import Snapshot, kind_of
from earwitness.runtime.topic_names import RAW
from earwitness.schemas import catalogue, codec
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.events import CallStarted, Event, SecurityAuthentication
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = [
    "Message",
    "Route",
    "body",
    "key",
    "message",
    "microseconds",
    "other_party",
    "record",
    "route",
    "severity",
    "whose",
]

Record = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_YEARS = range(1970, 2300)  # what ClickHouse's DateTime64(6) holds, from the epoch on


class Message(NamedTuple):
    """What is produced: `value` is Avro in Confluent's wire format."""

    topic: str
    key: str
    value: bytes


@dataclass(frozen=True)
class Route:
    """What is known of a kind before any event of it: its schema and topic, and which fields need care.

    Attributes:
        maps: fields that are empty when the app gives None.
        times: fields that hold a time, `occurred_at` among them.
    """

    schema: Schema
    topic: str
    maps: tuple[str, ...]
    times: tuple[str, ...]


@cache
def route(kind: str) -> Route:
    """The route of a kind.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    schema = catalogue.raw(kind)
    types = {field["name"]: field["type"] for field in schema.fields}
    logical = {name: found for name, found in types.items() if isinstance(found, dict)}
    return Route(
        schema=schema,
        topic=RAW + schema.family,
        maps=tuple(name for name, found in logical.items() if found["type"] == "map"),
        times=tuple(name for name, found in logical.items() if found.get("logicalType") == "timestamp-micros"),
    )


def severity(event: Event) -> str:
    """The severity that the app gave, or the kind's own; a webhook whose signature did not hold is a WARN."""
    if event.severity is not None:
        return event.severity
    if isinstance(event, SecurityAuthentication) and not event.valid:
        return "WARN"
    return route(kind_of(event)).schema.severity


def other_party(event: CallStarted) -> str | None:
    """Who is at the other end of a call that starts: the caller of all its events."""
    return event.to_number if event.direction == "outbound" else event.from_number


def body(event: Event) -> Record:
    """The event's fields under the schema's names, times as microseconds since 1970-01-01 UTC.

    Raises:
        InvalidEventError: a time without its zone, or out of range.
    """
    kind = kind_of(event)
    found: Record = {
        name: msgspec.to_builtins(getattr(event, name), builtin_types=(datetime,)) for name in event.__struct_fields__
    }
    way = route(kind)
    for name in way.maps:
        if found[name] is None:
            found[name] = {}
    for name in way.times:
        if found[name] is not None:
            found[name] = microseconds(kind, name, found[name])
    return found


def microseconds(kind: str, name: str, time: datetime) -> int:
    """A time as Avro's `timestamp-micros`.

    Args:
        kind: the event's, for the error.
        name: the field's, for the error.
        time: what the app gave.

    Raises:
        InvalidEventError: it has no zone, or is out of range.
    """
    if time.tzinfo is None:
        raise InvalidEventError(kind, name, "is a time without a zone; give an aware one")
    if time.year not in _YEARS:
        raise InvalidEventError(kind, name, "must lie between the years 1970 and 2299")
    return (time - _EPOCH) // _MICROSECOND


def whose(event: Event, call: Call | None) -> Call:
    """The call that an event belongs to, and who is at its other end.

    Args:
        event: what it says of them counts.
        call: what was bound where it was emitted.
    """
    bound_sid, bound_caller = call or (None, None)
    call_sid = event.call_sid or bound_sid or None
    caller = event.caller
    if caller is None and (bound_sid is None or call_sid == bound_sid):  # else the context is another call's
        caller = bound_caller
    if caller is None and isinstance(event, CallStarted):
        caller = other_party(event)
    return call_sid, caller


def record(snapshot: Snapshot, origin: Origin, sequence: int) -> Record:
    """The whole record of an event that was captured.

    Raises:
        InvalidEventError: a time without its zone, or out of range.
    """
    captured_ns, call, trace, event = snapshot
    found = body(event)
    if found["occurred_at"] is None:
        found["occurred_at"] = captured_ns // 1000
    found["event_id"] = origin.event_id(captured_ns, sequence)
    found["severity"] = severity(event)
    found["service"] = origin.service
    found["environment"] = origin.environment
    found["tenant"] = origin.tenant
    found["producer_id"] = origin.producer_id
    found["sequence"] = sequence
    found["call_sid"], found["caller"] = whose(event, call)
    found["trace_id"], found["span_id"] = trace or (None, None)
    found["replayed"] = False
    return found


def key(found: Record) -> str:
    """What keeps a call's events, or else a process's, in one partition and in order."""
    return found["call_sid"] or f"{found['service']}:{found['producer_id']}"


def message(kind: str, found: Record, wire_ids: WireIds = CONTENT_IDS) -> Message:
    """A record as it goes to Kafka.

    Raises:
        RegistryAwayError: what stands in front of it is not known yet.
    """
    way = route(kind)
    return Message(way.topic, key(found), codec.encode(way.schema, found, wire_ids=wire_ids))
