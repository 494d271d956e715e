"""The spool as the worker uses it: it may be full, broken or not possible at all, and the worker goes on.

What goes wrong is told once a minute and counted. Full is tried again each second, since replay and others make room; a
spool that cannot be opened each minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from earwitness.client.own_log import OwnLog
from earwitness.client.parcel import NO_ROW, Parcel
from earwitness.client.spool import Frame, Lost, Spool, SpoolDamagedError, SpoolError, SpoolFullError
from earwitness.client.stats import Books

__all__ = ["Shelf"]

_AGAIN_SECONDS = 1.0
_OPEN_AGAIN_SECONDS = 60.0
_ADOPT_SECONDS = 30.0
_ADOPT_COUNT = 500  # rows in one go, some in a transaction
_ADOPT_TURN_SECONDS = 0.01  # an event that comes in meanwhile is on disk within a tick all the same
_DELETE_COUNT = 500
_DELETE_SECONDS = 0.1
_EXPIRE_SECONDS = 1.0  # some hundred at a time; looking costs nothing while the oldest is young


class Shelf:
    """A spool, or none. For the worker's thread alone.

    Args:
        open_spool: opens it; raises `SpoolError`.
        books: where its numbers go.
        log: where it complains.

    Attributes:
        waiting: events in it that nobody has sent yet, or that came back.
        full: why it takes nothing at the moment; None when it does.
        was_damaged: its file was lost, and what it held is no longer under the rows that it had.
    """

    def __init__(
        self,
        open_spool: Callable[[], Spool],
        books: Books,
        log: OwnLog,
    ) -> None:
        self._open = open_spool
        self._books = books
        self._log = log
        self._spool: Spool | None = None
        self._open_at = 0.0
        self._told = ""
        self._again = 0.0
        self._adopt_at = 0.0
        self._has_adopted = False
        self._delete_at = 0.0
        self._expire_at = 0.0
        self._live: set[int] = set()
        self._to_delete: set[int] = set()
        self._lowest = 0  # no row below waits
        self.waiting = 0
        self.full: str | None = None
        self.was_damaged = False

    def open(self, now: float) -> bool:
        """Open the spool if it is not; whether it is now."""
        if self._spool is None and now >= self._open_at:
            self._open_at = now + _OPEN_AGAIN_SECONDS
            try:
                self._spool = self._open()
            except SpoolError as error:
                self._books.spool_errors += 1
                if self._told != str(error):  # once, though it is tried again and again
                    self._told = str(error)
                    self._log.say("spool", "audit events are kept in memory only, without a spool: %s", error)
            else:
                self.waiting = self._spool.count
        return self._spool is not None

    @property
    def is_open(self) -> bool:
        """Whether there is a spool at all."""
        return self._spool is not None

    def takes(self, now: float) -> bool:
        """Whether it may be tried: it is open, and was not full a moment ago."""
        return self._spool is not None and (self.full is None or now >= self._again)

    @property
    def is_through(self) -> bool:
        """Whether none waits in it, and there was nothing more to adopt."""
        return self._has_adopted and self.waiting <= 0

    def put(self, parcels: Sequence[Parcel], now: float, *, live: bool) -> bool:
        """Store events in one transaction, each in its row; False when it takes none now, and nothing was stored.

        Args:
            parcels: what is stored.
            now: monotonic seconds.
            live: they are sent as well, so nobody is to replay them.
        """
        if self._spool is None or not self.takes(now):
            return False
        if not parcels:
            return True
        try:
            rows = self._spool.append([parcel.frame for parcel in parcels])
        except SpoolError as error:
            self._is_full(error, now)
            return False
        for parcel, row in zip(parcels, rows, strict=True):
            parcel.row = row
        if live:
            self._live.update(rows)
            if not self.waiting:
                self._lowest = rows[-1] + 1
        else:
            self.waiting += len(rows)
        self.full = None
        return True

    def send(self, row: int) -> None:
        """An event that waited is on its way."""
        self._live.add(row)
        self.waiting -= 1

    def leave(self, row: int) -> None:
        """An event with a row is not on its way any more, and waits there."""
        self._live.discard(row)
        self.waiting += 1
        self._lowest = min(self._lowest, row)

    def done(self, parcel: Parcel) -> None:
        """An event needs its row no longer."""
        if parcel.row != NO_ROW:
            self._live.discard(parcel.row)
            self._to_delete.add(parcel.row)
            parcel.row = NO_ROW

    def oldest(self, after: int, count: int) -> list[tuple[int, Frame]]:
        """The first events above the row `after` that wait, at most `count`; fewer does not mean that there are no more.

        An empty list does.
        """
        if self._spool is None or self.waiting <= 0:
            return []
        after = max(after, self._lowest - 1)  # there may be 20,000 below, all of them on their way
        try:
            while rows := self._spool.oldest(after, count):
                found = [(row, frame) for row, frame in rows if row not in self._live and row not in self._to_delete]
                if found:
                    return found
                after = rows[-1][0]
        except SpoolError as error:
            self._failed_in_use(error)
        return []

    def tidy(self, now: float, *, at_once: bool = False) -> None:
        """Delete what is delivered or too old, and bring the books up to date."""
        if self._spool is None:
            return
        if self._to_delete and (at_once or now >= self._delete_at or len(self._to_delete) >= _DELETE_COUNT):
            self._delete_at = now + _DELETE_SECONDS
            try:
                self._spool.delete(self._to_delete)
            except SpoolError as error:
                self._failed_in_use(error)
            else:
                self._to_delete = set()
        if now >= self._expire_at:
            self._expire_at = now + _EXPIRE_SECONDS
            try:
                self._spool.expire(keep=self._live | self._to_delete)
                self._books.spool_bytes = self._spool.bytes
                self._books.spool_oldest_seconds = self._spool.oldest_age_seconds
            except SpoolError as error:
                self._failed_in_use(error)
        if not self._spool.count:
            self._books.spool_bytes, self._books.spool_oldest_seconds = 0, 0.0
        for notice in self._spool.take_notices():
            self._log.say(notice, "the audit spool: %s", notice)

    def adopt(self, now: float) -> int:
        """Take over what dead processes left, a part at a time; how many events came in."""
        if self._spool is None or not self.takes(now) or now < self._adopt_at:
            return 0
        try:
            found = self._spool.adopt(_ADOPT_COUNT, _ADOPT_TURN_SECONDS)
        except SpoolError as error:
            self._adopt_at = now + _ADOPT_SECONDS
            self._failed_in_use(error)
            return 0
        if not self._spool.is_adopting:
            self._adopt_at = now + _ADOPT_SECONDS
            self._has_adopted = True
        self.waiting += found
        self._books.adopted += found
        return found

    def take_lost(self) -> list[Lost]:
        """What turned out to be lost in the spool."""
        found = [] if self._spool is None else self._spool.take_lost()
        self.waiting -= sum(lost.id > 0 and lost.id not in self._live for lost in found)
        return found

    def set_aside(self, kind: str, sequence: int, snapshot: bytes, error: str) -> None:
        """Keep an invalid event for a person to look at, if there is room."""
        if self._spool is not None:
            try:
                self._spool.set_aside(kind, sequence, snapshot, error)
            except SpoolError as problem:
                self._failed_in_use(problem)

    def close(self) -> None:
        """Close the spool; its files go when nothing is left in them."""
        if self._spool is not None:
            self.tidy(0.0, at_once=True)
            self._spool.close()
            self._spool = None

    def forget_rows(self) -> None:
        """After damage: no row means anything any more; what could be read comes back by adoption."""
        self._live.clear()
        self._to_delete = set()
        self._lowest = 0
        self.waiting = 0 if self._spool is None else self._spool.count
        self._adopt_at = 0.0
        self._has_adopted = False
        self.was_damaged = False

    def _is_full(self, error: SpoolError, now: float) -> None:
        self._again = now + _AGAIN_SECONDS
        self._failed_in_use(error)
        if not isinstance(error, SpoolDamagedError):
            self.full = "spool_full" if isinstance(error, SpoolFullError) else "spool_error"

    def _failed_in_use(self, error: SpoolError) -> None:
        self.was_damaged = self.was_damaged or isinstance(error, SpoolDamagedError)
        self._books.spool_errors += 1
        self._log.say(type(error).__name__, "the audit spool: %s", error)
