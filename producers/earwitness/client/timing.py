"""How long an attempt took and how it ended: as a block, or around a function of whatever sort."""

from __future__ import annotations

from time import perf_counter

from earwitness.client.measured import Measured
from earwitness.client.outcomes import named, of_error, of_status, severity, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from earwitness.client.audit import Audit
    from earwitness.client.vocabulary import ApiOutcome

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["Timed"]


class Timed(Measured):
    """See `Audit.timed`.

    Attributes:
        status_code: of the answer. None: what the exception says, if it says one.
        outcome: ok, error, timeout, rate_limited. None: as exception and status say.
    """

    __slots__ = ("_dependency", "_operation", "outcome", "status_code")

    def __init__(self, audit: Audit, operation: str, dependency: str) -> None:
        self._audit = audit
        self._operation = operation
        self._dependency = dependency
        self.outcome: ApiOutcome | None = None
        self.status_code: int | None = None

    def __call__(self, function: F) -> F:
        """Decorate: each call of the function is an attempt of its own. Its name, signature and sort stay as they are."""
        import inspect
        from functools import update_wrapper

        given: Any = function
        if isinstance(given, (staticmethod, classmethod)):
            method: Any = type(given)(self(given.__func__))
            return method  # type: ignore[no-any-return]
        if not callable(given):
            if self._audit._strict:  # noqa: SLF001 (of the same package)
                raise TypeError(f"timed() decorates functions, not a {type(given).__name__}")
            self._audit._mishap()  # noqa: SLF001 (as above)
            return function
        sorts = (given, type(given).__call__)  # the latter of an object that can be called
        if any(map(inspect.isasyncgenfunction, sorts)):
            timed: Any = self._around_async_generator(given)
        elif any(map(inspect.isgeneratorfunction, sorts)):
            timed = self._around_generator(given)
        elif any(map(inspect.iscoroutinefunction, sorts)):
            timed = self._around_coroutine(given)
        else:
            timed = self._around_function(given)
        decorated: Any = update_wrapper(timed, given)
        return decorated  # type: ignore[no-any-return]

    def _tell(self, error: BaseException | None, latency_ms: float, bound: Mapping[str, Any]) -> None:
        status = self.status_code
        if status is None and error is not None:
            status = status_of(error)
        outcome = self.outcome
        if outcome is None:
            outcome = of_status(status) if error is None else of_error(error, status)
        self._audit.system_api_latency(
            dependency=self._dependency,
            operation=self._operation,
            status_code=status,
            outcome=outcome,
            latency_ms=latency_ms,
            severity=severity(error, status) or (None if outcome == "ok" else "ERROR"),
            attributes=None if error is None else named(error),
            **bound,
        )

    def _around_function(self, function: Callable[..., Any]) -> Any:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with Timed(self._audit, self._operation, self._dependency):
                return function(*args, **kwargs)

        return timed

    def _around_coroutine(self, function: Callable[..., Any]) -> Any:
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with Timed(self._audit, self._operation, self._dependency):
                return await function(*args, **kwargs)

        return timed

    def _around_generator(self, function: Callable[..., Any]) -> Any:
        # By hand what `yield from` does (PEP 380), since only the time within the generator is to count.
        def timed(*args: Any, **kwargs: Any) -> Any:
            with _TimedInParts(self._audit, self._operation, self._dependency) as parts:
                inner = function(*args, **kwargs)
                step, sent = inner.send, None
                while True:
                    began = perf_counter()
                    try:
                        item = step(sent)
                    except StopIteration as end:
                        return end.value
                    finally:
                        parts.spent += perf_counter() - began
                    try:
                        sent = yield item
                        step = inner.send
                    except GeneratorExit:
                        inner.close()
                        raise
                    except BaseException as thrown:  # noqa: BLE001 (handed on into the generator, whatever it is)
                        step, sent = inner.throw, thrown

        return timed

    def _around_async_generator(self, function: Callable[..., Any]) -> Any:
        # As above.
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with _TimedInParts(self._audit, self._operation, self._dependency) as parts:
                inner = function(*args, **kwargs)
                step, sent = inner.asend, None
                while True:
                    began = perf_counter()
                    try:
                        item = await step(sent)
                    except StopAsyncIteration:
                        return
                    finally:
                        parts.spent += perf_counter() - began
                    try:
                        sent = yield item
                        step = inner.asend
                    except GeneratorExit:
                        await inner.aclose()
                        raise
                    except BaseException as thrown:  # noqa: BLE001 (as above)
                        step, sent = inner.athrow, thrown

        return timed


class _TimedInParts(Timed):
    """An attempt with interruptions.

    Attributes:
        spent: seconds so far.
    """

    __slots__ = ("spent",)

    def __init__(self, audit: Audit, operation: str, dependency: str) -> None:
        super().__init__(audit, operation, dependency)
        self.spent = 0.0

    def _milliseconds(self) -> float:
        return self.spent * 1000
