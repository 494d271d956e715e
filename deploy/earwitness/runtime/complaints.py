"""Log lines about trouble, at most one a minute of each sort: a neighbour that is away must not fill a log."""

from __future__ import annotations

import logging
import time

__all__ = ["Complaints"]

_EVERY_SECONDS = 60.0


class Complaints:
    """What one process has to complain about.

    Args:
        logger: where it does.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._last: dict[str, float] = {}

    def say(self, sort: str, message: str, *values: object) -> None:
        """Log a warning, unless one of this sort was logged within the last minute."""
        if self.due(sort):
            self._logger.warning(message, *values)

    def due(self, sort: str) -> bool:
        """Whether none of this sort was logged within the last minute; counts as one from then on."""
        now = time.monotonic()
        if now - self._last.get(sort, -_EVERY_SECONDS) < _EVERY_SECONDS:
            return False
        self._last[sort] = now
        return True
