"""Two decoders that others wrote, reading what the walker walks: fastavro and Apache's own `avro`."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from functools import cache

import avro.io
import avro.schema
import fastavro
from avro_model import bare, type_of


@dataclass(frozen=True)
class LeftoverError(Exception):
    """The value is shorter than the data."""

    count: int


class Fast:
    """fastavro, without logical types."""

    def __init__(self, kind):
        self.parsed = fastavro.parse_schema(bare(kind), named_schemas={})

    def read(self, data):
        source = io.BytesIO(data)
        value = fastavro.schemaless_reader(source, self.parsed, None)
        if source.tell() != len(data):
            raise LeftoverError(len(data) - source.tell())
        return value

    def write(self, value):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.parsed, value)
        return out.getvalue()

    def takes(self, value):
        """Whether the value is within its types' ranges."""
        return fastavro.validate(value, self.parsed, raise_errors=False)


class Apache:
    """The package `avro`, without logical types."""

    def __init__(self, kind):
        self.reader = avro.io.DatumReader(avro.schema.parse(json.dumps(bare(kind))))

    def read(self, data):
        source = io.BytesIO(data)
        value = self.reader.read(avro.io.BinaryDecoder(source))
        if source.tell() != len(data):
            raise LeftoverError(len(data) - source.tell())
        return value


class FieldReader:
    """Reads one field's value where it stands in a datum, with fastavro."""

    def __init__(self, definition):
        self.oracles = {}
        for field in definition["fields"]:
            branches = field["type"] if isinstance(field["type"], list) else [field["type"]]
            self.oracles[field["name"]] = [Fast(branch) for branch in branches if type_of(branch)["type"] != "null"]

    def read(self, name, data):
        """The value of a nullable or plain field."""
        (oracle,) = self.oracles[name]
        return oracle.read(data)


@cache
def oracles(schema):
    """The three of them for a schema of the catalogue."""
    return Fast(schema.definition), Apache(schema.definition), FieldReader(schema.definition)


def same(one, other):
    """Equal, where not-a-number equals itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (is_nan(one) and is_nan(other))


def is_nan(value):
    return isinstance(value, float) and math.isnan(value)
