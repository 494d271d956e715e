"""The sink's loop: Kafka on one side, ClickHouse on the other, and a commit only for what is stored.

This thread polls and sorts, another one talks to ClickHouse, one job at a time: claim, store, or ask. While nothing
more can be sorted, polling goes on with the partitions paused, so the group keeps this member however long a job or an
outage takes.

There is one way to begin, after a start, a rebalance and a failure alike: claim the partitions, read from what is
committed, and ask what is stored already. So the way back from an insert whose answer was lost is the one that every
start takes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from earwitness.clickhouse.assignment import Assignment
from earwitness.clickhouse.batch import Batch, Question
from earwitness.clickhouse.errors import Remedy, remedy
from earwitness.clickhouse.jobs import Backoff, Jobs
from earwitness.clickhouse.store import Store, Stored
from earwitness.runtime.errors import EarwitnessError

__all__ = ["Limits", "Loader"]

logger = logging.getLogger(__name__)

_READ_RECORDS = 2_000


@dataclass(frozen=True)
class Limits:
    """Sizes and times.

    Attributes:
        rows: a batch has at most so many rows; it fills up while the one before it is being stored.
        bytes: the same for its rows' bytes.
        enough_rows: when a batch has so many rows, it is stored.
        seconds: when its first record was read so long ago, too.
        read_seconds: how long one read waits for records.
        patience_seconds: how long to wait for a job without polling, far below the group's poll interval.
        end_seconds: how long to wait for a job when partitions are taken away or the worker ends.
        look_seconds: how often to look whether the tables have become able to hold a schema.
    """

    rows: int = 100_000  # against 50,000: two thirds of ClickHouse's work a row, because it merges less
    bytes: int = 48 << 20
    enough_rows: int = 25_000
    seconds: float = 0.5
    read_seconds: float = 0.1
    patience_seconds: float = 5.0
    end_seconds: float = 6.0
    look_seconds: float = 3.0


class Loader:
    """Reads the sink's topics until it is told to stop.

    Args:
        assignment: not subscribed yet; this object closes it.
        store: ClickHouse.
        limits: sizes and times.
        on_ready: called once, when this worker has been given partitions, be they none, and could claim them.
    """

    def __init__(self, assignment: Assignment, store: Store, limits: Limits, on_ready: Callable[[], None]) -> None:
        self._store = store
        self._limits = limits
        self._on_ready: Callable[[], None] | None = on_ready
        self._jobs = Jobs()
        self._backoff = Backoff()
        self._assignment = assignment
        assignment.before_revoke = self._leave
        self._unsorted: Sequence[Message] = ()
        self._at = 0
        self._batch = Batch()
        self._sealed: Batch | None = None
        self._question: Question | None = None
        self._stuck_since: float | None = None
        self._looked = 0.0
        self._looked_for: set[int] = set()
        self._stop = False
        self.rows = 0
        self.duplicates = 0

    def stop(self) -> None:
        """Make `run` store what is read already and return; may be called from a signal handler."""
        self._stop = True

    def run(self) -> None:
        """Load until `stop`.

        Raises:
            EarwitnessError: something that waiting does not help.
        """
        try:
            self._assignment.subscribe()
            while not self._stop:
                self._turn()
            self._drain()
        finally:
            self._assignment.close()
            self._jobs.close()
            self._store.close()

    def _turn(self) -> None:
        self._assignment.look()
        self._read()
        self._finish()
        self._sort()
        self._begin()

    def _read(self) -> None:
        room = self._limits.rows - self._batch.count
        if self._unsorted or room <= 0 or self._batch.size >= self._limits.bytes or not self._backoff.over:
            self._wait()
            return
        self._stuck_since = None
        if not self._assignment.claimed:
            self._assignment.poll()
            return
        self._assignment.resume()
        self._unsorted = self._assignment.read(min(room, _READ_RECORDS), self._limits.read_seconds)

    def _wait(self) -> None:
        """Nothing more can be taken: wait for the job, and when that takes long, poll with everything paused."""
        now = time.monotonic()
        self._stuck_since = self._stuck_since or now
        self._jobs.wait(self._limits.read_seconds)
        if now - self._stuck_since > self._limits.patience_seconds:
            self._assignment.pause()
            self._assignment.poll()

    def _sort(self) -> None:
        if self._question is not None or not self._unsorted:
            return
        if not self._batch.marks:
            self._batch.born = time.monotonic()
        self._at, self._question = self._assignment.sorter.sort(self._unsorted, self._at, self._batch)
        if self._question is None:
            self._unsorted, self._at = (), 0
        self._assignment.hold_back()

    def _finish(self) -> None:
        try:
            self._jobs.finish()
        except EarwitnessError as error:
            self._failed(error)

    def _failed(self, error: EarwitnessError) -> None:
        if remedy(error) is not Remedy.RETRY:
            raise error
        pause = self._backoff.failed()
        if self._backoff.failures in {1, 4} or self._backoff.failures % 8 == 0:
            logger.warning(
                "%s; failure %d in a row, nothing is lost, again in %.1f s", error, self._backoff.failures, pause
            )
        self._forget()
        if self._assignment.claimed:
            self._assignment.rewind()

    def _forget(self) -> None:
        """Everything that is read and not stored."""
        self._unsorted, self._at = (), 0
        self._batch, self._sealed, self._question = Batch(), None, None

    def _begin(self) -> None:
        if self._jobs.busy or not self._backoff.over:
            return
        if not self._assignment.claimed:
            starts = self._assignment.masked()
            self._jobs.start(
                lambda: (self._store.claim(list(starts)), self._store.highest(starts)),
                lambda found: self._claimed(*found),
            )
        elif self._ready_to_store():
            self._seal()
        elif self._question is not None:
            question = self._question
            self._jobs.start(lambda: self._store.ask(question), self._answered)
        elif self._assignment.sorter.waiting:
            self._look()

    def _look(self) -> None:
        """See whether what some partitions wait for can be stored by now: at once for a new id, then now and again."""
        waiting = {schema_id for _, schema_id, _ in self._assignment.sorter.waiting.values()}
        if waiting <= self._looked_for and time.monotonic() - self._looked < self._limits.look_seconds:
            return
        self._looked, self._looked_for = time.monotonic(), waiting
        self._jobs.start(lambda: self._store.known_frames(waiting), self._assignment.know)

    def _ready_to_store(self) -> bool:
        batch, limits = self._batch, self._limits
        if not batch.marks and not batch.bad:
            return False
        # What was accepted must be stored before anybody asks what is.
        asked = self._question is not None and self._question.key in batch.marks
        full = batch.count >= limits.enough_rows or batch.size >= limits.bytes
        return asked or full or self._stop or time.monotonic() - batch.born >= limits.seconds

    def _seal(self) -> None:
        batch, self._batch = self._batch, Batch()
        self._assignment.sorter.seal(batch)
        if not batch.count and not batch.bad:
            self._assignment.commit(batch.marks)
            return
        self._sealed = batch
        self._jobs.start(lambda: self._store.store(batch), self._stored)

    def _claimed(self, frames: set[bytes], highest: dict[tuple[bytes, int], int]) -> None:
        self._assignment.claimed = True
        self._assignment.found(highest)
        self._assignment.know(frames)
        if self._on_ready is not None:
            self._on_ready()
            self._on_ready = None

    def _answered(self, offsets: set[int]) -> None:
        question, self._question = self._question, None
        if question is not None:
            self._assignment.sorter.active[question.key].answer(question, offsets)

    def _stored(self, what: Stored) -> None:
        self._backoff.succeeded()
        batch, self._sealed = self._sealed, None
        if batch is not None:
            self.rows += what.rows
            self.duplicates += what.duplicates
            self._assignment.commit(batch.marks)

    def _leave(self) -> None:
        """Partitions are taken away: give the job its time, forget everything that is not stored."""
        if self._jobs.busy and not self._jobs.wait(self._limits.end_seconds):
            # The next owner's fence ends what is still running.
            self._store.abort()
        try:
            self._jobs.finish()
        except EarwitnessError as error:
            logger.warning("left to the next owner of its partitions: %s", error)
        self._jobs.forget()
        self._forget()

    def _drain(self) -> None:
        """Store what is sorted, for as long as that may take."""
        deadline = time.monotonic() + self._limits.end_seconds
        self._question = None
        while (self._jobs.busy or self._batch.marks) and time.monotonic() < deadline:
            self._jobs.wait(self._limits.read_seconds)
            self._finish()
            self._begin()
