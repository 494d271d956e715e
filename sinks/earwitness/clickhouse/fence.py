"""What a worker asks ClickHouse before and after its inserts: who owns a partition, what is still running, what is stored.

A killed or paused worker's insert may land at any moment: it was sent, and nobody waits for its answer. A *fence* makes
sure that it landed before we look, or never will. First the partitions are claimed under a new name (`store.claims`).
Every insert names its partitions and its owner, and the materialized view behind the landing table refuses one whose
partitions somebody else has claimed since. So what comes after the claim is refused; what came before it is in the
list of running queries, where it is killed, or has ended. No clock and no session timeout is relied on.
"""
# ruff: noqa: S608 - the statements are made of numbers and of names of our own

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence

from earwitness.clickhouse.batch import Key, Question
from earwitness.clickhouse.errors import NoAnswerError
from earwitness.clickhouse.positions import Position
from earwitness.clickhouse.server import Server

__all__ = [
    "QUERY_PREFIX",
    "Fence",
    "held_among",
    "held_events",
    "highest",
    "known_schemas",
    "last_replay",
    "partitions_comment",
    "stored",
]

QUERY_PREFIX = "earwitness-sink/"

_KILL_SECONDS = 30.0
_ASKED_AT_ONCE = 10_000
_APART = 60_000_000  # microseconds between two copies of an event, should one have been encoded anew
_REPLAY_DAYS = 8  # no record that is still to be read has waited for longer in its topics


class Fence:
    """Under which name this worker inserts, and the partitions that it has claimed under it."""

    def __init__(self) -> None:
        self._worker = uuid.uuid4().hex
        self._claims = 0
        self._queries = 0

    def query_id(self) -> str:
        """A new query's id, which tells the owner to the materialized view."""
        self._queries += 1
        return f"{QUERY_PREFIX}{self._worker}.{self._claims}/{self._queries}"

    def raise_around(self, server: Server, keys: Sequence[Key]) -> None:
        """Claim the partitions under a new name, and wait until no insert of another name into them is running.

        Raises:
            ServerError: ClickHouse refuses it.
            NoAnswerError: it does not answer, or a query does not end.
        """
        if not keys:
            return
        self._claims += 1
        owner = f"{self._worker}.{self._claims}"
        body = "".join(f"{topic}\t{partition}\t{owner}\n" for topic, partition in keys)
        server.insert("INSERT INTO store.landing_claims (topic, partition, owner) FORMAT TSV", body.encode())
        names = ", ".join(f"'{name}'" for name in partitions_comment(keys).split(" "))
        running = f"query_id LIKE '{QUERY_PREFIX}%' AND hasAny(splitByChar(' ', Settings['log_comment']), [{names}])"
        deadline = time.monotonic() + _KILL_SECONDS
        while server.rows(f"SELECT query_id FROM system.processes WHERE {running}"):
            if time.monotonic() > deadline:
                raise NoAnswerError(
                    "an abandoned insert does not end although it was killed; is ClickHouse overloaded?"
                )
            server.command(f"KILL QUERY WHERE {running} SYNC")


def partitions_comment(keys: Iterable[Key]) -> str:
    """How a query names its partitions, in `log_comment`."""
    return " ".join(f"{topic}/{partition}" for topic, partition in sorted(keys))


def highest(server: Server, starts: Mapping[Key, tuple[bytes, int] | None]) -> dict[tuple[bytes, int], int]:
    """The highest stored offset by raw topic id and partition, all of them in one query.

    Args:
        server: ClickHouse.
        starts: by masked partition, the raw topic's id and the offset that its commit names; what lies behind that
            offset is looked at then. None looks at everything that is stored with the partition's number.

    Raises:
        ServerError: ClickHouse refuses it.
        NoAnswerError: it does not answer.
    """
    wanted = [
        f"(source_topic_id = unhex('{hint[0].hex()}') AND source_partition = {key[1]} AND source_offset > {hint[1]})"
        for key, hint in starts.items()
        if hint is not None
    ]
    numbers = sorted({key[1] for key, hint in starts.items() if hint is None})
    if numbers:
        wanted.append(f"source_partition IN ({', '.join(map(str, numbers))})")
    if not wanted:
        return {}
    rows = server.rows(
        "SELECT hex(source_topic_id), source_partition, max(source_offset) FROM store.events "
        f"WHERE {' OR '.join(wanted)} GROUP BY source_topic_id, source_partition"
    )
    return {(bytes.fromhex(row[0]), row[1]): row[2] for row in rows}


