"""Which ids stand in the five bytes in front of a datum: the registry's when one is configured, else the catalogue's.

Inside, a schema is known by its content id whatever stands on the wire. HTTP is imported only when there is a registry.
"""

from __future__ import annotations

from typing import Protocol

from earwitness.runtime.settings import RegistrySettings
from earwitness.schemas import catalogue
from earwitness.schemas.catalogue import Schema

__all__ = ["CONTENT_IDS", "ContentIds", "WireIds", "wire_ids"]


class WireIds(Protocol):
    """Schemas by the ids on the wire, and back. What was answered once is answered from memory from then on."""

    @property
    def asks(self) -> bool:
        """A first question may take seconds, because somebody else is asked; no thread that must go on may ask it."""

    def id_of(self, schema: Schema) -> int:
        """The id that stands in front of a schema's data.

        Raises:
            NotRegisteredError: the registry does not have it.
            RegistryAwayError: the registry cannot be asked.
        """

    def prefix_of(self, schema: Schema) -> bytes:
        """The five bytes in front of a schema's data; raises as `id_of`."""

    def schema_of(self, wire_id: int) -> Schema:
        """The schema that an id on the wire stands for.

        Raises:
            UnknownSchemaError: nobody has it.
            SchemaError: it is none of ours.
            RegistryAwayError: the registry cannot be asked, so that nobody knows.
        """


class ContentIds:
    """The catalogue's own ids: a hash of the schema, the same everywhere."""

    asks = False

    def id_of(self, schema: Schema) -> int:
        """The schema's content id."""
        return schema.id

    def prefix_of(self, schema: Schema) -> bytes:
        """Its frame."""
        return schema.prefix

    def schema_of(self, wire_id: int) -> Schema:
        """The catalogue's schema with that id.

        Raises:
            UnknownSchemaError: it has none.
        """
        return catalogue.by_id(wire_id)


CONTENT_IDS = ContentIds()


def wire_ids(registry: RegistrySettings | None, *, seconds: float = 5.0) -> WireIds:
    """The ids of a registry, or the catalogue's without one.

    Args:
        registry: where it is.
        seconds: how long one question to it may take.

    Raises:
        SettingsError: its address or certificate file cannot be used.
    """
    if registry is None:
        return CONTENT_IDS
    from earwitness.schemas.registry import Registry
    from earwitness.schemas.registry_cache import RegistryCache
    from earwitness.schemas.registry_ids import RegistryIds

    return RegistryIds(Registry(registry, seconds), RegistryCache(registry.cache, registry.url))
