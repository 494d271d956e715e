"""Registering the catalogue: what `earwitness schemas register` and the embedded stack's start do.

Workers and apps never register anything: with a wrong version running somewhere, the registry says what is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.schemas import catalogue
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import NotRegisteredError
from earwitness.schemas.registry import Registry, subject_of

__all__ = ["Registered", "register_all"]


@dataclass(frozen=True)
class Registered:
    """A schema that the registry has.

    Attributes:
        schema: the catalogue's.
        subject: what it is registered under.
        id: what stands on the wire.
        is_new: it was not there before.
    """

    schema: Schema
    subject: str
    id: int
    is_new: bool


def register_all(registry: Registry) -> Iterator[Registered]:
    """Register every version of every schema, the oldest first, and let the registry guard their subjects.

    Raises:
        IncompatibleError: the registry refuses a version.
        RegistryAwayError: it does not answer, or refuses the login.
    """
    for schema in catalogue.schemas():
        try:
            yield Registered(schema, subject_of(schema), registry.lookup(schema), is_new=False)
        except NotRegisteredError:
            wire_id = registry.register(schema)
            registry.protect(schema)
            yield Registered(schema, subject_of(schema), wire_id, is_new=True)
