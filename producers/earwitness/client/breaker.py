"""When to stop believing in the broker, and when to believe again. Pure: no clock, no Kafka."""

from __future__ import annotations

from typing import Final

__all__ = ["DOWN_SECONDS", "SILENT_SECONDS", "Breaker"]

DOWN_SECONDS: Final = 3.0
"""For so long an event may wait for its confirmation once librdkafka has said that no broker is there."""
SILENT_SECONDS: Final = 15.0
"""For so long it may wait while a broker is there and confirms nothing at all: hung, frozen, or cut off one way."""


class Breaker:
    """Closed: events go to the broker. Open: they go to the spool, and one at a time is sent, to see whether it arrives.

    Such a probe waits in librdkafka, which connects again by itself, 0.1 to 5 s apart; so it holds up nothing here. And
    it asks for what is wanted, a confirmation by all in-sync replicas, not only for a sign of life.

    Attributes:
        is_open: whether it is.
        openings: how often it has opened.
    """

    def __init__(self, now: float) -> None:
        self.is_open = False
        self.openings = 0
        self._all_down = False
        self._answered = now

    def all_down(self) -> None:
        """No broker is there, says librdkafka: it has no connection to any."""
        self._all_down = True

    def answered(self, now: float) -> None:
        """The broker has confirmed an event, or refused one for good: it is there."""
        self._answered = now
        self._all_down = False
        self.is_open = False

    def judge(self, oldest_sent: float | None, now: float) -> bool:
        """Whether to open now.

        Args:
            oldest_sent: when the oldest event without a confirmation was sent; None when all have one.
            now: the time, of the same monotonic clock.
        """
        if self.is_open or oldest_sent is None:
            return False
        waited = now - oldest_sent
        silent = now - max(self._answered, oldest_sent)
        if (self._all_down and waited > DOWN_SECONDS) or silent > SILENT_SECONDS:
            self.is_open = True
            self.openings += 1
            return True
        return False
