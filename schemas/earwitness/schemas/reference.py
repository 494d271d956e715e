"""The part of `docs/schemas.md` that is made from the schemas: every kind and record, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from earwitness.schemas.history import History, Version
from earwitness.schemas.lint import ENVELOPE
from earwitness.schemas.masked import FRONT

__all__ = ["MARK", "reference"]

MARK = "<!-- Made from the schemas by `python -m earwitness.schemas.generate`: do not edit from here on. -->"
"""What stands above this line in the document is written by hand."""

_HEAD = "| field | type | pii | since | meaning |\n|---|---|---|---|---|"
_PLAIN = {"string": "text", "double": "number", "int": "integer, 32 bits", "long": "integer, 64 bits"}
_LOGICAL = {"uuid": "UUID", "timestamp-micros": "time"}


def reference(history: History) -> str:
    """The generated part, without the mark."""
    versions: dict[tuple[str, str], list[Version]] = {}
    for version in history.versions:
        versions.setdefault((version.stage, version.name), []).append(version)
    raws = [found for (stage, _), found in versions.items() if stage == "raw"]
    parts = [
        "## The envelope\n\nWhat every event starts with.\n",
        _table([field for field in raws[0][-1].definition["fields"] if field["name"] in ENVELOPE], raws[0]),
        "## The kinds\n\nWhat each has beyond the envelope. Every one ends with `attributes`: what else the app had to say.\n",
        *(part for found in raws for part in _kind(found)),
        "## The masked front\n\nWhat stands in front of the raw fields, behind `kind`, in what is stored.\n",
        _table(FRONT, []),
        "## The pipeline's own records\n",
        *(part for (stage, _), found in versions.items() if stage == "pipeline" for part in _record(found)),
    ]
    return "\n".join(parts)


def _kind(versions: list[Version]) -> Iterator[str]:
    newest = versions[-1].definition
    own = [field for field in newest["fields"] if field["name"] not in {*ENVELOPE, "attributes"}]
    family, kind = newest["family"], newest["kind"]
    yield (
        f"### {kind}\n\n{newest['doc']}\n\n"
        f"Topic `audit.raw.{family}` · view `audit.{kind.replace('.', '_', 1)}` · {newest['lane']} · "
        f"{newest['severity']} unless said otherwise · {_count(versions)}\n"
    )
    yield _table(own, versions)


def _record(versions: list[Version]) -> Iterator[str]:
    newest = versions[-1]
    yield f"### {newest.name}\n\n{newest.definition['doc']}\n\n{_count(versions)[0].upper()}{_count(versions)[1:]}\n"
    yield _table(newest.definition["fields"], versions)


def _count(versions: list[Version]) -> str:
    return f"version {len(versions)}, id {versions[-1].id}"


def _table(fields: Iterable[dict[str, Any]], versions: list[Version]) -> str:
    rows = [
        f"| {field['name']} | {_type(field['type'])} | {_pii(field)} | {_since(field['name'], versions)} | "
        f"{_cell(field['doc'])} |"
        for field in fields
    ]
    return "\n".join([_HEAD, *rows, ""])


def _since(name: str, versions: list[Version]) -> str:
    found = (
        version.number for version in versions if name in {field["name"] for field in version.definition["fields"]}
    )
    return str(next(found, 1))


def _pii(field: dict[str, Any]) -> str:
    inner = field["type"][-1] if isinstance(field["type"], list) else field["type"]
    items = inner.get("items") if isinstance(inner, dict) else None
    if isinstance(items, dict) and items["type"] == "record":
        return ", ".join(f"{each['name']}: {_read(each)}" for each in items["fields"] if "pii" in each)
    return _read(field)


def _read(field: dict[str, Any]) -> str:
    said = [
        str(field.get("pii", "")),
        str(field.get("preset", "")),
        " ".join(("keeps", *field["keep"])) if "keep" in field else "",
    ]
    return " ".join(part for part in said if part)


def _type(kind: Any) -> str:
    if isinstance(kind, list):
        return " or ".join([*(_type(branch) for branch in kind if branch != "null"), "null"])
    if not isinstance(kind, dict):
        return _PLAIN.get(kind, str(kind))
    name = kind["type"]
    if "logicalType" in kind:
        return _LOGICAL[kind["logicalType"]]
    if name == "enum":
        return ", ".join(f"`{symbol}`" for symbol in kind["symbols"])
    if name == "array":
        return f"list of {_type(kind['items'])}"
    if name == "map":
        return f"map of {_type(kind['values'])}"
    if name == "record":
        return "(" + "; ".join(f"{field['name']}: {_type(field['type'])}" for field in kind["fields"]) + ")"
    return f"{kind['size']} bytes" if name == "fixed" else _type(name)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
