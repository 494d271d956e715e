"""The rows of one file of a spool. They carry a checksum: SQLite checks its own structure, not what is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple
from zlib import crc32

import msgspec

from earwitness.client.spool.database import Database
from earwitness.client.spool.frame import Frame, pack, unpack

__all__ = ["Aside", "Row", "Store"]

_FREED_PAGES = 256  # given back to the disk once so many are free, as many at a time


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
            rows = [
                (number, frame.captured_ms, crc32(packed := pack(frame)), packed)
                for number, frame in enumerate(frames, first)
            ]
        with self._transaction("write") as db:
            db.executemany("INSERT INTO frames VALUES (?, ?, ?, ?)", rows)

    def delete(self, ids: Collection[int], table: Literal["frames", "aside"] = "frames") -> int:
        """Delete rows in one transaction; how many there were."""
        with self._transaction("write") as db:
            return db.executemany(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", _runs(ids)).rowcount  # noqa: S608

    def shrink(self) -> None:
        """Give back to the disk some of what is free."""
        with self._errors("write"):
            (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
            if free >= _FREED_PAGES:
                self._db.execute(f"PRAGMA incremental_vacuum({_FREED_PAGES})").fetchall()

    def rows(self, after: int, count: int, most: int | None = None) -> list[Row]:
        """The next rows behind an id, in order; at most up to the id `most`."""
        with self._errors("read"):
            found = self._db.execute(
                "SELECT id, checksum, frame FROM frames WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
                (after, 2**62 if most is None else most, count),
            ).fetchall()
        return [_row(number, checksum, packed) for number, checksum, packed in found]

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


def _row(number: int, checksum: object, packed: object) -> Row:
    if not isinstance(packed, bytes):
        return Row(number, None, str(packed).encode(errors="replace"))
    if crc32(packed) == checksum:
        with contextlib.suppress(msgspec.MsgspecError):
            return Row(number, unpack(packed), packed)
    return Row(number, None, packed)
