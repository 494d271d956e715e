"""Replacing the strings inside an array, a map or a nested record: the slower way beside `walker.compile_splicer`.

Few events carry such fields filled, so this one walks the schema as it goes. It writes one block without a byte size,
however the blocks came; a map's repeated keys stay repeated, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from earwitness.schemas.errors import MalformedError, SchemaError, TruncatedError
from earwitness.schemas.varint import encode_long, read_long, skip_bytes
from earwitness.schemas.walker import Part, Table, compile_stepper

__all__ = ["Rewriter"]

KEY = "key"
"""What the table of a map's keys is asked for by."""


class Rewriter:
    """Rewrites one value: `rewriter[encoded]` is its encoding with the strings in it replaced.

    Args:
        field: the record's field as Avro JSON, with its `pii`; a nested record's fields may bring their own.
        table_of: by `pii` (and `"key"` for a map's keys) and path (`changes.old_value`), the table that replaces a string,
            or None to leave it.

    Raises:
        SchemaError: the field has a type that cannot be rewritten, or personal data in something that is no text.
    """

    def __init__(self, field: Mapping[str, Any], table_of: Callable[[str, str], Table | None]) -> None:
        self._table_of = table_of
        self._write = self._writer(field["type"], str(field.get("pii", "none")), field["name"])

    def __getitem__(self, encoded: bytes) -> bytes:
        """The value with its strings replaced.

        Raises:
            TruncatedError, MalformedError: it is no value of the field.
        """
        out: list[Part] = []
        try:
            end = self._write(encoded, 0, out)
        except IndexError:
            raise TruncatedError("the data ends within a nested value") from None
        if end != len(encoded):
            raise MalformedError("bytes are left over behind a nested value")
        return b"".join(out)

    def _writer(self, kind: Any, pii: str, path: str) -> _Writer:
        if isinstance(kind, list):
            return self._union([self._writer(branch, pii, path) for branch in kind])
        schema: Mapping[str, Any] = kind if isinstance(kind, dict) else {"type": kind}
        name = schema["type"]
        if isinstance(name, dict | list):
            return self._writer(name, pii, path)
        if name == "string":
            return _string(self._table_of(pii, path))
        if name == "record":
            writers = [
                self._writer(field["type"], str(field.get("pii", pii)), f"{path}.{field['name']}")
                for field in schema["fields"]
            ]
            return _sequence(writers)
        if name == "array":
            return _blocks(self._writer(schema["items"], pii, path))
        if name == "map":
            keys = _string(None if pii == "none" else self._table_of(KEY, path))
            return _blocks(_sequence([keys, self._writer(schema["values"], pii, path)]))
        if pii != "none" and name != "null":
            raise SchemaError(f"a nested value of type {name!r} holds pii {pii!r}, but only text can be masked")
        return _copy(schema)

    @staticmethod
    def _union(branches: list[_Writer]) -> _Writer:
        def write(data: bytes, at: int, out: list[Part]) -> int:
            branch, start = read_long(data, at)
            if not 0 <= branch < len(branches):
                raise MalformedError("a union has no such branch")
            out.append(data[at:start])
            return branches[branch](data, start, out)

        return write


_Writer = Callable[[bytes, int, list[Part]], int]


def _string(table: Table | None) -> _Writer:
    def write(data: bytes, at: int, out: list[Part]) -> int:
        end = skip_bytes(data, at)
        value = data[at:end]
        out.append(value if table is None else table[value])
        return end

    return write


def _copy(schema: Mapping[str, Any]) -> _Writer:
    step = compile_stepper(schema)

    def write(data: bytes, at: int, out: list[Part]) -> int:
        end = step(data, at)
        out.append(data[at:end])
        return end

    return write


def _sequence(writers: list[_Writer]) -> _Writer:
    def write(data: bytes, at: int, out: list[Part]) -> int:
        for writer in writers:
            at = writer(data, at, out)
        return at

    return write


def _blocks(item: _Writer) -> _Writer:
    def write(data: bytes, at: int, out: list[Part]) -> int:
        total = 0
        items: list[Part] = []
        while True:
            count, at = read_long(data, at)
            if count == 0:
                break
            end = -1
            if count < 0:
                size, at = read_long(data, at)
                if size < 0:
                    raise MalformedError("the size of a block is negative")
                count, end = -count, at + size
            if count > len(data) - at:
                raise TruncatedError("a block counts more items than there are bytes")
            for _ in range(count):
                at = item(data, at, items)
            if end >= 0 and at != end:
                raise MalformedError("a block is not as long as it says")
            total += count
        if total:
            out += [encode_long(total), *items]
        out.append(b"\x00")
        return at

    return write
