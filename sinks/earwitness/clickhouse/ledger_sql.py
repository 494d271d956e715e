"""The books as SQL over the database `store`.

Positions are compared as bitmaps (roaring, 64 bits), a handful for each raw partition: runs of positions take next to
no memory, a union of ranges is a union of sets whatever was said twice, and a difference is exact, with examples. For
10 million events that is two passes over a few narrow columns, some seconds on two cores; `since` makes them shorter.
"""
# ruff: noqa: S608 - the statements are made of numbers and of names of our own

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

__all__ = ["Bounds", "books", "gaps", "holes", "ledgered", "producers"]

Bounds = tuple[str, int, int, int]
"""A raw partition's topic id (hex) and number, its first and last ledgered offset."""

EXAMPLES = 5

_OFFSET = "toUInt64(source_offset)"


def ledgered(since: datetime | None) -> str:
    """Per raw partition: topic id (hex), partition, topic, first and last offset that the ledger tells of."""
    return f"""
SELECT lower(hex(source_topic_id)), source_partition, any(source_topic), min(first_offset), max(last_offset)
FROM store.ledger WHERE stage = 'privacy' AND {_after("written_at", since)}
GROUP BY source_topic_id, source_partition"""


def books(bounds: Iterable[Bounds]) -> str:
    """Per raw partition: what the ledger says of its positions, and what is stored of them.

    Columns: topic id (hex), partition, masked, dead, remainder, covered by any of them, rows stored, positions
    stored, duplicates, given up by the sink, missing, examples, missing at the end, extra, examples.
    """
    rows = ", ".join(f"('{topic_id}', {partition}, {first}, {last})" for topic_id, partition, first, last in bounds)
    return f"""
WITH
bounds AS (
    SELECT toFixedString(unhex(each.1), 16) AS topic_id, toInt32(each.2) AS partition,
        toInt64(each.3) AS first, toInt64(each.4) AS last
    FROM (SELECT arrayJoin([{rows}]) AS each)
),
said AS (
    SELECT topic_id, partition,
        groupBitmapStateIf(position, outcome = 'masked') AS masked,
        groupBitmapStateIf(position, outcome = 'dead') AS dead,
        groupBitmapStateIf(position, outcome NOT IN ('masked', 'dead')) AS remainder,
        groupBitmapState(position) AS covered
    FROM (
        SELECT source_topic_id AS topic_id, source_partition AS partition, outcome,
            arrayJoin(range(toUInt64(greatest(first_offset, first)), toUInt64(least(last_offset, last) + 1))) AS position
        FROM store.ledger INNER JOIN bounds ON source_topic_id = bounds.topic_id AND source_partition = bounds.partition
        WHERE stage = 'privacy' AND last_offset >= first AND first_offset <= last
    )
    GROUP BY topic_id, partition
),
held AS (
    SELECT source_topic_id AS topic_id, source_partition AS partition,
        count() AS row_count, max({_OFFSET}) AS highest, groupBitmapState({_OFFSET}) AS positions
    FROM store.events INNER JOIN bounds ON source_topic_id = bounds.topic_id AND source_partition = bounds.partition
    WHERE source_offset BETWEEN first AND last
    GROUP BY topic_id, partition
),
again AS (
    SELECT source_topic_id AS topic_id, source_partition AS partition, groupBitmapState({_OFFSET}) AS positions
    FROM store.duplicates INNER JOIN bounds ON source_topic_id = bounds.topic_id AND source_partition = bounds.partition
    WHERE source_offset BETWEEN first AND last
    GROUP BY topic_id, partition
),
given_up AS (
    SELECT source_topic_id AS topic_id, source_partition AS partition, groupBitmapState({_OFFSET}) AS positions
    FROM store.dead_letters WHERE stage = 'sink'
    GROUP BY topic_id, partition
)
SELECT lower(hex(bounds.topic_id)), bounds.partition,
    bitmapCardinality(said.masked), bitmapCardinality(said.dead), bitmapCardinality(said.remainder),
    bitmapCardinality(said.covered), held.row_count, bitmapCardinality(held.positions),
    bitmapCardinality(bitmapAndnot(again.positions, bitmapOr(held.positions, given_up.positions))),
    bitmapCardinality(bitmapAndnot(bitmapAnd(said.masked, given_up.positions), held.positions)),
    bitmapCardinality(bitmapAndnot(
        said.masked, bitmapOr(bitmapOr(held.positions, again.positions), given_up.positions)
    ) AS missing),
    bitmapToArray(bitmapSubsetLimit(missing, toUInt64(0), toUInt64({EXAMPLES}))),
    bitmapCardinality(bitmapSubsetInRange(missing, held.highest + (held.row_count > 0), toUInt64(9223372036854775807))),
    bitmapCardinality(bitmapAndnot(held.positions, said.masked) AS extra),
    bitmapToArray(bitmapSubsetLimit(extra, toUInt64(0), toUInt64({EXAMPLES})))
FROM bounds
LEFT JOIN said ON said.topic_id = bounds.topic_id AND said.partition = bounds.partition
LEFT JOIN held ON held.topic_id = bounds.topic_id AND held.partition = bounds.partition
LEFT JOIN again ON again.topic_id = bounds.topic_id AND again.partition = bounds.partition
LEFT JOIN given_up ON given_up.topic_id = bounds.topic_id AND given_up.partition = bounds.partition"""


