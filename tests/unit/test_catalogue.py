"""The catalogue: which schemas there are, their ids, and what an id or a frame leads to."""

from __future__ import annotations

import hashlib
import json

import avro.schema
import fastavro
import pytest

from earwitness.runtime.errors import UsageError
from earwitness.schemas import catalogue, codec, framing
from earwitness.schemas.errors import FramingError, SchemaError, UnknownSchemaError
from earwitness.schemas.masked import FRONT, HEAD_TOKENS, derive

KINDS = {
    *("call.started", "call.ended", "call.stage_transition", "call.validation_failed", "call.action_attempted"),
    *("data.job_lookup", "data.airtable_query", "data.record_update", "data.history_append"),
    *("security.authentication", "security.authorization", "security.input_validation", "security.error_pattern"),
    *("system.api_latency", "system.error_rate", "system.state_management", "system.recording_pipeline"),
    *("trail.client_report", "trail.alert_delivered", "trail.data_read", "trail.admin_action"),
}
SCHEMAS = catalogue.schemas()

every_schema = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: f"{schema.stage}:{schema.name}")


def test_all_kinds_are_there_raw_and_masked():
    assert set(catalogue.kinds()) == KINDS
    assert len(catalogue.kinds()) == 21
    assert {schema.name for schema in SCHEMAS if schema.stage == "masked"} == KINDS
    assert {schema.name for schema in SCHEMAS if schema.stage == "pipeline"} == {"dead_letter", "ledger_entry"}


@every_schema
def test_an_id_is_the_hash_of_what_a_registry_would_serve(schema):
    digest = hashlib.sha256(schema.text.encode()).digest()
    assert schema.id == int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF
    assert json.loads(schema.text) == schema.definition
    assert schema.prefix == b"\x00" + schema.id.to_bytes(4, "big")
    assert catalogue.by_id(schema.id) is schema
    assert framing.schema_id(schema.prefix) == schema.id


def test_no_id_is_used_twice_and_each_fits_the_wire():
    ids = [schema.id for schema in SCHEMAS]
    assert len(set(ids)) == len(ids)
    assert all(0 < number <= framing.MAX_ID for number in ids)


