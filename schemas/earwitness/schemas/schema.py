"""What a schema is: its id, where it stands, and its text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from earwitness.schemas.framing import MAX_ID, prefix

__all__ = ["FAMILIES", "Definition", "Schema", "Stage", "content_id", "text_of"]

Definition = dict[str, Any]
Stage = Literal["raw", "masked", "pipeline"]

FAMILIES = ("call", "data", "security", "system", "trail")


@dataclass(frozen=True, eq=False)
class Schema:
    """One Avro record.

    Attributes:
        id: its content-derived id.
        stage: raw (from the app), masked (what is stored), pipeline (what the stages say to each other).
        name: the kind (`call.started`), or the pipeline record's name (`dead_letter`).
        definition: the schema as Avro JSON; treat it as read-only.
        version: its number among the catalogue's versions of that stage and name, from 1; 0 is a schema that the
            catalogue does not have.
    """

    id: int
    stage: Stage
    name: str
    definition: Definition = field(repr=False)
    version: int = 0

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
