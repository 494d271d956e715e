"""Where the state of running calls is kept: Redis, or memory in its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["CallStates", "InMemoryState"]


class CallStates(Protocol):
    """What the app needs of Redis."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None when there is none or it has expired."""

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep a value for so long."""

    async def delete(self, key: str) -> None:
        """Forget a value, if there is one."""

    async def extend(self, key: str, *, seconds: float) -> bool:
        """Keep a value for so long from now; False when there is none."""


class InMemoryState:
    """Stands in for Redis: values expire, and what has expired is thrown away.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[bytes, float]] = {}

    async def get(self, key: str) -> bytes | None:
        """The value, unless it has expired."""
        value, expires = self._values.get(key, (None, 0.0))
        return value if expires > self._clock() else None

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep a value for so long; `seconds` is the same for all."""
        self._values.pop(key, None)  # to the end: with one time to live for all, the front expires first
        self._values[key] = (value, self._clock() + seconds)
        while (oldest := next(iter(self._values), None)) and self._values[oldest][1] <= self._clock():
            del self._values[oldest]

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self._values.pop(key, None)

    async def extend(self, key: str, *, seconds: float) -> bool:
        """Keep a value for so long from now."""
        value = await self.get(key)
        if value is None:
            return False
        await self.set(key, value, seconds=seconds)
        return True
