"""Hypothesis strategies over the model: values of any schema, schemas of any shape, encodings of any spelling."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cache

from avro_model import PLAIN, Blocks, Padded, encode_record, plain, type_of
from hypothesis import strategies as st

BORDERS = [63, 64, 127, 128, 8191, 8192, 9000]
"""Lengths around which a length takes one more byte."""

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet=string.ascii_letters + " 0123456789+'", max_size=40),
    st.sampled_from(["", "\x00", "🙈𐍈", "ё" * 64, "\u202e\ufeff", "¿María José?"]),
    st.builds(lambda letter, count: letter * count, st.sampled_from("aé🙈"), st.sampled_from(BORDERS)),
)
SMALL_TEXTS = st.text(alphabet="aé🙈+1", max_size=4)
DOUBLES = st.floats(allow_nan=False)


def integers(bits):
    """Integers of that many bits; the extremes often."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    edges = [0, -1, 63, -64, 64, -65, 8191, 2**20, 2**27, low, high, low + 1]
    return st.one_of(st.sampled_from(edges), st.integers(low, high))


def values(kind, *, small=False):  # noqa: C901, PLR0912  (a case a type)
    """Values of a type."""
    schema = type_of(kind)
    text = SMALL_TEXTS if small else TEXTS
    items = 2 if small else 6
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "int":
            return integers(32)
        case "long":
            return integers(64)
        case "float":
            return st.floats(width=32, allow_nan=False)
        case "double":
            return DOUBLES
        case "string":
            return text
        case "bytes":
            return (
                st.binary(max_size=3) if small else st.one_of(st.binary(max_size=9), st.sampled_from([b"\xff" * 200]))
            )
        case "fixed":
            return st.binary(min_size=schema["size"], max_size=schema["size"])
        case "enum":
            return st.integers(0, len(schema["symbols"]) - 1)
        case "union":
            branches = enumerate(schema["branches"])
            return st.one_of([st.tuples(st.just(n), values(branch, small=small)) for n, branch in branches])
        case "array":
            one = values(schema["items"], small=small)
            few = st.lists(one, max_size=items)
            # Repeating drawn items makes long lists cheaply.
            return (
                few if small else st.one_of(few, st.builds(lambda found, n: found * n, few, st.sampled_from([1, 40])))
            )
        case "map":
            return st.lists(st.tuples(SMALL_TEXTS, values(schema["values"], small=small)), max_size=items)
        case "record":
            return records(schema, small=small)
    raise AssertionError(schema)


def records(definition, *, small=False):
    """Records of a schema."""
    return st.fixed_dictionaries({f["name"]: values(f["type"], small=small) for f in definition["fields"]})


@cache
def records_of(schema, *, small=False):
    """Records of a schema of the catalogue."""
    return records(schema.definition, small=small)


@dataclass(frozen=True)
class Encoded:
    """A record, the bytes of one of its spellings, and where each value stands in them."""

    definition: dict
    model: dict
    data: bytes
    ranges: dict

    @property
    def record(self):
        return plain(self.definition, self.model)


SPELLINGS = st.one_of(
    st.just(PLAIN),
    st.builds(Blocks, st.integers(0, 2**32)),
    st.builds(Padded, st.integers(0, 2**32)),
)


@st.composite
def encodings(draw, schema, *, small=False, spellings=SPELLINGS):
    """Records of a schema (of the catalogue, or a definition), encoded in any way that the specification allows."""
    made_up = isinstance(schema, dict)
    definition = schema if made_up else schema.definition
    model = draw(records(schema, small=small) if made_up else records_of(schema, small=small))
    data, ranges = encode_record(definition, model, draw(spellings))
    return Encoded(definition, model, data, ranges)


PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "string", "bytes")


class _Names:
    def __init__(self):
        self.count = 0

    def new(self, stem):
        self.count += 1
        return f"{stem}{self.count}"


@st.composite
def definitions(draw):
    """Record schemas: nested, unions of several branches, arrays of arrays, maps of arrays of records, big enums."""
    return draw(_record(_Names(), 0))


@st.composite
def _record(draw, names, depth):
    name = names.new("R")
    count = draw(st.integers(1 if depth else 0, 3 if depth else 6))
    fields = [{"name": f"f{number}", "type": draw(_kind(names, depth + 1))} for number in range(count)]
    return {"type": "record", "name": name, "fields": fields}


@st.composite
def _kind(draw, names, depth, *, in_union=False, as_item=False):
    shapes = ["int", "long", "string", "double", "float", "boolean", "bytes", "fixed", "enum", "time"]
    if not as_item:
        shapes.append("null")
    if depth < 4:
        shapes += ["array", "map", "record"]
    if not in_union:
        shapes.append("union")
    match draw(st.sampled_from(shapes)):
        case "fixed":
            return {"type": "fixed", "name": names.new("F"), "size": draw(st.sampled_from([1, 2, 16, 200]))}
        case "enum":
            symbols = [f"s{number}" for number in range(draw(st.sampled_from([1, 2, 63, 64, 65, 130])))]
            return {"type": "enum", "name": names.new("E"), "symbols": symbols}
        case "time":
            return {"type": "long", "logicalType": "timestamp-micros"}
        case "array":
            return {"type": "array", "items": draw(_kind(names, depth + 1, as_item=True))}
        case "map":
            return {"type": "map", "values": draw(_kind(names, depth + 1))}
        case "record":
            record = draw(_record(names, depth))
            # An array of records of nothing is refused, so a record has something in it.
            record["fields"].append({"name": "last", "type": "string"})
            return record
        case "union":
            branches = draw(st.lists(_kind(names, depth + 1, in_union=True), min_size=1, max_size=4))
            unique = {}
            for branch in branches:
                schema = type_of(branch)
                unique.setdefault(schema.get("name", schema["type"]), branch)
            return list(unique.values())
        case name:
            return name
