"""Queue, books and worker of one process, from the first event to the close."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from earwitness.client import snapshot
from earwitness.client.capture import Capture, Limits
from earwitness.client.delivery import Connect
from earwitness.client.identity import Origin
from earwitness.client.own_log import OwnLog
from earwitness.client.packing import Packer
from earwitness.client.spool import Spool, SpoolError
from earwitness.client.spool.journal import Journal
from earwitness.client.stats import Books, Stats
from earwitness.client.worker import Worker
from earwitness.runtime.settings import Durability, SpoolSettings
from earwitness.schemas.wire import WireIds

__all__ = ["Outbox"]

_LOOK_SECONDS = 0.005  # how often the asynchronous waits look
_HOLD_SECONDS = 1.0  # at most, before a fork
_GRACE_SECONDS = 0.2  # for the thread to end once its work is done or given up


class Outbox:
    """What a client has per process: a fork gets a new one, and so does a client that is opened again.

    Args:
        on_start: called once, when the first worker starts.
    """

    def __init__(
        self,
        origin: Origin,
        connect: Connect,
        *,
        strict: bool,
        limits: Limits,
        report_seconds: float,
        wire_ids: WireIds,
        spool: SpoolSettings,
        durability: Durability,
        on_start: Callable[[], None],
    ) -> None:
        self.origin = origin
        self._packer: Packer | None = None  # of strict mode
        self._spool = spool
        self._wants_journal = durability == "journal"
        self._books = Books()
        snapshot.look_for_tracing()
        self.capture = Capture(self._books, limits, self._start, self._check if strict else None)
        self._worker = Worker(
            self.capture,
            self._books,
            origin,
            connect,
            report_seconds=report_seconds,
            wire_ids=wire_ids,
            open_spool=lambda: Spool.open(spool, origin.service, origin.producer_id),
            durability=durability,
        )
        self._thread: threading.Thread | None = None
        self._starting = threading.RLock()
        self._is_starting = False
        self._abandoned = False
        self._dropped_before = 0  # the close
        self._on_start = on_start

    def stats(self) -> Stats:
        """The counts, consistent with each other."""
        with self._books.lock:
            return self._books.stats(len(self.capture))

    def mishap(self) -> None:
        """Count an error of ours in the app's code, which did not notice."""
        with self._books.lock:
            self._books.internal_errors += 1

    def flush(self, timeout: float) -> int:
        """Wait until all that was accepted up to now is delivered, given up, or on disk because the broker is away.

        Returns:
            How many events are not delivered yet.
        """
        goal, deadline = self._hurry(timeout)
        with self._books.settled:
            while not self._abandoned and not self._books.met(goal) and (left := deadline - time.monotonic()) > 0:
                self._books.settled.wait(left)
        return self.stats().undelivered

    async def aflush(self, timeout: float) -> int:  # noqa: ASYNC109 (a deadline that gives a count, not a cancellation)
        """`flush` that lets the event loop run meanwhile."""
        goal, deadline = self._hurry(timeout)
        while not self._abandoned and not self._books.met(goal) and time.monotonic() < deadline:  # noqa: ASYNC110 (a thread sees to it)
            await asyncio.sleep(_LOOK_SECONDS)
        return self.stats().undelivered

    def close(self, timeout: float) -> int:
        """Take no more, deliver or spool what is there, report, end the thread; how many events were lost by that."""
        thread = self._end(timeout)
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout + _GRACE_SECONDS)
        return self._lost(thread)

    async def aclose(self, timeout: float) -> int:  # noqa: ASYNC109 (as above)
        """`close` that lets the event loop run meanwhile."""
        thread, deadline = self._end(timeout), time.monotonic() + timeout + _GRACE_SECONDS
        while thread is not None and thread.is_alive() and time.monotonic() < deadline:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(_LOOK_SECONDS)
        return self._lost(thread)

    def is_interrupted(self) -> bool:
        """Whether this thread holds a lock of it, for the code that a signal handler interrupted."""
        return any(lock._is_owned() for lock in (self._books.lock, self._starting))  # type: ignore[attr-defined]  # noqa: SLF001

    def hold(self) -> list[Callable[[], None]]:
        """Keep the worker between two turns, and all others out of the books; gives what lets them go on."""
        held = []
        if self._thread is not None and self._thread is not threading.current_thread():
            held.append(self._worker.turns.hold(_HOLD_SECONDS))
        if self._books.lock.acquire(timeout=_HOLD_SECONDS):
            held.append(self._books.lock.release)
        return [each for each in held if each is not None]

    def abandon(self) -> None:
        """In a forked child, whose parent goes on with it: take no more, and end the waits, which nobody else would."""
        self.capture.closed = self._abandoned = True
        if self.is_interrupted():
            self._books.settled.notify_all()

    def _start(self) -> bool:
        with self._starting:
            if self._is_starting:  # a signal handler emits while the thread that it interrupts is in here
                return True
            if self._thread is None or not self._thread.is_alive():
                first = self._thread is None
                if first and self._wants_journal:
                    self._open_journal()
                thread = threading.Thread(target=self._worker.run, name="earwitness-client", daemon=True)
                self._is_starting = True
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is ending, or the machine has no thread left
                    return False
                finally:
                    self._is_starting = False
                self._thread = thread
                if first:
                    self._on_start()
            self.capture.started = True
        return True

    def _open_journal(self) -> None:
        # Here and not in the worker: an event of before would be in no journal. Once in a process, before its first event.
        try:
            journal = Journal.open(self._spool, self.origin)
        except SpoolError as error:
            self._books.spool_errors += 1
            OwnLog().say("journal", "audit events are kept without a journal: %s", error)
        else:
            self._worker.keep_journal(journal)
            self.capture.ring = journal

    def _check(self, taken: bytes) -> None:
        packer = self._packer = self._packer or Packer(self.origin)
        packer.packed(snapshot.decode(taken), 0)

    def _hurry(self, timeout: float) -> tuple[int, float]:
        goal, deadline = self.stats().accepted, time.monotonic() + timeout
        if self._thread is not None and not self.capture.closed:
            self._start()  # again, if it has died
            self._worker.hurry(goal, deadline)
        return goal, deadline

    def _end(self, timeout: float) -> threading.Thread | None:
        with self._starting:
            if self._thread is not None and not self.capture.closed:
                self._start()  # again, if it has died with events left
            if not self.capture.closed:
                self._dropped_before = sum(self.stats().dropped.values())
            self.capture.closed = True
            self._worker.finish(time.monotonic() + timeout)
            return self._thread

    def _lost(self, thread: threading.Thread | None) -> int:
        stats = self.stats()
        left = stats.queued + stats.in_flight
        if left and thread is not None and thread.is_alive() and thread is not threading.current_thread():
            # Else the worker would have told: nothing is lost in silence.
            OwnLog().say("late", "the audit client did not end in time: up to %d audit events are lost", left)
        return left + sum(stats.dropped.values()) - self._dropped_before
