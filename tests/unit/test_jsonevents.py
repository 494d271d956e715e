"""Events as JSON: strict where a type is wrong, generous where something is absent or unknown."""

import json
import uuid

import pytest

from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvent, JsonEvents, Refused, read
from earwitness.schemas import catalogue, codec

NOW = 1_790_000_000_123_456_789
LOOKUP = {
    "kind": "data.job_lookup",
    "client_id": "ACME12",
    "job_number": "48213",
    "found": True,
    "latency_ms": 182.4,
}
WHOLE = LOOKUP | {
    "event_id": "01900000-0000-7000-8000-000000000001",
    "occurred_at": "2026-11-24T15:04:05.123456Z",
    "severity": "WARN",
    "service": "web",
    "environment": "prod",
    "producer_id": "web-7f-1",
    "sequence": 42,
    "call_sid": "CA1",
    "caller": "+15550100",
    "trace_id": None,
    "span_id": None,
    "tenant": "acme",
    "attributes": {"region": "us"},
}


@pytest.fixture
def door():
    return JsonEvents(Origin("ivr", "test", "default", "emit-1"), now_ns=lambda: NOW)


def test_a_whole_event_is_taken_as_it_is(door):
    kind, record = door.parse(WHOLE)
    assert kind == "data.job_lookup"
    assert record == {name: value for name, value in WHOLE.items() if name != "kind"} | {
        "occurred_at": 1_795_532_645_123_456,
        "replayed": False,
    }
    assert door.unknown_fields == 0


def test_what_is_absent_or_null_is_filled_in(door):
    for given in (LOOKUP, LOOKUP | dict.fromkeys(("event_id", "occurred_at", "severity", "service", "sequence"))):
        _, record = door.parse(given)
        assert uuid.UUID(record["event_id"]).version == 7
        assert record["occurred_at"] == NOW // 1000
        assert (record["severity"], record["service"], record["environment"], record["tenant"]) == (
            "INFO",
            "ivr",
            "test",
            "default",
        )
        assert (record["producer_id"], record["call_sid"], record["attributes"]) == ("emit-1", None, {})
    assert record["sequence"] == 2, "numbers have no gap"


@pytest.mark.parametrize("kind", catalogue.kinds())
def test_records_fit_their_schema(door, kind):
    values = {"string": "x", "int": 1, "long": 1, "double": 1, "boolean": True}
    given = {"kind": kind}
    for field in catalogue.raw(kind).fields[13:]:
        branch = field["type"][1] if isinstance(field["type"], list) else field["type"]
        if isinstance(branch, str):
            given[field["name"]] = values[branch]
        elif branch["type"] == "enum":
            given[field["name"]] = branch["symbols"][0]
        elif branch.get("logicalType"):
            given[field["name"]] = "2026-01-01T00:00:00Z"
    _, record = door.parse(given)
    schema = catalogue.raw(kind)
    assert codec.decode(codec.encode(schema, record, strict=True))[0] is schema


def test_numbers_are_counted_for_each_producer_and_refused_events_use_none(door):
    def numbers(**given):
        record = door.parse(LOOKUP | given)[1]
        return record["producer_id"], record["sequence"]

    assert numbers() == ("emit-1", 1)
    assert numbers(producer_id="web") == ("web", 1)
    with pytest.raises(InvalidEventError):
        numbers(found="yes")
    assert numbers(producer_id="web") == ("web", 2)
    assert numbers() == ("emit-1", 2)
    assert numbers(sequence=2) == ("emit-1-numbered", 2), "somebody else's numbers are kept apart"


