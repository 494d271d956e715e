"""A pattern that tells at a glance that a masked record is not marked as replayed: a third of what a walk takes.

It is made from the schema and reads the record's head as Avro does: each value begins with a byte that says how it goes
on, so there is one way to match or none, and what matches is the head that it seems to be. What does not match may be
anything: a replay, a text of 64 bytes or more, a large map or one in several blocks. Whoever asks must then walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

__all__ = ["unmarked"]

# Possessive, so that no place to come back to is kept.
_LONG = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_NOW = rb"([\x80-\xff]{7}+[\x00-\x7f])"  # microseconds from 1987 to 2540
_UUID_TEXT = 36
_USUAL = (34, 32, 16, 31)  # call, trace, span, token: tried first, because ways are tried in order
_SIZES = (*_USUAL, *(size for size in range(64) if size not in _USUAL))
_NEVER = rb"(?!)"
_ENTRIES = 6  # more fields that rules group by, and so more former tokens while keys are rotated, no kind has


def unmarked(definition: Mapping[str, Any]) -> re.Pattern[bytes]:
    """What a record matches, from behind its frame, when `replayed` is surely false; group 1 is `received_at`, encoded.

    Args:
        definition: the masked record's schema as Avro JSON.
    """
    return re.compile(b"".join(_head(definition)), re.DOTALL)


def _head(definition: Mapping[str, Any]) -> Iterator[bytes]:
    for field in definition["fields"]:
        if field["name"] == "replayed":
            yield rb"\x00"
            return
        yield _NOW if field["name"] == "received_at" else _value(field["type"])
    yield _NEVER


def _value(kind: Any) -> bytes:
    if isinstance(kind, list):
        return _one_of(_byte(number) + _value(branch) for number, branch in enumerate(kind))
    schema = kind if isinstance(kind, dict) else {"type": kind}
    match schema["type"]:
        case "null":
            return b""
        case "string":
            uuid = schema.get("logicalType") == "uuid"
            return _one_of(_byte(size) + _any(size) for size in ([_UUID_TEXT] if uuid else _SIZES))
        case "int" | "long":
            return _LONG
        case "double":
            return _any(8)
        case "fixed":
            return _any(schema["size"])
        case "enum":
            return b"[" + b"".join(map(_byte, range(min(len(schema["symbols"]), 64)))) + b"]"
        case "map":
            entry = _value("string") + _value(schema["values"])
            full = (_byte(count) + b"(?:" + entry + b"){%d}+" % count + _byte(0) for count in range(1, _ENTRIES + 1))
            return _one_of(chain([_byte(0)], full))
    return _NEVER


def _byte(number: int) -> bytes:
    """A branch, a symbol or a length below 64, as it is written."""
    return rb"\x%02x" % (2 * number)


def _any(size: int) -> bytes:
    return b".{%d}+" % size if size else b""


def _one_of(ways: Iterable[bytes]) -> bytes:
    return b"(?:" + b"|".join(ways) + b")"
