"""Log lines about trouble, at most one a minute of each sort: a broker that is away must not fill the app's log."""

from __future__ import annotations

import logging
import time

__all__ = ["Complaints"]

_LOGGER = logging.getLogger("earwitness.client")
_EVERY_SECONDS = 60.0


class Complaints:
    """What one worker has to complain about."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def say(self, sort: str, message: str, *values: object) -> None:
        """Log a warning, unless one of this sort was logged within the last minute."""
        now = time.monotonic()
        if now - self._last.get(sort, -_EVERY_SECONDS) < _EVERY_SECONDS:
            return
        self._last[sort] = now
        _LOGGER.warning(message, *values)
