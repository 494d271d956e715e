"""The spool of one process: what waits on disk until the broker has it."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Collection, Sequence
from functools import cache
from typing import Final, Self

from earwitness.client.spool import claims, places
from earwitness.client.spool.claims import Claim
from earwitness.client.spool.errors import SpoolFullError
from earwitness.client.spool.frame import Frame, Lost
from earwitness.client.spool.store import Aside, Store
from earwitness.runtime.settings import SpoolSettings

__all__ = ["Spool"]

_MOST_ASIDE = 1_000
_DAY_MS = 86_400_000
_OPEN: Final[weakref.WeakSet[Spool]] = weakref.WeakSet()


class Spool:
    """A process's own file, for its worker's thread alone. Made by `open`.

    Attributes:
        count: events in it.
        bytes: what its file uses, beside the write-ahead log of at most a few MiB.
        expired: events that were dropped for their age so far, dead processes' included.
        damaged: events that could not be read back so far.
        aside: invalid events that are kept for export.
        aside_skipped: invalid events that were not kept, because there are 1,000 already or there is no room.
    """

    def __init__(self, settings: SpoolSettings, service: str, producer_id: str, claim: Claim) -> None:
        self.count = self.bytes = self.expired = self.damaged = self.aside = self.aside_skipped = 0
        self._settings = settings
        self._service = service
        self._producer_id = producer_id
        self._claim = claim
        self._lost: list[Lost] = []
        self._notices: list[str] = []
        self._next = 1
        self._oldest_ms: int | None = None
        self._store = self._opened()
        self._look()
        _OPEN.add(self)
        _register()

    @classmethod
    def open(cls, settings: SpoolSettings, service: str, producer_id: str) -> Self:
        """Open a process's file, made if it is not there.

        Raises:
            SpoolError: its directory or file cannot be used: one clear line.
        """
        claim = claims.take(places.prepare(settings, service), producer_id)
        try:
            return cls(settings, service, producer_id, claim)
        except BaseException:
            claim.release()
            raise

    def append(self, frames: Sequence[Frame]) -> list[int]:
        """Store frames in one transaction; their ids, ascending.

        Raises:
            SpoolFullError: it is at its cap, or the disk is full; nothing was stored.
            SpoolError: it cannot be written; nothing was stored.
        """
        if not frames:
            return []
        first = self._next
        self._store.insert(first, frames)
        self._next += len(frames)
        if not self.count:
            self._oldest_ms = frames[0].captured_ms
        self.count += len(frames)
        self.bytes = self._store.used_bytes
        return list(range(first, self._next))

    def delete(self, ids: Collection[int]) -> None:
        """Delete events in one transaction: the broker has them. Ids that are not there are passed over.

        Raises:
            SpoolError: it cannot be written; all of them are still there.
        """
        if not ids:
            return
        self.count -= self._store.delete(ids)
        self._store.shrink()
        self._measure()

    def oldest(self, after: int, count: int) -> list[tuple[int, Frame]]:
        """The first events with ids above `after`, at most `count` of them, by id.

        Raises:
            SpoolError: it cannot be read.
        """
        while True:
            rows = self._store.rows(after, count)
            unreadable = [row.id for row in rows if row.frame is None]
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
        self._keep([Aside(0, self._producer_id, sequence, kind, snapshot, error, int(time.time() * 1000))])

    @property
    def oldest_age_seconds(self) -> float:
        """How long ago the event was captured that will be delivered next; 0 when there is none."""
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
        if self not in _OPEN:
            return
        _OPEN.discard(self)
        self._store.close()
        if not self.count and not self.aside:
            self._store.remove()
        self._claim.release()

    def _opened(self) -> Store:
        return Store(self._claim.file(".db"), self._settings.max_bytes, self._settings.sync)

    def _look(self) -> None:
        store = self._store
        self.count = store.one("SELECT count(*) FROM frames")
        self.aside = store.one("SELECT count(*) FROM aside")
        self._next = (store.one("SELECT max(id) FROM frames") or 0) + 1
        self._measure()

    def _measure(self) -> None:
        self.bytes = self._store.used_bytes
        self._oldest_ms = self._store.one("SELECT captured_ms FROM frames ORDER BY id LIMIT 1") if self.count else None

    def _keep(self, rows: Sequence[Aside]) -> None:
        fitting = rows[: max(0, _MOST_ASIDE - self.aside)]
        try:
            if fitting:
                self._store.set_aside(fitting)
        except SpoolFullError:
            fitting = []
        self.aside += len(fitting)
        self.aside_skipped += len(rows) - len(fitting)

    def _lose_unreadable(self, ids: Sequence[int]) -> None:
        self._lost += [Lost(each, "", 0, "unknown", "spool_damaged") for each in ids]
        self.damaged += len(ids)
        self.count -= self._store.delete(ids)
        self._measure()

    def _forget(self) -> None:
        self._store.forget()
        self._claim.close()


@cache
def _register() -> None:
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _after_fork_in_child() -> None:
    for spool in list(_OPEN):
        spool._forget()  # noqa: SLF001 (of this module)
    _OPEN.clear()
