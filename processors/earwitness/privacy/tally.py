"""What the privacy stage found in free text, told in its log: by field and kind, never what."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from earwitness.privacy.text_reader import FAILED
from earwitness.stream.step import Result, SourceSlice, Step

__all__ = ["Tally"]

_EVERY_SECONDS = 60.0


class Tally:
    """A step that tells once a minute what another one found since the start, while there is something new.

    Args:
        step: does the work.
        counts: what it counts, by place and kind.
        logger: where it is told.
        clock: seconds.
    """

    def __init__(
        self,
        step: Step,
        counts: Counter[tuple[str, str]],
        logger: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._step = step
        self._counts = counts
        self._logger = logger
        self._clock = clock
        self._told = 0
        self._failed = 0
        self._next = clock() + _EVERY_SECONDS

    def process(self, source: SourceSlice) -> Result:
        """As the other step does; raises what that raises."""
        result = self._step.process(source)
        if self._clock() >= self._next:
            self.tell()
        return result

    def tell(self) -> None:
        """Tell it now, if there is something new."""
        self._next = self._clock() + _EVERY_SECONDS
        total = self._counts.total()
        if total == self._told:
            return
        self._told = total
        by_place: dict[str, list[str]] = {}
        for (place, kind), count in sorted(self._counts.items()):
            by_place.setdefault(place, []).append(f"{kind} {count}")
        self._logger.info(
            "found in free text so far: %s",
            "; ".join(f"{place}: {', '.join(each)}" for place, each in by_place.items()),
        )
        failed = sum(count for (_, kind), count in self._counts.items() if kind == FAILED)
        if failed > self._failed:
            self._failed = failed
            self._logger.warning(
                "reading failed for %d texts so far; they are masked whole, as [text]; this is a fault of ours", failed
            )
