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
from earwitness.schemas.varint import encode_long

__all__ = ["Encode", "encoder", "text"]

Encode = Callable[
    [Any, str, int, str, bytes, int, "str | None", "str | None", "str | None", "str | None", bytes], bytes
]
"""Event, event id, microseconds, severity, service to producer id, sequence, call, caller, trace id, span id, tenant: a body."""

_SMALL = 4096
_SINGLES: Final = [bytes((each,)) for each in range(128)]

_ENVELOPE: Final = {
    "event_id": "v = event_id",
    "occurred_at": "z = occurred << 1",
    "severity": "v = severity",
    "sequence": "v = sequence",
    "call_sid": "v = call_sid",
    "caller": "v = caller",
    "trace_id": "v = trace_id",
    "span_id": "v = span_id",
}
_ENCODED: Final = {"service": "head", "tenant": "tenant", "replayed": "b'\\0'"}
"""Encoded already; the service's bytes hold the two fields behind it, too."""
_WITHIN_HEAD: Final = {"environment", "producer_id"}
_ARGUMENTS = "event, event_id, occurred, severity, head, sequence, call_sid, caller, trace_id, span_id, tenant"


def text(value: str) -> bytes:
    """A string as Avro writes it."""
    encoded = value.encode()
    return encode_long(len(encoded)) + encoded


@cache
def encoder(kind: str) -> Encode:
    """The function for a kind; the record that it writes says `replayed: false`.

    It raises `InvalidEventError` for a time without its zone, or out of range.

    Raises:
        UnknownSchemaError: there is no such kind.
    """
    schema = catalogue.raw(kind)
    writer = _Writer(kind)
    for field in schema.fields:
        name = field["name"]
        if name in _ENCODED:
            writer.line(f"out += {_ENCODED[name]}")
        elif name == "occurred_at":
            writer.line(_ENVELOPE[name])
            writer.varint()
        elif name not in _WITHIN_HEAD:
            writer.line(_ENVELOPE.get(name, f"v = event.{name}"))
            writer.value(field["type"], name)
    return writer.compiled()


class _Writer:
    """Collects the lines of one function. In them `out` is the datum, `v` the value, `n` and `z` are scratch numbers."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lines: list[str] = []
        self._depth = 1
        self._names = 0
        self._scope: dict[str, Any] = {
            "SIZES": _sizes(),
            "SOME_SIZES": [b"\x02" + size for size in _sizes()],
            "long": _long,
            "double": struct.Struct("<d").pack,
            "moment": envelope.microseconds,
            "LOW": _pairs()[0],
            "HIGH": _pairs()[1],
        }

    def line(self, code: str) -> None:
        self._lines.append("    " * self._depth + code)

    def compiled(self) -> Encode:
        source = (
            f"def encode({_ARGUMENTS}):\n    out = bytearray()\n" + "\n".join(self._lines) + "\n    return bytes(out)\n"
        )
        exec(compile(source, f"<encoder of {self._kind}>", "exec"), self._scope)  # noqa: S102 (made of our own schemas)
        found: Encode = self._scope["encode"]
        return found

    def varint(self) -> None:
        """Of `z`, zigzag already: eight bytes for any time between 1987 and 2540, which are taken two by two."""
        self.line("if 1 << 49 <= z < 1 << 56:")
        self.line(
            "    out += LOW[z & 16383]; out += LOW[z >> 14 & 16383]; out += LOW[z >> 28 & 16383]; out += HIGH[z >> 42]"
        )
        self.line("else:")
        self.line("    out += long(z >> 1)")

    def value(self, kind: Any, name: str) -> None:
        """Of `v`."""
        if isinstance(kind, list):
            self._nullable(next(branch for branch in kind if branch != "null"), name)
            return
        what = kind["type"] if isinstance(kind, dict) else kind
        if isinstance(kind, dict) and kind.get("logicalType") == "timestamp-micros":
            self.line(f"z = moment({self._kind!r}, {name!r}, v) << 1")
            self.varint()
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


def _long(value: int) -> bytes:
    """As `encode_long`; the numbers of a process that runs for long take three bytes, of which two are looked up."""
    if 0 <= value < 1 << 20:
        zigzag = value << 1
        return _pairs()[0][zigzag & 16383] + _SINGLES[zigzag >> 14] if zigzag >> 14 else encode_long(value)
    return encode_long(value)


@cache
def _sizes() -> list[bytes]:
    return [encode_long(number) for number in range(_SMALL)]


@cache
def _pairs() -> tuple[list[bytes], list[bytes]]:
    """Fourteen bits as two bytes of a number that goes on, and as its last two."""
    low = [bytes((each & 127 | 128, each >> 7 | 128)) for each in range(1 << 14)]
    return low, [bytes((each & 127 | 128, each >> 7)) for each in range(1 << 14)]