def holes(topic_id: str, partition: int, first: int) -> str:
    """The first ranges of a raw partition, from `first` on, that the ledger says nothing of: from, to."""
    return f"""
SELECT reached + 1, first_offset - 1 FROM (
    SELECT first_offset, greatest({first - 1}, maxOrNull(last_offset) OVER (
        ORDER BY first_offset, last_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS reached
    FROM store.ledger
    WHERE stage = 'privacy' AND source_topic_id = unhex('{topic_id}') AND source_partition = {partition}
)
WHERE first_offset > ifNull(reached, {first - 1}) + 1 ORDER BY 1 LIMIT {EXAMPLES}"""


def producers(since: datetime | None) -> str:
    """Per producer with missing sequences or declared losses: id, first, last, stored, declared lost, missing.

    What producers say is not ours: a range of theirs is never expanded, so that a wrong one cannot exhaust anything.

    Events come in the order of their sequences, but for replays: one that came after `since` may stand among sequences that
    came before. So then the first one is the lowest that came without a spool, and whoever only replayed is not judged.
    """
    first = "1" if since is None else "minIf(sequence, NOT replayed)"
    return f"""
WITH
seen AS (
    SELECT producer_id, toInt64({first}) AS first, max(sequence) AS last, bitmapCardinality(
        bitmapSubsetInRange(groupBitmapState(toUInt64(sequence)), toUInt64(first), toUInt64(last) + 1)) AS stored
    FROM store.events WHERE sequence > 0 AND {_after("received_at", since)} GROUP BY producer_id HAVING first > 0
),
told AS (
    SELECT producer_id, greatest(each.1, first) AS begin, least(each.2, last) AS end
    FROM (
        SELECT DISTINCT producer_id, arrayJoin(lost) AS each FROM store.events WHERE kind = 'trail.client_report'
    ) AS reports INNER JOIN seen USING producer_id
    WHERE begin <= end
),
islands AS (
    SELECT producer_id, min(begin) AS begin, max(end) AS end
    FROM (
        SELECT producer_id, begin, end, sum(apart) OVER (PARTITION BY producer_id ORDER BY begin, end) AS island
        FROM (
            SELECT producer_id, begin, end, begin > max(end) OVER (
                PARTITION BY producer_id ORDER BY begin, end ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS apart
            FROM told
        )
    )
    GROUP BY producer_id, island
),
lost AS (SELECT producer_id, sum(end - begin + 1) AS declared FROM islands GROUP BY producer_id),
both AS (
    SELECT producer_id, groupBitmap(toUInt64(sequence)) AS arrived
    FROM store.events AS events ASOF INNER JOIN islands
        ON events.producer_id = islands.producer_id AND events.sequence >= islands.begin
    WHERE sequence <= end AND {_after("received_at", since)}
    GROUP BY producer_id
)
SELECT seen.producer_id, first, last, stored, declared, last - first + 1 - stored - declared + arrived AS missing
FROM seen
LEFT JOIN lost ON lost.producer_id = seen.producer_id
LEFT JOIN both ON both.producer_id = seen.producer_id
WHERE missing > 0 OR declared > 0
ORDER BY missing DESC, seen.producer_id"""


def gaps(first: int) -> str:
    """The first gaps, from `first` on, in the stored sequences of the producer `{{producer:String}}`: from, to."""
    return f"""
SELECT DISTINCT before + 1, sequence - 1 FROM (
    SELECT sequence, lagInFrame(sequence, 1, toInt64({first - 1})) OVER (ORDER BY sequence) AS before
    FROM store.events WHERE producer_id = {{producer:String}} AND sequence >= {first}
)
WHERE sequence > before + 1 ORDER BY 1 LIMIT {EXAMPLES}"""


def _after(column: str, since: datetime | None) -> str:
    return "1" if since is None else f"{column} >= fromUnixTimestamp64Micro({int(since.timestamp() * 1_000_000)})"
