"""What can be wrong with a schema, a frame or a datum.

::

    SchemaError                a schema breaks the rules of the catalogue        (UsageError)
    ├── UnknownSchemaError     no schema has this id or name
    └── IncompatibleError      the registry does not take this version
    RegistryAwayError          the registry does not say it now                  (UnavailableError)
    └── NotRegisteredError     it answers, and does not have the schema yet
    DatumError                 bytes that are no datum of their schema
    ├── FramingError           no Confluent frame in front
    ├── TruncatedError         the bytes end before the record does
    └── MalformedError         a branch, symbol, length or count that cannot be; bytes left over
"""

from __future__ import annotations

from typing import ClassVar, Literal

from earwitness.runtime.errors import EarwitnessError, UnavailableError, UsageError

__all__ = [
    "DatumError",
    "FramingError",
    "IncompatibleError",
    "MalformedError",
    "NotRegisteredError",
    "RegistryAwayError",
    "SchemaError",
    "TruncatedError",
    "UnknownSchemaError",
]


class SchemaError(UsageError):
    """A schema breaks the rules of the catalogue."""


class UnknownSchemaError(SchemaError, KeyError):
    """No schema has this id or name."""

    def __str__(self) -> str:
        return str(self.args[0])


class IncompatibleError(SchemaError):
    """The registry does not take this version of a schema beside the ones it has."""


class RegistryAwayError(UnavailableError):
    """The registry does not say it now: it is away, too slow, refuses the login or talks nonsense. Ask again later."""


class NotRegisteredError(RegistryAwayError):
    """The registry answers and does not have this schema of ours; it will when somebody has registered it."""


class DatumError(EarwitnessError):
    """Bytes that are no datum of their schema. The message never holds any of them."""

    reason: ClassVar[Literal["framing", "truncated", "malformed", "too_large"]] = "malformed"
    """What a dead letter gives as its reason."""


class FramingError(DatumError):
    """There is no Confluent frame (a zero byte and a 4-byte schema id) in front."""

    reason = "framing"


class TruncatedError(DatumError):
    """The bytes end before the record does."""

    reason = "truncated"


class MalformedError(DatumError):
    """A union branch, enum symbol, length or block count that cannot be, or bytes left over behind the record."""
