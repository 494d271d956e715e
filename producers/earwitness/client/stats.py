"""The client's own books: what became of every event that an app gave it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

import msgspec

__all__ = ["Books", "Ranges", "Stats"]

Ranges = list[tuple[int, int]]
"""Sequences from first to last, both included."""


class Stats(msgspec.Struct, frozen=True):
    """Counts since the process started, or since the client was opened again after a close.

    Always: `accepted = acknowledged + spooled + queued + in_flight + sum(dropped) + sum(invalid)`. What was refused was
    never accepted. The client's own reports are not counted. What dead processes left behind is counted apart: `adopted`.
    """

    accepted: int = 0
    """Events that were taken from the app."""
    acknowledged: int = 0
    """Events that the broker confirmed on all in-sync replicas."""
    spooled: int = 0
    """Events that wait on disk, because the broker is or was away. A copy made before an event is sent is not counted."""
    queued: int = 0
    """Events that wait for the worker."""
    in_flight: int = 0
    """Events that the worker took and the broker has not confirmed yet."""
    refused: Mapping[str, int] = {}
    """Events that were not taken, by reason: queue_full, spool_full, journal_full, too_large, unencodable, closed,
    no_worker, own_log (what was emitted because of a line of the client's own log)."""
    dropped: Mapping[str, int] = {}
    """Events that were taken and lost, by reason: shutdown, spool_full, spool_expired, spool_damaged, or the broker's error."""
    invalid: Mapping[str, int] = {}
    """Events that were taken and do not fit their kind, by kind."""
    replayed: int = 0
    """Events out of the spool that the broker confirmed, adopted ones among them."""
    adopted: int = 0
    """Events of dead processes that this one took over."""
    adopted_lost: Mapping[str, int] = {}
    """Events of dead processes that are lost, by reason: too old, damaged, or the broker's error."""
    breaker_open: bool = False
    """The broker does not confirm anything: events go to the spool."""
    breaker_openings: int = 0
    """How often that has happened."""
    spool_bytes: int = 0
    """How much of the disk the spool takes."""
    spool_oldest_seconds: float = 0.0
    """How long ago the oldest event in the spool was captured."""
    spool_errors: int = 0
    """Times that the spool or the journal could not be used."""
    registry_errors: int = 0
    """Questions to the schema registry that it did not answer; events wait meanwhile."""
    producer_restarts: int = 0
    """Times that librdkafka met a fatal error, so that a new producer had to go on."""
    internal_errors: int = 0
    """Times that the worker had to start over after an error that nobody foresaw."""

    @property
    def undelivered(self) -> int:
        """Events that may still be delivered."""
        return self.queued + self.in_flight + self.spooled


class Books:
    """The counts as they are kept. The worker writes all but `refuse`; the lock is never taken to accept an event."""

    def __init__(self) -> None:
        # Reentrant: a signal handler that emits may interrupt the same thread in here.
        self.lock = threading.RLock()
        self.settled = threading.Condition(self.lock)
        self.taken = 0
        self.spooled_ever = 0
        self.adopted = 0
        self.breaker_open = False
        self.breaker_openings = 0
        self.spool_bytes = 0
        self.spool_oldest_seconds = 0.0
        self.spool_errors = 0
        self.registry_errors = 0
        self.producer_restarts = 0
        self.internal_errors = 0
        self._acknowledged = 0
        self._spooled = 0
        self._replayed = 0
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._adopted_lost: Counter[str] = Counter()
        self._invalid: Counter[str] = Counter()
        self._lost: Ranges = []

    def refuse(self, reason: str) -> None:
        """An event was not taken."""
        with self.lock:
            self._refused[reason] += 1

    def acknowledge(self, count: int = 1) -> None:
        """So many events were confirmed by the broker."""
        with self.lock:
            self._acknowledged += count

    def spool(self, count: int) -> None:
        """So many events wait on disk from now on."""
        with self.lock:
            self._spooled += count
            self.spooled_ever += count

    def replay(self, *, own: bool) -> None:
        """An event out of the spool was confirmed by the broker: one of this process, or an adopted one."""
        with self.lock:
            self._replayed += 1
            if own:
                self._spooled -= 1
                self._acknowledged += 1

    def drop(self, first: int, last: int, reason: str) -> None:
        """The events `first` to `last` were taken and are lost."""
        with self.lock:
            self._dropped[reason] += last - first + 1
            self.lose(first, last)

    def drop_spooled(self, first: int, last: int, reason: str) -> None:
        """The events `first` to `last` of this process waited on disk and are lost."""
        with self.lock:
            self._spooled -= last - first + 1
            self.drop(first, last, reason)

    def lose_adopted(self, reason: str) -> None:
        """A dead process's event is lost."""
        with self.lock:
            self._adopted_lost[reason] += 1

    def invalid(self, sequence: int, kind: str) -> None:
        """An event that was taken does not fit its kind."""
        with self.lock:
            self._invalid[kind] += 1
            self.lose(sequence, sequence)

    def lose(self, first: int, last: int) -> None:
        """Remember that these numbers will never arrive, until a report has said so."""
        with self.lock:
            if self._lost and self._lost[-1][1] == first - 1:
                self._lost[-1] = (self._lost[-1][0], last)
            else:
                self._lost.append((first, last))

    def lost(self) -> Ranges:
        """The numbers that no report has declared lost yet."""
        with self.lock:
            return list(self._lost)

    def declared(self, ranges: Ranges) -> None:
        """A report that names these ranges has arrived."""
        with self.lock:
            # The newest range may have grown since the report was made: what is left of it is still to be told.
            ends = dict(ranges)
            left = [(max(first, ends.get(first, first - 1) + 1), last) for first, last in self._lost]
            self._lost = [(first, last) for first, last in left if first <= last]

    @property
    def ended(self) -> int:
        """Events that were taken and are delivered, dropped or invalid."""
        with self.lock:
            return self._acknowledged + self._dropped.total() + self._invalid.total()

    @property
    def safe(self) -> int:
        """Events that were taken and have ended, or are on disk."""
        with self.lock:
            return self.ended + self._spooled

    def met(self, goal: int) -> bool:
        """Whether so many events need nobody's waiting: they have ended, or are on disk and the broker is away."""
        with self.lock:
            return (self.safe if self.breaker_open else self.ended) >= goal

    @property
    def pending(self) -> int:
        """Events that were taken, have met no end yet and are not spooled."""
        with self.lock:
            return self.taken - self.safe

    def stats(self, queued: int) -> Stats:
        """The counts, given how many events wait; call it under the lock that guards taking them."""
        with self.lock:
            return Stats(
                accepted=self.taken + queued,
                acknowledged=self._acknowledged,
                spooled=self._spooled,
                queued=queued,
                in_flight=self.pending,
                refused=dict(self._refused),
                dropped=dict(self._dropped),
                invalid=dict(self._invalid),
                replayed=self._replayed,
                adopted=self.adopted,
                adopted_lost=dict(self._adopted_lost),
                breaker_open=self.breaker_open,
                breaker_openings=self.breaker_openings,
                spool_bytes=self.spool_bytes,
                spool_oldest_seconds=self.spool_oldest_seconds,
                spool_errors=self.spool_errors,
                registry_errors=self.registry_errors,
                producer_restarts=self.producer_restarts,
                internal_errors=self.internal_errors,
            )
