"""The one thread that does all the work, and the pace at which it does it.

It looks every 20 ms instead of being woken by every event, which would cost the caller two to three times as much. And it
paces itself, 8 events and then half a millisecond off, because the app's event loop competes with it for the GIL. When
what waits would not be on disk within a tick that way, it only lets go of the GIL after 8 events; when that has not helped
for a tick, because others want the GIL all the time, or when the queue fills up, it runs flat out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from earwitness.client import snapshot
from earwitness.client.capture import Capture
from earwitness.client.delivery import Connect
from earwitness.client.dispatch import Dispatch
from earwitness.client.forks import Turns
from earwitness.client.frames import Frames
from earwitness.client.identity import Origin
from earwitness.client.intake import Intake
from earwitness.client.own_log import OwnLog
from earwitness.client.parcel import Parcel
from earwitness.client.reports import REPORT, Reporter
from earwitness.client.shelf import Shelf
from earwitness.client.spool import Spool
from earwitness.client.spool.journal import Journal
from earwitness.client.stats import Books
from earwitness.runtime.settings import Durability
from earwitness.schemas.wire import WireIds

__all__ = ["TICK_SECONDS", "Worker"]

TICK_SECONDS = 0.02
_PACED, _PAUSE_SECONDS, _YIELD_SECONDS = 8, 0.0005, 0.00002
_SPOOLING_PAUSE_SECONDS = 0.00025  # its turns are longer by a transaction: 8,000 events a second would else be too many
_SPRINT, _SPRINT_ABOVE = 500, 0.25
_ON_DISK_IN_TIME = 160  # waiting events that a paced worker can still spool within a tick
_REPLAYS, _SPRINT_REPLAYS = 16, 64  # of a turn; all that there are when somebody waits
_REPLAYS_A_SECOND = 2_000  # at the least: beside a slow disk a turn may take a second
_AFTER_ERROR_SECONDS = 1.0
_LOOK_SECONDS = 0.005
_FOR_EVENTS = 0.6  # of the time that a close has, for the broker; then what is left goes to the spool
_FOR_SPOOL = 0.9  # and then comes the last report


class Worker:
    """Takes events from the queue to Kafka, or to the spool, until it is told to finish.

    Numbers are given here, in the order of the queue: so they have no gap, whatever was refused or interrupted before.

    Args:
        capture: the queue.
        books: the counts.
        origin: who publishes.
        connect: makes a producer.
        report_seconds: how often the client reports its counts into the stream.
        wire_ids: give what stands in front of each event.
        open_spool: opens the spool; raises `SpoolError` where none is possible.
        durability: see `AuditClient`.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        capture: Capture,
        books: Books,
        origin: Origin,
        connect: Connect,
        *,
        report_seconds: float,
        wire_ids: WireIds,
        open_spool: Callable[[], Spool],
        durability: Durability,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capture = capture
        self._books = books
        self._clock = clock
        self._log = OwnLog()
        self._spool_first = durability == "spool_first"
        self._reporter = Reporter(books, report_seconds, clock())
        self._frames = Frames(wire_ids, books, self._log)
        self._shelf = Shelf(open_spool, books, self._log)
        self._dispatch = Dispatch(
            books,
            origin,
            connect,
            frames=self._frames,
            shelf=self._shelf,
            log=self._log,
            spool_first=self._spool_first,
            most=capture.limits.events,
            clock=clock,
        )
        self._dispatch.settlement.reported = self._reported
        self._intake = Intake(origin, books, self._shelf, self._log)
        self.turns = Turns()
        self._wake = threading.Event()
        self._journal: Journal | None = None
        self._hurry_until, self._hurry_goal = 0.0, 0
        self._behind_since: float | None = None
        self._turned_at = clock()
        self._deadline: float | None = None

    def keep_journal(self, journal: Journal) -> None:
        """The snapshots are in this journal, too; before the first event is taken."""
        self._intake.journal = self._dispatch.settlement.journal = self._journal = journal

    def hurry(self, goal: int, until: float) -> None:
        """Neither pace nor linger before so many events have met their end: somebody waits, till `until` (monotonic)."""
        self._hurry_until, self._hurry_goal = max(until, self._hurry_until), max(goal, self._hurry_goal)
        self._wake.set()

    def finish(self, deadline: float) -> None:
        """Deliver what is there or spool it, report, and end, by that moment of the monotonic clock."""
        self._deadline = deadline
        self._wake.set()

    def run(self) -> None:
        """The thread's body."""
        while self._deadline is None:
            try:
                with self.turns:
                    seconds = self.turn()
                self._rest(seconds)
            except Exception as error:  # noqa: BLE001 (whatever it is, the next event must not suffer for it)
                self._books.internal_errors += 1
                self._log.say("internal", "the audit client had to start over after %r", error)
                self._wake.wait(_AFTER_ERROR_SECONDS)
        try:
            with self.turns:
                self.end(self._deadline)
        except Exception as error:  # noqa: BLE001 (nobody is left to handle it)
            self._books.internal_errors += 1
            self._log.say("close", "the audit client could not end in order: %r", error)

    def turn(self) -> float:
        """One round: a few events on their way, and what else is due; how long there is nothing to do then, in seconds."""
        dispatch, shelf, now = self._dispatch, self._shelf, self._clock()
        snapshot.look_for_tracing()
        shelf.open(now)
        dispatch.poll()
        if self._frames.missing:
            self._frames.look()
        hurried = now < self._hurry_until and not self._books.met(self._hurry_goal)
        waiting = len(self._capture)
        pause = self._pause(waiting, now)
        sprints = hurried or pause == 0.0
        more = False
        if dispatch.hand_on():
            taken = self._capture.pop(_SPRINT if sprints else _PACED)
            dispatch.hand.extend(self._intake.parcels(taken))
            more = dispatch.hand_on() and bool(len(self._capture))
        is_open = dispatch.breaker.is_open
        self._capture.squeeze(shelf.full if is_open else None)
        fed = dispatch.feed(_SPRINT if hurried else self._replays(now, _SPRINT_REPLAYS if sprints else _REPLAYS))
        if not more and not is_open:  # it waits for the disk, and whatever comes in meanwhile waits too
            fed += shelf.adopt(now)
        dispatch.tidy()
        if not is_open and self._reporter.due(waiting, now) and REPORT not in self._frames.missing:
            self._report()
        self._notify()
        if more or fed:
            return 0.0 if sprints else pause
        if dispatch.hand:
            dispatch.poll(TICK_SECONDS)
            return 0.0
        if hurried and len(dispatch.delivery):
            dispatch.delivery.flush(TICK_SECONDS)  # does not linger
            dispatch.poll()
            self._notify()
            return 0.0
        return max(TICK_SECONDS - (self._clock() - now), _PAUSE_SECONDS)

    def _pause(self, waiting: int, now: float) -> float:
        """How long to leave the GIL to others after a few events; 0: not to think of them now."""
        if self._capture.filled > _SPRINT_ABOVE:
            return 0.0
        if not self._spool_first:
            return _PAUSE_SECONDS
        if waiting <= _ON_DISK_IN_TIME:
            self._behind_since = None
            return _SPOOLING_PAUSE_SECONDS
        if self._behind_since is None:
            self._behind_since = now
        return _YIELD_SECONDS if now - self._behind_since < TICK_SECONDS else 0.0

    def _replays(self, now: float, least: int) -> int:
        """How many of the events that wait in the spool this turn may send."""
        since, self._turned_at = now - self._turned_at, now
        return min(_SPRINT, max(least, round(_REPLAYS_A_SECOND * since)))

    def end(self, deadline: float) -> None:
        """Deliver, spool, report, close; each has its share of the time."""
        dispatch, began = self._dispatch, self._clock()
        left = max(deadline - began, 0.0)
        self._shelf.open(began)
        while self._is_worth_waiting() and self._clock() < began + left * _FOR_EVENTS:
            dispatch.poll()
            if self._frames.missing:
                self._frames.look()
            if dispatch.hand_on():
                dispatch.hand.extend(self._intake.parcels(self._capture.pop(_SPRINT)))
                dispatch.hand_on()
            if not len(self._capture):
                dispatch.feed(_SPRINT)
                if len(dispatch.delivery):
                    dispatch.delivery.flush(min(max(began + left * _FOR_EVENTS - self._clock(), 0.0), 0.1))
                else:
                    dispatch.poll(_LOOK_SECONDS)
            dispatch.tidy()
            self._notify()
        self._give_up(began + left * _FOR_SPOOL)
        self._last_report(deadline)
        dispatch.delivery.drop_producer()
        dispatch.tidy()
        self._shelf.close()
        if self._journal is not None:
            self._journal.close()
        self._notify()

    def _is_worth_waiting(self) -> bool:
        dispatch = self._dispatch
        if self._capture or self._books.pending:
            return True
        # A report may be on its way, which no book counts.
        return bool(dispatch.settlement.own_spooled or len(dispatch.delivery)) and not dispatch.breaker.is_open

    def _give_up(self, until: float) -> None:
        dispatch = self._dispatch
        dispatch.poll()
        dispatch.take_back()
        dispatch.shelve()
        while taken := self._capture.pop(_SPRINT):
            dispatch.hand.extend(self._intake.parcels(taken))
            if self._clock() < until:
                dispatch.shelve()
        lost = dispatch.lose("shutdown")
        if lost:
            self._log.say("shutdown", "%d audit events could not be delivered before the end and are lost", lost)

    def _last_report(self, deadline: float) -> None:
        dispatch = self._dispatch
        if not self._reporter.anything(len(self._capture)):
            return
        parcel = self._report_parcel()
        if not dispatch.breaker.is_open and REPORT not in self._frames.missing:
            if dispatch.delivery.send(parcel, self._clock()):
                dispatch.delivery.flush(max(deadline - self._clock(), 0.0))
                dispatch.poll()
            if not dispatch.delivery.take_back():
                return
        if not self._shelf.put([parcel], self._clock(), live=False):
            self._log.say("report", "the audit client's last report could not be delivered")

    def _report(self) -> None:
        parcel = self._report_parcel()
        if not self._dispatch.delivery.send(parcel, self._clock()):
            self._reporter.failed(parcel.frame.sequence)

    def _report_parcel(self) -> Parcel:
        report = self._reporter.make(len(self._capture), self._clock())
        captured = snapshot.Snapshot(time.time_ns(), None, None, report)
        return self._intake.report(captured)

    def _reported(self, sequence: int, *, has_arrived: bool) -> None:
        if has_arrived:
            self._reporter.confirmed()
        else:
            self._reporter.failed(sequence)

    def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if seconds <= _PAUSE_SECONDS:
            time.sleep(seconds)
        else:
            self._wake.wait(seconds)
            self._wake.clear()

    def _notify(self) -> None:
        with self._books.settled:
            self._books.settled.notify_all()
