"""A neighbour of the app as the app asks it: bounded in time, retried, behind a circuit breaker, and all of it told.

The trail gets one `system.api_latency` for each attempt, and a `system.error_rate` whenever the circuit opens, lets a
probe through, or closes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from earwitness.client import Audit
from earwitness.client.timing import Timed
from voice_app.circuit import Circuit, CircuitLimits
from voice_app.errors import CIRCUIT_OPEN, TIMEOUT, DependencyError

__all__ = ["RETRY_WAITS", "Dependency", "DependencyLimits"]

T = TypeVar("T")
RETRY_WAITS = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class DependencyLimits:
    """How patient the app is.

    Attributes:
        attempt_seconds: how long one attempt may take.
        retry_waits: how long to wait before each retry, seconds; as many retries as there are waits.
        request_seconds: no retry begins later than this after the first attempt: Twilio, and the caller, wait 15 s.
        retried: answers that are worth a retry besides 429 and what is out of order.
        circuit: when the dependency is left alone.
    """

    attempt_seconds: float = 2.0
    retry_waits: tuple[float, ...] = RETRY_WAITS
    request_seconds: float = 10.0
    retried: frozenset[int] = frozenset()
    circuit: CircuitLimits = field(default_factory=CircuitLimits)


class Dependency:
    """One dependency.

    Args:
        name: as the trail calls it: airtable, redis, s3, twilio.
        audit: where events go.
        limits: how patient the app is with it.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        name: str,
        *,
        audit: Audit,
        limits: DependencyLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._audit = audit
        self._limits = limits
        self._clock = clock
        self._circuit = Circuit(limits.circuit)

    async def request(
        self,
        operation: str,
        ask: Callable[[], Awaitable[T]],
        *,
        on_retry: Callable[[DependencyError], None] | None = None,
    ) -> T:
        """Ask, and ask again while that makes sense.

        Args:
            operation: what is asked, for the trail.
            ask: makes one attempt; must be safe to repeat.
            on_retry: told of each failure after which it is tried again.

        Raises:
            DependencyError: the last attempt's.
        """
        last_begin = self._clock() + self._limits.request_seconds
        for retry, wait in enumerate((*self._limits.retry_waits, None)):
            try:
                return await self.attempt(operation, ask, is_retry=retry > 0)
            except DependencyError as error:
                worth_it = error.may_pass or error.status_code in self._limits.retried
                if wait is None or not worth_it or self._clock() + wait > last_begin:
                    raise
                if on_retry is not None:
                    on_retry(error)
            await asyncio.sleep(wait)
        raise AssertionError  # the last round returns or raises

    async def attempt(self, operation: str, ask: Callable[[], Awaitable[T]], *, is_retry: bool = False) -> T:
        """Ask once.

        Raises:
            DependencyError: refused, broken, not answered in time, or not asked since its circuit is open.
        """
        if not self._admits():
            raise DependencyError(None, CIRCUIT_OPEN)
        failed = True  # unless it turns out otherwise
        try:
            with self._audit.timed(operation, dependency=self._name) as attempt:
                answer = await self._bounded(ask, attempt)
            failed = False
        except DependencyError as error:
            failed = not error.is_refusal
            raise
        finally:
            self._count(failed=failed, retry=is_retry)
        return answer

    async def _bounded(self, ask: Callable[[], Awaitable[T]], attempt: Timed) -> T:
        try:
            async with asyncio.timeout(self._limits.attempt_seconds):
                answer = await ask()
        except TimeoutError:
            attempt.outcome = "timeout"
            raise DependencyError(None, TIMEOUT) from None
        except DependencyError as error:
            attempt.outcome = error.outcome
            raise
        attempt.status_code = 200
        return answer

    def _admits(self) -> bool:
        before = self._circuit.state
        admitted = self._circuit.admits(self._clock())
        if self._circuit.state != before:
            self._tell_circuit()
        return admitted

    def _count(self, *, failed: bool, retry: bool) -> None:
        before = self._circuit.state
        self._circuit.saw(self._clock(), failed=failed, retry=retry)
        if self._circuit.state != before:
            self._tell_circuit()

    def _tell_circuit(self) -> None:
        counts = self._circuit.counts(self._clock())
        self._audit.system_error_rate(
            dependency=self._name,
            failed=counts.failed,
            total=counts.total,
            retries=counts.retries,
            circuit_state=self._circuit.state,
            window_seconds=self._limits.circuit.window_seconds,
            severity="ERROR" if self._circuit.state == "open" else "WARN",
        )
