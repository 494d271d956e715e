"""Functions made from a schema that find and replace fields of a datum without decoding it.

The source of each function is generated from the schema's structure alone (numbers, never a name out of it, so a schema
cannot smuggle code in): straight lines that step over one field after the other. A string is its length and a jump, an
int a run of bytes, a nullable value a branch, an array or a map a nested function over its blocks. What is skipped is still
checked: branches, symbols, booleans and lengths that cannot be, an end that is not the record's end.

What stands in front of a datum (the Confluent frame) is skipped by starting at index 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from earwitness.schemas.errors import MalformedError, SchemaError, TruncatedError
from earwitness.schemas.stepping import Stepper
from earwitness.schemas.varint import read_long, skip_bytes, skip_long

__all__ = ["Finder", "Part", "Splicer", "Table", "compile_finder", "compile_splicer", "compile_stepper"]

Finder = Callable[[bytes, int], tuple[int, ...]]
"""`find(data, start)` gives start and end of each wanted value: its encoding without a union's branch; equal when it is null."""

Part = bytes | bytearray

Splicer = Callable[[bytes, int, bytes], tuple[tuple[Part, ...], int]]
"""`splice(data, start, front)` gives front, head values and the rest of the datum with its values replaced; and the flag.

They come in parts that are to be joined, so that a table may answer with a bytearray and fill it before they are.
"""

_NULL = b"\x00"


class Table(Protocol):
    """What a value is replaced by: looked up by the value's whole encoding (for a string: length and text)."""

    def __getitem__(self, encoded: bytes, /) -> Part:
        """The replacement, encoded."""


def compile_finder(definition: Mapping[str, Any], fields: Sequence[str], *, whole: bool = True) -> Finder:
    """A function that finds the values of some fields of a record.

    Args:
        definition: the record's schema as Avro JSON.
        fields: names of its fields, in any order: the answer has theirs.
        whole: walk and check the whole datum; otherwise it stops behind the last wanted field.

    Raises:
        SchemaError: the schema lacks a field or uses a type that no walker knows; a field is wanted twice.
    """
    _check_names(definition, fields)
    if len(set(fields)) != len(fields):
        raise SchemaError(f"a field of {definition['name']} is wanted twice: {', '.join(fields)}")
    stepper = Stepper()
    missing = set(fields)
    for field in definition["fields"]:
        name = field["name"]
        if name in missing:
            number = fields.index(name)
            missing.discard(name)
            stepper.mark(field["type"], f"s{number} = i", f"e{number} = i", f"s{number} = e{number} = i")
        else:
            stepper.step(field["type"])
        if not missing and not whole:
            break
    if whole:
        stepper.finish()
    else:
        stepper.pause()
    stepper.line("return (" + "".join(f"s{number}, e{number}, " for number in range(len(fields))) + ")")
    function: Finder = _compile(stepper, "b, i", {})
    return function


def compile_splicer(
    definition: Mapping[str, Any], replaced: Mapping[str, Table], heads: Mapping[str, Table], flag: str | None = None
) -> Splicer:
    """A function that copies a datum with some of its values replaced, and puts values made from others in front.

    Beside it, it tells one of the datum's booleans, which is on its way.

    Args:
        definition: the record's schema as Avro JSON.
        replaced: by field, the table that gives its value's replacement; null stays null.
        heads: by field, the table that gives a *nullable* value (with its branch) to put in front, in this order;
            null, also where the record has no such field, gives null.
        flag: a boolean field, told as 0 or 1; 0 where the record has no such boolean.

    Raises:
        SchemaError: the schema lacks a replaced field or uses a type that no walker knows.
    """
    _check_names(definition, list(replaced))
    stepper = Stepper()
    told = "0"
    tables: dict[str, Table] = {}
    parts = []
    last = "i0"
    stepper.line("i0 = i")
    for index, field in enumerate(definition["fields"]):
        name = field["name"]
        if name == flag and field["type"] == "boolean":
            stepper.line("flag = b[i]")
            told = "flag"
        if name not in replaced and name not in heads:
            stepper.step(field["type"])
            continue
        number = str(index)
        found, null = [f"v = b[s{number}:i]"], []
        if name in replaced:
            tables[f"t{number}"] = replaced[name]
            found.append(f"p{number} = t{number}[v]")
            null.append(f'p{number} = b""')
        if name in heads:
            tables[f"h{number}"] = heads[name]
            found.append(f"q{number} = h{number}[v]")
            null.append(f"q{number} = N")
        if name in replaced:
            found.append(f"e{number} = i")
            null.append(f"s{number} = e{number} = i")
            parts += [f"b[{last}:s{number}]", f"p{number}"]
            last = f"e{number}"
        stepper.mark(field["type"], f"s{number} = i", "; ".join(found), "; ".join(null))
    stepper.finish()
    names = [field["name"] for field in definition["fields"]]
    head_parts = [f"q{names.index(name)}" if name in names else "N" for name in heads]
    stepper.line(f"return (front, {', '.join([*head_parts, *parts, f'b[{last}:]'])}), {told}")
    function: Splicer = _compile(stepper, "b, i, front", tables)
    return function


def compile_stepper(kind: Any) -> Callable[[bytes, int], int]:
    """A function `step(data, start)` that gives where a value of that type ends; bytes may follow.

    Raises:
        SchemaError: it is a type that no walker knows.
    """
    stepper = Stepper()
    stepper.step(kind)
    stepper.pause()
    stepper.line("return i")
    function: Callable[[bytes, int], int] = _compile(stepper, "b, i", {})
    return function


def _check_names(definition: Mapping[str, Any], wanted: Sequence[str]) -> None:
    known = {field["name"] for field in definition["fields"]}
    for name in wanted:
        if name not in known:
            raise SchemaError(f"{definition['name']} has no field {name!r}; it has {', '.join(sorted(known))}")


def _compile(stepper: Stepper, arguments: str, tables: Mapping[str, Table]) -> Any:
    namespace: dict[str, Any] = {
        "N": _NULL,
        "IndexError": IndexError,
        "Malformed": MalformedError,
        "Truncated": TruncatedError,
        "long_at": read_long,
        "skip_long": skip_long,
        "skip_bytes": skip_bytes,
        "len": len,
        "__builtins__": {},
        **tables,
    }
    # The source holds numbers and our own words only: see the module's first lines.
    exec(compile(stepper.source("walk", arguments), "<walker>", "exec"), namespace)  # noqa: S102
    return namespace["walk"]
