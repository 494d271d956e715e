"""A stand-in for Redis: values in memory that expire, get lost, or come back garbled."""

from __future__ import annotations

import time
from collections.abc import Callable

from voice_app.stand_ins.faults import Faults

__all__ = ["RedisStandIn"]


class RedisStandIn:
    """Stands in for Redis; it is a `CallStates`. What has expired is thrown away.

    Args:
        faults: what it does wrong, by the operations `get`, `set`, `delete` and `extend`.
        clock: seconds, never going back.
    """

    def __init__(self, faults: Faults | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults = faults or Faults()
        self._clock = clock
        self._values: dict[str, tuple[bytes, float]] = {}

    async def get(self, key: str) -> bytes | None:
        """The value, unless it has expired."""
        fault = await self.faults.meet("get")
        if fault == "lose":
            self._values.pop(key, None)
        value, expires = self._values.get(key, (None, 0.0))
        if value is None or expires <= self._clock():
            return None
        return value[: len(value) // 2] if fault == "corrupt" else value

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep a value for so long; `seconds` is the same for all."""
        await self.faults.meet("set")
        self._values.pop(key, None)  # to the end: with one time to live for all, the front expires first
        self._values[key] = (value, self._clock() + seconds)
        while (oldest := next(iter(self._values), None)) and self._values[oldest][1] <= self._clock():
            del self._values[oldest]

    async def delete(self, key: str) -> None:
        """Forget a value."""
        await self.faults.meet("delete")
        self._values.pop(key, None)

    async def extend(self, key: str, *, seconds: float) -> bool:
        """Keep a value for so long from now."""
        await self.faults.meet("extend")
        value, expires = self._values.get(key, (None, 0.0))
        if value is None or expires <= self._clock():
            return False
        self._values.pop(key)
        self._values[key] = (value, self._clock() + seconds)
        return True
