"""The generated event classes and client methods: complete, typed as the schemas say, and never out of date unnoticed."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, get_args, get_origin

import msgspec
import pytest

from earwitness.client.methods import EventMethods
from earwitness.schemas import catalogue, classes, events
from earwitness.schemas.lint import ENVELOPE

BASE = ("occurred_at", "severity", "call_sid", "caller", "attributes")

every_kind = pytest.mark.parametrize("kind", catalogue.kinds())


def own_fields(kind):
    return [field for field in catalogue.raw(kind).fields if field["name"] not in {*ENVELOPE, "attributes"}]


def strip(annotation):
    """A type without Annotated and None, and whether it takes None."""
    members = [member for member in get_args(annotation) if member is not type(None)]
    is_optional = type(None) in get_args(annotation)
    if is_optional:
        (annotation,) = members
    return annotation, is_optional


def assert_is_type_of(kind, annotation):
    """The annotation is the one for a type of a schema."""
    annotation, is_optional = strip(annotation)
    if isinstance(kind, list):
        assert is_optional
        (kind,) = [branch for branch in kind if branch != "null"]
    schema = kind if isinstance(kind, dict) else {"type": kind}
    match schema["type"]:
        case "enum":
            assert get_args(annotation) == tuple(schema["symbols"])
        case "array":
            assert get_origin(annotation) is Sequence
            assert_is_type_of(schema["items"], get_args(annotation)[0])
        case "map":
            assert get_origin(annotation) is Mapping
            assert_is_type_of(schema["values"], get_args(annotation)[1])
        case "record":
            assert annotation is getattr(events, schema["name"])
            assert_fields(annotation, schema["fields"])
        case "long" if schema.get("logicalType") == "timestamp-micros":
            assert annotation is datetime
        case "int" | "long":
            assert annotation == {"int": events.Int32, "long": events.Int64}[schema["type"]]
        case name:
            assert annotation is {"string": str, "double": float, "boolean": bool}[name]


def assert_fields(cls, fields):
    hints = typing.get_type_hints(cls, include_extras=True)
    infos = {info.name: info for info in msgspec.structs.fields(cls)}
    for field in fields:
        info = infos[field["name"]]
        assert_is_type_of(field["type"], hints[field["name"]])
        assert info.required == ("default" not in field)
        if isinstance(field["type"], list):
            assert info.default is None


@every_kind
def test_a_class_has_exactly_the_kinds_fields(kind):
    cls = events.EVENTS[kind]
    raw = catalogue.raw(kind)
    assert cls.__name__ == raw.definition["name"]
    assert cls.__doc__.split() == raw.definition["doc"].split()
    assert set(cls.__struct_fields__) == {field["name"] for field in own_fields(kind)} | set(BASE)
    assert_fields(cls, own_fields(kind))
    assert cls.__struct_config__.tag == kind
    assert cls.__struct_config__.frozen
    with pytest.raises(TypeError):
        cls("by position")


@every_kind
def test_a_method_takes_and_passes_all_fields(kind):
    taken = []

    class Client(EventMethods):
        def emit(self, event):
            taken.append(event)
            return True

    method = getattr(EventMethods, kind.replace(".", "_"))
    parameters = dict(inspect.signature(method).parameters)
    del parameters["self"]
    cls = events.EVENTS[kind]
    assert set(parameters) == set(cls.__struct_fields__)
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    infos = {info.name: info for info in msgspec.structs.fields(cls)}
    for name, parameter in parameters.items():
        assert (parameter.default is inspect.Parameter.empty) == infos[name].required
        assert f"{name}:" in method.__doc__
    values = {name: object() for name in parameters}
    assert getattr(Client(), method.__name__)(**values) is True
    (event,) = taken
    assert type(event) is cls
    assert all(getattr(event, name) is value for name, value in values.items())


def test_methods_and_classes_are_those_of_the_catalogue():
    assert tuple(events.EVENTS) == catalogue.kinds()
    methods = {name for name in vars(EventMethods) if not name.startswith("_")}
    assert methods == {kind.replace(".", "_") for kind in catalogue.kinds()} | {"emit"}
    assert set(events.__all__) >= {cls.__name__ for cls in events.EVENTS.values()} | {"EVENTS", "Event", "Change"}
    assert all(hasattr(events, name) for name in events.__all__)
    with pytest.raises(NotImplementedError):
        EventMethods().emit(events.Event())


def test_wrong_values_do_not_convert():
    good = {"kind": "data.job_lookup", "client_id": "ACME12", "job_number": "48213", "found": True, "latency_ms": 1.5}
    assert msgspec.convert(good, events.DataJobLookup) == events.DataJobLookup(
        client_id="ACME12", job_number="48213", found=True, latency_ms=1.5
    )
    ended = {
        "kind": "call.ended",
        "duration_seconds": 2**31,
        "disconnect_reason": "completed",
        "call_status": "completed",
    }
    for bad, cls in (
        (good | {"found": "yes"}, events.DataJobLookup),
        (good | {"job_number": 48213}, events.DataJobLookup),
        (good | {"kind": "call.started"}, events.DataJobLookup),
        ({name: value for name, value in good.items() if name != "found"}, events.DataJobLookup),
        (ended, events.CallEnded),
        (ended | {"duration_seconds": 3, "disconnect_reason": "bored"}, events.CallEnded),
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, cls)
    assert msgspec.convert(ended | {"duration_seconds": 3}, events.CallEnded).final_stage is None


def test_a_class_keeps_the_defaults_that_mean_something():
    fields = [
        ("flag", "boolean", {"default": False}),
        ("count", "int", {"default": 0}),
        ("label", "string", {"default": ""}),
        ("items", {"type": "array", "items": "string"}, {"default": []}),
        ("more", {"type": "map", "values": "string"}, {"default": {}}),
        ("maybe", ["null", "long"], {"default": None}),
        ("needed", "double", {}),
    ]
    definition = {
        "name": "CallTried",
        "kind": "call.tried",
        "doc": "Tried.",
        "fields": [{"name": name, "type": kind, "doc": "…"} | more for name, kind, more in fields],
    }
    namespace: dict[str, object] = {}
    exec(classes.events_module([definition]), namespace)  # noqa: S102
    cls = namespace["CallTried"]
    tried = cls(needed=1.5)
    assert (tried.flag, tried.count, tried.label, tried.items, tried.more, tried.maybe) == (
        False,
        0,
        "",
        (),
        None,
        None,
    )
    with pytest.raises(TypeError):
        cls()


def test_times_are_aware_where_the_schema_has_a_time():
    now = datetime.now(UTC)
    update = events.DataRecordUpdate(table="Jobs", record_id="rec1", changes=[], updated_at=now)
    assert update.updated_at is now
    assert Literal["INFO", "WARN", "ERROR"] in get_args(typing.get_type_hints(events.Event)["severity"])
