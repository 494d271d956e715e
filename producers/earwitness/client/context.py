"""The call that the running code belongs to: stamped on every event emitted within it.

The context variable holds a mutable *holder*, not the call itself. FastAPI runs a sync dependency in a copy of the
context, in another thread: a plain `ContextVar.set` is lost there, whereas what is bound in a shared holder is seen by
the endpoint, its background tasks and the middleware around it.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False  # as typing's, whose import alone takes as long as all the rest here
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Final, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = ["HOLDER", "TRACE", "Binding", "Call", "CallScope", "Holder", "bind", "carried"]

Call = tuple[str | None, str | None]
"""CallSid and the other party's number. One immutable pair: a reader in another thread never sees half of it."""


class Holder:
    """Where a scope keeps its call; all contexts copied from that scope share it."""

    __slots__ = ("call",)

    def __init__(self, call: Call | None) -> None:
        self.call = call


HOLDER: Final[ContextVar[Holder | None]] = ContextVar("earwitness_call", default=None)
TRACE: Final[ContextVar[tuple[str, str] | None]] = ContextVar("earwitness_trace", default=None)
"""Trace and span id that a request brought along, for where no OpenTelemetry span runs: `earwitness.integrations.otel`."""


class CallScope:
    """The time in which all that is emitted belongs to one call; scopes nest, the innermost counts."""

    __slots__ = ("_holder", "_token")

    def __init__(self, call: Call | None) -> None:
        self._holder = Holder(call)
        self._token: Token[Holder | None] | None = None

    def __enter__(self) -> None:
        self._token = HOLDER.set(self._holder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is None:
            return
        try:
            HOLDER.reset(self._token)
        except ValueError:
            # Left in another context than it was entered in, as a sync generator dependency is in FastAPI.
            self._holder.call = None


class Binding:
    """What `bind` has put in place; `reset`, or the end of a `with` block, puts back what was there before."""

    __slots__ = ("_holder", "_previous")

    def __init__(self, holder: Holder, previous: Call | None) -> None:
        self._holder = holder
        self._previous = previous

    def reset(self) -> None:
        """Put back what was bound before; works from any thread or task."""
        self._holder.call = self._previous

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()


def bind(call_sid: str | None, caller: str | None) -> Binding:
    """Give the innermost scope its call, or more of it: what is None here stays as it is there.

    Outside of any scope one is opened for the rest of this context (an asyncio task, a thread).
    """
    holder = HOLDER.get()
    if holder is None:
        holder = Holder(None)
        HOLDER.set(holder)
    previous = holder.call
    known_sid, known_caller = previous or (None, None)
    if call_sid is not None and known_sid is not None and call_sid != known_sid:
        known_caller = None  # another call: its caller is not this one's
    holder.call = (call_sid or known_sid, caller or known_caller)
    return Binding(holder, previous)


class _Carried(CallScope):
    """A call and a trace in another thread or task: entered and left in one context."""

    __slots__ = ("_trace", "_trace_token")

    def __init__(self, call: Call | None, trace: tuple[str, str] | None) -> None:
        super().__init__(call)
        self._trace = trace

    def __enter__(self) -> None:
        super().__enter__()
        self._trace_token = TRACE.set(self._trace)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        TRACE.reset(self._trace_token)
        super().__exit__(kind, error, trace)


def carried(function: Callable[P, T]) -> Callable[P, T]:
    """The function with the call of here and now, wherever it runs. See `Audit.wrap`."""
    from functools import wraps
    from inspect import iscoroutinefunction

    holder = HOLDER.get()
    call, trace = None if holder is None else holder.call, TRACE.get()
    runs: Any = function
    if iscoroutinefunction(function):

        @wraps(function)
        async def run_later(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _Carried(call, trace):
                return await runs(*args, **kwargs)

        return run_later  # type: ignore[return-value]  # it gives what the function gives

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with _Carried(call, trace):
            return function(*args, **kwargs)

    return run
