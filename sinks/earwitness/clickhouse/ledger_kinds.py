"""The books by kind and by minute: what was produced is stored, a duplicate, sampled out, dead or declared lost.

What is produced is the broker's word: the offsets of a raw partition, and by the time at which the broker took them, of
each minute. A kind is known of what is stored and of duplicates. What else there is has no kind that anybody could read,
only the family of its topic: it is counted under `call.?`, and so is what is missing. What producers declare lost never
had a position.
"""
# ruff: noqa: S608 - the statements are made of numbers and of names of our own

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from earwitness.clickhouse.ledger import Balance, PartitionBalance
from earwitness.clickhouse.ledger_kafka import RawKey, minute_offsets
from earwitness.clickhouse.server import Server
from earwitness.runtime.settings import ClickHouseSettings, KafkaSettings
from earwitness.runtime.topic_names import RAW

__all__ = ["LOST", "KindBalance", "Span", "attribute", "by_kind", "by_minute"]

LOST = "(declared lost)"
_MINUTE = 60
_BIG = 16 << 20
_OFFSET = "toUInt64(source_offset)"
_POSITION = "source_topic_id, source_partition, source_offset"
_TABLES = {"store.events": "stored", "store.duplicates": "duplicates"}
"""Where a position with a kind may stand, and what it then is in the books."""

Span = tuple[str, int, int, int, int]
"""A raw partition's topic id (hex) and number, a minute (Unix time), its first offset, and the one behind its last."""


@dataclass(frozen=True)
class KindBalance:
    """One line of the books.

    Attributes:
        minute: its beginning (Unix time); None in the books of all the time.
        kind: the kind, or the family with `.?` for what has none, or `LOST`.
        produced: what there is to account for.
        stored: of these, what is stored.
        duplicates: what is stored already under another position.
        sampled: what was sampled out.
        dead: what became a dead letter.
        lost: what producers declare lost.
        in_flight: what is on its way.
        unexplained: the rest.
    """

    minute: int | None
    kind: str
    produced: int
    stored: int = 0
    duplicates: int = 0
    sampled: int = 0
    dead: int = 0
    lost: int = 0
    in_flight: int = 0
    unexplained: int = 0


def by_kind(settings: ClickHouseSettings, balance: Balance) -> list[KindBalance]:
    """The books of the whole time that `balance` spans.

    Raises:
        ServerError: ClickHouse refuses it.
        NoAnswerError: it does not answer.
    """
    bounds = [
        (each.topic_id, each.partition, 0, each.first, each.last + 1)
        for each in balance.partitions
        if each.last >= each.first
    ]
    with contextlib.closing(Server(settings, timeout=300.0)) as server:
        found = {table: _counted(server, table, bounds) for table in _TABLES}
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for table, counts in found.items():
        for (*_, kind), count in counts.items():
            kinds[kind].update({"produced": count, _TABLES[table]: count})
    lines = [KindBalance(None, kind, **counts) for kind, counts in sorted(kinds.items())]
    families: dict[str, list[PartitionBalance]] = defaultdict(list)
    for each in balance.partitions:
        families[_family(each.topic)].append(each)
    for family, partitions in sorted(families.items()):
        sampled, dead, in_flight = (
            sum(getattr(each, name) for each in partitions) for name in ("remainder", "dead", "in_flight")
        )
        unexplained = sum(each.holes + each.missing for each in partitions)
        if left := sampled + dead + in_flight + unexplained:
            lines.append(
                KindBalance(
                    None, family, left, sampled=sampled, dead=dead, in_flight=in_flight, unexplained=unexplained
                )
            )
    lost, missing = sum(each.lost for each in balance.producers), balance.missing_sequences
    if lost or missing:
        lines.append(KindBalance(None, LOST, lost + missing, lost=lost, unexplained=missing))
    return lines


def by_minute(
    settings: ClickHouseSettings, kafka: KafkaSettings, balance: Balance, since: datetime, until: datetime
) -> list[KindBalance]:
    """The books of each minute in which something came or was declared lost, of the topics that are there.

    Args:
        settings: ClickHouse, as a user that reads `store.*`.
        kafka: the broker, which says what came when.
        balance: tells what is still on its way.
        since: from the minute of this time on,
        until: to that of this one.

    Raises:
        ServerError: ClickHouse refuses it.
        UnavailableError: ClickHouse or the broker does not answer.
    """
    start = int(since.timestamp()) // _MINUTE * _MINUTE
    spans = minute_offsets(kafka, range(start, int(until.timestamp()) + _MINUTE, _MINUTE))
    with contextlib.closing(Server(settings, timeout=300.0)) as server:
        found = {name: _counted(server, table, spans, start) for table, name in _TABLES.items()}
        others = server.rows(_others(spans, start), max_query_size=_BIG) if spans else []
        lost = server.rows(_lost(start))
    lines = attribute(
        spans,
        found,
        {(topic_id, partition, minute, outcome): count for topic_id, partition, minute, outcome, count in others},
        balance.partitions,
    )
    lines += [KindBalance(minute, LOST, count, lost=count) for minute, count in lost]
    return sorted(lines, key=lambda line: (line.minute or 0, line.kind))


