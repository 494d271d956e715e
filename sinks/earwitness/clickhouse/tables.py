"""What stands in the database `store`: landing tables, the tables behind them, and how rows get from one to the other.

Everything is landed by `INSERT … FORMAT AvroConfluent` into a table of `ENGINE = Null` and stored by a materialized
view. So what lands and what is stored may differ (a kind's name, the time of the insert), and the sink may insert into
`store.landing_*` and nowhere else.

Rows are partitioned and expire by when the broker took them, not by when a producer says they happened: a wrong clock
can then neither split an insert over hundreds of partitions nor keep a person's data for ever.
"""
# ruff: noqa: S608 - the statements are made of names of our own

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.clickhouse.columns import Column, quoted, union
from earwitness.schemas import catalogue
from earwitness.schemas.catalogue import Schema

__all__ = ["DATABASE", "INSERTED", "Landing", "Table", "landings", "masked_schemas", "masked_versions", "versions"]

DATABASE = "store"
KEPT_MONTHS = 13

INSERTED = Column("inserted_at", "DateTime64(3, 'UTC')", "When the row was inserted; received_at to here is its lag.")
# A smaller part is one file. With a file a column, as by default from 10 MB on, an insert opens, buffers (600 MB) and syncs
# more than 300 of them, which took more CPU than the rows did.
_COMPACT_BYTES = 256 << 20
_EVENTS = f"""ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, kind, occurred_at)
TTL toDateTime(received_at) + toIntervalDay(90) RECOMPRESS CODEC(ZSTD(6)),
    toDateTime(received_at) + toIntervalMonth({KEPT_MONTHS})
SETTINGS min_bytes_for_wide_part = {_COMPACT_BYTES}"""
_LOW_CARDINALITY = re.compile(r"LowCardinality\((.+)\)")
_UNFENCED = """
WHERE throwIf((
    SELECT count() FROM store.claims FINAL
    WHERE has(splitByChar(' ', getSetting('log_comment')), concat(topic, '/', toString(partition)))
        AND owner != splitByChar('/', queryID())[2]
) > 0, 'another worker has claimed these partitions') = 0"""
_PROJECTIONS = {
    "by_call": "SELECT _part_offset ORDER BY call_sid",
    "by_position": "SELECT _part_offset ORDER BY source_topic_id, source_partition, source_offset",
}


_OF_A_DUPLICATE = {
    *("kind", "source_topic_id", "source_partition", "source_offset", "received_at"),
    *("event_id", "occurred_at", "service", "producer_id", "sequence", "call_sid", "tenant"),
}
_KIND = {"kind": ("replaceOne(kind, '_', '.') AS kind",)}


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: without its database.
        columns: in this order; more of them may be added later, none is ever taken away.
        engine: everything behind the columns.
        extras: what else stands between the parentheses, such as projections.
    """

    name: str
    columns: tuple[Column, ...]
    engine: str
    extras: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """With its database."""
        return f"{DATABASE}.{self.name}"

    def create(self) -> str:
        """The statement that makes it where it is missing."""
        lines = [*(definition(column) for column in self.columns), *self.extras]
        return f"CREATE TABLE IF NOT EXISTS {self.full_name}\n(\n    " + ",\n    ".join(lines) + f"\n)\n{self.engine}"


@dataclass(frozen=True)
class Landing:
    """A way into a table: what is inserted into `source` is stored in `target`.

    Attributes:
        source: the table of `ENGINE = Null`.
        target: where its rows are kept.
        schemas: the records that may be landed here.
        changed: by landing column, the terms that are stored instead of the column as it is.
        rest: what stands behind the landing table in the materialized view.
    """

    source: Table
    target: Table
    schemas: tuple[Schema, ...]
    changed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rest: str = ""

    @property
    def view(self) -> str:
        """The materialized view's name, without its database."""
        return f"{self.source.name}_to_{self.target.name}"

    def select(self, names: Iterable[str]) -> str:
        """What the materialized view between them does, for a landing table of these columns."""
        terms = (term for name in names for term in self.changed.get(name, (quoted(name),)))
        return f"SELECT {', '.join(terms)} FROM {self.source.full_name}{self.rest}"


def definition(column: Column) -> str:
    """A column as CREATE TABLE and ADD COLUMN have it."""
    default = "DEFAULT now64(3, 'UTC')" if column is INSERTED else ""
    words = (quoted(column.name), column.type, default, column.codec)
    return " ".join(word for word in words if word)


def masked_schemas() -> tuple[Schema, ...]:
    """The masked schemas of all kinds, each in its newest version: what analysts see."""
    return tuple(catalogue.masked(kind) for kind in catalogue.kinds())


