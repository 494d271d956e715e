"""The masker on records one can read: what a person would check by hand."""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from datetime import UTC, datetime

import fastavro
import pytest

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.masker import Masker, WrongTopicError
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.site import Site
from earwitness.privacy.splicers import splicer
from earwitness.privacy.texts import Texts
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.schemas import catalogue, codec
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import (
    DatumError,
    FramingError,
    MalformedError,
    SchemaError,
    TruncatedError,
    UnknownSchemaError,
)
from envelopes import ENVELOPE

PAIRS = [(catalogue.raw(kind), catalogue.masked(kind)) for kind in catalogue.kinds()]
TOPIC_ID = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8").bytes
NOON = 1_790_000_000_000
COMMON = ENVELOPE | {
    "occurred_at": datetime(2026, 11, 24, 12, tzinfo=UTC),
    "call_sid": "CA" + "0" * 32,
    "caller": "+14155550134",
}
TRANSITION = COMMON | {
    "from_stage": "confirm_job",
    "to_stage": "ask_action",
    "trigger": "user_confirmation_yes",
    "user_input": "yes, my gate code is 4711",
    "input_mode": "speech",
    "confidence": 0.93,
    "attempt": 1,
}
UPDATE = COMMON | {
    "table": "Jobs",
    "record_id": "rec1",
    "updated_at": datetime(2026, 11, 24, tzinfo=UTC),
    "changes": [
        {"field": "assignee", "old_value": "John Smith", "new_value": "María García"},
        {"field": "note", "old_value": None, "new_value": ""},
    ],
    "attributes": {"region": "us", "María García": "x", "tel4155550134": "y", "empty": ""},
}


@pytest.fixture
def made():
    return Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest()))


@pytest.fixture
def masker(made):
    def make(family, **more):
        return Masker(RawSchemas(made), **{"family": family, "topic_id": TOPIC_ID, "partition": 5} | more)

    return make


def encode(kind, record):
    return codec.encode(catalogue.raw(kind), record, strict=True)


def decode(masked):
    return codec.decode(masked[0])[1]


def test_an_event_of_a_call(masker):
    record = decode(masker("call").mask(encode("call.stage_transition", TRANSITION), 1234, NOON))
    assert record["kind"] == "call_stage_transition"
    assert (record["source_topic_id"], record["source_partition"], record["source_offset"]) == (TOPIC_ID, 5, 1234)
    assert record["received_at"] == datetime.fromtimestamp(NOON / 1000, UTC)
    assert (record["sample_rate"], record["masking_key_id"], record["previous_tokens"]) == (1.0, "k1", {})
    assert record["verdict"] is record["verdict_category"] is record["verdict_field"] is record["job_block"] is None
    assert record["caller"].startswith("tel_k1_")
    assert record["caller_prefix"].startswith("telprefix_k1_")
    assert record["user_input"] == "yes, my gate code is [secret]"
    kept = {name: value for name, value in TRANSITION.items() if name not in {"caller", "user_input", "event_id"}}
    assert {name: record[name] for name in kept} == kept
    assert str(record["event_id"]) == COMMON["event_id"]


def test_a_changed_record(masker, made):
    def person(name):
        return text_of(made.table("name")[encoded(name)])

    record = decode(masker("data").mask(encode("data.record_update", UPDATE), 0, 0))
    other = record["changes"][0]["new_value"]
    assert re.fullmatch(r"\[person_k1_[0-9a-f]{24}\]", other)
    assert record["changes"] == [
        {"field": "assignee", "old_value": f"[{person('John Smith')}]", "new_value": other},
        {"field": "note", "old_value": None, "new_value": ""},
    ]
    assert record["attributes"] == {"region": "us", "[text]": "y", "empty": ""}


def test_a_caller_who_shows_no_number(masker):
    one = masker("call")
    for caller in ("anonymous", "+266696687", "Restricted"):
        record = decode(one.mask(encode("call.stage_transition", TRANSITION | {"caller": caller}), 0, 0))
        assert (record["caller"], record["caller_prefix"]) == ("withheld", None)
    for caller in (None, ""):
        record = decode(one.mask(encode("call.stage_transition", TRANSITION | {"caller": caller}), 0, 0))
        assert (record["caller"], record["caller_prefix"]) == (caller, None)


