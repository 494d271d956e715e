"""The way from what ClickHouse has to what this release needs: tables, the ways into them, views, known schemas.

Run as an administrator. Running it again changes nothing. It only adds: no table, no column and no row is ever taken
away, nothing is made narrower, and a materialized view is changed in place, never dropped, because what is landed
while it is away would vanish. The schemas are recorded last, so the sink holds a new schema's records back until every
one of its columns is there. Tables that a newer release has been at keep their views: an older one would take columns
out of them.
"""
# ruff: noqa: S608 - the statements are made of names of our own

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from earwitness.clickhouse import table_settings, tables, views
from earwitness.clickhouse.columns import Column, quoted
from earwitness.clickhouse.errors import ServerError
from earwitness.clickhouse.server import Server
from earwitness.clickhouse.tables import Landing, Table, definition
from earwitness.runtime.settings import ClickHouseSettings
from earwitness.schemas.schema import Schema

__all__ = ["Step", "apply", "plan"]

_DENIED = 497


@dataclass(frozen=True)
class Step:
    """One difference between what is declared and what ClickHouse has.

    Attributes:
        line: the difference, for a person.
        statement: what `apply` will run; empty where a person has to decide.
    """

    line: str
    statement: str


@dataclass
class _Present:
    """What a server has."""

    databases: set[str] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    schemas: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    """By id: stage, name, version."""


def plan(settings: ClickHouseSettings) -> list[Step]:
    """What differs, in the order in which `apply` would make it so.

    Raises:
        ServerError: the user may not look.
        NoAnswerError: ClickHouse does not answer.
    """
    with contextlib.closing(Server(settings)) as server:
        _check_rights(server, settings.user)
        return list(_steps(_look(server)))


def apply(settings: ClickHouseSettings, tell: Callable[[str], None] = lambda _: None) -> list[str]:
    """Do it; returns a line for each step that was done, none when everything was as it should be.

    Args:
        settings: an administrator's.
        tell: is told each step before it is done.

    Raises:
        ServerError: ClickHouse refuses a statement; those before it are done.
        NoAnswerError: ClickHouse does not answer.
    """
    done = []
    with contextlib.closing(Server(settings, timeout=600.0)) as server:
        _check_rights(server, settings.user)
        for step in _steps(_look(server)):
            if step.statement:
                tell(step.line)
                server.command(step.statement)
                done.append(step.line)
    return done


def _check_rights(server: Server, user: str) -> None:
    """Whoever may not see a table sees none, and would be told to make all of them."""
    if server.rows(f"CHECK GRANT CREATE TABLE, CREATE VIEW ON {tables.DATABASE}.*") != [[1]]:
        raise ServerError(_DENIED, f"the user {user} may not make tables; log in as an administrator")


def _look(server: Server) -> _Present:
    names = f"('{tables.DATABASE}', '{views.DATABASE}')"
    present = _Present(
        databases={row[0] for row in server.rows(f"SELECT name FROM system.databases WHERE name IN {names}")}
    )
    for database, table, comment, engine in server.rows(
        f"SELECT database, name, comment, engine_full FROM system.tables WHERE database IN {names}"
    ):
        present.comments[f"{database}.{table}"] = comment
        present.engines[f"{database}.{table}"] = engine
    for database, table, column, kind in server.rows(
        f"SELECT database, table, name, type FROM system.columns WHERE database IN {names} ORDER BY position"
    ):
        present.columns.setdefault(f"{database}.{table}", {})[column] = kind
    for name, create in server.rows("SELECT name, create_query FROM system.functions WHERE origin = 'SQLUserDefined'"):
        present.functions[name] = create
    if tables.versions().full_name in present.comments:
        version = "version" if "version" in present.columns[tables.versions().full_name] else "0"
        present.schemas = {
            row[0]: (row[1], row[2], row[3])
            for row in server.rows(
                f"SELECT schema_id, stage, name, toInt32({version}) FROM {tables.versions().full_name} FINAL"
            )
        }
    return present


