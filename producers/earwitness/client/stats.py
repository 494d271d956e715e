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

    Always: `accepted = acknowledged + queued + in_flight + sum(dropped) + sum(invalid)`. What was refused was never
    accepted. The client's own reports are not counted.
    """

    accepted: int = 0
    """Events that were taken from the app."""
    acknowledged: int = 0
    """Events that the broker confirmed on all in-sync replicas."""
    queued: int = 0
    """Events that wait for the worker."""
    in_flight: int = 0
    """Events that the worker took and the broker has not confirmed yet."""
    refused: Mapping[str, int] = {}
    """Events that were not taken, by reason: queue_full, too_large, unencodable, closed, no_worker."""
    dropped: Mapping[str, int] = {}
    """Events that were taken and lost, by reason: shutdown, or the broker's error."""
    invalid: Mapping[str, int] = {}
    """Events that were taken and do not fit their kind, by kind."""
    registry_errors: int = 0
    """Questions to the schema registry that it did not answer; events wait meanwhile."""

    @property
    def undelivered(self) -> int:
        """Events that may still be delivered."""
        return self.queued + self.in_flight


class Books:
    """The counts as they are kept. The worker writes all but `refuse`; the lock is never taken to accept an event."""

    def __init__(self) -> None:
        # Reentrant: a signal handler that emits may interrupt the same thread in here.
        self.lock = threading.RLock()
        self.settled = threading.Condition(self.lock)
        self.taken = 0
        self.registry_errors = 0
        self._acknowledged = 0
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._invalid: Counter[str] = Counter()
        self._lost: Ranges = []

    def refuse(self, reason: str) -> None:
        """An event was not taken."""
        with self.lock:
            self._refused[reason] += 1

    def acknowledge(self) -> None:
        """An event was confirmed by the broker."""
        with self.lock:
            self._acknowledged += 1

    def drop(self, first: int, last: int, reason: str) -> None:
        """The events `first` to `last` were taken and are lost."""
        with self.lock:
            self._dropped[reason] += last - first + 1
            self.lose(first, last)

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
    def pending(self) -> int:
        """Events that were taken and have met no end yet."""
        with self.lock:
            return self.taken - self.ended

    def stats(self, queued: int) -> Stats:
        """The counts, given how many events wait; call it under the lock that guards taking them."""
        with self.lock:
            return Stats(
                accepted=self.taken + queued,
                acknowledged=self._acknowledged,
                queued=queued,
                in_flight=self.pending,
                refused=dict(self._refused),
                dropped=dict(self._dropped),
                invalid=dict(self._invalid),
                registry_errors=self.registry_errors,
            )
