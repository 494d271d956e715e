"""What analysts see: the database `audit`, views only, each with the rights of `owner`.

`events` has what all kinds have; a view of a kind's name (`call_started`) has that kind's own fields, never null where
its schema says so. `weight` is how many events of the whole a kept one stands for: computed when it is read, because a
call that is kept afterwards changes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.clickhouse.columns import Column, columns_of, quoted, union
from earwitness.clickhouse.tables import INSERTED, Table, landings, masked_schemas, masked_versions
from earwitness.schemas.catalogue import Schema

__all__ = ["DATABASE", "FUNCTIONS", "View", "views"]

DATABASE = "audit"

FUNCTIONS = {"event_weight": "sample_rate -> (1 / sample_rate)"}
"""Functions that the views use, by name, as ClickHouse itself writes them. They are put into a view when it is made."""

_HIDDEN = {"previous_tokens"}  # of use to the pipeline only, while a key is rotated
_KIND = Column("kind", "LowCardinality(String)", "The kind of event, family.name.")
_WEIGHT = Column("weight", "Float64", "How many such events it stands for: sum(weight) is the count before sampling.")


@dataclass(frozen=True)
class View:
    """One view.

    Attributes:
        name: without its database.
        comment: what it holds.
        columns: what it shows, each with its expression over the stored table.
        source: everything behind the columns, from FROM on.
    """

    name: str
    comment: str
    columns: tuple[tuple[Column, str], ...]
    source: str

    @property
    def full_name(self) -> str:
        """With its database."""
        return f"{DATABASE}.{self.name}"

    @property
    def fingerprint(self) -> str:
        """Another one when the view or a function that it uses is defined differently."""
        return hashlib.sha256(f"{self._create('')}{FUNCTIONS}".encode()).hexdigest()[:12]

    def create(self) -> str:
        """The statement that makes it or replaces it."""
        return self._create(f"\nCOMMENT {literal(f'{self.comment} [{self.fingerprint}]')}")

    def _create(self, comment: str) -> str:
        shown = ",\n    ".join(
            f"{quoted(column.name)} {column.type} COMMENT {literal(column.comment)}" for column, _ in self.columns
        )
        wanted = ", ".join(f"{expression} AS {quoted(column.name)}" for column, expression in self.columns)
        return (
            f"CREATE OR REPLACE VIEW {self.full_name}\n(\n    {shown}\n)\nDEFINER = owner SQL SECURITY DEFINER\n"
            f"AS SELECT {wanted} {self.source}{comment}"
        )


def views() -> list[View]:
    """All views."""
    _, _, duplicates, dead_letters, ledger = landings()
    return [
        _events(),
        *(_kind(schema) for schema in masked_schemas()),
        _calls(),
        _plain(
            duplicates.target, "What is not stored, because its event is, under another position: replays from a spool."
        ),
        _plain(dead_letters.target, "What could not be read: where it stands and why. The reason is the last stage's."),
        _plain(ledger.target, "What each stage says it did with each range of a raw topic's positions."),
    ]


def literal(text: str) -> str:
    """A text as a literal in SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _events() -> View:
    schemas = masked_schemas()
    in_all = set.intersection(*({field["name"] for field in schema.fields} for schema in schemas))
    columns = [column for column in union(masked_versions()) if column.name in in_all]
    stored = {column.name: column.type for column in columns}
    return View(
        "events",
        "All events with what every kind has; a kind's own fields are in the view of its name.",
        tuple(_shown(columns, stored)),
        "FROM store.events",
    )


def _kind(schema: Schema) -> View:
    stored = {column.name: column.type for column in union(masked_versions())}
    return View(
        schema.name.replace(".", "_", 1),
        str(schema.definition["doc"]),
        tuple(_shown(columns_of(schema), stored)),
        f"FROM store.events WHERE kind = {literal(schema.name)}",
    )


def _shown(columns: list[Column], stored: dict[str, str]) -> Iterator[tuple[Column, str]]:
    for column in columns:
        if column.name in _HIDDEN:
            continue
        if column.name == "source_topic_id":
            yield _as_hex(column)
            continue
        name = f"events.{quoted(column.name)}"
        if column.name == "kind":
            yield _KIND, name
            continue
        never_null = not column.nullable and "Nullable(" in stored[column.name].removeprefix("LowCardinality(")[:9]
        yield column, f"assumeNotNull({name})" if never_null else name
        if column.name == "sample_rate":
            yield _WEIGHT, f"event_weight({name})"
    yield INSERTED, f"events.{INSERTED.name}"


def _plain(table: Table, comment: str) -> View:
    columns = [
        _as_hex(column, table.name)
        if column.name == "source_topic_id"
        else (column, f"{table.name}.{quoted(column.name)}")
        for column in table.columns
    ]
    return View(table.name, comment, tuple(columns), f"FROM {table.full_name} FINAL")


def _as_hex(column: Column, table: str = "events") -> tuple[Column, str]:
    return Column(column.name, "String", f"{column.comment} As 32 hex digits."), f"lower(hex({table}.{column.name}))"


_CALLS: tuple[tuple[str, str, str, str], ...] = (
    ("tenant", "LowCardinality(String)", "events.tenant", "Whose call it is."),
    ("call_sid", "Nullable(String)", "events.call_sid", "Twilio's id of the call; never null here."),
    ("caller", "Nullable(String)", "any(events.caller)", "Token of the other party's number."),
    (
        "started_at",
        "Nullable(DateTime64(6, 'UTC'))",
        "minOrNullIf(events.occurred_at, events.kind = 'call.started')",
        "When it started.",
    ),
    (
        "ended_at",
        "Nullable(DateTime64(6, 'UTC'))",
        "maxOrNullIf(events.occurred_at, events.kind = 'call.ended')",
        "When it ended; null while it runs.",
    ),
    ("duration_seconds", "Nullable(Int32)", "any(events.duration_seconds)", "How long it took, as Twilio says."),
    ("disconnect_reason", "Nullable(String)", "any(events.disconnect_reason)", "Why it ended."),
    (
        "stages",
        "Array(String)",
        "arraySort(groupArrayIf((events.occurred_at, assumeNotNull(events.to_stage)), events.to_stage IS NOT NULL)).2",
        "The stages that it entered, in order.",
    ),
    ("events", "UInt64", "count()", "Its events, of all kinds."),
    ("errors", "UInt64", "countIf(events.severity = 'ERROR')", "Those of severity ERROR."),
    ("weight", "Float64", "any(event_weight(events.sample_rate))", "How many such calls it stands for."),
    ("last_event_at", "DateTime64(6, 'UTC')", "max(events.occurred_at)", "When its last event happened."),
)


def _calls() -> View:
    columns = tuple((Column(name, kind, comment), expression) for name, kind, expression, comment in _CALLS)
    return View(
        "calls",
        "One row a call. Give it a call_sid, or a tenant, where you can: it reads all events of what you ask for.",
        columns,
        "FROM store.events WHERE events.call_sid IS NOT NULL GROUP BY events.tenant, events.call_sid",
    )
