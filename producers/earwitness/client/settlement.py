"""How each event ends: into the books, out of the spool, out of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from confluent_kafka import KafkaError

from earwitness.client.capture import NO_SLOT
from earwitness.client.own_log import OwnLog
from earwitness.client.parcel import NO_ROW, Parcel
from earwitness.client.producer import reason
from earwitness.client.reports import REPORT
from earwitness.client.sequences import Sequences
from earwitness.client.shelf import Shelf
from earwitness.client.spool.journal import Journal
from earwitness.client.stats import Books

__all__ = ["Reported", "Settlement"]


class Reported(Protocol):
    """Is told what became of the client's own report."""

    def __call__(self, sequence: int, *, has_arrived: bool) -> None:
        """The report with that number has arrived, or has not."""


class Settlement:
    """Keeps books, spool and journal in step. For the worker's thread alone.

    Args:
        producer_id: this process's.
        books: the counts.
        shelf: the spool.
        log: where losses are told of.

    Attributes:
        journal: where the snapshots are too, in journal mode.
        reported: is told of reports.
        own_reports: this process's reports that wait in the spool; no book counts them.
        replays_settled: replayed events that met their end since somebody set this to 0.
    """

    def __init__(self, producer_id: str, books: Books, shelf: Shelf, log: OwnLog) -> None:
        self._producer_id = producer_id
        self._books = books
        self._shelf = shelf
        self._log = log
        self._own = Sequences()  # this process's events that are spooled
        self._confirmed = 0
        self._answers = False
        self._damaged = False
        self.journal: Journal | None = None
        self.reported: Reported | None = None
        self.own_reports = 0
        self.replays_settled = 0

    @property
    def own_spooled(self) -> int:
        """Events of this process that wait in the spool, its reports among them."""
        return len(self._own) + self.own_reports

    def settle(self, parcel: Parcel, error: KafkaError | None) -> None:
        """The broker has an event (None), or refuses it for good."""
        self._answers = True
        if error is None and not (parcel.replays or parcel.reports):  # as nearly all of them
            self._confirmed += 1
            self._end(parcel)
            return
        frame = parcel.frame
        if parcel.reports:
            self.report_settled(parcel, has_arrived=error is None)
            return
        self._end(parcel)
        if parcel.replays:
            self.replays_settled += 1
            if self.own_reports and frame.kind == REPORT and frame.producer_id == self._producer_id:
                self.own_reports -= 1
                return
            own = frame.producer_id == self._producer_id and self._own.remove(frame.sequence)
            if error is None:
                self._books.replay(own=own)
            elif own:
                self._books.drop_spooled(frame.sequence, frame.sequence, reason(error))
            else:
                self._books.lose_adopted(reason(error))
        elif error is not None:
            self._books.drop(frame.sequence, frame.sequence, reason(error))
        if error is not None:
            self._log.say(error.name(), "audit events are lost: %s (%s)", error.str(), frame.topic)

    def report_settled(self, parcel: Parcel, *, has_arrived: bool) -> None:
        """A report has arrived, or is lost."""
        if self.reported is not None:
            self.reported(parcel.frame.sequence, has_arrived=has_arrived)

    def book(self) -> bool:
        """Count what was settled one by one; whether the broker has answered since this was last called."""
        if self._confirmed:
            confirmed, self._confirmed = self._confirmed, 0
            self._books.acknowledge(confirmed)
        answers, self._answers = self._answers, False
        return answers

    def spooled(self, parcels: Sequence[Parcel]) -> None:
        """These are in the spool, where they wait."""
        for parcel in parcels:
            self._shelf.leave(parcel.row)
            self._own.add(parcel.frame.sequence)
            if self.journal is not None:
                self.journal.free(parcel.slot)
        self._books.spool(len(parcels))

    def drop(self, parcel: Parcel, why: str) -> bool:
        """An event is lost; False: it is in the journal too, where the next process finds it."""
        sequence = parcel.frame.sequence
        if why == "shutdown" and self.journal is not None and parcel.slot != NO_SLOT:
            self._books.spool(1)
            return False
        self._end(parcel)
        self._books.drop(sequence, sequence, why)
        return True

    def damaged(self) -> None:
        """The spool's file was lost: what can be read of it comes back by adoption."""
        self._damaged = True
        self.own_reports = 0

    def look(self, *, is_through: bool) -> None:
        """Book what was lost in the spool.

        Args:
            is_through: nothing of it is on its way, none waits, and there is nothing to adopt.
        """
        for lost in self._shelf.take_lost():
            if lost.producer_id == self._producer_id and self._own.remove(lost.sequence):
                self._books.drop_spooled(lost.sequence, lost.sequence, lost.reason)
            elif lost.id and not lost.producer_id and self._own:
                self._damaged = True  # a row of ours, perhaps: what is not found in the end tells
            else:
                self._books.lose_adopted(lost.reason)
            self._log.say(lost.reason, "events in the audit spool are lost: %s", lost.reason)
        if self._damaged and is_through:
            self._damaged = False
            for first, last in list(self._own.ranges()):
                self._books.drop_spooled(first, last, "spool_damaged")
            self._own.clear()

    def _end(self, parcel: Parcel) -> None:
        if parcel.row != NO_ROW:
            self._shelf.done(parcel)
        if self.journal is not None:
            self.journal.free(parcel.slot)
