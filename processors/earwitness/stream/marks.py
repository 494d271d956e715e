"""Which offset may be committed, when slices are read in order and finished in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["Mark", "Marks"]

P = TypeVar("P", bound=Hashable)


class Mark:
    """The end (last offset + 1) of one slice that was handed out; `done` once all its outputs are confirmed."""

    __slots__ = ("done", "end")

    def __init__(self, end: int) -> None:
        self.end = end
        self.done = False


class Marks(Generic[P]):
    """The open slices of each partition, oldest first.

    A slice's acknowledgement ticks its own mark only. So one that comes late, from an earlier assignment, commits
    nothing: its mark was forgotten, even if a new slice ends at the same offset.
    """

    def __init__(self) -> None:
        self._open: dict[P, deque[Mark]] = {}

    def open(self, partition: P, end: int) -> Mark:
        """Note that a slice was handed out that ends before `end`."""
        mark = Mark(end)
        self._open.setdefault(partition, deque()).append(mark)
        return mark

    def committable(self) -> Iterator[P]:
        """The partitions whose oldest open slice is done."""
        return (partition for partition, marks in self._open.items() if marks and marks[0].done)

    def advance(self, partition: P) -> int | None:
        """Take the run of done slices off the head; the offset to commit is its end. None when there is none."""
        marks = self._open.get(partition)
        end = None
        while marks and marks[0].done:
            end = marks.popleft().end
        return end

    def forget(self, partitions: Iterable[P]) -> None:
        """Drop the slices of partitions that were given away: whoever has them now reads from the commit."""
        for partition in partitions:
            self._open.pop(partition, None)

    def clear(self) -> None:
        """Drop all: what is read from now on was not handed out before."""
        self._open.clear()

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))
