"""A circuit breaker: who does not answer is left alone for a while, so that callers do not wait for nothing.

Pure: no clock, no trail. `dependency.py` gives it the time and tells the trail of its changes::

    closed ──── half of the window's requests failed ───▶ open
      ▲                                                    │ some seconds later
      └── the probe succeeded ── half_open ◀───────────────┘
                                     └──── the probe failed ───▶ open
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["Circuit", "CircuitLimits", "CircuitState", "Counts"]

CircuitState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True)
class CircuitLimits:
    """When a circuit opens, and for how long.

    Attributes:
        window_seconds: how far back it looks.
        min_requests: fewer requests than that within the window prove nothing.
        failed_share: what share of them has to have failed.
        open_seconds: how long it stays open before one request may try.
    """

    window_seconds: int = 30
    min_requests: int = 10
    failed_share: float = 0.5
    open_seconds: float = 15.0


@dataclass(frozen=True)
class Counts:
    """The requests within the window."""

    failed: int
    total: int
    retries: int


class Circuit:
    """The breaker of one dependency.

    Args:
        limits: when it opens.

    Attributes:
        state: closed, open or half_open.
    """

    def __init__(self, limits: CircuitLimits) -> None:
        self.state: CircuitState = "closed"
        self._limits = limits
        self._seen: deque[tuple[float, bool, bool]] = deque()  # when, whether it failed, whether it was a retry
        self._tries_again_at = 0.0
        self._closed_since = float("-inf")
        self._probing = False

    def admits(self, now: float) -> bool:
        """Whether a request may be made now. Whoever is admitted reports with `saw` how it went.

        Args:
            now: seconds of a clock that never goes back.
        """
        if self.state == "open" and now >= self._tries_again_at:
            self.state = "half_open"
        if self.state == "half_open" and not self._probing:
            self._probing = True
            return True
        return self.state == "closed"

    def saw(self, now: float, *, failed: bool, retry: bool) -> None:
        """A request is over.

        Args:
            now: as above.
            failed: whether the dependency was out of order; a refusal is an answer, hence no failure.
            retry: whether it was the repetition of an earlier request.
        """
        self._seen.append((now, failed, retry))
        self._forget(now)
        if self.state == "half_open" and self._probing:
            self._probing = False
            if failed:
                self._open(now)
            else:
                self.state = "closed"
                self._closed_since = now  # what failed before is over, and must not open it again
        elif self.state == "closed" and failed:
            counts = self.counts(now, since=self._closed_since)
            enough = counts.total >= self._limits.min_requests
            if enough and counts.failed >= counts.total * self._limits.failed_share:
                self._open(now)

    def counts(self, now: float, *, since: float = float("-inf")) -> Counts:
        """The requests of the window that ends now, or of what of it came after `since`."""
        self._forget(now)
        seen = [(failed, retry) for at, failed, retry in self._seen if at > since]
        return Counts(
            failed=sum(failed for failed, _ in seen),
            total=len(seen),
            retries=sum(retry for _, retry in seen),
        )

    def _forget(self, now: float) -> None:
        while self._seen and self._seen[0][0] <= now - self._limits.window_seconds:
            self._seen.popleft()

    def _open(self, now: float) -> None:
        self.state = "open"
        self._tries_again_at = now + self._limits.open_seconds
