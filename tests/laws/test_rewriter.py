"""Rewriting nested values: exactly the declared texts change, in whatever blocks they came."""

from __future__ import annotations

import pytest
from avro_model import encode, type_of
from avro_strategies import Blocks, definitions, values
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.schemas.errors import DatumError, MalformedError, SchemaError, TruncatedError
from earwitness.schemas.rewriter import KEY, Rewriter

FEWER = settings(max_examples=max(20, settings().max_examples // 2))


def mask(text, pii):
    return f"<{pii}:{len(text)}>"


class Masks:
    def __init__(self, pii):
        self.pii = pii

    def __getitem__(self, value):
        size = 1 + next(index for index, byte in enumerate(value) if byte < 128)
        return encode("string", mask(value[size:].decode(), self.pii))


def table_of(pii, _):
    return None if pii == "none" else Masks(pii)


def masked(kind, value, pii):
    """The model of what a rewriter shall make of a value."""
    schema = type_of(kind)
    match schema["type"]:
        case "string":
            return value if pii == "none" else mask(value, pii)
        case "union":
            return (value[0], masked(schema["branches"][value[0]], value[1], pii))
        case "array":
            return [masked(schema["items"], item, pii) for item in value]
        case "map":
            keys = [key if pii == "none" else mask(key, KEY) for key, _ in value]
            return [(key, masked(schema["values"], item, pii)) for key, (_, item) in zip(keys, value, strict=True)]
        case "record":
            return {f["name"]: masked(f["type"], value[f["name"]], f.get("pii", pii)) for f in schema["fields"]}
    return value


def texts(depth=0):
    """Types that hold nothing but text (and null), in any nesting."""
    if depth == 3:
        return st.sampled_from(["string", ["null", "string"]])
    inner = texts(depth + 1)
    return st.one_of(
        inner,
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda kind: {"type": "map", "values": kind}, inner),
        st.builds(
            record, st.lists(st.tuples(inner, st.sampled_from(["none", "text", "name", None])), min_size=1, max_size=3)
        ),
    )


def record(members):
    fields = []
    for number, (kind, pii) in enumerate(members):
        fields.append({"name": f"f{number}", "type": kind} | ({"pii": pii} if pii else {}))
    return {"type": "record", "name": "R", "fields": fields}


SPELLINGS = st.builds(Blocks, st.integers(0, 2**32))


@FEWER
@given(kind=texts(), pii=st.sampled_from(["none", "text", "client"]), spelling=SPELLINGS, data=st.data())
def test_declared_texts_change_and_one_block_comes_out(kind, pii, spelling, data):
    value = data.draw(values(kind))
    rewriter = Rewriter({"name": "f", "type": kind, "pii": pii}, table_of)
    rewritten = rewriter[encode(kind, value, spelling)]
    assert rewritten == encode(kind, masked(kind, value, pii))


@FEWER
@given(kind=definitions(), spelling=SPELLINGS, data=st.data())
def test_what_holds_nothing_personal_stays(kind, spelling, data):
    value = data.draw(values(kind))
    rewriter = Rewriter({"name": "f", "type": kind, "pii": "none"}, table_of)
    assert rewriter[encode(kind, value, spelling)] == encode(kind, value)


@FEWER
@given(kind=definitions(), data=st.data(), garbage=st.binary(min_size=1, max_size=30))
def test_damaged_values_are_refused(kind, data, garbage):
    rewriter = Rewriter({"name": "f", "type": kind, "pii": "none"}, table_of)
    encoded = encode(kind, data.draw(values(kind, small=True)), data.draw(SPELLINGS))
    for end in range(min(len(encoded), 300)):
        with pytest.raises(TruncatedError):
            rewriter[encoded[:end]]
    with pytest.raises(MalformedError):
        rewriter[encoded + garbage]
    at = data.draw(st.integers(0, len(encoded)))
    for damaged in (garbage, encoded[:at] + garbage, encoded[:at] + garbage + encoded[at:]):
        try:
            rewritten = rewriter[damaged]
        except DatumError:
            continue
        assert rewriter[rewritten] == rewritten


CHANGE = record([("string", "none"), (["null", "string"], "text")])


@pytest.mark.parametrize(
    ("encoded", "error"),
    [
        (b"\x01\x03\x02a\x02\x02b\x00", MalformedError),  # a negative size
        (b"\x01\x08\x02a\x02\x02b\x00", MalformedError),  # one byte less than it says: 4 of 5
        (b"\x01\x0c\x02a\x02\x02b\x00", MalformedError),
        (b"\x02\x02a\x04\x02b\x00", MalformedError),  # a third branch of two
        (b"\x02\x02a\x01\x02b\x00", MalformedError),
        (b"\x02\x01a\x02\x02b\x00", MalformedError),
        (b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", TruncatedError),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", TruncatedError),
    ],
)
def test_what_no_list_can_be_is_refused(encoded, error):
    rewriter = Rewriter({"name": "f", "type": {"type": "array", "items": CHANGE}}, table_of)
    assert rewriter[b"\x01\x0a\x02a\x02\x02b\x00"] == encode(
        {"type": "array", "items": CHANGE},
        [{"f0": "a", "f1": (1, mask("b", "text"))}],
    )
    with pytest.raises(error):
        rewriter[encoded]


@pytest.mark.parametrize(
    "kind",
    [
        "bytes",
        "long",
        {"type": "array", "items": "int"},
        {"type": "map", "values": ["null", "double"]},
        {"type": "fixed", "name": "F", "size": 4},
        {"type": "enum", "name": "E", "symbols": ["a"]},
        record([("string", "none"), ("boolean", "text")]),
        record([("long", None)]),
    ],
    ids=str,
)
def test_personal_data_in_what_is_no_text_is_refused_at_once(kind):
    with pytest.raises(SchemaError, match="only text can be masked"):
        Rewriter({"name": "f", "type": kind, "pii": "text"}, table_of)