@pytest.mark.parametrize(
    ("given", "microseconds"),
    [
        (1_795_532_645_123_456, 1_795_532_645_123_456),
        ("2026-11-24T17:04:05.123456+02:00", 1_795_532_645_123_456),
        ("2026-11-24T15:04:05Z", 1_795_532_645_000_000),
        (0, 0),
    ],
)
def test_a_time_is_rfc_3339_or_microseconds(door, given, microseconds):
    assert door.parse(LOOKUP | {"occurred_at": given})[1]["occurred_at"] == microseconds


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("kind", "data.job", "none of"),
        ("kind", 5, "none of"),
        ("kind", None, "is required"),
        ("found", "yes", "Expected `bool`"),
        ("found", 1, "Expected `bool`"),
        ("found", None, "Expected `bool`"),
        ("latency_ms", "182", "Expected `float`"),
        ("latency_ms", True, "Expected `float`"),
        ("client_id", 12, "Expected `str`"),
        ("event_id", "no uuid", "Invalid UUID"),
        ("event_id", 5, "Expected `uuid"),
        ("occurred_at", "yesterday", "Invalid RFC3339"),
        ("occurred_at", "2026-11-24T15:04:05", "without a zone"),
        ("occurred_at", 1.5, "Expected"),
        ("occurred_at", True, "Expected"),
        ("occurred_at", 10**17, "between"),
        ("occurred_at", 10**30, "no number of microseconds"),
        ("occurred_at", -1, "between"),
        ("severity", "warn", "Invalid enum value"),
        ("sequence", -1, ">= 0"),
        ("sequence", 2**63, "<= "),
        ("sequence", 1.0, "Expected `int"),
        ("producer_id", "", "length >= 1"),
        ("call_sid", 5, "Expected `str"),
        ("replayed", "no", "Expected `bool"),
        ("attributes", [], "Expected `object"),
        ("attributes", {"a": 1}, "Expected `str`"),
        ("client_id", "\ud800", "lone surrogate"),
    ],
)
def test_a_wrong_value_is_refused_and_its_field_named(door, field, value, reason):
    with pytest.raises(InvalidEventError) as caught:
        door.parse(LOOKUP | {field: value})
    assert caught.value.field.split("[")[0] == field
    assert reason in caught.value.reason


def test_what_is_said_of_a_wrong_value_does_not_hold_it(door):
    for field in ("severity", "found", "occurred_at", "event_id", "attributes", "latency_ms"):
        with pytest.raises(InvalidEventError) as caught:
            door.parse(LOOKUP | {field: "Rosa Delgado"})
        assert "Rosa" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("given", [None, [], "text", 5, {}, {"event": 5}, {"event": {"event": LOOKUP}}])
def test_what_is_no_event_is_refused(door, given):
    with pytest.raises(InvalidEventError):
        door.parse(given)


def test_a_missing_field_is_named(door):
    with pytest.raises(InvalidEventError, match=r"^data\.job_lookup: job_number: is required$"):
        door.parse({name: value for name, value in LOOKUP.items() if name != "job_number"})


def test_a_field_within_a_list_is_named(door):
    update = {"kind": "data.record_update", "table": "Jobs", "record_id": "rec1", "updated_at": "2026-01-01T00:00:00Z"}
    with pytest.raises(InvalidEventError) as caught:
        door.parse(update | {"changes": [{"field": "status", "old_value": 5}]})
    assert caught.value.field == "changes[0].old_value"
    with pytest.raises(InvalidEventError, match="changes"):
        door.parse(update | {"changes": ["status"]})
    with pytest.raises(InvalidEventError, match="updated_at: is a time without a zone"):
        door.parse(update | {"updated_at": "2026-01-01T00:00:00"})


def test_unknown_fields_become_attributes_and_are_counted(door):
    given = LOOKUP | {"region": "us", "retries": 3, "nested": {"a": [1, None]}, "attributes": {"zone": "a"}}
    _, record = door.parse(given)
    assert record["attributes"] == {"zone": "a", "region": "us", "retries": "3", "nested": '{"a":[1,null]}'}
    assert door.unknown_fields == 3
    assert given["attributes"] == {"zone": "a"}, "the input stays as it is"


def test_unknown_fields_within_a_list_are_not_lost_either(door):
    given = {
        "kind": "data.record_update",
        "table": "Jobs",
        "record_id": "rec1",
        "changes": [{"field": "status"}, {"field": "note", "by": "Ana"}],
        "updated_at": "2026-01-01T00:00:00Z",
    }
    _, record = door.parse(given)
    assert record["attributes"] == {"changes[1].by": "Ana"}
    assert record["changes"][1] == {"field": "note", "old_value": None, "new_value": None}


