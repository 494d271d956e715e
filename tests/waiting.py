"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["wait_for"]


def wait_for(condition: Callable[[], object], seconds: float = 60.0, what: str | Callable[[], object] = "") -> None:
    """Ask until it holds.

    Args:
        condition: what is asked.
        seconds: for how long at most.
        what: what the failure says was waited for; a callable is asked only then.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for: {what() if callable(what) else what}")
        time.sleep(0.05)
