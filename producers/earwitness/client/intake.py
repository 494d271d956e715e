"""What comes in from the queue: numbered, checked, encoded, or invalid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from earwitness.client.capture import Taken
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.own_log import OwnLog
from earwitness.client.packing import Packer, problem_of
from earwitness.client.parcel import Parcel
from earwitness.client.shelf import Shelf
from earwitness.client.snapshot import Snapshot
from earwitness.client.spool.journal import Journal
from earwitness.client.stats import Books
from earwitness.schemas import catalogue

__all__ = ["Intake"]


class Intake:
    """Gives numbers from 1 without a gap, in the order of the queue. For the worker's thread alone.

    Args:
        origin: who publishes.
        books: where invalid events are counted.
        shelf: where they are kept for a person to look at.
        log: where they are told of.

    Attributes:
        sequence: the number given last.
        journal: where the snapshots are too, in journal mode: a number stands there before it goes anywhere else.
    """

    def __init__(self, origin: Origin, books: Books, shelf: Shelf, log: OwnLog) -> None:
        self._books = books
        self._shelf = shelf
        self._log = log
        self._origin = origin
        self.sequence = 0
        self.journal: Journal | None = None

    # Not made before the worker's thread needs them: the catalogue takes a tenth of a second to read.

    @cached_property
    def _packer(self) -> Packer:
        return Packer(self._origin)

    @cached_property
    def _protected(self) -> dict[str, bool]:
        return {kind: catalogue.raw(kind).lane == "protected" for kind in catalogue.kinds()}

    def parcels(self, taken: Iterable[Taken]) -> Iterator[Parcel]:
        """The events of these snapshots, but for the invalid ones."""
        packer, protected = self._packer, self._protected
        for slot, snapshot in taken:
            self.sequence = sequence = self.sequence + 1
            if self.journal is not None:
                self.journal.number(slot, sequence)
            try:
                frame = packer.pack(snapshot, sequence)
            except InvalidEventError as error:
                self._invalid(error, sequence, slot, snapshot)
            else:
                yield Parcel(frame, protected[frame.kind], slot=slot)

    def report(self, captured: Snapshot) -> Parcel:
        """The client's own report, with a number of its own."""
        self.sequence += 1
        if self.journal is not None:
            self.journal.reached(self.sequence)
        return Parcel(self._packer.packed(captured, self.sequence), protected=True, reports=True)

    def _invalid(self, error: InvalidEventError, sequence: int, slot: int, snapshot: bytes) -> None:
        self._books.invalid(sequence, error.kind)
        problem = problem_of(error)
        self._log.say(
            f"invalid {error.kind}", "a %s event is invalid and lost: %s; see strict=True", error.kind, problem
        )
        self._shelf.set_aside(error.kind, sequence, snapshot, problem)
        if self.journal is not None:
            self.journal.free(slot)