def _steps(present: _Present) -> Iterator[Step]:
    for database in (tables.DATABASE, views.DATABASE):
        if database not in present.databases:
            yield Step(f"create the database {database}", f"CREATE DATABASE IF NOT EXISTS {database}")
    schemas = [schema for landing in tables.landings() for schema in landing.schemas]
    newer = _newer(present, schemas)
    for name, body in views.FUNCTIONS.items():
        create = f"CREATE FUNCTION {name} AS {body}"
        if present.functions.get(name) != create and not (newer and name in present.functions):
            yield Step(f"define the function {name}", create.replace("CREATE", "CREATE OR REPLACE", 1))
    for landing in tables.landings():
        yield from _table(landing.target, present)
        yield from _table(landing.source, present)
        yield from _materialized_view(landing, present)
    yield from _table(tables.versions(), present)
    for view in views.views():
        is_there = view.full_name in present.comments
        if not is_there or not (newer or present.comments[view.full_name].endswith(f"[{view.fingerprint}]")):
            yield Step(f"{'replace' if is_there else 'create'} the view {view.full_name}", view.create())
    missing = [schema for schema in schemas if present.schemas.get(schema.id, ("", "", 0))[2] != schema.version]
    if missing:
        rows = ", ".join(
            f"({schema.id}, '{schema.stage}', '{schema.name}', now64(3), {schema.version})" for schema in missing
        )
        yield Step(
            f"record {len(missing)} schemas that the tables can hold now",
            f"INSERT INTO {tables.versions().full_name} (schema_id, stage, name, known_at, version) VALUES {rows}",
        )


def _newer(present: _Present, schemas: Sequence[Schema]) -> bool:
    """The tables hold a version that this release does not have."""
    known: dict[tuple[str, str], int] = {}
    for schema in schemas:
        key = (schema.stage, schema.name)
        known[key] = max(known.get(key, 0), schema.version)
    return any(version > known.get((stage, name), 0) for stage, name, version in present.schemas.values())


def _table(table: Table, present: _Present) -> Iterator[Step]:
    columns = present.columns.get(table.full_name)
    if columns is None:
        yield Step(f"create the table {table.full_name}", table.create())
        return
    changes = []
    for column in table.columns:
        if column.name not in columns:
            changes.append((f"add {column.name}", f"ADD COLUMN IF NOT EXISTS {definition(column)}"))
        elif _wider(column, columns[column.name]):
            changes.append((f"widen {column.name}", f"MODIFY COLUMN {quoted(column.name)} {column.type}"))
    if changes:
        lines, clauses = zip(*changes, strict=True)
        yield Step(
            f"change the table {table.full_name}: {', '.join(lines)}",
            f"ALTER TABLE {table.full_name} {', '.join(clauses)}",
        )
    for difference in table_settings.differences(table.engine, present.engines.get(table.full_name, table.engine)):
        yield Step(
            f"change the table {table.full_name}: {difference.line}"
            if difference.clause
            else f"the table {table.full_name}: {difference.line}",
            f"ALTER TABLE {table.full_name} {difference.clause}" if difference.clause else "",
        )


def _wider(column: Column, present: str) -> bool:
    """The column must hold more than the one that is there: null, or text of many values.

    ClickHouse writes a type over several lines in places, and what else differs is left to a person.
    """
    becomes_nullable = column.nullable and "Nullable(" not in present
    becomes_many = present.startswith("LowCardinality(") and not column.type.startswith("LowCardinality(")
    # A release that is older than the tables must not take back what a newer one has widened.
    return (becomes_nullable or becomes_many) and (column.nullable or "Nullable(" not in present)


def _materialized_view(landing: Landing, present: _Present) -> Iterator[Step]:
    name = f"{tables.DATABASE}.{landing.view}"
    # What a newer release has added is passed on too, should an older one be run after it.
    known = [column.name for column in landing.source.columns]
    names = [*known, *(each for each in present.columns.get(landing.source.full_name, {}) if each not in known)]
    select = landing.select(names)
    mark = hashlib.sha256(landing.select(sorted(names)).encode()).hexdigest()[:12]
    if name not in present.comments:
        yield Step(
            f"store what lands in {landing.source.full_name}",
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name} TO {landing.target.full_name}\n"
            f"DEFINER = owner SQL SECURITY DEFINER\nAS {select}\nCOMMENT '{mark}'",
        )
    elif present.comments[name] != mark:
        yield Step(
            f"store more of what lands in {landing.source.full_name}", f"ALTER TABLE {name} MODIFY QUERY {select}"
        )
        yield Step(f"note that on {name}", f"ALTER TABLE {name} MODIFY COMMENT '{mark}'")
