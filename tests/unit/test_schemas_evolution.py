"""What today's readers make of tomorrow's records, with both Avro libraries; and the codec for whole records."""

from __future__ import annotations

import io
import json
from copy import deepcopy

import avro.io
import avro.schema
import fastavro
import pytest

from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import MalformedError, TruncatedError

EVENT_ID = "0190b2f1-9c3a-7def-8123-456789abcdef"
SCHEMAS = catalogue.schemas()

every_schema = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: f"{schema.stage}:{schema.name}")


def value_for(kind):
    schema = kind if isinstance(kind, dict) else {"type": kind[-1] if isinstance(kind, list) else kind}
    if isinstance(schema["type"], dict):
        schema = schema["type"]
    match schema["type"]:
        case "string":
            return EVENT_ID
        case "int" | "long":
            return 1_790_000_000 if schema["type"] == "int" else 1_790_000_000_000_000
        case "double":
            return 0.25
        case "boolean":
            return True
        case "fixed":
            return b"f" * schema["size"]
        case "enum":
            return schema["symbols"][-1]
        case "array":
            return [value_for(schema["items"])] * 2
        case "map":
            return {"one": value_for(schema["values"])}
        case "record":
            return {field["name"]: value_for(field["type"]) for field in schema["fields"]}
    raise AssertionError(schema)


def enums(kind):
    """All enums in a type, wherever they stand."""
    if isinstance(kind, list):
        for branch in kind:
            yield from enums(branch)
    elif isinstance(kind, dict):
        if kind["type"] == "enum":
            yield kind
        for inner in (
            kind["type"],
            kind.get("items"),
            kind.get("values"),
            *(f["type"] for f in kind.get("fields", [])),
        ):
            if isinstance(inner, list | dict):
                yield from enums(inner)


def write(definition, record):
    out = io.BytesIO()
    parsed = fastavro.parse_schema(definition, named_schemas={})
    fastavro.schemaless_writer(out, parsed, record)
    return out.getvalue()


def read_with_fastavro(data, writer, reader):
    names = [fastavro.parse_schema(one, named_schemas={}) for one in (writer, reader)]
    return fastavro.schemaless_reader(io.BytesIO(data), *names)


def read_with_avro(data, writer, reader):
    schemas = [avro.schema.parse(json.dumps(one)) for one in (writer, reader)]
    return avro.io.DatumReader(*schemas).read(avro.io.BinaryDecoder(io.BytesIO(data)))


@every_schema
def test_a_record_is_read_with_the_schema_that_wrote_it(schema):
    record = value_for(schema.definition)
    message = codec.encode(schema, record, strict=True)
    found, decoded = codec.decode(message)
    assert found is schema
    assert decoded.keys() == record.keys()
    for read in (read_with_fastavro, read_with_avro):
        assert read(message[5:], schema.definition, schema.definition).keys() == record.keys()


@every_schema
def test_a_symbol_of_tomorrow_is_read_as_the_default(schema):
    tomorrow = deepcopy(schema.definition)
    found = [one for one in enums(tomorrow) if len(one["symbols"]) > 1]
    for one in found:
        one["symbols"].append("of_tomorrow")
    data = write(tomorrow, value_for(tomorrow))
    read = read_with_fastavro(data, tomorrow, schema.definition)
    texts = json.dumps(read, default=str)
    assert "of_tomorrow" not in texts
    for field in schema.fields:
        for one in enums(field["type"]):
            if len(one["symbols"]) > 1 and field["name"] != "outcomes":
                assert read[field["name"]] == one["default"]
                assert one["default"] in {"other", "INFO"}


@every_schema
def test_a_field_of_tomorrow_is_skipped_and_one_of_today_gets_its_default(schema):
    grown = deepcopy(schema.definition)
    grown["fields"].append({"name": "of_tomorrow", "type": ["null", "string"], "default": None})
    record = value_for(schema.definition)
    data = write(grown, record | {"of_tomorrow": "new"})
    shrunk = deepcopy(schema.definition)
    shrunk["fields"] = [field for field in shrunk["fields"] if "default" not in field]
    for read in (read_with_fastavro, read_with_avro):
        assert read(data, grown, schema.definition).keys() == record.keys()
        defaulted = read(write(shrunk, record), shrunk, schema.definition)
        for field in schema.fields:
            if "default" in field:
                assert defaulted[field["name"]] == field["default"]


def test_encoding_fills_in_defaults_and_refuses_what_does_not_fit():
    schema = catalogue.raw("data.job_lookup")
    record = value_for(schema.definition)
    for field in schema.fields:
        if "default" in field:
            del record[field["name"]]
    _, decoded = codec.decode(codec.encode(schema, record, strict=True))
    assert (decoded["caller"], decoded["replayed"], decoded["attributes"]) == (None, False, {})
    with pytest.raises(ValueError, match="extra"):
        codec.encode(schema, record | {"extra": 1}, strict=True)
    for name, bad in (("client_id", 7), ("latency_ms", "fast"), ("client_id", None), ("attributes", [1])):
        with pytest.raises((ValueError, TypeError)):
            codec.encode(schema, record | {name: bad})
    ended = catalogue.raw("call.ended")
    for number in (2**31, -(2**31) - 1, 2**40, 2**70):
        with pytest.raises(ValueError, match="does not fit"):
            codec.encode(ended, value_for(ended.definition) | {"duration_seconds": number})
    with pytest.raises((ValueError, TypeError)):
        codec.encode(schema, {name: value for name, value in record.items() if name != "client_id"})


def test_what_cannot_be_decoded_is_said_without_the_content():
    schema = catalogue.raw("data.job_lookup")
    record = value_for(schema.definition) | {"client_id": "Canary12"}
    message = codec.encode(schema, record)
    broken = message.replace(b"Canary12", b"Canary1\xff")
    for value, error in ((broken, MalformedError), (message[:-1], TruncatedError), (message + b"!", MalformedError)):
        with pytest.raises(error) as caught:
            codec.decode(value)
        assert "data.job_lookup" in str(caught.value)
        assert "Canary" not in repr(caught.value)
        assert caught.value.__context__ is None
