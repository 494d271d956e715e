"""A set of sequences that are mostly neighbours, as ranges: a million events that wait on disk take a few bytes here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

__all__ = ["Sequences"]


class Sequences:
    """A set of whole numbers."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def ranges(self) -> Iterator[tuple[int, int]]:
        """First and last of each range, in order."""
        return zip(self._firsts, self._lasts, strict=True)

    def add(self, number: int) -> bool:
        """Put it in; False when it is in already."""
        at = bisect_right(self._firsts, number)  # where a range of its own would go
        if at and number <= self._lasts[at - 1]:
            return False
        self._count += 1
        follows = bool(at) and self._lasts[at - 1] == number - 1
        precedes = at < len(self._firsts) and self._firsts[at] == number + 1
        if follows and precedes:
            self._lasts[at - 1] = self._lasts[at]
            del self._firsts[at], self._lasts[at]
        elif follows:
            self._lasts[at - 1] = number
        elif precedes:
            self._firsts[at] = number
        else:
            self._firsts.insert(at, number)
            self._lasts.insert(at, number)
        return True

    def remove(self, number: int) -> bool:
        """Take it out; False when it is not in."""
        at = bisect_right(self._firsts, number) - 1
        if at < 0 or number > self._lasts[at]:
            return False
        self._count -= 1
        first, last = self._firsts[at], self._lasts[at]
        if first == last:
            del self._firsts[at], self._lasts[at]
        elif number == first:
            self._firsts[at] = number + 1
        elif number == last:
            self._lasts[at] = number - 1
        else:
            self._lasts[at] = number - 1
            self._firsts.insert(at + 1, number + 1)
            self._lasts.insert(at + 1, last)
        return True

    def clear(self) -> None:
        """Take all out."""
        self._firsts.clear()
        self._lasts.clear()
        self._count = 0
