"""From an event to a message: every kind, the envelope around it, and who is the caller."""

import datetime as dt
import time
import typing
import uuid
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from earwitness.client import envelope, snapshot
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.snapshot import Snapshot
from earwitness.schemas import codec
from earwitness.schemas.events import (
    EVENTS,
    CallEnded,
    CallStarted,
    DataRecordUpdate,
    SecurityAuthentication,
    SecurityErrorPattern,
)

ORIGIN = Origin("ivr", "test", "default", "ivr-1", salt=0xFFFF_FFFF)
NOW = 1_790_000_000_123_456_789
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def sample(kind):
    """An event with every field given."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: value_of(hints[name]) for name in kind.__struct_fields__})


def value_of(hint):
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if type(None) in arguments:
        return value_of(arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if origin is not None and issubclass(origin, Mapping):
        return {"key": value_of(arguments[1])}
    if origin is not None and issubclass(origin, Sequence):
        return (value_of(arguments[0]),)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return sample(hint)
    return {str: "text ñ", int: 7, float: 1.5, bool: True, dt.datetime: NOON}[hint]


def record(event, call=None, trace=None):
    captured = snapshot.decode(snapshot.encode((NOW, call, trace, event)))
    return envelope.record(captured, ORIGIN, 42)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_is_encoded_and_decoded_as_it_was(kind):
    event = sample(EVENTS[kind])
    made = envelope.message(kind, record(event))
    schema, found = codec.decode(made.value)
    assert (schema.kind, schema.stage) == (kind, "raw")
    assert made.topic == f"audit.raw.{kind.split('.')[0]}"
    given = msgspec.to_builtins(event, builtin_types=(dt.datetime,))
    del given["kind"]
    assert {name: tuple(v) if isinstance(v, list) else v for name, v in found.items() if name in given} == {
        name: tuple(v) if isinstance(v, list) else v for name, v in given.items()
    }


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_goes_with_what_is_required_alone(kind):
    required = {
        field.name: value_of(typing.get_type_hints(EVENTS[kind])[field.name])
        for field in msgspec.structs.fields(EVENTS[kind])
        if field.required
    }
    _, found = codec.decode(envelope.message(kind, record(EVENTS[kind](**required))).value)
    assert found["attributes"] == {}


def test_the_envelope_is_filled_in():
    found = record(CallStarted(direction="inbound", language="en"), call=("CA1", "+1"), trace=("a" * 32, "b" * 16))
    assert uuid.UUID(found.pop("event_id")).version == 7
    assert {name: found[name] for name in found if name not in CallStarted.__struct_fields__} == {
        "service": "ivr",
        "environment": "test",
        "tenant": "default",
        "producer_id": "ivr-1",
        "sequence": 42,
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "replayed": False,
    }
    assert found["occurred_at"] == NOW // 1000
    assert (found["call_sid"], found["caller"], found["severity"]) == ("CA1", "+1", "INFO")


def test_what_the_app_says_of_the_envelope_counts():
    event = CallStarted(direction="inbound", language="en", occurred_at=NOON, severity="ERROR", call_sid="CA2")
    found = record(event, call=("CA1", "+1"))
    assert found["occurred_at"] == round(NOON.timestamp()) * 1_000_000
    assert (found["severity"], found["call_sid"]) == ("ERROR", "CA2")


ENDED = {"duration_seconds": 1, "disconnect_reason": "completed", "call_status": "completed"}


@pytest.mark.parametrize(
    ("event", "call", "caller"),
    [
        (CallEnded(**ENDED), None, None),
        (CallEnded(**ENDED), ("CA1", "+1"), "+1"),
        (CallEnded(**ENDED, call_sid="CA1"), ("CA1", "+1"), "+1"),
        (CallEnded(**ENDED, call_sid="CA2"), ("CA1", "+1"), None),
        (CallEnded(**ENDED, call_sid="CA2"), (None, "+1"), "+1"),
        (CallEnded(**ENDED, caller="+2"), ("CA1", "+1"), "+2"),
        (CallStarted(direction="inbound", language="en", from_number="+3", to_number="+4"), None, "+3"),
        (CallStarted(direction="outbound", language="en", from_number="+3", to_number="+4"), None, "+4"),
        (CallStarted(direction="inbound", language="en"), ("CA1", None), None),
    ],
)
def test_the_caller_is_the_call_s_other_party_and_never_that_of_another_call(event, call, caller):
    assert record(event, call)["caller"] == caller


def test_the_key_is_the_call_or_else_the_process():
    event = CallEnded(**ENDED)
    assert envelope.message("call.ended", record(event, ("CA1", None))).key == "CA1"
    assert envelope.message("call.ended", record(event, ("", None))).key == "ivr:ivr-1"
    assert envelope.message("call.ended", record(event)).key == "ivr:ivr-1"


def test_severity_is_the_kind_s_own_and_a_forged_webhook_is_a_warning():
    checked = {"method": "twilio_signature", "url_path": "/voice"}
    assert envelope.severity(SecurityAuthentication(valid=True, **checked)) == "INFO"
    assert envelope.severity(SecurityAuthentication(valid=False, **checked)) == "WARN"
    assert envelope.severity(SecurityAuthentication(valid=False, severity="ERROR", **checked)) == "ERROR"
    assert envelope.severity(SecurityErrorPattern(pattern="p", count=1, window_seconds=1)) == "ERROR"


def test_times_need_a_zone_and_a_year_that_can_be_stored():
    update = {"table": "Jobs", "record_id": "rec1"}
    with pytest.raises(InvalidEventError, match=r"data\.record_update: updated_at: is a time without a zone"):
        record(DataRecordUpdate(updated_at=dt.datetime(2026, 1, 1), **update))  # noqa: DTZ001
    with pytest.raises(InvalidEventError, match="occurred_at: must lie between"):
        record(DataRecordUpdate(updated_at=NOON, occurred_at=dt.datetime(1, 1, 2, tzinfo=dt.UTC), **update))
    east = dt.timezone(dt.timedelta(hours=2))
    found = record(DataRecordUpdate(updated_at=dt.datetime(2026, 11, 24, 14, 0, 0, 1, tzinfo=east), **update))
    assert found["updated_at"] == round(NOON.timestamp()) * 1_000_000 + 1


def test_event_ids_differ_and_sort_by_time():
    origin = Origin.here("ivr", "test", "default")
    now = time.time_ns()
    ids = [origin.event_id(now + step // 3 * 250_000, step) for step in range(3_000)]
    assert len(set(ids)) == 3_000
    assert ids == sorted(ids)
    assert all(uuid.UUID(found).version == 7 and uuid.UUID(found).variant == uuid.RFC_4122 for found in ids)
    assert uuid.UUID(ids[0]).int >> 80 == now // 1_000_000


def test_two_processes_have_two_names():
    assert Origin.here("ivr", "test", "default").producer_id != Origin.here("ivr", "test", "default").producer_id


@pytest.mark.parametrize(
    ("event", "kind", "field"),
    [
        (CallEnded(**ENDED | {"duration_seconds": 2**40}), "call.ended", "duration_seconds"),
        (CallEnded(**ENDED | {"duration_seconds": 1.5}), "call.ended", "duration_seconds"),
        (CallEnded(**ENDED | {"call_status": "in-progress"}), "call.ended", "call_status"),
        (CallEnded(**ENDED, attributes={"a": 1}), "call.ended", "attributes[...]"),
        ("no event", "unknown", "[3]"),
        ({"kind": "call.ended"}, "call.ended", "duration_seconds"),
    ],
)
def test_an_invalid_event_is_known_by_kind_and_field(event, kind, field):
    with pytest.raises(InvalidEventError) as caught:
        record(event)
    assert (caught.value.kind, caught.value.field) == (kind, field)


def test_a_snapshot_keeps_its_parts():
    event = CallEnded(**ENDED)
    assert snapshot.decode(snapshot.encode((1, ("CA1", None), ("a", "b"), event))) == Snapshot(
        1, ("CA1", None), ("a", "b"), event
    )
