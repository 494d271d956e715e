"""The spool of one process: what waits on disk until the broker has it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Collection, Container, Iterator, Sequence
from pathlib import Path
from typing import Self

from earwitness.client.spool import claims, places
from earwitness.client.spool.adoption import Adoption
from earwitness.client.spool.claims import Claim, with_ending
from earwitness.client.spool.errors import SpoolDamagedError, SpoolError, SpoolFullError
from earwitness.client.spool.frame import Frame, Lost
from earwitness.client.spool.orphans import Orphans
from earwitness.client.spool.sources import Batch
from earwitness.client.spool.store import Aside, Row, Store
from earwitness.runtime.settings import SpoolSettings

__all__ = ["Spool"]

_MOST_ASIDE = 1_000
_EXPIRED_AT_ONCE = 500
_DAY_MS = 86_400_000


class Spool:
    """A process's own file, for its worker's thread alone. Made by `open`.

    Attributes:
        count: events in it.
        expired: events that were dropped for their age so far, dead processes' included.
        damaged: events that could not be read back so far, where that can be counted.
        is_adopting: `adopt` has not come to an end, though there is room: call it again.
        aside: invalid events that are kept for export.
        aside_skipped: invalid events that were not kept, because there are 1,000 already or there is no room.
    """

    def __init__(self, settings: SpoolSettings, producer_id: str, claim: Claim) -> None:
        self.count = self.expired = self.damaged = self.aside = self.aside_skipped = 0
        self._settings = settings
        self._producer_id = producer_id
        self._claim = claim
        self._lost: list[Lost] = []
        self._notices: list[str] = []
        self._next = 1
        self._bytes = 0
        self._is_measured = False
        self._oldest_ms: int | None = None
        self._is_open = True
        self._orphans = Orphans(claim.stem.parent, claim.stem, settings.max_days)
        self._adoption = Adoption(self._orphans)
        self._store = self._opened()
        while self.expire():
            pass

    @classmethod
    def open(cls, settings: SpoolSettings, service: str, producer_id: str) -> Self:
        """Open a process's file, made if it is not there.

        Raises:
            SpoolError: its directory or file cannot be used: one clear line.
        """
        return cls.open_in(places.prepare(settings, service), settings, producer_id)

    @classmethod
    def open_in(cls, directory: Path, settings: SpoolSettings, producer_id: str) -> Self:
        """The same in a service's directory that is there; raises as `open`."""
        claim = claims.take(directory, producer_id)
        try:
            return cls(settings, producer_id, claim)
        except BaseException:
            claim.release()
            raise

    def append(self, frames: Sequence[Frame]) -> list[int]:
        """Store frames in one transaction; their ids, ascending.

        Raises:
            SpoolFullError: it is at its cap, or the disk is full; nothing was stored.
            SpoolDamagedError: nothing was stored, and what was there before is gone from here.
            SpoolError: it cannot be written; nothing was stored.
        """
        if not frames:
            return []
        first = self._next
        with self._watched():
            self._store.insert(first, frames)
        self._next += len(frames)
        if not self.count:
            self._oldest_ms = frames[0].captured_ms
        self.count += len(frames)
        self._is_measured = False
        return list(range(first, self._next))

    def delete(self, ids: Collection[int]) -> None:
        """Delete events in one transaction: the broker has them. Ids that are not there are passed over.

        Raises:
            SpoolDamagedError: all that was there is gone from here.
            SpoolError: it cannot be written; all of them are still there.
        """
        if ids:
            with self._watched():
                self.count -= self._store.delete(ids)
            self._is_measured = False

    def oldest(self, after: int, count: int) -> list[tuple[int, Frame]]:
        """The first events with ids above `after`, at most `count` of them, by id.

        A row that is not what was stored is set aside, and counted: see `take_lost`.

        Raises:
            SpoolDamagedError: all that was there is gone from here.
            SpoolError: it cannot be read.
        """
        with self._watched():
            while True:
                rows = self._store.rows(after, count)
                unreadable = [row for row in rows if row.frame is None]
                if unreadable:
                    self._lose_unreadable(unreadable)
                found = [(row.id, row.frame) for row in rows if row.frame is not None]
                if found or not rows:
                    return found
                after = rows[-1].id

    def set_aside(self, kind: str, sequence: int, snapshot: bytes, error: str) -> None:
        """Keep an invalid event for `export`; it is never replayed. What there is no room for is counted.

        Raises:
            SpoolError: it cannot be written.
        """
        with self._watched():
            self._keep([Aside(0, self._producer_id, sequence, kind, snapshot, error, int(time.time() * 1000))])

    def adopt(self, limit: int, seconds: float = math.inf) -> int:
        """Move events of dead processes of this service into this file: how many were moved.

        `is_adopting` says whether to call it again soon. What was too old, or could not be read, is counted and not moved.

        Args:
            limit: rows that are looked at; a damaged file may give a few more.
            seconds: when they are over no other file is begun, and no other batch of rows: see `Adoption`.

        Raises:
            SpoolError: this process's own file cannot be written.
        """
        try:
            return self._adoption.step(limit, seconds, self._take_over)
        finally:
            self._notices += self._orphans.notices
            self._orphans.notices.clear()

    def _take_over(self, batch: Batch) -> None:
        # An orphan's rows are deleted for good in a moment, so these must be as good as that.
        with self._store.safe_from_power_cuts():
            self.append(batch.frames)
            with self._watched():
                self._keep(batch.asides)
        self._lose(batch.lost)

    @property
    def is_adopting(self) -> bool:
        """Whether there is more to adopt."""
        return self._adoption.is_under_way

    def expire(self, limit: int = _EXPIRED_AT_ONCE, keep: Container[int] = ()) -> int:
        """Drop events that are older than the settings allow, oldest ids first: how many; see `take_lost`.

        Args:
            limit: how many at most.
            keep: ids that stay, being on their way: while the broker is away, the oldest one always is.

        Raises:
            SpoolError: the file cannot be written.
        """
        border = time.time() * 1000 - self._settings.max_days * _DAY_MS
        if self.aside:
            with self._watched():
                self.aside -= self._store.expire_asides(border)
        self._measure()
        if self._oldest_ms is None or self._oldest_ms >= border:
            return 0
        old = []
        for number, frame in self.oldest(0, limit):
            if frame.captured_ms >= border:
                break
            if number not in keep:
                old.append(Lost(number, frame.producer_id, frame.sequence, frame.kind, "spool_expired"))
        self.delete([each.id for each in old])
        self._lose(old)
        return len(old)

    @property
    def bytes(self) -> int:
        """What its file uses, beside the write-ahead log of at most a few MiB; raises as `oldest`."""
        self._measure()
        return self._bytes

    @property
    def oldest_age_seconds(self) -> float:
        """How long ago the event was captured that will be delivered next; 0 when there is none. Raises as `oldest`."""
        self._measure()
        return 0.0 if self._oldest_ms is None else max(0.0, time.time() - self._oldest_ms / 1000)

    def take_lost(self) -> list[Lost]:
        """The events that were lost here since this was last called: too old, or damaged."""
        found, self._lost = self._lost, []
        return found

    def take_notices(self) -> list[str]:
        """What a person should be told, one line each, since this was last called."""
        found, self._notices = self._notices, []
        return found

    def close(self) -> None:
        """Close it; its files go when nothing is left in them. Never raises. May be repeated."""
        if not self._is_open:
            return
        self._is_open = False
        self._orphans.close()
        self._store.close()
        if not self.count and not self.aside:
            self._store.remove()
        self._claim.release()

    def _opened(self) -> Store:
        """The file, looked through; a damaged one is left to adoption, and another one opened."""
        try:
            store = self._open_store()
        except SpoolDamagedError as error:
            self._leave_to_adoption(error)
            store = self._open_store()
        self._store = store
        return store

    def _open_store(self) -> Store:
        store = Store(self._claim.file(".db"), self._settings.max_bytes, self._settings.sync)
        try:
            self.count = store.one("SELECT count(*) FROM frames")
            self.aside = store.one("SELECT count(*) FROM aside")
            self._next = max(self._next, (store.one("SELECT max(id) FROM frames") or 0) + 1)
            self._store = store
            self._look()
        except BaseException:
            store.close()
            raise
        return store

    def _leave_to_adoption(self, error: SpoolError) -> None:
        """Rename the file: it is found as a dead process's, read as far as that goes, and set aside."""
        stem, number = self._claim.stem, 1
        while with_ending(stem, f"~{number}.db").exists():
            number += 1
        for ending in (".db-shm", ".db-wal", ".db"):
            try:
                with_ending(stem, ending).rename(with_ending(stem, f"~{number}{ending}"))
            except FileNotFoundError:
                continue
            except OSError as problem:
                raise SpoolError(f"{error}; and it cannot be renamed: {problem.strerror}") from None
        self._notices.append(f"{error}; what can be read of it is adopted, from {with_ending(stem, f'~{number}.db')}")

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except SpoolDamagedError as error:
            self._store.close()
            self._leave_to_adoption(error)
            self.count = self.aside = 0
            self._store = self._open_store()
            raise

    def _measure(self) -> None:
        """Look at the file, if it has changed: when somebody asks, for it takes as long as to store a hundred events."""
        if not self._is_measured:
            with self._watched():
                self._store.shrink()
                self._look()

    def _look(self) -> None:
        self._bytes = self._store.used_bytes
        self._oldest_ms = self._store.one("SELECT captured_ms FROM frames ORDER BY id LIMIT 1") if self.count else None
        self._is_measured = True

    def _keep(self, rows: Sequence[Aside]) -> None:
        fitting = rows[: max(0, _MOST_ASIDE - self.aside)]
        try:
            if fitting:
                self._store.set_aside(fitting)
        except SpoolFullError:
            fitting = []
        self.aside += len(fitting)
        self.aside_skipped += len(rows) - len(fitting)

    def _lose(self, lost: Sequence[Lost]) -> None:
        self._lost += lost
        self.expired += sum(each.reason == "spool_expired" for each in lost)
        self.damaged += sum(each.reason == "spool_damaged" for each in lost)

    def _lose_unreadable(self, rows: Sequence[Row]) -> None:
        now_ms = int(time.time() * 1000)
        self._keep([Aside(0, "", 0, "unknown", row.packed, "the row is damaged", now_ms) for row in rows])
        self.count -= self._store.delete([row.id for row in rows])
        self._lose([Lost(row.id, "", 0, "unknown", "spool_damaged") for row in rows])
        self._is_measured = False
