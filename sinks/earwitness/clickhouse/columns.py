"""The columns that masked records land and are stored in, made from the masked schemas.

One table holds all kinds, so its columns are the union of their fields. A column is nullable when a kind lacks the
field or may leave it null. An enum lands as text: a new symbol would fail a whole batch on a ClickHouse Enum. Text is
`LowCardinality` unless its schema says `"distinct": "many"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from earwitness.schemas.catalogue import Schema

__all__ = ["Column", "column_type", "columns_of", "quoted", "union"]

_SCALARS = {"boolean": "Bool", "int": "Int32", "long": "Int64", "float": "Float32", "double": "Float64"}
_LOGICAL = {"uuid": "UUID", "timestamp-micros": "DateTime64(6, 'UTC')"}
_RISING = {"DateTime64(6, 'UTC')", "Int64"}


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: the field's name.
        type: ClickHouse's type, as ClickHouse itself writes it.
        comment: the field's doc.
    """

    name: str
    type: str
    comment: str

    @property
    def codec(self) -> str:
        """How it is compressed: times and counters by their differences."""
        return "CODEC(Delta, LZ4)" if self.type in _RISING else ""

    @property
    def nullable(self) -> bool:
        """It may hold null."""
        return "Nullable(" in self.type.split("(Tuple")[0] and not self.type.startswith(("Array", "Map"))


def columns_of(schema: Schema) -> list[Column]:
    """The columns of one record alone: a field that is never null gives a column that is never null."""
    return [_column([field], in_all=True) for field in schema.fields]


def union(schemas: Sequence[Schema]) -> list[Column]:
    """The columns that hold records of all these schemas, those that all of them have first.

    A field that one of them lacks is nullable: an older version of a kind does not say it, and null says so.
    """
    fields: dict[str, list[dict[str, Any]]] = {}
    for schema in schemas:
        for field in schema.fields:
            fields.setdefault(field["name"], []).append(field)
    in_all = [same for same in fields.values() if len(same) == len(schemas)]
    others = [same for same in fields.values() if len(same) < len(schemas)]
    return [_column(same, in_all=True) for same in in_all] + [_column(same, in_all=False) for same in others]


def quoted(name: str) -> str:
    """A name as an identifier in SQL."""
    return f"`{name}`"


def column_type(kind: Any, *, many: bool, nullable: bool) -> str:
    """ClickHouse's type for an Avro type.

    Args:
        kind: the type, as Avro JSON.
        many: text has many distinct values.
        nullable: null can occur, although the type does not say so.

    Raises:
        ValueError: no column is known for the type.
    """
    if isinstance(kind, list):
        branches = [branch for branch in kind if branch != "null"]
        if len(branches) != 1:
            raise ValueError(f"a union of {len(branches)} types has no column")
        return column_type(branches[0], many=many, nullable=nullable or len(branches) < len(kind))
    schema = kind if isinstance(kind, dict) else {"type": kind}
    name = str(schema["type"])
    if name == "array":
        return f"Array({column_type(schema['items'], many=True, nullable=False)})"
    if name == "map":
        return f"Map(String, {column_type(schema['values'], many=True, nullable=False)})"
    if name == "record":
        parts = (f"{f['name']} {column_type(f['type'], many=True, nullable=False)}" for f in schema["fields"])
        return f"Tuple({', '.join(parts)})"
    if "logicalType" in schema:
        base = _LOGICAL[schema["logicalType"]]
    elif name == "fixed":
        base = f"FixedString({schema['size']})"
    elif name in {"string", "enum"}:
        base = "String"
        if not many:
            return "LowCardinality(Nullable(String))" if nullable else "LowCardinality(String)"
    else:
        base = _SCALARS[name]
    return f"Nullable({base})" if nullable else base


def _column(fields: Iterable[dict[str, Any]], *, in_all: bool) -> Column:
    same = list(fields)
    many = any(field.get("distinct") == "many" for field in same)
    may_lack = not in_all or any(isinstance(field["type"], list) for field in same)
    first = same[0]
    return Column(first["name"], column_type(first["type"], many=many, nullable=may_lack), str(first.get("doc", "")))
