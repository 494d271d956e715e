"""What a stand-in is to do wrong, and when: the next requests' faults one by one, or a drill that repeats itself."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from voice_app.errors import DependencyError

__all__ = ["Fault", "Faults", "Outage"]

HANGS_SECONDS = 3600.0
Fault = DependencyError | Literal["lose", "corrupt", "hang"]
"""An answer that is an error, or a value (of a change: its answer) that is lost, or garbled, or no answer at all."""


@dataclass(frozen=True)
class Outage:
    """A time in which every request fails.

    Attributes:
        after_requests: it begins with the request after so many.
        seconds: how long it lasts at least.
        requests: how many requests fail at least, so that it is noticed however slowly they come.
        error: what is answered.
    """

    after_requests: int
    seconds: float
    requests: int = 0
    error: DependencyError = field(default_factory=lambda: DependencyError(503, "SERVICE_UNAVAILABLE"))


class Faults:
    """The faults of one stand-in; without arguments none, until some are planned.

    Args:
        every: by operation, each how manieth request meets which fault.
        outage: one outage in the stand-in's life.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        every: Mapping[str, Mapping[int, Fault]] | None = None,
        *,
        outage: Outage | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every = every or {}
        self._outage = outage
        self._outage_ends: float | None = None
        self._clock = clock
        self._planned: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._requests: Counter[str] = Counter()

    def plan(self, operation: str, *faults: Fault | None) -> None:
        """Let the next requests of an operation meet these faults, in order; None: that one goes well."""
        self._planned[operation].extend(faults)

    async def meet(self, operation: str) -> Literal["lose", "corrupt"] | None:
        """Make a request, as far as what goes wrong with it.

        Returns:
            What is wrong with the value that it is about.

        Raises:
            DependencyError: the request's answer.
        """
        fault = self.next(operation)
        if fault == "hang":
            await asyncio.sleep(HANGS_SECONDS)
            return None
        if isinstance(fault, DependencyError):
            raise DependencyError(fault.status_code, fault.code)  # a new one: each grows its own traceback
        return fault

    def next(self, operation: str) -> Fault | None:
        """The fault of the request that is made now."""
        self._requests[operation] += 1
        if planned := self._planned[operation]:
            return planned.popleft()
        if self._outage is not None and self._is_away(self._outage):
            return self._outage.error
        count = self._requests[operation]
        return next((fault for n, fault in self._every.get(operation, {}).items() if count % n == 0), None)

    def _is_away(self, outage: Outage) -> bool:
        failed = self._requests.total() - outage.after_requests
        if failed <= 0:
            return False
        if self._outage_ends is None:
            self._outage_ends = self._clock() + outage.seconds
        if self._clock() < self._outage_ends or failed <= outage.requests:
            return True
        self._outage = None  # over for good
        return False
