"""The balance of the books: every position of the raw topics is accounted for, and what was masked is stored, once.

The first book is the pipeline's: for each slice, the set of raw positions that became masked, dead or remainder. The
second is the producers': each counts its events from 1 and tells what it lost. Both are compared with what is stored.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from earwitness.clickhouse import ledger_sql
from earwitness.clickhouse.ledger_kafka import Ends, read_ends
from earwitness.clickhouse.ledger_sql import Bounds
from earwitness.clickhouse.server import Server
from earwitness.runtime.settings import ClickHouseSettings, KafkaSettings

__all__ = ["Balance", "PartitionBalance", "ProducerBalance", "balance"]


@dataclass(frozen=True)
class PartitionBalance:
    """The books of one raw partition, from its first to its last ledgered offset.

    Attributes:
        topic: the raw topic; `topic_id` is its id in hex.
        partition: its number.
        first: first offset that is looked at.
        last: last ledgered offset; below `first` when there is none.
        masked: positions that became masked records.
        dead: positions that became dead letters, of privacy or, masked already, of the sink.
        remainder: positions that were sampled out.
        holes: positions that the ledger says nothing of, although it does of later ones.
        twice: positions that stand in two of the sets.
        stored: positions that are stored.
        duplicates: positions that are not, because their event is, under another one: replays from a client's spool.
        missing: masked positions that are not stored and not on their way any more.
        extra: stored positions that were never masked.
        surplus: rows beyond the first of their position.
        in_flight: positions on their way: not ledgered yet, or masked and not stored yet.
        examples: by the name of a finding, some positions or ranges.
    """

    topic: str
    topic_id: str
    partition: int
    first: int
    last: int
    masked: int = 0
    dead: int = 0
    remainder: int = 0
    holes: int = 0
    twice: int = 0
    stored: int = 0
    duplicates: int = 0
    missing: int = 0
    extra: int = 0
    surplus: int = 0
    in_flight: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def unexplained(self) -> int:
        """Positions and rows that should not be as they are."""
        return self.holes + self.twice + self.missing + self.extra + self.surplus


@dataclass(frozen=True)
class ProducerBalance:
    """The book of one producer with missing sequences or declared losses; `gaps` are some of the former."""

    producer_id: str
    first: int
    last: int
    stored: int
    lost: int
    missing: int
    gaps: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Balance:
    """Both books.

    Attributes:
        partitions: all raw partitions that hold or held anything.
        producers: those with missing sequences or declared losses.
        broker: whether the broker was asked: without it, what is not ledgered yet is not seen.
    """

    partitions: list[PartitionBalance]
    producers: list[ProducerBalance]
    broker: bool

    @property
    def in_flight(self) -> int:
        """Positions on their way. When nothing is produced and this does not shrink, something is stuck."""
        return sum(each.in_flight for each in self.partitions)

    @property
    def missing_sequences(self) -> int:
        """Sequences that no stored event has and no producer declared lost, and that no known position can be."""
        missing = sum(each.missing for each in self.producers)
        # Nobody can read a sequence out of a dead letter, of what is on its way, or of what was sampled out.
        return max(
            0, missing - sum(each.in_flight + each.dead + each.remainder + each.missing for each in self.partitions)
        )

    @property
    def unexplained(self) -> int:
        """What the books do not explain; 0 when they agree."""
        return sum(each.unexplained for each in self.partitions) + self.missing_sequences

    @property
    def lines(self) -> list[str]:
        """The books for a person: a line a topic, a line a finding, the sum."""
        return [*_totals(self), *self.findings, f"unexplained: {self.unexplained}; in flight: {self.in_flight}"]

    @property
    def findings(self) -> list[str]:
        """What a person should look at, a line each."""
        return list(_findings(self))


def balance(settings: ClickHouseSettings, kafka: KafkaSettings | None, since: datetime | None = None) -> Balance:
    """Strike the balance.

    The order of the looks keeps a running pipeline from showing as a fault: first what is ledgered, then how far
    Kafka's topics go and what the sink has committed, then what is stored of the ledgered.

    Args:
        settings: ClickHouse, as a user that reads `store.*`.
        kafka: the broker, as a user that may describe the raw and masked topics; None leaves it out.
        since: only what was ledgered and received after it; None for everything that is kept.

    Raises:
        ServerError: ClickHouse refuses it.
        UnavailableError: ClickHouse or the broker does not answer.
    """
    with contextlib.closing(Server(settings, timeout=300.0)) as server:
        ledgered = server.rows(ledger_sql.ledgered(since))
        # Where nothing was ledgered since, what was ledgered before is not on its way.
        earlier = server.rows(ledger_sql.ledgered(None)) if since is not None else []
        before = {(topic_id, number): last for topic_id, number, _, _, last in earlier}
        ends = read_ends(kafka) if kafka is not None else Ends()
        names = {topic_id: topic for topic_id, _, topic, _, _ in ledgered} | ends.topics
        bounds: list[Bounds] = []
        for topic_id, partition, _, first, last in ledgered:
            low = ends.raw.get((topic_id, partition), (first, 0))[0] if since is None else first
            bounds.append((topic_id, partition, min(first, low), last))
        books = server.rows(ledger_sql.books(bounds)) if bounds else []
        spans = {(topic_id, number): (first, last) for topic_id, number, first, last in bounds}
        partitions = [_partition(server, row, names[row[0]], spans[row[0], row[1]], ends) for row in books]
        told = {(each.topic_id, each.partition) for each in partitions}
        for (topic_id, number), (low, high) in ends.raw.items():
            behind = max(low, before.get((topic_id, number), -1) + 1)
            if (topic_id, number) not in told and high > behind:
                topic = names[topic_id]
                partitions.append(
                    PartitionBalance(topic, topic_id, number, behind, behind - 1, in_flight=high - behind)
                )
        producers = [ProducerBalance(*row) for row in server.rows(ledger_sql.producers(since))]
        for each in producers[:_SHOWN]:
            if each.missing:
                rows = server.rows(ledger_sql.gaps(each.first), {"producer": each.producer_id})
                each.gaps.extend((first, last) for first, last in rows)
    partitions.sort(key=lambda each: (each.topic, each.topic_id, each.partition))
    return Balance(partitions, producers, kafka is not None)


def _partition(server: Server, row: list[Any], topic: str, span: tuple[int, int], ends: Ends) -> PartitionBalance:
    topic_id, number, masked, dead, remainder, covered, rows, stored, again, given_up, *rest = row
    missing, which, tail, extra, extras = rest
    first, last = span
    # The sink stores a partition's positions in order: what is missing behind all that is stored is on its way,
    # unless the sink has come to the end.
    on_the_way = 0 if (topic, number) in ends.drained else tail
    high = ends.raw.get((topic_id, number), (0, last + 1))[1]
    holes = last - first + 1 - covered
    examples: dict[str, list[str]] = {}
    if holes:
        examples["holes"] = [f"{a} to {b}" for a, b in server.rows(ledger_sql.holes(topic_id, number, first))]
    if missing - on_the_way:
        examples["missing"] = [str(position) for position in which]
    if extra:
        examples["extra"] = [str(position) for position in extras]
    return PartitionBalance(
        topic,
        topic_id,
        number,
        first,
        last,
        masked=masked,
        dead=dead + given_up,
        remainder=remainder,
        holes=holes,
        twice=masked + dead + remainder - covered,
        stored=stored,
        duplicates=again,
        missing=missing - on_the_way,
        extra=extra,
        surplus=rows - stored,
        in_flight=max(0, high - last - 1) + on_the_way,
        examples=examples,
    )


_SHOWN = 20
_COUNTED = ("masked", "dead", "remainder", "stored", "duplicates", "in_flight")
_FINDINGS = {
    "holes": "positions that no stage tells of",
    "twice": "positions in two books",
    "missing": "masked and not stored",
    "extra": "stored and never masked",
    "surplus": "rows stored again",
}


def _totals(balance: Balance) -> Iterator[str]:
    sums: dict[str, Counter[str]] = {}
    for each in balance.partitions:
        counts = {name: getattr(each, name) for name in _COUNTED}
        sums.setdefault(each.topic, Counter()).update(counts)
    for topic, total in sorted(sums.items()):
        yield (
            f"{topic}: {total['masked']} masked, {total['dead']} dead, {total['remainder']} sampled out, "
            f"{total['in_flight']} in flight; {total['stored']} stored, {total['duplicates']} duplicates"
        )


def _findings(balance: Balance) -> Iterator[str]:
    for each in balance.partitions:
        for finding, words in _FINDINGS.items():
            count = getattr(each, finding)
            if count:
                shown = ", ".join(each.examples.get(finding, []))
                yield f"{each.topic}/{each.partition}: {count} {words}{f' ({shown}, …)' if shown else ''}"
    for producer in balance.producers[:_SHOWN]:
        shown = ", ".join(f"{first} to {last}" for first, last in producer.gaps)
        yield (
            f"producer {producer.producer_id}: {producer.missing} sequences missing of "
            f"{producer.last - producer.first + 1}, {producer.lost} declared lost{f' ({shown}, …)' if shown else ''}"
        )
    if not balance.broker:
        yield "the broker was not asked: what is not ledgered yet is not seen here"