def masked_versions() -> tuple[Schema, ...]:
    """The masked schemas of all kinds in all versions, the newest ones first: what the tables can hold."""
    older = (schema for kind in catalogue.kinds() for schema in catalogue.versions("masked", kind)[:-1])
    return (*masked_schemas(), *older)


def landings() -> tuple[Landing, ...]:
    """All landings: claims first, because the way of the events asks for them."""
    return (_claims(), _events(), _duplicates(), _dead_letters(), _ledger())


def versions() -> Table:
    """Which schemas the tables can hold; only migrations write it, and the sink lands nothing else."""
    columns = (
        Column("schema_id", "Int32", "The schema's id."),
        Column("stage", "LowCardinality(String)", "masked or pipeline."),
        Column("name", "LowCardinality(String)", "The kind, or the pipeline record's name."),
        Column("known_at", "DateTime64(3, 'UTC')", "Since when the tables have all of its columns."),
        Column("version", "Int32", "Its number among the versions of its kind; 0 from a release that did not count."),
    )
    return Table("schema_versions", columns, "ENGINE = ReplacingMergeTree\nORDER BY schema_id")


def _events() -> Landing:
    schemas = masked_versions()
    columns = tuple(union(schemas))
    projections = tuple(f"PROJECTION {name} ({query})" for name, query in _PROJECTIONS.items())
    source = Table("landing_events", tuple(map(_landed, columns)), "ENGINE = Null")
    target = Table("events", (*columns, INSERTED), _EVENTS, projections)
    return Landing(source, target, schemas, _KIND, _UNFENCED)


def _landed(column: Column) -> Column:
    """As plain text: each kind lacks most columns, and a default goes through a dictionary row by row (8 µs a row)."""
    found = _LOW_CARDINALITY.fullmatch(column.type)
    return column if found is None else replace(column, type=found[1])


def _claims() -> Landing:
    """Who inserts events of which masked partition: the last claim counts (see `fence.py`)."""
    columns = (
        Column("topic", "LowCardinality(String)", "The masked topic."),
        Column("partition", "Int32", "Its partition."),
        Column("owner", "String", "Who inserts its events; part of the inserts' query id."),
    )
    number = Column("number", "UInt64", "Later claims have higher numbers.")
    source = Table("landing_claims", columns, "ENGINE = Null")
    engine = "ENGINE = ReplacingMergeTree(number)\nORDER BY (topic, partition)"
    target = Table("claims", (*columns, number, INSERTED), engine)
    owner = ("owner", "(SELECT max(number) FROM store.claims) + 1 AS number")
    return Landing(source, target, (), {"owner": owner})


def _duplicates() -> Landing:
    """Positions whose event is stored under another one. They land as the masked records that they are.

    Not fenced: what is told here stays true, whoever tells it, and it may be told twice.
    """
    columns = tuple(column for column in union(masked_versions()) if column.name in _OF_A_DUPLICATE)
    source = Table("landing_duplicates", tuple(map(_landed, columns)), "ENGINE = Null")
    engine = _kept("source_topic_id, source_partition, source_offset", by="received_at")
    target = Table("duplicates", (*columns, INSERTED), engine)
    return Landing(source, target, (), _KIND)


def _dead_letters() -> Landing:
    schemas = catalogue.versions("pipeline", "dead_letter")[::-1]
    columns = tuple(union(schemas))
    source = Table("landing_dead_letters", columns, "ENGINE = Null")
    # It may be landed twice: what has the same key is the same row.
    engine = _kept("source_topic_id, source_partition, source_offset, stage", by="received_at")
    target = Table("dead_letters", (*columns, INSERTED), engine)
    return Landing(source, target, schemas)


def _ledger() -> Landing:
    """One row a range: books are unions of ranges, so the entry that said it does not matter."""
    schemas = catalogue.versions("pipeline", "ledger_entry")[::-1]
    landed = tuple(union(schemas))
    source = Table("landing_ledger", landed, "ENGINE = Null")
    outcome = (
        Column("outcome", "LowCardinality(String)", "What became of the positions."),
        Column("first_offset", "Int64", "First offset."),
        Column("last_offset", "Int64", "Last offset, included."),
    )
    head = tuple(column for column in landed if column.name != "outcomes")
    engine = _kept("source_topic_id, source_partition, stage, first_offset, last_offset, outcome", by="written_at")
    target = Table("ledger", (*head, *outcome, INSERTED), engine)
    parts = ("outcome.outcome AS outcome", "outcome.first AS first_offset", "outcome.last AS last_offset")
    return Landing(source, target, schemas, {"outcomes": parts}, " ARRAY JOIN outcomes AS outcome")


def _kept(key: str, *, by: str) -> str:
    return (
        f"ENGINE = ReplacingMergeTree\nPARTITION BY toYYYYMM({by})\nORDER BY ({key})\n"
        f"TTL toDateTime({by}) + toIntervalMonth({KEPT_MONTHS})"
    )