def test_a_job_has_a_token_and_a_block(masker):
    lookup = COMMON | {"client_id": "ACME-12", "job_number": "048213", "found": True, "latency_ms": 2.5}
    record = decode(masker("data").mask(encode("data.job_lookup", lookup), 0, 0))
    other = decode(masker("data").mask(encode("data.job_lookup", lookup | {"job_number": "48 214"}), 0, 0))
    assert record["job_number"] != other["job_number"]
    assert record["job_block"] == other["job_block"] != None  # noqa: E711  (a chain)
    assert record["job_block"].startswith("jobblock_k1_")
    refused = COMMON | {"permission": "job:read", "resource": "job", "allowed": False}
    assert decode(masker("security").mask(encode("security.authorization", refused), 0, 0))["job_block"] is None


@pytest.mark.parametrize("key", ["region", "http.status", "s3_key", "a", "x" * 64, "a-1234"])
def test_a_key_that_a_program_gave_stays(masker, key):
    record = decode(masker("data").mask(encode("data.record_update", UPDATE | {"attributes": {key: "v"}}), 0, 0))
    assert record["attributes"] == {key: "v"}


def test_keys_stay_where_texts_are_masked_whole(made):
    one = Masker(RawSchemas(made, site=Site("whole")), family="data", topic_id=TOPIC_ID, partition=5)
    attributes = {"region": "us", "screen": "1", "maria": "2"}
    record = decode(one.mask(encode("data.record_update", UPDATE | {"attributes": attributes}), 0, 0))
    assert record["attributes"] == {"region": "[text]", "screen": "[text]", "[text]": "[text]"}


@pytest.mark.parametrize(
    "key", ["John", "josé", "4155550134", "tel-415-555-0134", "job48213", "x" * 65, "a b", "a\n", "_a", "maria_garcia"]
)
def test_a_key_that_somebody_may_have_said_does_not(masker, key):
    record = decode(masker("data").mask(encode("data.record_update", UPDATE | {"attributes": {key: "v"}}), 0, 0))
    assert record["attributes"] == {"[text]": "v"}


def test_a_record_without_a_time_keeps_its_place(masker):
    one = masker("call")
    for received in (-1, 0, -1, NOON, NOON, -(2**40)):
        record = one.mask(encode("call.stage_transition", TRANSITION), 7, received)
        assert decode(record)["received_at"].timestamp() * 1000 == received


@pytest.mark.parametrize("received", [2**63 - 1, 2**62, -(2**63)])
def test_a_time_that_is_none_stops_the_record_and_not_the_worker(masker, received):
    one, message = masker("call"), encode("call.stage_transition", TRANSITION)
    with pytest.raises(MalformedError, match="timestamp"):
        one.mask(message, 7, received)
    assert decode(one.mask(message, 8, NOON))["source_offset"] == 8
    with pytest.raises(MalformedError, match="timestamp"):
        one.mask(message, 7, received)


def test_what_is_no_event_is_refused(masker):
    one, message = masker("call"), encode("call.stage_transition", TRANSITION)
    for value in (None, b"", b"\x00\x00\x00\x01", b'{"kind": "call.started"}', message[1:]):
        with pytest.raises(FramingError):
            one.mask(value, 0, 0)
    unknown = b"\x00\x00\x00\x00\x07" + message[5:]
    with pytest.raises(UnknownSchemaError, match="id 7"):
        one.mask(unknown, 0, 0)
    for stage in (catalogue.masked("call.stage_transition"), catalogue.record("dead_letter")):
        with pytest.raises(UnknownSchemaError, match=f"no raw schema has the id {stage.id}"):
            one.mask(stage.prefix + message[5:], 0, 0)
    with pytest.raises(TruncatedError):
        one.mask(message[:5], 0, 0)
    with pytest.raises(TruncatedError):
        one.mask(message[:-1], 0, 0)
    with pytest.raises(MalformedError):
        one.mask(message + b"\x00", 0, 0)


