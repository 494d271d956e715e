"""The rows of one file of a spool. They carry a checksum: SQLite checks its own structure, not what is in it.

Many rows are one statement, whose answer is one row. Python lets go of the interpreter at every step of a statement, and
beside a busy event loop it waits 5 ms to get it back: 300 rows by `executemany` took 2.8 s there, and 15 ms as one statement.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple
from zlib import crc32

import msgspec

from earwitness.client.spool.database import Database
from earwitness.client.spool.frame import Frame, pack, unpack

__all__ = ["Aside", "Row", "Store"]

_FREED_PAGES = 256  # given back to the disk once so many are free, as many at a time
_COLUMNS = 4
_RUNS_AT_ONCE = 100
_READ_AT_ONCE = 64  # rows of half a MiB are possible, and are twice as long as text
_READ = """
SELECT group_concat(id || ' ' || (CASE typeof(checksum) WHEN 'integer' THEN checksum ELSE -1 END)
                       || ' ' || (typeof(frame) = 'blob') || ' ' || hex(frame))
FROM (SELECT id, checksum, frame FROM frames WHERE id > ? AND id <= ? ORDER BY id LIMIT ?)
"""


class Row(NamedTuple):
    """A row of a file; its frame is None when it is not what was stored, whose bytes are `packed`."""

    id: int
    frame: Frame | None
    packed: bytes


class Aside(NamedTuple):
    """An invalid event: its snapshot and what is wrong with it."""

    id: int
    producer_id: str
    sequence: int
    kind: str
    snapshot: bytes
    error: str
    set_ms: int


class Store(Database):
    """A file's rows: events in `frames`, invalid ones in `aside`."""

    def insert(self, first: int, frames: Sequence[Frame]) -> None:
        """Store frames under `first` and the numbers behind it, in one transaction.

        Raises:
            SpoolFullError: nothing was stored.
            SpoolError: as well.
        """
        with self._errors("write"):
            values: list[int | bytes] = []
            for number, frame in enumerate(frames, first):
                packed = pack(frame)
                values += (number, frame.captured_ms, crc32(packed), packed)
            most = self._db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // _COLUMNS * _COLUMNS
            if len(values) <= most:
                self._insert(values)
                return
        with self._transaction("write"):
            for start in range(0, len(values), most):
                self._insert(values[start : start + most])

    def _insert(self, values: list[int | bytes]) -> None:
        rows = ", ".join(["(?, ?, ?, ?)"] * (len(values) // _COLUMNS))
        self._db.execute(f"INSERT INTO frames VALUES {rows}", values)  # noqa: S608 (marks only)

    def delete(self, ids: Collection[int], table: Literal["frames", "aside"] = "frames") -> int:
        """Delete rows in one transaction; how many there were."""
        runs = list(_runs(ids))
        with self._errors("write") if len(runs) <= _RUNS_AT_ONCE else self._transaction("write"):
            return sum(
                self._delete(table, runs[start : start + _RUNS_AT_ONCE]) for start in range(0, len(runs), _RUNS_AT_ONCE)
            )

    def _delete(self, table: str, runs: Sequence[tuple[int, int]]) -> int:
        where = " OR ".join(["id BETWEEN ? AND ?"] * len(runs))
        return self._db.execute(f"DELETE FROM {table} WHERE {where}", [each for run in runs for each in run]).rowcount  # noqa: S608

    def shrink(self) -> None:
        """Give back to the disk some of what is free."""
        with self._errors("write"):
            (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
            if free >= _FREED_PAGES:
                self._db.execute(f"PRAGMA incremental_vacuum({_FREED_PAGES})").fetchall()

    def rows(self, after: int, count: int, most: int | None = None) -> list[Row]:
        """The next rows behind an id, in order; at most up to the id `most`."""
        found: list[Row] = []
        while len(found) < count:
            wanted = min(count - len(found), _READ_AT_ONCE)
            text = self.one(_READ, found[-1].id if found else after, 2**62 if most is None else most, wanted)
            rows = [] if text is None else [_row(*each.split(" ")) for each in text.split(",")]
            found += sorted(rows, key=attrgetter("id"))  # in a damaged file two may have the same one
            if len(rows) < wanted:
                break
        return found

    def set_aside(self, rows: Sequence[Aside]) -> None:
        """Keep invalid events, in one transaction; their ids are not looked at."""
        with self._transaction("write") as db:
            db.executemany("INSERT INTO aside VALUES (NULL, ?, ?, ?, ?, ?, ?)", [row[1:] for row in rows])

    def asides(self, after: int, count: int) -> list[Aside]:
        """The next invalid events behind an id, in order."""
        with self._errors("read"):
            found = self._db.execute(
                "SELECT id, producer_id, sequence, kind, snapshot, error, set_ms FROM aside WHERE id > ? ORDER BY id LIMIT ?",
                (after, count),
            ).fetchall()
        return [Aside._make(row) for row in found]

    def expire_asides(self, border_ms: float) -> int:
        """Delete invalid events that were set aside before a moment; how many."""
        with self._transaction("write") as db:
            return db.execute("DELETE FROM aside WHERE set_ms < ?", (border_ms,)).rowcount

    @property
    def file_bytes(self) -> int:
        """The file's size with its log; 0 when it cannot be looked at."""
        total = 0
        for ending in ("", "-wal"):
            with contextlib.suppress(OSError):
                total += self.file.with_name(self.file.name + ending).stat().st_size
        return total

    @property
    def used_bytes(self) -> int:
        """The file's pages that are in use."""
        pages, free, size = (self.one(f"PRAGMA {each}") for each in ("page_count", "freelist_count", "page_size"))
        return int((pages - free) * size)


def _runs(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbours. Most ids come as a few long ones, and SQLite is twice as fast with those."""
    ordered = iter(sorted(ids))
    first = last = next(ordered)
    for each in ordered:
        if each > last + 1:
            yield first, last
            first = each
        last = each
    yield first, last


def _row(number: str, checksum: str, is_blob: str, text: str) -> Row:
    packed = bytes.fromhex(text)
    if is_blob == "1" and crc32(packed) == int(checksum):
        with contextlib.suppress(msgspec.MsgspecError):
            return Row(int(number), unpack(packed), packed)
    return Row(int(number), None, packed)
