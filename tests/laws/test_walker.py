"""Finders and splicers against an encoder of their own and two foreign decoders, on every schema and on made-up ones."""

from __future__ import annotations

import pytest
from avro_model import encode, type_of
from avro_oracles import Apache, Fast, oracles, same
from avro_strategies import definitions, encodings, values
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.schemas import catalogue
from earwitness.schemas.walker import compile_finder, compile_splicer, compile_stepper

SCHEMAS = catalogue.schemas()
EACH = settings(max_examples=max(5, settings().max_examples // 20))
"""For laws that are tried on each schema."""

every_schema = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: f"{schema.stage}:{schema.name}")


class Answer:
    """A table that answers everything with one encoded value, and keeps what it was asked."""

    def __init__(self, encoded):
        self.encoded = encoded
        self.asked = []

    def __getitem__(self, value):
        self.asked.append(value)
        return self.encoded


def is_markable(field):
    kind = field["type"]
    return not isinstance(kind, list) or (len(kind) == 2 and "null" in kind)


def is_null(definition, model, name):
    kind = next(field["type"] for field in definition["fields"] if field["name"] == name)
    return isinstance(kind, list) and model[name][1] is None


def value_type(definition, name):
    kind = next(field["type"] for field in definition["fields"] if field["name"] == name)
    return next(branch for branch in kind if branch != "null") if isinstance(kind, list) else kind


def expected_ranges(case, names):
    found = []
    for name in names:
        found += case.ranges[name]
    return tuple(found)


@every_schema
@EACH
@given(data=st.data())
def test_every_field_is_found_where_the_decoders_read_it(schema, data):
    definition = schema.definition
    names = [field["name"] for field in definition["fields"]]
    fast, apache, reader = oracles(schema)
    case = data.draw(encodings(schema))
    found = compile_finder(definition, names)(schema.prefix + case.data, 5)
    assert found == tuple(index + 5 for index in expected_ranges(case, names))
    record = fast.read(case.data)
    assert same(record, case.record)
    assert same(apache.read(case.data), case.record)
    for number, name in enumerate(names):
        start, end = found[2 * number : 2 * number + 2]
        if record[name] is None:
            assert start == end
        else:
            assert same(reader.read(name, (schema.prefix + case.data)[start:end]), record[name])
    some = data.draw(st.lists(st.sampled_from(names), unique=True, max_size=5))
    for whole in (True, False):
        assert compile_finder(definition, some, whole=whole)(case.data, 0) == expected_ranges(case, some)


@every_schema
@EACH
@given(data=st.data())
def test_a_splicer_replaces_what_it_shall_and_copies_all_else(schema, data):
    names = [field["name"] for field in schema.fields]
    check_splice(data, data.draw(encodings(schema)), names, oracles(schema)[0])


@given(data=st.data())
def test_walkers_of_made_up_schemas(data):
    definition = data.draw(definitions())
    case = data.draw(encodings(definition))
    assert same(Fast(definition).read(case.data), case.record)
    assert same(Apache(definition).read(case.data), case.record)
    names = [field["name"] for field in definition["fields"] if is_markable(field)]
    assert compile_finder(definition, names)(case.data, 0) == expected_ranges(case, names)
    assert compile_stepper(definition)(b"?" + case.data + b"rest", 1) == 1 + len(case.data)
    for field in definition["fields"]:
        value = data.draw(values(field["type"], small=True))
        encoded = encode(field["type"], value)
        assert compile_stepper(field["type"])(encoded, 0) == len(encoded)
    check_splice(data, case, names, Fast(definition))


def check_splice(data, case, names, oracle):
    definition = case.definition
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True, max_size=4)) if names else []
    models = {name: data.draw(values(value_type(definition, name), small=True)) for name in chosen}
    tables = {name: Answer(encode(value_type(definition, name), model)) for name, model in models.items()}
    heads = {"not_there": Answer(b"\x02?"), **{name: Answer(b"\x02!") for name in names[:2]}}
    front = data.draw(st.binary(max_size=4))
    prefix = b"12345"

    flags = [field["name"] for field in definition["fields"] if field["type"] == "boolean"]
    flag = data.draw(st.sampled_from([None, "not_there", *names, *flags]))
    parts, told = compile_splicer(definition, tables, heads, flag)(prefix + case.data, 5, front)
    spliced = b"".join(parts)

    expected = [front, b"\x00"]
    expected += [b"\x00" if is_null(definition, case.model, name) else b"\x02!" for name in names[:2]]
    at = 0
    for name in sorted(chosen, key=lambda name: case.ranges[name]):
        start, end = case.ranges[name]
        null = is_null(definition, case.model, name)
        expected += [case.data[at:start], b"" if null else tables[name].encoded]
        at = end
        assert tables[name].asked == ([] if null else [case.data[start:end]])
    assert spliced == b"".join([*expected, case.data[at:]])
    assert told == (case.model[flag] if flag in flags else 0)

    body = spliced[len(b"".join(expected[: 2 + len(names[:2])])) :]
    record = oracle.read(body)
    for field in definition["fields"]:
        name = field["name"]
        if name in chosen and not is_null(definition, case.model, name):
            answer = Fast(type_of(value_type(definition, name))).read(tables[name].encoded)
            assert same(record[name], answer)
        else:
            assert same(record[name], case.record[name])
