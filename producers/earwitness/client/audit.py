"""What the client and its no-op twin have in common: the whole of what an app uses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Any

from earwitness.client.context import Binding
from earwitness.client.methods import EventMethods
from earwitness.client.stats import Stats

__all__ = ["Audit", "Lifespan"]

Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]
"""What `FastAPI(lifespan=…)` and `Starlette(lifespan=…)` take."""


class Audit(EventMethods):
    """An app's audit trail. A method for each kind of event (`call_started(…)`), none of which waits or raises."""

    @property
    @abstractmethod
    def enabled(self) -> bool:
        """Whether events go anywhere."""

    @abstractmethod
    def call(self, *, call_sid: str | None = None, caller: str | None = None) -> AbstractContextManager[None]:
        """A `with` block in which every event belongs to that call.

        Holds for the code in the block, the tasks it starts, and what FastAPI runs for it in threads. An event that names
        its own `call_sid` or `caller` keeps it. Without arguments it opens an empty scope, for `bind` to fill.

        Args:
            call_sid: Twilio's id of the call.
            caller: the other party's number, as Twilio sends it.
        """

    @abstractmethod
    def bind(self, *, call_sid: str | None = None, caller: str | None = None) -> Binding:
        """Fill the innermost `call` scope: what is given here holds until the scope ends, or `reset`.

        For code that learns in the middle which call it serves, such as a dependency that reads the form: the middleware
        around it opens the scope with `call()`. Without a scope around it, it holds for the rest of the task or thread: use
        it as a `with` block then, or a thread that serves other calls later takes it along.
        """

    @abstractmethod
    def flush(self, timeout: float = 5.0) -> int:
        """Wait until what was emitted so far is delivered, at most `timeout` seconds.

        Returns:
            How many events are not delivered yet; they are still on their way.
        """

    @abstractmethod
    async def aflush(self, timeout: float = 5.0) -> int:  # noqa: ASYNC109 (gives a count, cancels nothing)
        """`flush` for code in an event loop, which goes on meanwhile."""

    @abstractmethod
    def close(self, timeout: float = 5.0) -> int:
        """Take no more events, deliver what is there, end the thread, all of that within `timeout` seconds.

        Happens by itself in a lifespan and when a script ends. What cannot be delivered is counted as dropped.

        Returns:
            How many events were lost.
        """

    @abstractmethod
    async def aclose(self, timeout: float = 5.0) -> int:  # noqa: ASYNC109 (as above)
        """`close` for code in an event loop, which goes on meanwhile."""

    @abstractmethod
    def stats(self) -> Stats:
        """What became of the events of this process."""

    @abstractmethod
    def _open(self) -> None:
        """Take events again after a close."""

    def lifespan(self, inner: Lifespan | None = None, *, timeout: float = 5.0) -> Lifespan:
        """A lifespan that delivers everything when the server stops: `FastAPI(lifespan=audit.lifespan())`.

        uvicorn runs no exit hooks on SIGTERM, so an app on uvicorn needs this. An app that is started once more in the
        same process, as tests do, gets a client that is open again.

        Args:
            inner: the app's own lifespan, which then runs within this one.
            timeout: seconds to deliver what is left.
        """

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[Any]:
            self._open()
            try:
                if inner is None:
                    yield None
                else:
                    async with inner(app) as state:
                        yield state
            finally:
                await self.aclose(timeout)

        return lifespan
