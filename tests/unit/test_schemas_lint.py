"""Each rule of the schemas, broken once: it is reported once, and nothing else is."""

from __future__ import annotations

from copy import deepcopy

import pytest

from earwitness.schemas import catalogue
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.lint import column_class, lint

STARTED = catalogue.raw("call.started")
CHANGED = catalogue.raw("data.record_update")


def field(definition, name):
    return next(one for one in definition["fields"] if one["name"] == name)


def add(definition, name, kind, **more):
    definition["fields"].insert(-1, {"name": name, "type": kind, "doc": "…"} | more)


def set_record(name, value):
    return lambda definition: definition.update({name: value})


def set_field(name, **more):
    return lambda definition: field(definition, name).update(more)


def drop(name, key):
    return lambda definition: field(definition, name).pop(key)


def adding(name, kind, **more):
    return lambda definition: add(definition, name, kind, **more)


def swap_envelope(definition):
    fields = definition["fields"]
    fields[3], fields[4] = fields[4], fields[3]


RECORD = {"type": "record", "name": "Inner", "fields": [{"name": "Bad", "type": "int", "doc": "…"}]}
LIST_OF_TEXT = {"type": "array", "items": "string"}

BROKEN = {
    "not one of call, data": set_record("family", "calls"),
    "does not start with its family": set_record("kind", "data.started"),
    "lane is 'fast'": set_record("lane", "fast"),
    "severity is None": set_record("severity", None),
    "is called earwitness.raw.call.Started": set_record("name", "Started"),
    "is called earwitness.calls.CallStarted": set_record("namespace", "earwitness.calls"),
    "the record has no doc": set_record("doc", ""),
    "FromNumber: a field name is lower case": adding("FromNumber", "int"),
    "direction: stands twice": adding("direction", "string", pii="none"),
    "direction: has no doc": drop("direction", "doc"),
    "answered: a union is": adding("answered", ["int", "null"], default=None),
    "answers: a union is": adding("answers", ["null", "int", "long"], default=None),
    "caller_name: a nullable field has the default null": drop("caller_name", "default"),
    "language: text needs pii": drop("language", "pii"),
    "note: text needs pii": adding("note", ["null", "bytes"], default=None, pii="secretive"),
    "notes: text needs pii": adding("notes", LIST_OF_TEXT),
    "tries: has pii, but only text can be masked, not int": adding("tries", "int", pii="secret"),
    "photo: has pii, but only text can be masked, not bytes": adding("photo", "bytes", pii="name"),
    "said: preset is 'sloppy', not one of balanced, strict, whole": adding(
        "said", "string", pii="text", preset="sloppy"
    ),
    "said: keep is 'job'; it is a list": adding("said", "string", pii="text", keep="job"),
    "said: keep has 'phone'; what may stay is: job": adding("said", LIST_OF_TEXT, pii="text", keep=["phone"]),
    "said: preset is whole, so nothing can stay": adding("said", "string", pii="text", preset="whole", keep=["job"]),
    "said: has preset, but only pii text is read": adding("said", "string", pii="name", preset="strict"),
    "tries: has preset and keep, but only pii text": adding("tries", "int", preset="strict", keep=["job"]),
    "the enum Mood has no default symbol": adding("mood", {"type": "enum", "name": "Mood", "symbols": ["a", "b"]}),
    "weight: every view has a column of this name": adding("weight", "int"),
    "inner.Bad: a field name is lower case": adding("inner", RECORD),
    "the last field must be attributes": lambda definition: definition["fields"].append(
        {"name": "late", "type": "int", "doc": "…"},
    ),
}


CONSEQUENCES = {"not one of call, data": 3, "does not start with its family": 2}
"""A kind or a record's name that no longer goes with the family is reported, too."""


def check(definition):
    text = catalogue.text_of(definition)
    changed = Schema(catalogue.content_id(text), "raw", definition["kind"], definition)
    return lint([CHANGED, changed])


def test_the_catalogue_keeps_all_rules():
    assert lint(catalogue.schemas()) == []


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_rule_is_reported(message):
    definition = deepcopy(STARTED.definition)
    BROKEN[message](definition)
    problems = check(definition)
    assert [problem for problem in problems if message in problem] == problems[:1], problems
    assert all(problem.startswith("raw ") for problem in problems)
    assert len(problems) == CONSEQUENCES.get(message, 1), problems


def test_the_envelope_is_the_same_everywhere():
    definition = deepcopy(STARTED.definition)
    swap_envelope(definition)
    (problem,) = check(definition)
    assert "does not start with the envelope" in problem
    definition = deepcopy(STARTED.definition)
    field(definition, "tenant")["doc"] = "Something else."
    (problem,) = check(definition)
    assert "does not start with the envelope" in problem


def test_a_name_lands_as_one_kind_of_column():
    definition = deepcopy(STARTED.definition)
    add(definition, "table", "long")
    (problem,) = check(definition)
    assert problem == "raw call.started.table: lands as long, but as text in raw data.record_update; use another name"


def test_an_id_belongs_to_one_schema():
    definition = deepcopy(STARTED.definition)
    problems = lint([CHANGED, Schema(CHANGED.id, "raw", "call.started", definition)])
    assert problems == ["raw call.started: has the same id as raw data.record_update; change a doc of one of them"]


def test_a_field_of_the_front_cannot_be_a_raw_field_too():
    definition = deepcopy(catalogue.masked("call.started").definition)
    add(definition, "verdict", "long")
    problems = lint([Schema(7, "masked", "call.started", definition)])
    assert problems == ["masked call.started: verdict: stands twice"]


def test_a_record_without_fields_is_a_finding_not_a_crash():
    empty = STARTED.definition | {"fields": []}
    problems = check(empty)
    assert any("envelope" in problem for problem in problems)
    assert any("attributes" in problem for problem in problems)


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("string", "text"),
        (["null", "string"], "text"),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, "text"),
        (["null", {"type": "enum", "name": "E", "symbols": ["a"]}], "text"),
        ({"type": "string", "logicalType": "uuid"}, "uuid"),
        ({"type": "long", "logicalType": "timestamp-micros"}, "timestamp-micros"),
        ("int", "int"),
        (LIST_OF_TEXT, "array of text"),
        ({"type": "map", "values": "long"}, "map of long"),
        (RECORD, "record of Bad int"),
    ],
    ids=str,
)
def test_what_a_type_lands_as(kind, column):
    assert column_class(kind) == column
