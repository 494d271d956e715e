"""What the client says about itself in the stream: counts since the last report that arrived, and what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from earwitness.client.stats import Books, Ranges, Stats
from earwitness.schemas.events import SequenceRange, TrailClientReport

__all__ = ["REPORT", "Reporter"]

REPORT: Final = "trail.client_report"

_MAX_RANGES = 1_000  # of one report, which has to fit into a message; the next one names the rest


class Reporter:
    """Decides when to report and what; a report that does not arrive is made up for by the next one."""

    def __init__(self, books: Books, every_seconds: float, now: float) -> None:
        self._books = books
        self._every = every_seconds
        self._told = Stats()
        self._told_at = now
        self._made_at = now
        self._told_spooled = 0
        self._open: tuple[Stats, Ranges, float, int] | None = None

    def due(self, queued: int, now: float) -> bool:
        """Whether it is time for a report, and there is something to tell."""
        return self._open is None and now - self._made_at >= self._every and self.anything(queued)

    def anything(self, queued: int) -> bool:
        """Whether something was accepted, refused or settled since the last report that arrived."""
        stats, told = self._books.stats(queued), self._told
        same = (stats.accepted, stats.acknowledged, stats.refused) == (told.accepted, told.acknowledged, told.refused)
        return not same or self._books.spooled_ever != self._told_spooled or bool(self._books.lost())

    def make(self, queued: int, now: float) -> TrailClientReport:
        """The report of now. Until it is confirmed or has failed, no other is due."""
        stats, told = self._books.stats(queued), self._told
        ranges = self._books.lost()[:_MAX_RANGES]
        spooled = self._books.spooled_ever
        self._open = (stats, ranges, now, spooled)
        self._made_at = now
        return TrailClientReport(
            accepted=stats.accepted - told.accepted,
            acknowledged=stats.acknowledged - told.acknowledged,
            spooled=spooled - self._told_spooled,
            refused=_difference(stats.refused, told.refused),
            dropped=_difference(_lost(stats), _lost(told)),
            lost=tuple(SequenceRange(first=first, last=last) for first, last in ranges),
            period_seconds=now - self._told_at,
        )

    def confirmed(self) -> None:
        """The open report has arrived: the next one counts from there."""
        if self._open is not None:
            self._told, ranges, self._told_at, self._told_spooled = self._open
            self._books.declared(ranges)
            self._open = None

    def failed(self, sequence: int) -> None:
        """The open report is lost, its number with it; what it told is told again."""
        self._open = None
        self._books.lose(sequence, sequence)


def _lost(stats: Stats) -> dict[str, int]:
    invalid = sum(stats.invalid.values())
    return {**stats.dropped, **({"invalid": invalid} if invalid else {})}


def _difference(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {key: count - before.get(key, 0) for key, count in now.items() if count != before.get(key, 0)}