def stored(server: Server, question: Question) -> set[int]:
    """The answer to a track's question: one offset or none, or all stored offsets of its window.

    Raises:
        ServerError: ClickHouse refuses it.
        NoAnswerError: it does not answer.
    """
    what = "maxOrNull(source_offset)" if question.last is None else "source_offset"
    until = "" if question.last is None else f"AND source_offset <= {question.last}"
    rows = server.rows(
        f"SELECT {what} FROM store.events WHERE source_topic_id = unhex('{question.topic_id.hex()}') "
        f"AND source_partition = {question.key[1]} AND source_offset >= {question.first} {until}"
    )
    return {row[0] for row in rows if row[0] is not None}


def held_among(server: Server, positions: Iterable[Position]) -> set[Position]:
    """Those of the positions that are stored; raises as `stored`."""
    offsets: dict[tuple[bytes, int], list[int]] = {}
    for position in positions:
        offsets.setdefault((position.topic_id, position.partition), []).append(position.offset)
    held: set[Position] = set()
    for (topic_id, partition), wanted in offsets.items():
        rows = server.rows(
            f"SELECT source_offset FROM store.events WHERE source_topic_id = unhex('{topic_id.hex()}') "
            f"AND source_partition = {partition} AND source_offset BETWEEN {min(wanted)} AND {max(wanted)} "
            f"AND source_offset IN ({', '.join(map(str, wanted))})",
            max_query_size=16 << 20,
        )
        held.update(Position(topic_id, partition, row[0]) for row in rows)
    return held


def held_events(server: Server, wanted: Mapping[bytes, int]) -> dict[bytes, bool]:
    """Those of the event ids that are stored, each with whether a stored one is marked as replayed; raises as `stored`.

    Copies of an event differ in nothing but their mark, so they are looked for where the table has its time: that spares
    an index on the id, which every row would pay for. A wrong clock is wrong in both.

    Args:
        server: ClickHouse.
        wanted: by event id (16 bytes), when it happened, microseconds since 1970.
    """
    held: dict[bytes, bool] = {}
    by_time = sorted(wanted.items(), key=lambda pair: pair[1])
    for start in range(0, len(by_time), _ASKED_AT_ONCE):
        some = by_time[start : start + _ASKED_AT_ONCE]
        ids = ", ".join(f"'{uuid.UUID(bytes=event_id)}'" for event_id, _ in some)
        rows = server.rows(
            "SELECT event_id, max(replayed) FROM store.events WHERE toUnixTimestamp64Micro(occurred_at) "
            f"BETWEEN {some[0][1] - _APART} AND {some[-1][1] + _APART} AND event_id IN ({ids}) GROUP BY event_id",
            max_query_size=16 << 20,
        )
        held.update((uuid.UUID(row[0]).bytes, bool(row[1])) for row in rows)
    return held


def last_replay(server: Server) -> int | None:
    """When the broker took the last replay that is stored, microseconds since 1970; raises as `stored`."""
    rows = server.rows(
        "SELECT toUnixTimestamp64Micro(maxOrNull(received_at)) FROM store.events "
        f"WHERE replayed AND received_at > now() - INTERVAL {_REPLAY_DAYS} DAY"
    )
    found: int | None = rows[0][0]
    return found


def known_schemas(server: Server) -> dict[int, str]:
    """The schemas that the tables can hold, by id: their names; raises as `stored`."""
    return {row[0]: row[1] for row in server.rows("SELECT schema_id, name FROM store.schema_versions")}
