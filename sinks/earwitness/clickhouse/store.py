"""ClickHouse as the loader sees it: claim partitions, ask what is stored, store a batch.

A batch is stored with each event once, whatever became of the attempts before; bad rows are found and set aside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from earwitness.clickhouse import fence
from earwitness.clickhouse.batch import Bad, Batch, Key, Question, Record
from earwitness.clickhouse.errors import Remedy, ServerError, remedy
from earwitness.clickhouse.fence import Fence
from earwitness.clickhouse.frames import Frames
from earwitness.clickhouse.positions import position_of
from earwitness.clickhouse.replays import Replays
from earwitness.clickhouse.routes import DUPLICATES, EVENTS
from earwitness.clickhouse.server import Server
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = ["DeadLetters", "Store", "Stored"]

_NOT_READ = {33, 117, 1001}  # what ClickHouse says of a datum that does not fit its schema


class DeadLetters(Protocol):
    """Where records go that cannot be stored."""

    def send(self, bad: Sequence[Bad]) -> None:
        """Write a dead letter for each; returns when all of them are confirmed."""


class Stored(NamedTuple):
    """What became of a batch: how many rows are stored, are dead letters, are duplicates of stored events."""

    rows: int
    dead: int
    duplicates: int


class Store:
    """One worker's way into ClickHouse. Not for two threads at once, but for `abort`.

    Its methods raise `ServerError`, `NoAnswerError`, and whatever the dead letters raise; `errors.remedy` says what to
    do then. A batch may then be stored in part: claim again, read it again, and ask what is stored.

    Args:
        server: ClickHouse, for this object alone.
        dead_letters: where bad records go.
        registry_url: where ClickHouse asks for schemas; None leaves that to its own configuration.
        wire_ids: what stands in front of the records.
    """

    def __init__(
        self,
        server: Server,
        dead_letters: DeadLetters,
        registry_url: str | None,
        wire_ids: WireIds = CONTENT_IDS,
    ) -> None:
        self._server = server
        self._frames = Frames(wire_ids)
        self._fence = Fence()
        self._replays = Replays(self._frames.content_of, lambda wanted: fence.held_events(server, wanted))
        self._dead_letters = dead_letters
        self._settings: dict[str, str | int] = {"input_format_avro_allow_missing_fields": 1}
        if registry_url is not None:
            self._settings["format_avro_schema_registry_url"] = registry_url

    def claim(self, keys: Sequence[Key]) -> set[bytes]:
        """Raise a fence around masked partitions; returns the frames that the tables can hold."""
        self._fence.raise_around(self._server, keys)
        replay = fence.last_replay(self._server)
        if replay is not None:
            self._replays.seen(replay)
        return self.known_frames()

    def known_frames(self, waiting: Collection[int] = ()) -> set[bytes]:
        """The frames that the tables can hold; somebody waits for those with the ids `waiting`."""
        return self._frames.of(fence.known_schemas(self._server), waiting)

    def highest(self, starts: Mapping[Key, tuple[bytes, int] | None]) -> dict[tuple[bytes, int], int]:
        """What is stored of the claimed partitions, by raw topic id and partition; see `fence.highest`."""
        return fence.highest(self._server, starts)

    def ask(self, question: Question) -> set[int]:
        """The answer to a track's question: one offset or none, or all stored offsets of its window."""
        return fence.stored(self._server, question)

    def store(self, batch: Batch) -> Stored:
        """Store a batch: when this returns, each of its records is stored, or told as a dead letter or a duplicate."""
        bad, again = list(batch.bad), 0
        for landing, rows in batch.rows.items():
            if landing == EVENTS:
                refused, again = self._store_events(rows)
            else:
                refused = self._insert(landing, rows)
            bad += refused
        if bad:
            self._dead_letters.send(bad)
        refused_rows = len(bad) - len(batch.bad)
        return Stored(batch.count - refused_rows - again, len(bad), again)

    def abort(self) -> None:
        """From another thread: end the wait for an answer. Whoever waits gets `NoAnswerError`."""
        self._server.abort()

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

    def _store_events(self, rows: Sequence[Record]) -> tuple[list[Bad], int]:
        """Store each event once; returns what cannot be stored, and how many are duplicates.

        A duplicate is told when the event that it repeats is stored, so what is told is true whatever happens next.
        """
        kept, again = self._replays.split(rows)
        bad = refused = self._insert(EVENTS, kept)
        while refused and again:
            # A copy whose first one was refused is a first one.
            kept, again = self._replays.split(again)
            refused = self._insert(EVENTS, kept)
            bad = bad + refused
        unread = self._insert(DUPLICATES, again)
        return bad + unread, len(again) - len(unread)

    def _insert(self, landing: str, rows: Sequence[Record]) -> list[Bad]:
        if not rows:
            return []
        try:
            self._server.insert(
                f"INSERT INTO store.{landing} FORMAT AvroConfluent",
                self._frames.joined(rows),
                query_id=self._fence.query_id(),
                log_comment=fence.partitions_comment({(row.topic() or "", row.partition() or 0) for row in rows}),
                **self._settings,
            )
        except ServerError as error:
            if remedy(error) is not Remedy.BISECT:
                raise
            if len(rows) == 1:
                reason = "malformed" if error.code in _NOT_READ else "refused"
                return [Bad(rows[0], reason, f"ClickHouse does not take it: its error code is {error.code}")]
            # An insert into two table partitions may have stored one of them.
            rest = self._not_held(rows) if landing == EVENTS else rows
            middle = (len(rest) + 1) // 2
            return self._insert(landing, rest[:middle]) + self._insert(landing, rest[middle:])
        return []

    def _not_held(self, rows: Sequence[Record]) -> Sequence[Record]:
        positions = [position_of(row.value() or b"") for row in rows]
        held = fence.held_among(self._server, positions)
        return [row for row, position in zip(rows, positions, strict=True) if position not in held]
