"""Every schema that earwitness knows, by kind and by id.

A *raw* schema is written by hand (`avro/raw/<family>/<kind>.avsc`). The *masked* schema of a kind is made from it
(`masked.py`) and committed beside it, as is `avro/catalogue.json`, which gives each schema its id: the first 31 bits
of SHA-256 over its text. So an id says what is in a message wherever it turns up, and is never used for another schema.
`python -m earwitness.schemas.generate` writes what is generated; `make check` fails when it is out of date.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal

from earwitness.schemas.errors import SchemaError, UnknownSchemaError
from earwitness.schemas.framing import MAX_ID, prefix

__all__ = [
    "FAMILIES",
    "Schema",
    "by_id",
    "content_id",
    "kinds",
    "masked",
    "raw",
    "record",
    "schemas",
    "text_of",
]

Definition = dict[str, Any]
Stage = Literal["raw", "masked", "pipeline"]

FAMILIES = ("call", "data", "security", "system", "trail")


@dataclass(frozen=True, eq=False)
class Schema:
    """One Avro record of the catalogue.

    Attributes:
        id: its content-derived id, as in the wire format.
        stage: raw (from the app), masked (what is stored), pipeline (what the stages say to each other).
        name: the kind (`call.started`), or the pipeline record's name (`dead_letter`).
        definition: the schema as Avro JSON; treat it as read-only.
    """

    id: int
    stage: Stage
    name: str
    definition: Definition = field(repr=False)

    @cached_property
    def text(self) -> str:
        """The schema as one line of JSON: what the id is a hash of, and what a registry serves."""
        return text_of(self.definition)

    @cached_property
    def prefix(self) -> bytes:
        """The five bytes of the wire format in front of its data."""
        return prefix(self.id)

    @property
    def kind(self) -> str:
        """The kind of event, `family.name`."""
        return str(self.definition["kind"])

    @property
    def family(self) -> str:
        """The kind's family: it names the topics."""
        return str(self.definition["family"])

    @property
    def lane(self) -> str:
        """`protected` is never sampled; `telemetry` may be."""
        return str(self.definition["lane"])

    @property
    def severity(self) -> str:
        """The severity of an event that names none."""
        return str(self.definition["severity"])

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The record's fields, in the order in which they are encoded."""
        fields: list[dict[str, Any]] = self.definition["fields"]
        return fields


def text_of(definition: Definition) -> str:
    """A schema's text: compact JSON, its keys in the order of the file, everything kept (`pii`, docs, …)."""
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def content_id(text: str) -> int:
    """The id of a schema: the first 31 bits of SHA-256 over its text."""
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") & MAX_ID) or 1


@cache
def schemas() -> tuple[Schema, ...]:
    """All schemas, in the catalogue's order.

    Raises:
        SchemaError: a file does not have the id that the catalogue gives it.
    """
    root = files("earwitness.schemas") / "avro"
    found = []
    for entry in json.loads((root / "catalogue.json").read_text("utf-8")):
        definition = json.loads((root / entry["file"]).read_text("utf-8"))
        schema = Schema(entry["id"], entry["stage"], entry["name"], definition)
        if content_id(schema.text) != schema.id:
            raise SchemaError(
                f"{entry['file']} is not what the catalogue lists; run: python -m earwitness.schemas.generate"
            )
        found.append(schema)
    return tuple(found)


@cache
def _by_id() -> dict[int, Schema]:
    return {schema.id: schema for schema in schemas()}


@cache
def _by_name() -> dict[tuple[str, str], Schema]:
    return {(schema.stage, schema.name): schema for schema in schemas()}


def by_id(schema_id: int) -> Schema:
    """The schema with that id.

    Raises:
        UnknownSchemaError: the catalogue has none.
    """
    try:
        return _by_id()[schema_id]
    except KeyError:
        raise UnknownSchemaError(f"no schema has the id {schema_id}") from None


def _named(stage: Stage, name: str) -> Schema:
    try:
        return _by_name()[stage, name]
    except KeyError:
        raise UnknownSchemaError(
            f"no {stage} schema is called {name!r}; see: earwitness.schemas.catalogue.kinds()"
        ) from None


def kinds() -> tuple[str, ...]:
    """All kinds of events, the trail's own included."""
    return tuple(schema.name for schema in schemas() if schema.stage == "raw")


def raw(kind: str) -> Schema:
    """The schema that the app writes.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    return _named("raw", kind)


def masked(kind: str) -> Schema:
    """The schema that is stored.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    return _named("masked", kind)


def record(name: str) -> Schema:
    """A record that the pipeline's stages write to each other: `dead_letter`, `ledger_entry`.

    Raises:
        UnknownSchemaError: there is no such record.
    """
    return _named("pipeline", name)