def attribute(
    spans: Sequence[Span],
    found: Mapping[str, Mapping[tuple[str, int, int, str], int]],
    others: Mapping[tuple[str, int, int, str], int],
    partitions: Iterable[PartitionBalance],
) -> list[KindBalance]:
    """Lines by minute and kind, from what was counted by topic id, partition and minute.

    What is on its way is always the end of its partition. So of what is not accounted for, the newest positions are in
    flight, as many as the balance says, and what then remains is unexplained.

    Args:
        spans: which offsets came in which minute.
        found: counts by kind of what is `stored`, and of `duplicates`.
        others: counts by outcome: dead, or sampled out.
        partitions: the balance.
    """
    topics = {(each.topic_id, each.partition): each.topic for each in partitions}
    on_the_way = {(each.topic_id, each.partition): each.in_flight for each in partitions}
    sums: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    accounted: Counter[tuple[str, int, int]] = Counter()
    for name, counts in found.items():
        for (topic_id, partition, minute, kind), count in counts.items():
            accounted[topic_id, partition, minute] += count
            sums[minute, kind].update({"produced": count, name: count})
    for (topic_id, partition, minute, outcome), count in others.items():
        accounted[topic_id, partition, minute] += count
        family = _family(topics.get((topic_id, partition), ""))
        sums[minute, family].update({"produced": count, "dead" if outcome == "dead" else "sampled": count})
    for topic_id, partition, minute, first, end in sorted(spans, key=lambda span: -span[2]):
        left = end - first - accounted[topic_id, partition, minute]
        if left <= 0:
            continue
        key: RawKey = (topic_id, partition)
        flying = min(left, on_the_way.get(key, 0))
        on_the_way[key] = on_the_way.get(key, 0) - flying
        family = _family(topics.get(key, ""))
        sums[minute, family].update(produced=left, in_flight=flying, unexplained=left - flying)
    return [KindBalance(minute, kind, **counts) for (minute, kind), counts in sorted(sums.items())]


def _family(topic: str) -> str:
    return f"{topic.removeprefix(RAW) or 'unknown'}.?"


def _spans(spans: Iterable[Span]) -> str:
    rows = ", ".join(
        f"('{topic_id}', {number}, {minute}, {first}, {end})" for topic_id, number, minute, first, end in spans
    )
    return f"""spans AS (
    SELECT toFixedString(unhex(each.1), 16) AS topic_id, toInt32(each.2) AS partition, toUInt32(each.3) AS minute,
        toInt64(each.4) AS first, toInt64(each.5) AS end
    FROM (SELECT arrayJoin([{rows}]) AS each)
)"""


def _counted(server: Server, table: str, spans: Sequence[Span], start: int = 0) -> dict[tuple[str, int, int, str], int]:
    """The positions in a table by topic id (hex), partition, minute and kind."""
    rows = server.rows(_positions(table, spans, start), max_query_size=_BIG) if spans else []
    return {(topic_id, partition, minute, kind): count for topic_id, partition, minute, kind, count in rows}


def _positions(table: str, spans: Sequence[Span], start: int) -> str:
    return f"""
WITH {_spans(spans)}
SELECT lower(hex(topic_id)), partition, minute, kind, groupBitmap({_OFFSET})
FROM {table} AS events ASOF INNER JOIN spans ON events.source_topic_id = spans.topic_id
    AND events.source_partition = spans.partition AND events.source_offset >= spans.first
WHERE source_offset < end AND received_at >= toDateTime64({start}, 6)
GROUP BY topic_id, partition, minute, kind"""


def _others(spans: Sequence[Span], start: int) -> str:
    """Positions that were not masked, or masked and given up by the sink, by topic id (hex), partition, minute and outcome."""
    return f"""
WITH {_spans(spans)},
said AS (
    SELECT source_topic_id, source_partition, outcome,
        toInt64(arrayJoin(range(toUInt64(first_offset), toUInt64(last_offset) + 1))) AS position
    FROM store.ledger
    WHERE stage = 'privacy' AND outcome != 'masked' AND written_at >= toDateTime64({max(0, start - 3600)}, 6)
    UNION ALL
    SELECT source_topic_id, source_partition, 'dead', source_offset FROM store.dead_letters
    WHERE stage = 'sink' AND ({_POSITION}) NOT IN (
        SELECT {_POSITION} FROM store.events
        WHERE ({_POSITION}) IN (SELECT {_POSITION} FROM store.dead_letters WHERE stage = 'sink')
    )
)
SELECT lower(hex(topic_id)), partition, minute, outcome, groupBitmap(toUInt64(position))
FROM said ASOF INNER JOIN spans ON said.source_topic_id = spans.topic_id
    AND said.source_partition = spans.partition AND said.position >= spans.first
WHERE position < end
GROUP BY topic_id, partition, minute, outcome"""


def _lost(start: int) -> str:
    """Sequences by the minute in which they were first declared lost."""
    return f"""
SELECT toUnixTimestamp(toStartOfMinute(told_at)) AS minute, sum(each.2 - each.1 + 1) FROM (
    SELECT producer_id, arrayJoin(lost) AS each, min(received_at) AS told_at
    FROM store.events WHERE kind = 'trail.client_report' GROUP BY producer_id, each
)
WHERE told_at >= toDateTime64({start}, 6) GROUP BY minute ORDER BY minute"""
