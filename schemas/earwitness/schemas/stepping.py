"""Source lines that step over one Avro value after the other: what a walker is made of.

In the lines, `b` is the datum, `i` the index of the next byte, `n` a scratch number, and `odd` collects the lengths and
symbols seen in one byte: an odd one is negative, which is looked at once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earwitness.schemas.errors import SchemaError

__all__ = ["Stepper"]

_FIXED_WIDTH = {"float": 4, "double": 8}
_ONE_BYTE_SYMBOLS = 64
_TIMESTAMP_BYTES = 8
"""Microseconds since 1970 take eight bytes from the year 1987 to 2540."""


class Stepper:
    """Collects the lines of one walking function and of the nested ones that it needs."""

    def __init__(self, nested: list[str] | None = None, depth: int = 2) -> None:
        self.lines: list[str] = []
        self._nested: list[str] = [] if nested is None else nested
        self._depth = depth

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self.lines.append("    " * self._depth + text)

    def finish(self) -> None:
        """Check that the datum ends where the record does, and that no length or symbol was negative."""
        self.line("if i != len(b):")
        self.line("    if i > len(b): raise Truncated('the data ends within a value')")
        self.line("    raise Malformed('bytes are left over behind the record')")
        self._check_odd()

    def pause(self) -> None:
        """Check what was stepped over so far: it lies within the data, and no length or symbol was negative."""
        self.line("if i > len(b): raise Truncated('the data ends within a value')")
        self._check_odd()

    def _check_odd(self) -> None:
        self.line("if odd & 1: raise Malformed('a length or a symbol is negative')")

    def source(self, name: str, arguments: str) -> str:
        """The whole function, its nested functions first."""
        return "\n".join([*self._nested, *self._wrap(name, arguments, self.lines)]) + "\n"

    @staticmethod
    def _wrap(name: str, arguments: str, lines: Sequence[str]) -> list[str]:
        return [
            f"def {name}({arguments}):",
            "    odd = 0",
            "    try:",
            *lines,
            "    except IndexError:",
            "        raise Truncated('the data ends within the record') from None",
        ]

    def mark(self, kind: Any, before: str, after: str, null: str) -> None:
        """Step over a value with `before` run at its start and `after` at its end, or `null` where it is null."""
        if not isinstance(kind, list):
            self.line(before)
            self.step(kind)
            self.line(after)
            return
        if len(kind) != 2 or kind.count("null") != 1:
            raise SchemaError(f"a walker marks plain and nullable values only, not the union {kind}")
        for position, branch in enumerate(kind):
            self.line(f"{'elif' if position else 'if'} b[i] == {position * 2}:")
            self._depth += 1
            self.line("i += 1")
            if branch == "null":
                self.line(null)
            else:
                self.line(before)
                self.step(branch)
                self.line(after)
            self._depth -= 1
        self._refuse_other_branches()

    def _refuse_other_branches(self) -> None:
        self.line("else: raise Malformed('a union has no such branch')")

    def step(self, kind: Any) -> None:
        """Step over a value of that type."""
        if isinstance(kind, list):
            self._union(kind)
            return
        schema: Mapping[str, Any] = kind if isinstance(kind, dict) else {"type": kind}
        name = schema["type"]
        if isinstance(name, dict | list):
            self.step(name)
        elif name in {"string", "bytes"}:
            self.line("n = b[i]")
            self.line("if n < 128: odd |= n; i += (n >> 1) + 1")
            self.line("else: i = skip_bytes(b, i)")
        elif name in {"int", "long"}:
            self._integer(schema)
        elif name == "boolean":
            self.line("if b[i] > 1: raise Malformed('a boolean is neither 0 nor 1')")
            self.line("i += 1")
        elif name in _FIXED_WIDTH or name == "fixed":
            self.line(f"i += {int(schema['size']) if name == 'fixed' else _FIXED_WIDTH[name]}")
        elif name == "enum":
            self._enum(len(schema["symbols"]))
        elif name == "record":
            for field in schema["fields"]:
                self.step(field["type"])
        elif name in {"array", "map"}:
            nested = self._blocks(schema)
            self.line("if b[i] == 0: i += 1")
            self.line(f"else: i = {nested}(b, i)")
        elif name != "null":
            raise SchemaError(f"a walker does not know the type {name!r}")

    def _union(self, branches: Sequence[Any]) -> None:
        if not 0 < len(branches) <= _ONE_BYTE_SYMBOLS:
            raise SchemaError(f"a walker steps over unions of 1 to {_ONE_BYTE_SYMBOLS} branches, not {len(branches)}")
        for position, branch in enumerate(branches):
            self.line(f"{'elif' if position else 'if'} b[i] == {position * 2}:")
            self._depth += 1
            self.line("i += 1")
            self.step(branch)
            self._depth -= 1
        self._refuse_other_branches()

    def _integer(self, schema: Mapping[str, Any]) -> None:
        most = 5 if schema["type"] == "int" else 10
        if schema.get("logicalType") == "timestamp-micros":
            full = " and ".join(f"b[i + {k}] > 127" for k in range(_TIMESTAMP_BYTES - 1))
            self.line(f"if {full} and b[i + {_TIMESTAMP_BYTES - 1}] < 128: i += {_TIMESTAMP_BYTES}")
        else:
            self.line("if b[i] < 128: i += 1")
        self.line(f"else: i = skip_long(b, i, {most})")

    def _enum(self, symbols: int) -> None:
        if symbols > _ONE_BYTE_SYMBOLS:
            self.line("n, i = long_at(b, i, 5)")
            self.line(f"if not 0 <= n < {symbols}: raise Malformed('an enum has no such symbol')")
            return
        self.line("n = b[i]")
        self.line(f"if n > {2 * (symbols - 1)}: raise Malformed('an enum has no such symbol')")
        self.line("odd |= n; i += 1")

    def _blocks(self, schema: Mapping[str, Any]) -> str:
        """A nested function over the blocks of an array or map; a block's byte size, where given, must be right."""
        inner = Stepper(self._nested, depth=4)
        if schema["type"] == "map":
            inner.step("string")
            inner.step(schema["values"])
        else:
            if _takes_no_bytes(schema["items"]):
                raise SchemaError("a walker does not know arrays of nothing: nine bytes could count 2^62 items")
            inner.step(schema["items"])
        name = f"blocks{len(self._nested)}"
        body = [
            "        while True:",
            "            count, i = long_at(b, i)",
            "            if count == 0: break",
            "            end = -1",
            "            if count < 0:",
            "                size, i = long_at(b, i)",
            "                if size < 0: raise Malformed('the size of a block is negative')",
            "                count, end = -count, i + size",
            "            if count > len(b) - i: raise Truncated('a block counts more items than there are bytes')",
            "            while count:",
            "                count -= 1",
            *inner.lines,
            "            if end >= 0 and i != end: raise Malformed('a block is not as long as it says')",
            "        if odd & 1: raise Malformed('a length or a symbol is negative')",
            "        return i",
        ]
        lines = self._wrap(name, "b, i", body)
        self._nested.append("\n".join(lines))
        return name


def _takes_no_bytes(kind: Any) -> bool:
    schema: Mapping[str, Any] = kind if isinstance(kind, dict) else {"type": kind}
    name = schema["type"]
    if isinstance(name, dict):
        return _takes_no_bytes(name)
    if name == "record":
        return all(_takes_no_bytes(field["type"]) for field in schema["fields"])
    return name == "null" or (name == "fixed" and int(schema["size"]) == 0)
