"""Logging of the processes: one line a message to standard output, with time (UTC), level and module."""

from __future__ import annotations

import logging
import sys
import time

__all__ = ["configure"]


def configure(level: str) -> None:
    """Log to standard output from that level (DEBUG, INFO, WARNING, ERROR)."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
