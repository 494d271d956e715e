"""Errors that gather around one subject: an address that forges webhooks, a number that types nonsense.

The trail is where such things are judged; what the app can see by itself it tells, and it slows the caller down. Counts
live in this process: behind several of them each counts for itself.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from earwitness.client.methods import EventMethods

__all__ = ["FORGED_WEBHOOKS", "INVALID_INPUTS", "WITHHELD", "Pattern", "Watch"]

WITHHELD = frozenset({"anonymous", "unavailable", "restricted", "+266696687"})
"""What Twilio sends for a withheld number: many callers share it, so nothing is counted against it."""

_MAX_SUBJECTS = 10_000


@dataclass(frozen=True)
class Pattern:
    """What is counted.

    Attributes:
        name: as the trail calls it.
        count: so many errors in a row are a pattern.
        window_seconds: within that time.
        blocks_seconds: for so long `Watch.blocks` then says yes.
    """

    name: str
    count: int
    window_seconds: int
    blocks_seconds: float = 0.0


FORGED_WEBHOOKS = Pattern("signature_failures", count=5, window_seconds=300)
INVALID_INPUTS = Pattern("invalid_inputs_in_a_row", count=10, window_seconds=3600, blocks_seconds=900)


class Watch:
    """Counts one pattern, subject by subject.

    Args:
        pattern: what is counted.
        audit: where events go.
        clock: seconds, never going back.
    """

    def __init__(self, pattern: Pattern, *, audit: EventMethods, clock: Callable[[], float] = time.monotonic) -> None:
        self._pattern = pattern
        self._audit = audit
        self._clock = clock
        # Whoever errs under ever new names must not fill the memory: the subject that erred longest ago goes first.
        self._errors: OrderedDict[str, deque[float]] = OrderedDict()
        self._blocked: OrderedDict[str, float] = OrderedDict()

    def erred(self, subject: str | None, detail: str) -> None:
        """Count an error.

        Args:
            subject: whose; None, or a withheld number: nobody's.
            detail: what the trail is told with the pattern.
        """
        if subject is None or subject in WITHHELD:
            return
        now = self._clock()
        errors = self._errors.setdefault(subject, deque(maxlen=self._pattern.count))
        self._errors.move_to_end(subject)
        errors.append(now)
        if len(errors) == self._pattern.count and now - errors[0] <= self._pattern.window_seconds:
            del self._errors[subject]  # the next event takes as many errors again
            self._block(subject, now)
            self._audit.security_error_pattern(
                pattern=self._pattern.name,
                count=self._pattern.count,
                window_seconds=self._pattern.window_seconds,
                subject=subject,
                detail=detail,
            )
        if len(self._errors) > _MAX_SUBJECTS:
            self._errors.popitem(last=False)

    def did_well(self, subject: str | None) -> None:
        """End a subject's row of errors."""
        if subject is not None:
            self._errors.pop(subject, None)

    def blocks(self, subject: str | None) -> bool:
        """Whether a subject made the pattern so recently that it is to be turned away."""
        until = self._blocked.get(subject or "")
        return until is not None and self._clock() < until

    def _block(self, subject: str, now: float) -> None:
        self._blocked.pop(subject, None)  # to the end: with one time for all, the front is over first
        self._blocked[subject] = now + self._pattern.blocks_seconds
        while next(iter(self._blocked.values())) <= now and len(self._blocked) > 1:
            self._blocked.popitem(last=False)
        if len(self._blocked) > _MAX_SUBJECTS:
            self._blocked.popitem(last=False)
