"""Walkers over bytes that are no datum: each is refused as a DatumError, or read as fastavro reads it, and never for long."""

from __future__ import annotations

import struct
import time

import pytest
from avro_model import PLAIN, bare, encode, texts_as_bytes
from avro_oracles import Fast, FieldReader, LeftoverError, same
from avro_strategies import definitions, encodings
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError, MalformedError, TruncatedError
from earwitness.schemas.varint import encode_long, read_long, skip_long
from earwitness.schemas.walker import compile_finder, compile_splicer, compile_stepper

SCHEMAS = catalogue.schemas()
DEEP = settings().max_examples > 1_000
EACH = settings(max_examples=max(2, settings().max_examples // 50))

every_schema = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: f"{schema.stage}:{schema.name}")

ON_PURPOSE = {
    "a boolean is neither 0 nor 1": "fastavro takes every byte",
    "an integer is larger than its type": "fastavro takes ints of 35 bits, and drops what is above 64",
    "an integer is longer than it may be": "fastavro reads on for as long as it goes",
    "a block is not as long as it says": "fastavro does not compare a block's size",
    "the size of a block is negative": "fastavro does not look at it",
    "a union has no such branch": "a branch is one byte; fastavro takes longer spellings",
    "an enum has no such symbol": "a symbol is one byte; fastavro takes longer spellings",
    "a length or a symbol is negative": "fastavro reads to the end for a negative length",
}
"""What the walker refuses though fastavro gives something: no library writes any of it."""


class Echo:
    """A table that answers a value with itself."""

    def __getitem__(self, value):
        return value


class Judge:
    """Holds what the walker says of bytes against what fastavro says."""

    def __init__(self, definition):
        readable = texts_as_bytes(bare(definition))
        # What a reader marks has at most two branches; what it only steps over may have more.
        self.names = [f["name"] for f in definition["fields"] if not isinstance(f["type"], list) or is_nullable(f)]
        self.find = compile_finder(definition, self.names)
        self.splice = compile_splicer(definition, dict.fromkeys(self.names, Echo()), {})
        self.fast = Fast(readable)
        self.reader = FieldReader(readable)

    def check(self, data):
        try:
            found = self.find(data, 0)
        except DatumError as refused:
            with pytest.raises(DatumError):
                self.splice(data, 0, b"")
            self.check_refusal(refused, data)
            return
        parts, told = self.splice(data, 0, b"")
        assert (b"".join(parts), told) == (data, 0)
        try:
            record = self.fast.read(data)
        except UnicodeDecodeError:
            return  # in the key of a map: text that is stepped over is not looked at
        for number, name in enumerate(self.names):
            part = data[found[2 * number] : found[2 * number + 1]]
            if part:
                assert same(self.reader.read(name, part), record[name])
            else:
                assert not record[name]

    def check_refusal(self, refused, data):
        try:
            record = self.fast.read(data)
        except LeftoverError:
            assert isinstance(refused, MalformedError)
        except Exception:  # noqa: BLE001  (fastavro raises whatever comes)
            return
        else:
            assert str(refused) in ON_PURPOSE
            is_what_libraries_write = self.fast.takes(record) and self.fast.write(record) == data
            assert not is_what_libraries_write


def is_nullable(field):
    return len(field["type"]) == 2 and "null" in field["type"]


def mutants(data):
    for index, byte in enumerate(data):
        changes = range(256) if DEEP else {byte ^ 1, byte ^ 64, byte ^ 128, 0, 255}
        for change in changes:
            if change != byte:
                yield data[:index] + bytes([change]) + data[index + 1 :]


@every_schema
@EACH
@given(data=st.data())
def test_a_datum_cut_anywhere_is_refused(schema, data):
    case = data.draw(encodings(schema, small=True))
    names = [field["name"] for field in schema.fields]
    find, early = compile_finder(schema.definition, names), compile_finder(schema.definition, names, whole=False)
    splice = compile_splicer(schema.definition, dict.fromkeys(names, Echo()), {})
    for end in range(len(case.data)):
        cut = case.data[:end]
        for walk in (find, early):
            with pytest.raises(TruncatedError):
                walk(cut, 0)
        with pytest.raises(TruncatedError):
            splice(cut, 0, b"")
        with pytest.raises(DatumError):
            codec.decode(schema.prefix + cut)


@every_schema
@EACH
@given(data=st.data())
def test_a_datum_with_one_byte_changed_is_refused_or_read_as_fastavro_reads_it(schema, data):
    judge = Judge(schema.definition)
    case = data.draw(encodings(schema, small=True))
    for mutant in mutants(case.data):
        judge.check(mutant)


@every_schema
@EACH
@given(data=st.data(), garbage=st.binary(min_size=1, max_size=40))
def test_bytes_behind_a_datum_and_garbage_are_refused(schema, data, garbage):
    case = data.draw(encodings(schema, small=True))
    judge = Judge(schema.definition)
    with pytest.raises(MalformedError):
        judge.find(case.data + garbage, 0)
    with pytest.raises(MalformedError):
        codec.decode(schema.prefix + case.data + garbage)
    judge.check(garbage)
    cut = data.draw(st.integers(0, len(case.data)))
    judge.check(case.data[:cut] + garbage)
    judge.check(case.data[:cut] + garbage + case.data[cut:])


@settings(max_examples=max(20, settings().max_examples // 3))
@given(data=st.data())
def test_damaged_data_of_made_up_schemas(data):
    definition = data.draw(definitions())
    case = data.draw(encodings(definition, small=True))
    judge = Judge(definition)
    judge.check(case.data)
    for end in range(min(len(case.data), 400)):
        with pytest.raises(TruncatedError):
            judge.find(case.data[:end], 0)
    some = data.draw(st.lists(st.integers(0, 10**6), max_size=20))
    for number in some:
        if case.data:
            index, change = number % len(case.data), number % 255 + 1
            judge.check(case.data[:index] + bytes([case.data[index] ^ change]) + case.data[index + 1 :])


@given(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=3))
def test_an_integer_is_read_as_it_was_written(value, rest):
    data = encode_long(value)
    assert data == PLAIN.integer(value)
    assert read_long(b"?" + data + rest, 1) == (value, 1 + len(data))
    for cut in range(len(data)):
        with pytest.raises(TruncatedError):
            read_long(data[:cut], 0)


def test_an_integer_takes_no_more_bytes_than_it_may():
    assert read_long(b"\x80" * 9 + b"\x00", 0) == (0, 10)
    assert read_long(b"\x80" * 4 + b"\x00", 0, 5) == (0, 5)
    assert read_long(b"\xff\xff\xff\xff\x0f", 0, 5) == (-(2**31), 5)
    assert read_long(b"\xff" * 9 + b"\x01", 0) == (-(2**63), 10)
    refused = [(b"\x80" * 10 + b"\x00", 10), (b"\xff" * 9 + b"\x02", 10), (b"\xff" * 4 + b"\x10", 5)]
    refused.append((b"\x80" * 5 + b"\x00", 5))
    for data, most in refused:
        with pytest.raises(MalformedError):
            skip_long(data, 0, most)
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(ValueError, match="does not fit"):
            encode_long(value)


ARRAY = {"type": "array", "items": "string"}
MAP = {"type": "map", "values": "long"}


@pytest.mark.parametrize(
    ("kind", "data", "error"),
    [
        ("string", b"\x01", MalformedError),  # a length of -1
        ("string", encode_long(-200), MalformedError),
        ("string", encode_long(2**62), TruncatedError),
        ("bytes", b"\x03??", MalformedError),
        (ARRAY, encode_long(2**62), TruncatedError),
        (ARRAY, encode_long(-(2**63)) + encode_long(2**62), TruncatedError),
        (ARRAY, b"\x01\x06\x02a\x00", MalformedError),  # the block says one byte more than it has
        (ARRAY, b"\x01\x03\x02a\x00", MalformedError),  # a size of -2, which leads back to the datum's start
        (ARRAY, b"\x01\x00\x02a\x00", MalformedError),
        (ARRAY, b"\x02\x01\x00", MalformedError),
        (MAP, b"\x02\x01\x00\x00", MalformedError),  # a key of length -1
        (MAP, b"\x02\x00" + b"\x80" * 10 + b"\x00\x00", MalformedError),
        (["null", "string"], b"\x01", MalformedError),
        (["null", "string"], b"\x04", MalformedError),
        (["null", "string"], b"\x82\x00\x00", MalformedError),
        ("boolean", b"\x02", MalformedError),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x04", MalformedError),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x01", MalformedError),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x80\x00", MalformedError),
        ({"type": "enum", "name": "E", "symbols": [f"s{n}" for n in range(65)]}, encode_long(65), MalformedError),
        ({"type": "enum", "name": "E", "symbols": [f"s{n}" for n in range(65)]}, encode_long(-1), MalformedError),
        ("int", encode_long(2**31), MalformedError),
        ("int", encode_long(-(2**31) - 1), MalformedError),
        ("double", struct.pack("<f", 1.0), TruncatedError),
        ({"type": "fixed", "name": "F", "size": 3}, b"ab", TruncatedError),
    ],
)
def test_what_cannot_be_is_refused(kind, data, error):
    with pytest.raises(error):
        compile_stepper(kind)(data, 0)
    record = {"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]}
    for whole in (True, False):
        with pytest.raises(error):
            compile_finder(record, ["f"], whole=whole)(data, 0)


def test_repeated_keys_stay_as_they_are():
    definition = {"type": "record", "name": "R", "fields": [{"name": "f", "type": MAP}]}
    data = encode(MAP, [("a", 1), ("b", 2), ("a", 3)])
    assert compile_finder(definition, ["f"])(data, 0) == (0, len(data))
    parts, told = compile_splicer(definition, {}, {})(data, 0, b"front")
    assert (b"".join(parts), told) == (b"front" + data, 0)


NESTED = {"type": "array", "items": {"type": "array", "items": {"type": "map", "values": "double"}}}
CHANGES = {"type": "record", "name": "C", "fields": [{"name": "a", "type": ["null", "string"]}]}


@pytest.mark.parametrize("kind", [ARRAY, MAP, NESTED, {"type": "array", "items": CHANGES}], ids=repr)
@pytest.mark.parametrize(
    "pattern", [b"\x02", b"\x00", b"\x02\x00", b"\xfe\x7f", b"\x01\x7e", b"\x7f", b"\xff"], ids=repr
)
def test_anything_long_is_walked_in_seconds(kind, pattern):
    size = 400_000
    counted = encode_long(size // 2) + pattern * (size // len(pattern))
    for data in (pattern * (size // len(pattern)), counted):
        started = time.process_time()
        try:
            end = compile_stepper(kind)(data, 0)
        except DatumError:
            end = 0
        assert end <= len(data)
        assert time.process_time() - started < 5
