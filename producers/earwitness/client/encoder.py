"""A function a kind that writes its events as Avro: source text made from the schema, once, and compiled.

fastavro takes three times as long for a record, looks for each field by its name and checks what is known already: a decoded
snapshot fits its types. Every kind is compared with fastavro, byte by byte, in `tests/laws/test_client_encoder.py`.

The binary encoding is that of the Avro 1.12 specification: https://avro.apache.org/docs/1.12.0/specification/.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from earwitness.client import envelope
from earwitness.schemas import catalogue
from earwitness.schemas.lint import ENVELOPE
from earwitness.schemas.varint import encode_long

__all__ = ["LOW", "Encode", "encoder", "long", "moment", "prepare", "text"]

Encode = Callable[[Any, bytes], bytes]
"""Gives an event's datum: its envelope, which is made already, and behind it what is its own."""

_SOME: Final = b"\2"
_SMALL = 4096
_SIZES: Final[list[bytes]] = []
_SINGLES: Final[list[bytes]] = []
LOW: Final[list[bytes]] = []
"""Fourteen bits of a number that goes on."""
_HIGH: Final[list[bytes]] = []
"""Its last fourteen, where they are two bytes."""

# Names, numbers, ids: a call says the same again and again, so it is looked up before it is written.
_SHORT, _MOST = 32, 2_048
_TEXTS: Final[dict[str, bytes]] = {}
_SOMES: Final[dict[str, bytes]] = {}


@cache
def prepare() -> None:
    """Fill the tables, which take some milliseconds: before the first event, and not when this is imported."""
    _SIZES.extend(encode_long(number) for number in range(_SMALL))
    _SINGLES.extend(bytes((each,)) for each in range(128))
    LOW.extend(bytes((each & 127 | 128, each >> 7 | 128)) for each in range(1 << 14))
    _HIGH.extend(bytes((each & 127 | 128, each >> 7)) for each in range(1 << 14))


def text(value: str) -> bytes:
    """A string as Avro writes it."""
    return _written(value, b"", _TEXTS)


def some(value: str) -> bytes:
    """A string where there might be none."""
    return _written(value, _SOME, _SOMES)


def _written(value: str, front: bytes, known: dict[str, bytes]) -> bytes:
    encoded = value.encode()
    found = front + long(len(encoded)) + encoded
    if len(encoded) <= _SHORT:
        if len(known) >= _MOST:
            known.clear()
        known[value] = found
    return found


def long(value: int) -> bytes:
    """An int or long as Avro writes it; quick for what counts, sizes and sequences."""
    if 0 <= value < _SMALL:
        return _SIZES[value]
    if 0 <= value < 1 << 20:  # three bytes
        zigzag = value << 1
        return LOW[zigzag & 16383] + _SINGLES[zigzag >> 14] if zigzag >> 14 else _HIGH[zigzag]
    return encode_long(value)


def moment(microseconds: int) -> bytes:
    """A time: eight bytes for any between 1987 and 2540, which are taken two by two."""
    zigzag = microseconds << 1
    if 1 << 49 <= zigzag < 1 << 56:
        return LOW[zigzag & 16383] + LOW[zigzag >> 14 & 16383] + LOW[zigzag >> 28 & 16383] + _HIGH[zigzag >> 42]
    return encode_long(microseconds)


@cache
def encoder(kind: str) -> Encode:
    """The function for a kind. It raises `InvalidEventError` for a time without its zone, or out of range.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    prepare()
    return _Writer(kind).compiled(catalogue.raw(kind).fields[len(ENVELOPE) :])


class _Writer:
    """Writes one function: a join of what its fields become, each an expression. In them `v` is the value at hand.

    That is half as dear as to append to one piece of bytes after the other.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._functions: list[str] = []
        self._names = 0
        self._scope: dict[str, Any] = {
            "join": b"".join,
            "SIZES": _SIZES,
            "TEXTS": _TEXTS.get,
            "SOMES": _SOMES.get,
            "text": text,
            "some": some,
            "long": long,
            "double": struct.Struct("<d").pack,
            "moment": moment,
            "microseconds": envelope.microseconds,
        }

    def compiled(self, fields: Sequence[Mapping[str, Any]]) -> Encode:
        values = [self._value(field["type"], f"event.{field['name']}", field["name"]) for field in fields]
        source = [*self._functions, "def encode(event, head):", f"    return join((head, {', '.join(values)},))"]
        exec(compile("\n".join(source), f"<encoder of {self._kind}>", "exec"), self._scope)  # noqa: S102 (of our own schemas)
        found: Encode = self._scope["encode"]
        return found

    def _value(self, kind: Any, value: str, name: str) -> str:
        """The expression that writes what `value` gives."""
        if isinstance(kind, list):
            return self._nullable(next(branch for branch in kind if branch != "null"), value, name)
        what = kind["type"] if isinstance(kind, dict) else kind
        if isinstance(kind, dict) and kind.get("logicalType") == "timestamp-micros":
            return f"moment(microseconds({self._kind!r}, {name!r}, {value}))"
        if what == "string":
            return f"TEXTS(v := {value}) or text(v)"
        if what in {"int", "long"}:
            return f"SIZES[v] if 0 <= (v := {value}) < {_SMALL} else long(v)"
        if what == "double":
            return f"double({value})"
        if what == "boolean":
            return f"b'\\1' if {value} else b'\\0'"
        if what == "enum":
            return f"{self._symbols(kind)}[{value}]"
        return f"{self._several(kind, name)}(v) if (v := {value}) else b'\\0'"

    def _nullable(self, kind: Any, value: str, name: str) -> str:
        if kind == "string":
            written = "SOMES(v) or some(v)"
        elif isinstance(kind, dict) and kind["type"] == "enum":
            written = f"{self._symbols(kind, _SOME)}[v]"
        else:
            written = f"b'\\2' + ({self._value(kind, 'v', name)})"
        return f"b'\\0' if (v := {value}) is None else {written}"

    def _several(self, kind: Mapping[str, Any], name: str) -> str:
        """The name of a function that writes a list or a map which is not empty, as one block."""
        if kind["type"] == "map":
            parts, each = (
                f"({self._value('string', 'key', name)}), ({self._value(kind['values'], 'item', name)})",
                "key, item",
            )
            items = "items.items()"
        else:
            parts, each, items = self._item(kind["items"], name), "item", "items"
        self._names += 1
        function = f"several{self._names}"
        self._functions += [
            f"def {function}(items):",
            f"    return join((long(len(items)), *[join(({parts},)) for {each} in {items}], b'\\0'))",
        ]
        return function

    def _item(self, kind: Any, name: str) -> str:
        if isinstance(kind, dict) and kind["type"] == "record":
            fields = [(field["type"], field["name"]) for field in kind["fields"]]
            return ", ".join(f"({self._value(inner, f'item.{own}', f'{name}[...].{own}')})" for inner, own in fields)
        return f"({self._value(kind, 'item', name)})"

    def _symbols(self, kind: Mapping[str, Any], front: bytes = b"") -> str:
        self._names += 1
        name = f"SYMBOLS{self._names}"
        self._scope[name] = {symbol: front + encode_long(at) for at, symbol in enumerate(kind["symbols"])}
        return name
