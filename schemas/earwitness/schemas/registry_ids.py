"""Wire ids as a registry gives them, asked for once a process; when it is away, as it gave them before."""

from __future__ import annotations

import json
from typing import Any

from earwitness.schemas import catalogue
from earwitness.schemas.catalogue import Schema, content_id, text_of
from earwitness.schemas.errors import NotRegisteredError, RegistryAwayError, SchemaError, UnknownSchemaError
from earwitness.schemas.framing import prefix
from earwitness.schemas.registry import Registry
from earwitness.schemas.registry_cache import RegistryCache

__all__ = ["RegistryIds"]

_ABOVE_ANY_REGISTRY = 1 << 24  # they count from 1; a content id of ours is this high but for one in 128


class RegistryIds:
    """See `wire.WireIds`. May be used from several threads: the same is then asked twice at worst.

    The disk is looked at only when the registry is away, so that one which was set up anew is never answered for with
    the ids of the one before.
    """

    asks = True

    def __init__(self, registry: Registry, cache: RegistryCache) -> None:
        self._registry = registry
        self._cache = cache
        self._ids: dict[int, int] = {}
        self._prefixes: dict[int, bytes] = {}
        self._schemas: dict[int, Schema] = {}

    def id_of(self, schema: Schema) -> int:
        """The id under which the registry has a schema; raises as `WireIds.id_of`."""
        found = self._ids.get(schema.id)
        return self._look_up(schema) if found is None else found

    def prefix_of(self, schema: Schema) -> bytes:
        """Its frame; raises as `WireIds.id_of`."""
        found = self._prefixes.get(schema.id)
        return prefix(self._look_up(schema)) if found is None else found

    def schema_of(self, wire_id: int) -> Schema:
        """The schema with that id; raises as `WireIds.schema_of`.

        The catalogue's own ids are understood too: what was written before there was a registry is still readable.
        """
        found = self._schemas.get(wire_id)
        if found is None:
            found = self._schemas[wire_id] = self._fetch(wire_id)
        return found

    def _look_up(self, schema: Schema) -> int:
        try:
            wire_id = self._registry.lookup(schema)
            text = self._registry.schema(wire_id)
            if not _is(schema, text):
                raise RegistryAwayError(  # noqa: TRY301  what is kept from before is better than that
                    f"the registry at {self._registry.url} gives the id {wire_id} for {schema.name}, "
                    "and another schema for that id"
                )
            self._cache.keep(wire_id, text)
        except NotRegisteredError:
            raise
        except (RegistryAwayError, UnknownSchemaError) as error:
            kept = [wire_id for wire_id, text in self._cache.all() if _is(schema, text)]
            if not kept:
                raise RegistryAwayError(str(error)) from None
            wire_id = kept[-1]
        self._schemas[wire_id] = schema
        self._prefixes[schema.id] = prefix(wire_id)
        self._ids[schema.id] = wire_id
        return wire_id

    def _fetch(self, wire_id: int) -> Schema:
        ours = _of_catalogue(wire_id)
        if ours is not None and wire_id >= _ABOVE_ANY_REGISTRY:
            return ours
        try:
            text = self._registry.schema(wire_id)
        except UnknownSchemaError:
            if ours is not None:
                return ours
            raise
        except RegistryAwayError:
            kept = self._cache.get(wire_id)
            if kept is None:
                raise
            text = kept
        schema = _read(wire_id, text)
        self._cache.keep(wire_id, text)
        return schema


def _of_catalogue(content: int) -> Schema | None:
    try:
        return catalogue.by_id(content)
    except UnknownSchemaError:
        return None


def _is(schema: Schema, text: str) -> bool:
    """Whether a text says that schema; a registry may have put its keys into another order."""
    definition: Any = _definition(text)
    return bool(definition == schema.definition)


def _definition(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read(wire_id: int, text: str) -> Schema:
    definition = _definition(text)
    if isinstance(definition, dict) and str(definition.get("namespace", "")).startswith("earwitness.masked."):
        # A version newer than this process. Nothing is read by it here: its id says whether the tables can hold it.
        known = [schema for schema in catalogue.schemas() if schema.definition == definition]
        fresh = Schema(content_id(text_of(definition)), "masked", str(definition.get("kind")), definition)
        return known[0] if known else fresh
    try:
        return catalogue.read(text)
    except SchemaError as error:
        raise SchemaError(f"schema {wire_id} of the registry: {error}") from None
