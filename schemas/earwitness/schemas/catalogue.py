"""Every schema that earwitness knows, in every version that was ever released, by kind and by id.

A *raw* schema is written by hand (`avro/raw/<family>/<kind>.avsc`). The *masked* schema of a kind is made from it
(`masked.py`). What is released stands in `avro/history/<stage>/<name>/<version>.avsc` and never changes again;
`avro/catalogue.json` lists all versions with their ids: the first 31 bits of SHA-256 over a schema's text. So an id says
what is in a message wherever it turns up, and is never used for another schema.
`python -m earwitness.schemas.generate` writes what is generated; `make check` fails when it is out of date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from earwitness.schemas.errors import SchemaError, UnknownSchemaError
from earwitness.schemas.lint import lint
from earwitness.schemas.masked import derive
from earwitness.schemas.schema import FAMILIES, Schema, Stage, content_id, text_of

__all__ = [
    "FAMILIES",
    "Schema",
    "by_id",
    "content_id",
    "kinds",
    "masked",
    "masked_of",
    "raw",
    "read",
    "record",
    "schemas",
    "text_of",
    "versions",
]


@dataclass(frozen=True)
class _Catalogue:
    schemas: tuple[Schema, ...]
    by_id: Mapping[int, Schema]
    versions: Mapping[tuple[str, str], tuple[Schema, ...]]
    masked_of: Mapping[int, Schema]


@cache
def _catalogue() -> _Catalogue:
    root = files("earwitness.schemas") / "avro"
    found: list[Schema] = []
    versions: dict[tuple[str, str], tuple[Schema, ...]] = {}
    raw_of: list[tuple[Schema, int]] = []
    for entry in json.loads((root / "catalogue.json").read_text("utf-8")):
        definition = json.loads((root / entry["file"]).read_text("utf-8"))
        schema = Schema(entry["id"], entry["stage"], entry["name"], definition, entry["version"])
        key = (schema.stage, schema.name)
        if content_id(schema.text) != schema.id:
            raise SchemaError(
                f"{entry['file']} is not what the catalogue lists; run: python -m earwitness.schemas.generate"
            )
        found.append(schema)
        versions[key] = (*versions.get(key, ()), schema)
        if schema.stage == "masked":
            raw_of.append((schema, entry["raw_version"]))
    # A raw version has several masked ones when the front of the masked records has changed; the last one counts.
    masked_of = {versions["raw", schema.name][number - 1].id: schema for schema, number in raw_of}
    return _Catalogue(tuple(found), {schema.id: schema for schema in found}, versions, masked_of)


def schemas() -> tuple[Schema, ...]:
    """All versions of all schemas, in the catalogue's order: by stage and name, the oldest version first.

    Raises:
        SchemaError: a file does not have the id that the catalogue gives it.
    """
    return _catalogue().schemas


def by_id(schema_id: int) -> Schema:
    """The schema with that content id, of any version and stage.

    Raises:
        UnknownSchemaError: the catalogue has none.
    """
    try:
        return _catalogue().by_id[schema_id]
    except KeyError:
        raise UnknownSchemaError(f"no schema has the id {schema_id}") from None


def versions(stage: Stage, name: str) -> tuple[Schema, ...]:
    """All versions of a kind or pipeline record, the oldest first.

    Raises:
        UnknownSchemaError: there is no such kind or record.
    """
    try:
        return _catalogue().versions[stage, name]
    except KeyError:
        raise UnknownSchemaError(
            f"no {stage} schema is called {name!r}; see: earwitness.schemas.catalogue.kinds()"
        ) from None


def kinds() -> tuple[str, ...]:
    """All kinds of events, the trail's own included."""
    return tuple(name for stage, name in _catalogue().versions if stage == "raw")


def raw(kind: str) -> Schema:
    """The schema that the app writes: the newest version.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    return versions("raw", kind)[-1]


def masked(kind: str) -> Schema:
    """The schema that is stored: the newest version.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    return versions("masked", kind)[-1]


def masked_of(raw: Schema) -> Schema:
    """The masked schema of one version of a raw schema, be it of the catalogue or not."""
    found = _catalogue().masked_of.get(raw.id)
    if found is not None:
        return found
    definition = derive(raw.definition)
    schema_id = content_id(text_of(definition))
    return _catalogue().by_id.get(schema_id) or Schema(schema_id, "masked", raw.name, definition)


def record(name: str) -> Schema:
    """A record that the pipeline's stages write to each other (`dead_letter`, `ledger_entry`): the newest version.

    Raises:
        UnknownSchemaError: there is no such record.
    """
    return versions("pipeline", name)[-1]


def read(text: str) -> Schema:
    """A raw schema that came from elsewhere, from a registry say: the catalogue's own where it has it.

    A registry may write the JSON anew, so the id is of the text as the catalogue would write it.

    Raises:
        SchemaError: it is none of ours: no Avro, no record with kind, family, lane and pii, or it breaks another rule.
    """
    import fastavro

    try:
        definition: Any = json.loads(text)
        for known in schemas():
            if known.definition == definition:
                return known
        schema = Schema(content_id(text_of(definition)), "raw", str(definition["kind"]), definition)
        masked = masked_of(schema)
        fastavro.parse_schema(masked.definition, named_schemas={})
        problems = lint([*(raw(kind) for kind in kinds()), schema]) or lint([masked])
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        fastavro.schema.SchemaParseException,
    ) as error:
        raise SchemaError(f"this is no schema of an event: {type(error).__name__}") from None
    if problems:
        raise SchemaError(f"this is no schema of an event: {problems[0]}")
    return schema