def test_an_unknown_field_does_not_overwrite_an_attribute(door):
    with pytest.raises(InvalidEventError, match="region: is no field of this kind, and stands in attributes too"):
        door.parse(LOOKUP | {"region": "us", "attributes": {"region": "eu"}})


def test_transport_metadata_around_an_event_is_ignored(door):
    wrapped = {"event": WHOLE, "partition": 3, "arrived_at": "2026-11-24T15:04:06Z"}
    assert door.parse(wrapped) == door.parse(WHOLE)
    assert door.unknown_fields == 0


def test_an_event_larger_than_the_pipeline_takes_is_refused(door):
    with pytest.raises(InvalidEventError, match="larger than 512 KiB"):
        door.parse(LOOKUP | {"attributes": {"a": "x" * 600_000}})


STARTED = {"kind": "call.started", "call_sid": "CA1", "language": "en", "from_number": "+1", "to_number": "+2"}


def test_a_call_s_events_get_the_caller_of_its_start(door):
    assert door.parse(LOOKUP | {"call_sid": "CA1"})[1]["caller"] is None
    assert door.parse(STARTED | {"direction": "inbound"})[1]["caller"] == "+1"
    assert door.parse(LOOKUP | {"call_sid": "CA1"})[1]["caller"] == "+1"
    assert door.parse(LOOKUP | {"call_sid": "CA1", "caller": "+9"})[1]["caller"] == "+9"
    assert door.parse(LOOKUP | {"call_sid": "CA2"})[1]["caller"] is None
    assert door.parse(LOOKUP)[1]["caller"] is None
    assert door.parse(STARTED | {"call_sid": "CA2", "direction": "outbound"})[1]["caller"] == "+2"
    assert door.parse(STARTED | {"call_sid": "CA3", "direction": "inbound", "caller": "+7"})[1]["caller"] == "+7"
    assert door.parse(LOOKUP | {"call_sid": "CA3"})[1]["caller"] == "+7"


def test_only_so_many_calls_are_remembered():
    door = JsonEvents(Origin("ivr", "test", "default", "emit-1"), calls=2)
    for number in range(3):
        door.parse(STARTED | {"call_sid": f"CA{number}", "direction": "inbound"})
        door.parse(LOOKUP | {"call_sid": "CA0"})
    callers = [door.parse(LOOKUP | {"call_sid": f"CA{number}"})[1]["caller"] for number in range(3)]
    assert callers == ["+1", None, "+1"], "the one used longest ago is forgotten"


def test_lines_are_read_in_order_and_bad_ones_say_where_and_why(door):
    lines = [
        json.dumps(LOOKUP).encode() + b"\n",
        b"\n",
        b'{"kind": \n',
        b"\xff\xfe\n",
        b'{"kind": "data.job_lookup", "latency_ms": NaN}\n',
        json.dumps(LOOKUP | {"client_id": "\ud800"}).encode(),
        json.dumps(LOOKUP | {"found": "yes"}).encode(),
        b"[" * 100_000,
        json.dumps(WHOLE).encode(),
    ]
    found = list(read(lines, door))
    assert [item.line for item in found] == [1, 3, 4, 5, 6, 7, 8, 9]
    assert [item.line for item in found if isinstance(item, JsonEvent)] == [1, 9]
    reasons = {item.line: item.reason for item in found if isinstance(item, Refused)}
    assert "the line is no JSON: Expecting value: line" in reasons[3]
    assert "the line is not UTF-8" in reasons[4]
    assert "NaN is no number in JSON" in reasons[5]
    assert reasons[6] == "data.job_lookup: client_id: holds a lone surrogate, which is no text"
    assert reasons[7] == "data.job_lookup: found: Expected `bool`, got `str`"
    assert reasons[8] == "the line is nested too deeply"