def test_an_event_on_another_familys_topic_is_refused(masker):
    with pytest.raises(WrongTopicError, match="not of the family 'data'") as caught:
        masker("data").mask(encode("call.stage_transition", TRANSITION), 0, 0)
    assert isinstance(caught.value, DatumError)
    assert caught.value.reason == "malformed"


@pytest.mark.parametrize("field", ["caller", "user_input"])
def test_broken_text_is_refused_without_a_word_of_it(masker, field):
    message = encode("call.stage_transition", TRANSITION | {field: "Canary415555"})
    with pytest.raises(MalformedError) as caught:
        masker("call").mask(message.replace(b"Canary415555", b"Canary41555\xff"), 0, 0)
    assert caught.value.__context__ is None
    assert "Canary" not in repr(caught.value)


def test_a_topic_id_has_16_bytes(masker):
    with pytest.raises(ValueError, match="16 bytes, not 15"):
        masker("call", topic_id=TOPIC_ID[1:])


TEXT = {"type": "array", "items": "string"}
INNER = {"type": "record", "name": "Inner", "fields": [{"name": "said", "type": "string", "pii": "text"}]}
COUNTED = {"type": "record", "name": "Counted", "fields": [{"name": "count", "type": "long"}]}


def schema(kind, **more):
    """A raw schema with one field more than the others have."""
    raw = catalogue.raw("data.job_lookup").definition
    definition = raw | {"fields": [{"name": "extra", "type": kind, "doc": "…"} | more, *raw["fields"]]}
    return Schema(99, "raw", "data.job_lookup", definition)


@pytest.mark.parametrize(
    ("kind", "more", "value", "masked"),
    [
        (["null", TEXT], {"pii": "text"}, ["pin 7351"], ["pin [secret]"]),
        (["null", TEXT], {"pii": "text"}, None, None),
        ([TEXT, "null"], {"pii": "text"}, [], []),
        (INNER, {}, {"said": "pin 7351"}, {"said": "pin [secret]"}),
        (["null", INNER], {}, {"said": "pin 7351"}, {"said": "pin [secret]"}),
        ({"type": "map", "values": INNER}, {}, {"Key": {"said": "pin 7351"}}, {"Key": {"said": "pin [secret]"}}),
        (
            {"type": "array", "items": ["null", INNER]},
            {},
            [None, {"said": "pin 7351"}],
            [None, {"said": "pin [secret]"}],
        ),
        (
            {"type": "array", "items": {"type": "array", "items": INNER}},
            {},
            [[{"said": "pin 7351"}]],
            [[{"said": "pin [secret]"}]],
        ),
        ({"type": "string"}, {"pii": "secret"}, "pin 7351", "[secret]"),
        (["string", "null"], {"pii": "secret"}, "pin 7351", "[secret]"),
        (COUNTED, {}, {"count": 3}, {"count": 3}),
        (TEXT, {"pii": "none"}, ["pin 7351"], ["pin 7351"]),
        ({"type": "map", "values": "long"}, {}, {"Key": 1}, {"Key": 1}),
    ],
    ids=str,
)
def test_fields_that_a_later_schema_may_have(made, kind, more, value, masked):
    raw = schema(kind, **more)
    lookup = COMMON | {"client_id": "A", "job_number": "1", "found": True, "latency_ms": 2.5}
    message = codec.encode(raw, lookup | {"extra": value})
    parts, _ = splicer(raw, made, Texts())(message, 5, b"")
    spliced = b"".join(parts)
    assert b"7351" not in spliced or more.get("pii") == "none"
    # two coarse tokens stand in front: of the caller and of the job
    head = sum(
        len(made.coarse(name)[text]) for name, text in (("caller_prefix", b"\x18+14155550134"), ("job_block", b"\x021"))
    )
    found = fastavro.schemaless_reader(io.BytesIO(spliced[head:]), codec.parsed(raw), None)
    assert found["extra"] == masked


@pytest.mark.parametrize(
    ("kind", "pii"),
    [("long", "phone"), ("bytes", "secret"), ({"type": "map", "values": "long"}, "text"), ("boolean", "text")],
    ids=str,
)
def test_personal_data_that_cannot_be_masked_stops_the_start(made, kind, pii):
    with pytest.raises(SchemaError, match="only text can be masked"):
        splicer(schema(kind, pii=pii), made, Texts())