@every_schema
def test_both_avro_libraries_take_it(schema):
    fastavro.parse_schema(schema.definition, named_schemas={})
    avro.schema.parse(schema.text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_masked_record_is_the_front_and_the_raw_fields_unchanged(kind):
    raw, masked = catalogue.raw(kind), catalogue.masked(kind)
    names = [field["name"] for field in masked.fields]
    assert names[:6] == ["kind", "source_topic_id", "source_partition", "source_offset", "received_at", "sample_rate"]
    assert masked.fields[0]["type"]["symbols"] == [kind.replace(".", "_")]
    assert masked.fields[1 : 1 + len(FRONT)] == FRONT
    assert tuple(names[1 + len(FRONT) - len(HEAD_TOKENS) : 1 + len(FRONT)]) == tuple(HEAD_TOKENS)
    assert masked.fields[1 + len(FRONT) :] == raw.fields
    assert masked.definition == derive(raw.definition)
    for own in ("kind", "family", "lane", "severity"):
        assert getattr(masked, own) == getattr(raw, own) == raw.definition[own]
    assert masked.definition["namespace"] != raw.definition["namespace"]


def test_deriving_leaves_the_raw_schema_alone():
    raw = json.loads(catalogue.raw("call.started").text)
    derived = derive(raw)
    derived["fields"][-1]["doc"] = derived["fields"][1]["doc"] = "changed"
    assert raw == catalogue.raw("call.started").definition
    assert derive(raw) == catalogue.masked("call.started").definition


def test_what_is_not_there_is_said_by_name():
    for look_up in (catalogue.raw, catalogue.masked, catalogue.record):
        with pytest.raises(UnknownSchemaError, match=r"'call\.nothing'"):
            look_up("call.nothing")
    for number in (0, -1, 2**31):
        with pytest.raises(UnknownSchemaError, match=f"^no schema has the id {number}$") as caught:
            catalogue.by_id(number)
        assert isinstance(caught.value, UsageError)
        assert isinstance(caught.value, KeyError)


def test_a_file_that_is_not_what_the_catalogue_lists_is_noticed(monkeypatch, tmp_path):
    (tmp_path / "avro").mkdir()
    (tmp_path / "avro" / "a.avsc").write_text('{"type": "record", "name": "A", "fields": []}')
    entry = {"id": 5, "stage": "raw", "name": "a", "version": 1, "file": "a.avsc"}
    (tmp_path / "avro" / "catalogue.json").write_text(json.dumps([entry]))
    monkeypatch.setattr(catalogue, "files", lambda _: tmp_path)
    with pytest.raises(SchemaError, match=r"a\.avsc is not what the catalogue lists"):
        catalogue._catalogue.__wrapped__()


@pytest.mark.parametrize("message", [b"", b"\x00\x00\x00\x01", b"\x01\x00\x00\x00\x05rest", b"{"], ids=repr)
def test_a_message_without_a_frame_is_refused(message):
    with pytest.raises(FramingError):
        framing.schema_id(message)
    with pytest.raises(FramingError):
        codec.decode(message)


def test_a_frame_names_an_id_that_can_be():
    assert framing.schema_id(b"\x00\xff\xff\xff\xff") == 2**32 - 1
    for number in (0, -1, 2**31):
        with pytest.raises(ValueError, match="outside 1"):
            framing.prefix(number)
    with pytest.raises(UnknownSchemaError):
        codec.decode(b"\x00\xff\xff\xff\xff")


def test_versions_stand_oldest_first_and_the_newest_is_what_is_written():
    for schema in SCHEMAS:
        versions = catalogue.versions(schema.stage, schema.name)
        assert [each.version for each in versions] == list(range(1, len(versions) + 1))
        assert schema in versions
    first, second, newest = catalogue.versions("raw", "trail.admin_action")
    assert catalogue.raw("trail.admin_action") is newest
    assert [field["name"] for field in second.fields if field not in first.fields] == ["affected"]
    with pytest.raises(UnknownSchemaError, match=r"'call\.nothing'"):
        catalogue.versions("raw", "call.nothing")


def test_every_raw_version_has_its_masked_one():
    for kind in KINDS:
        for raw in catalogue.versions("raw", kind):
            masked = catalogue.masked_of(raw)
            assert masked in catalogue.versions("masked", kind)
            assert masked.definition == derive(raw.definition)
        assert catalogue.masked_of(catalogue.raw(kind)) is catalogue.masked(kind)


def test_a_schema_from_elsewhere_is_ours_when_it_says_the_same():
    raw = catalogue.raw("call.ended")
    assert catalogue.read(raw.text) is raw
    assert catalogue.read(json.dumps(raw.definition, indent=3, sort_keys=True)) is raw


def test_a_schema_that_only_a_registry_has_can_be_masked():
    definition = json.loads(catalogue.raw("call.ended").text)
    definition["fields"].insert(-1, {"name": "later", "type": ["null", "int"], "default": None, "doc": "…"})
    found = catalogue.read(json.dumps(definition, indent=1))
    assert (found.version, found.kind) == (0, "call.ended")
    assert found.id == catalogue.content_id(catalogue.text_of(definition))
    masked = catalogue.masked_of(found)
    assert masked.definition == derive(definition)
    assert masked.stage == "masked"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '"string"',
        "{}",
        '{"kind": "call.x", "fields": []}',
        catalogue.raw("call.ended").text.replace('"pii":"phone"', '"pii":"?"', 1),
        catalogue.raw("call.ended").text.replace('"protected"', '"fast"'),
        catalogue.raw("call.ended").text.replace('"type":"boolean"', '"type":"flag"'),
        catalogue.raw("call.ended").text.replace('"type":"int"', '"type":"string"'),
        "[" * 100_000,
    ],
    ids=range(11),
)
def test_what_is_no_schema_of_an_event_is_refused(text):
    with pytest.raises(SchemaError, match=r"^this is no schema of an event: "):
        catalogue.read(text)
