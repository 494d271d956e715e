"""Requests that come when they come, whatever becomes of those before: an open loop of a steady mean rate."""

from __future__ import annotations

import asyncio
import random
from array import array
from collections.abc import Callable


class Arrivals:
    """Calls a function at random moments (Poisson) of the event loop's clock; the same moments for the same seed.

    How much later than due the loop comes to it is what else runs in the process, in nanoseconds, in `late`. asyncio's own
    share is up to a millisecond, to which it rounds a wait up.

    Args:
        rate: calls a second, in the mean.
        seconds: for how long.
        arrive: called for each.
    """

    def __init__(self, rate: float, seconds: float, arrive: Callable[[], object], seed: int = 1) -> None:
        self.late = array("q")
        self._rate = rate
        self._chance = random.Random(seed)
        self._arrive = arrive
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._end = self._due + seconds
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._next()

    async def wait(self) -> None:
        """Until the last one has been called."""
        await self._over

    def _next(self) -> None:
        self._due += self._chance.expovariate(self._rate)
        if self._due < self._end:
            self._loop.call_at(self._due, self._fire)
        else:
            self._over.set_result(None)

    def _fire(self) -> None:
        self.late.append(round((self._loop.time() - self._due) * 1e9))
        self._arrive()
        self._next()
