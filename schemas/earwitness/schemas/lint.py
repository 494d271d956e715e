"""The rules that every schema of the catalogue keeps; `make check` runs them.

Raw schemas: the same envelope in front and `attributes` at the end; `kind`, `family`, `lane`, `severity` on the record; a
`doc` on everything; a `pii` on whatever holds text, and on nothing else; on free text, if at all, a `preset` and a `keep` that
the privacy stage knows; an enum has a default symbol, so that a new value never breaks an old reader; a field name lands as
the same kind of column in every kind and version; no two schemas share an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from earwitness.schemas.schema import FAMILIES, Definition, Schema

__all__ = ["ENVELOPE", "KEPT", "PII_KINDS", "PRESETS", "column_class", "lint"]

PII_KINDS = ("none", "phone", "name", "client", "job", "text", "ip", "secret")
PRESETS = ("balanced", "strict", "whole")
"""How free text is read, the stricter the later; a field that says nothing is read `balanced`."""
KEPT = ("job",)
"""What a field of free text may let stay."""
LANES = ("protected", "telemetry")
SEVERITIES = ("INFO", "WARN", "ERROR")
ENVELOPE = [
    "event_id",
    "occurred_at",
    "severity",
    "service",
    "environment",
    "producer_id",
    "sequence",
    "call_sid",
    "caller",
    "trace_id",
    "span_id",
    "tenant",
    "replayed",
]
"""The fields that every raw record starts with."""
_OF_THE_VIEWS = ("weight", "inserted_at")
"""Columns that the views have beside the fields."""
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def lint(schemas: Iterable[Schema]) -> list[str]:
    """What is wrong with the schemas, a line each; empty when all rules hold.

    Args:
        schemas: the versions of a schema, if there are several, the oldest first.
    """
    problems: list[str] = []
    ids: dict[int, str] = {}
    columns: dict[str, tuple[str, str]] = {}
    envelope: list[dict[str, Any]] | None = None
    every = list(schemas)
    newest = {(schema.stage, schema.name): schema.version for schema in every}
    for schema in every:
        is_newest = schema.version in {0, newest[schema.stage, schema.name]}
        where = f"{schema.stage} {schema.name}" + ("" if is_newest else f" version {schema.version}")
        if schema.id in ids:
            problems.append(f"{where}: has the same id as {ids[schema.id]}; change a doc of one of them")
        ids[schema.id] = where
        problems += [f"{where}: {problem}" for problem in _fields(schema.definition)]
        if schema.stage != "raw":
            continue
        problems += [f"{where}: {problem}" for problem in _record(schema.definition)]
        if is_newest:
            front = schema.fields[: len(ENVELOPE)]
            envelope = envelope or front
            if front != envelope or [field["name"] for field in front] != ENVELOPE:
                problems.append(f"{where}: does not start with the envelope that the other kinds have")
        if [field["name"] for field in schema.fields[-1:]] != ["attributes"]:
            problems.append(f"{where}: the last field must be attributes")
        for field in schema.fields:
            column = column_class(field["type"])
            other, owner = columns.setdefault(field["name"], (column, where))
            if column != other:
                problems.append(
                    f"{where}.{field['name']}: lands as {column}, but as {other} in {owner}; use another name"
                )
    return problems


def column_class(kind: Any) -> str:
    """What kind of column a type lands in; an enum lands as text, null is allowed everywhere."""
    if isinstance(kind, list):
        return "|".join(column_class(branch) for branch in kind if branch != "null")
    if not isinstance(kind, dict):
        return "text" if kind == "string" else str(kind)
    name = kind["type"]
    if name == "enum":
        return "text"
    if name == "array":
        return f"array of {column_class(kind['items'])}"
    if name == "map":
        return f"map of {column_class(kind['values'])}"
    if name == "record":
        return "record of " + ", ".join(f"{f['name']} {column_class(f['type'])}" for f in kind["fields"])
    return str(kind.get("logicalType", column_class(name)))


def _record(definition: Definition) -> Iterator[str]:
    kind = str(definition.get("kind", ""))
    family = str(definition.get("family", ""))
    if family not in FAMILIES:
        yield f"family is {family!r}, not one of {', '.join(FAMILIES)}"
    if not kind.startswith(f"{family}."):
        yield f"kind {kind!r} does not start with its family {family!r}"
    if definition.get("lane") not in LANES:
        yield f"lane is {definition.get('lane')!r}, not one of {', '.join(LANES)}"
    if definition.get("severity") not in SEVERITIES:
        yield f"severity is {definition.get('severity')!r}, not one of {', '.join(SEVERITIES)}"
    for field in definition["fields"]:
        if field["name"] in _OF_THE_VIEWS:
            yield f"{field['name']}: every view has a column of this name; use another one"
    expected = "".join(part.title() for part in re.split(r"[._]", kind))
    if definition["name"] != expected or definition.get("namespace") != f"earwitness.raw.{family}":
        yield f"is called {definition.get('namespace')}.{definition['name']}, not earwitness.raw.{family}.{expected}"


def _fields(definition: Definition, path: str = "") -> Iterator[str]:
    if not definition.get("doc") and not path:
        yield "the record has no doc"
    seen: set[str] = set()
    for field in definition["fields"]:
        name = str(field["name"])
        where = f"{path}{name}"
        if not _NAME.match(name):
            yield f"{where}: a field name is lower case with underscores"
        if name in seen:
            yield f"{where}: stands twice"
        seen.add(name)
        if not field.get("doc"):
            yield f"{where}: has no doc"
        yield from _policy(field, where)
        yield from _type(field, field["type"], where)


def _policy(field: dict[str, Any], where: str) -> Iterator[str]:
    said = [name for name in ("preset", "keep") if name in field]
    if said and field.get("pii") != "text":
        yield f"{where}: has {' and '.join(said)}, but only pii text is read; take that away, or declare it text"
    preset, keep = field.get("preset", PRESETS[0]), field.get("keep", [])
    if preset not in PRESETS:
        yield f"{where}: preset is {preset!r}, not one of {', '.join(PRESETS)}; without one it is {PRESETS[0]}"
    if not isinstance(keep, list):
        yield f"{where}: keep is {keep!r}; it is a list of what stays, of: {', '.join(KEPT)}"
        return
    for name in keep:
        if name not in KEPT:
            yield f"{where}: keep has {name!r}; what may stay is: {', '.join(KEPT)}"
    if keep and preset == "whole":
        yield f"{where}: preset is whole, so nothing can stay; take keep away, or choose another preset"


def _type(field: dict[str, Any], kind: Any, where: str) -> Iterator[str]:
    if isinstance(kind, list):
        if len(kind) != 2 or kind[0] != "null":
            yield f"{where}: a union is [null, something]"
        elif "default" not in field or field["default"] is not None:
            yield f"{where}: a nullable field has the default null"
        for branch in kind:
            yield from _type(field, branch, where)
        return
    schema = kind if isinstance(kind, dict) else {"type": kind}
    name = schema["type"]
    if name in {"string", "bytes"} and field.get("pii") not in PII_KINDS:
        yield f"{where}: text needs pii, one of {', '.join(PII_KINDS)}"
    elif name not in {"string", "array", "map", "record", "null"} and field.get("pii", "none") != "none":
        yield f"{where}: has pii, but only text can be masked, not {name}"
    elif name == "enum" and len(schema["symbols"]) > 1 and schema.get("default") not in schema["symbols"]:
        yield f"{where}: the enum {schema['name']} has no default symbol"
    elif name in {"array", "map"}:
        yield from _type(field, schema["items" if name == "array" else "values"], where)
    elif name == "record":
        yield from _fields(schema, f"{where}.")
