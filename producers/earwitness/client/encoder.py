"""A function a kind that writes its events as Avro: source text made from the schema, once, and compiled.

fastavro takes three times as long for a record, looks for each field by its name and checks what is known already: a decoded
snapshot fits its types. Every kind is compared with fastavro, byte by byte, in `tests/laws/test_client_encoder.py`.

The binary encoding is that of the Avro 1.12 specification: https://avro.apache.org/docs/1.12.0/specification/.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from earwitness.client import envelope
from earwitness.schemas import catalogue
from earwitness.schemas.lint import ENVELOPE
from earwitness.schemas.varint import encode_long

__all__ = ["LOW", "Encode", "encoder", "long", "moment", "prepare", "text"]

Encode = Callable[[Any, bytearray], None]
"""Writes what is an event's own, without the envelope, behind what is there already."""

_SMALL = 4096
_SIZES: Final[list[bytes]] = []
_SOME_SIZES: Final[list[bytes]] = []
_SINGLES: Final[list[bytes]] = []
LOW: Final[list[bytes]] = []
"""Fourteen bits of a number that goes on."""
_HIGH: Final[list[bytes]] = []
"""Its last fourteen."""


@cache
def prepare() -> None:
    """Fill the tables, which take some milliseconds: before the first event, and not when this is imported."""
    _SIZES.extend(encode_long(number) for number in range(_SMALL))
    _SOME_SIZES.extend(b"\x02" + size for size in _SIZES)
    _SINGLES.extend(bytes((each,)) for each in range(128))
    LOW.extend(bytes((each & 127 | 128, each >> 7 | 128)) for each in range(1 << 14))
    _HIGH.extend(bytes((each & 127 | 128, each >> 7)) for each in range(1 << 14))


def text(value: str) -> bytes:
    """A string as Avro writes it."""
    encoded = value.encode()
    return encode_long(len(encoded)) + encoded


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
    writer = _Writer(kind)
    for field in catalogue.raw(kind).fields[len(ENVELOPE) :]:
        writer.line(f"v = event.{field['name']}")
        writer.value(field["type"], field["name"])
    return writer.compiled()


class _Writer:
    """Collects the lines of one function. In them `out` is the datum, `v` the value, `n` its size."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lines: list[str] = []
        self._depth = 1
        self._names = 0
        self._scope: dict[str, Any] = {
            "SIZES": _SIZES,
            "SOME_SIZES": _SOME_SIZES,
            "long": long,
            "double": struct.Struct("<d").pack,
            "moment": moment,
            "microseconds": envelope.microseconds,
        }

    def line(self, code: str) -> None:
        self._lines.append("    " * self._depth + code)

    def compiled(self) -> Encode:
        source = "def encode(event, out):\n" + "\n".join(self._lines) + "\n"
        exec(compile(source, f"<encoder of {self._kind}>", "exec"), self._scope)  # noqa: S102 (made of our own schemas)
        found: Encode = self._scope["encode"]
        return found

    def value(self, kind: Any, name: str) -> None:
        """Of `v`."""
        if isinstance(kind, list):
            self._nullable(next(branch for branch in kind if branch != "null"), name)
            return
        what = kind["type"] if isinstance(kind, dict) else kind
        if isinstance(kind, dict) and kind.get("logicalType") == "timestamp-micros":
            self.line(f"out += moment(microseconds({self._kind!r}, {name!r}, v))")
        elif what == "string":
            self.line("v = v.encode()")
            self.line("n = len(v)")
            self.line(f"out += SIZES[n] if n < {_SMALL} else long(n)")
            self.line("out += v")
        elif what in {"int", "long"}:
            self.line(f"out += SIZES[v] if 0 <= v < {_SMALL} else long(v)")
        elif what == "double":
            self.line("out += double(v)")
        elif what == "boolean":
            self.line("out.append(1 if v else 0)")
        elif what == "enum":
            self.line(f"out += {self._constant({each: encode_long(at) for at, each in enumerate(kind['symbols'])})}[v]")
        else:
            self._several(kind, name)

    def _nullable(self, kind: Any, name: str) -> None:
        self.line("if v is None:")
        self.line("    out.append(0)")
        self.line("else:")
        self._depth += 1
        if kind == "string":
            self.line("v = v.encode()")
            self.line("n = len(v)")
            self.line(f"if n < {_SMALL}:")
            self.line("    out += SOME_SIZES[n]")
            self.line("else:")
            self.line("    out.append(2); out += long(n)")
            self.line("out += v")
        else:
            self.line("out.append(2)")
            self.value(kind, name)
        self._depth -= 1

    def _several(self, kind: dict[str, Any], name: str) -> None:
        self.line("if v:")
        self._depth += 1
        self.line("out += long(len(v))")
        self._names += 1
        item = f"item{self._names}"
        if kind["type"] == "map":
            self.line(f"for key, {item} in v.items():")
            self._depth += 1
            self.line("v = key")
            self.value("string", name)
            self._item(kind["values"], item, name)
        else:
            self.line(f"for {item} in v:")
            self._depth += 1
            self._item(kind["items"], item, name)
        self._depth -= 2
        self.line("out.append(0)")

    def _item(self, kind: Any, item: str, name: str) -> None:
        if isinstance(kind, dict) and kind["type"] == "record":
            for field in kind["fields"]:
                self.line(f"v = {item}.{field['name']}")
                self.value(field["type"], f"{name}[...].{field['name']}")
        else:
            self.line(f"v = {item}")
            self.value(kind, name)

    def _constant(self, value: object) -> str:
        self._names += 1
        name = f"CONSTANT{self._names}"
        self._scope[name] = value
        return name
