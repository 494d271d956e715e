"""One thread for what may take long, one job at a time; and when to try again after a failure."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

__all__ = ["Backoff", "Jobs"]

T = TypeVar("T")


class Jobs:
    """Runs one job at a time on a thread of its own; what it gives is handled on the caller's thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="clickhouse")
        self._future: Future[Any] | None = None
        self._handle: Callable[[Any], None] = print

    @property
    def busy(self) -> bool:
        """A job is running, or what it gave is not handled yet."""
        return self._future is not None

    def start(self, job: Callable[[], T], handle: Callable[[T], None]) -> None:
        """Start a job; `handle` gets what it gives, from within `finish`."""
        self._handle = handle
        self._future = self._pool.submit(job)

    def wait(self, seconds: float) -> bool:
        """Wait for the job at most that long; says whether it is done. Without a job, just wait."""
        if self._future is None:
            time.sleep(seconds)
            return True
        return not wait([self._future], seconds).not_done

    def finish(self) -> None:
        """Handle what the job gave, if it is done; raises what the job raised."""
        future = self._future
        if future is not None and future.done():
            self._future = None
            self._handle(future.result())

    def forget(self) -> None:
        """Whatever the job will give is of no interest any more; the next one starts when it has ended."""
        self._future = None

    def close(self) -> None:
        """End the thread when its job has ended."""
        self._pool.shutdown(wait=True)


class Backoff:
    """When to try again: a pause that doubles with every failure in a row, with jitter.

    Args:
        first: the first pause, seconds.
        longest: the longest one.
    """

    def __init__(self, first: float = 0.1, longest: float = 15.0) -> None:
        self._first = first
        self._longest = longest
        self._until = 0.0
        self.failures = 0

    @property
    def over(self) -> bool:
        """It is time to try."""
        return time.monotonic() >= self._until

    def failed(self) -> float:
        """Note a failure; returns how long the pause is."""
        pause = min(self._longest, self._first * 2.0**self.failures)
        self.failures = min(self.failures + 1, 16)
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._until = time.monotonic() + pause
        return pause

    def succeeded(self) -> None:
        """The next failure is a first one again."""
        self.failures = 0
        self._until = 0.0
