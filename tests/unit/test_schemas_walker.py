"""What a walker is made of: what it refuses to be made from, and that nothing out of a schema becomes code."""

from __future__ import annotations

import pytest

from earwitness.schemas import stepping, walker
from earwitness.schemas.errors import MalformedError, SchemaError
from earwitness.schemas.walker import compile_finder, compile_splicer, compile_stepper


def record(*fields):
    return {"type": "record", "name": "R", "fields": [{"name": name, "type": kind} for name, kind in fields]}


TWO = record(("a", "string"), ("b", ["string", "null"]))


def test_a_field_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(SchemaError, match="R has no field 'c'; it has a, b"):
        compile_finder(TWO, ["c"])
    with pytest.raises(SchemaError, match="no field 'c'"):
        compile_splicer(TWO, {"c": {}}, {})


def test_a_field_is_wanted_once():
    with pytest.raises(SchemaError, match="wanted twice"):
        compile_finder(TWO, ["a", "a"])


@pytest.mark.parametrize(
    "kind",
    [
        "Elsewhere",  # a type by name: nothing here is recursive, so no schema needs it
        "decimal",
        [],
        [{"type": "fixed", "name": f"F{number}", "size": 1} for number in range(65)],
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        {"type": "array", "items": record(("a", "null"), ("b", {"type": "null"}))},
    ],
    ids=lambda kind: str(kind)[:40],
)
def test_types_that_no_walker_knows(kind):
    with pytest.raises(SchemaError):
        compile_stepper(kind)
    with pytest.raises(SchemaError):
        compile_finder(record(("a", kind)), [])


@pytest.mark.parametrize("kind", [["string", "int"], ["null", "string", "int"], ["null"], ["null", "null"]], ids=str)
def test_a_wanted_value_is_plain_or_nullable(kind):
    with pytest.raises(SchemaError, match="plain and nullable"):
        compile_finder(record(("a", kind)), ["a"])


def test_null_stands_on_either_side():
    assert compile_finder(TWO, ["b", "a"])(b"\x02x\x00\x02y", 0) == (3, 5, 0, 2)
    assert compile_finder(TWO, ["b"])(b"\x00\x02", 0) == (2, 2)


def test_a_branch_of_64_is_a_byte_of_its_own():
    kind = [{"type": "fixed", "name": f"F{number}", "size": number} for number in range(64)]
    step = compile_stepper(kind)
    assert step(b"\x7e" + b"." * 63, 0) == 64
    with pytest.raises(MalformedError):
        step(b"\x80\x01" + b"." * 64, 0)


@pytest.mark.parametrize("name", ["x); import os; (", "__class__", "b[0:999]", "'''", "\n    return 0\n"])
def test_no_name_of_a_schema_becomes_code(name, monkeypatch):
    sources = []
    source = stepping.Stepper.source

    def watched(self, *arguments):
        sources.append(source(self, *arguments))
        return sources[-1]

    monkeypatch.setattr(stepping.Stepper, "source", watched)
    enum = {"type": "enum", "name": name, "symbols": [name]}
    definition = record((name, "string"), ("e", enum), ("l", {"type": "array", "items": record((name, "string"))}))
    assert compile_finder(definition, [name])(b"\x02x\x00\x00", 0) == (0, 2)
    assert compile_splicer(definition, {name: {b"\x02x": b"\x02y"}}, {name: {b"\x02x": b"\x00"}})(
        b"\x02x\x00\x00", 0, b""
    )
    assert sources
    assert not any(name in text for text in sources)


def test_walkers_have_no_builtins():
    namespace = compile_stepper("string").__globals__
    assert namespace["__builtins__"] == {}
    assert walker.__all__
