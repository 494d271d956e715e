"""What the client and its no-op twin have in common: the whole of what an app uses.

An app that is switched off imports this module and no more than it: nothing here may import anything that takes long.
"""

from __future__ import annotations

from abc import abstractmethod

from earwitness.client import context
from earwitness.client.backends import AirtableQuery, RecordingStep, RedisAccess
from earwitness.client.context import CallScope
from earwitness.client.methods import EventMethods
from earwitness.client.stages import Stage
from earwitness.client.timing import Timed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from typing import Any, ParamSpec, TypeAlias, TypeVar

    from earwitness.client.context import Binding
    from earwitness.client.stats import Stats
    from earwitness.client.vocabulary import InputMode, RecordingStepName, RedisOperation, StageName

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = ["Audit", "Lifespan"]

Lifespan: TypeAlias = "Callable[[Any], AbstractAsyncContextManager[Any]]"
"""What `FastAPI(lifespan=…)` and `Starlette(lifespan=…)` take."""


class Audit(EventMethods):
    """An app's audit trail. A method for each kind of event (`call_started(…)`), none of which waits or raises.

    And blocks, which emit by themselves when they are left, with the time they took and how they ended::

        with audit.call(call_sid=form.CallSid, caller=form.From), audit.stage("confirm_job", input_mode="dtmf") as stage:
            with audit.airtable(table="Jobs", operation="select") as query:
                rows = table.all()
                query.rows = len(rows)
            stage.to("ask_action", "user_confirmation_yes")

    What the app raises in a block passes unchanged; it is what the event then tells of. A block is for one use.
    """

    _strict: bool = False

    @property
    @abstractmethod
    def enabled(self) -> bool:
        """Whether events go anywhere."""

    def call(self, *, call_sid: str | None = None, caller: str | None = None) -> AbstractContextManager[None]:
        """A `with` block in which every event belongs to that call.

        Holds for the code in the block, the tasks it starts, and what FastAPI runs for it in threads. An event that names
        its own `call_sid` or `caller` keeps it. Without arguments it opens an empty scope, for `bind` to fill.

        Args:
            call_sid: Twilio's id of the call.
            caller: the other party's number, as Twilio sends it.
        """
        return CallScope((call_sid, caller))

    def bind(self, *, call_sid: str | None = None, caller: str | None = None) -> Binding:
        """Fill the innermost `call` scope: what is given here holds until the scope ends, or `reset`.

        For code that learns in the middle which call it serves, such as a dependency that reads the form: the middleware
        around it opens the scope with `call()`. Without a scope around it, it holds for the rest of the task or thread: use
        it as a `with` block then, or a thread that serves other calls later takes it along.
        """
        return context.bind(call_sid, caller)

    def wrap(self, function: Callable[P, T]) -> Callable[P, T]:
        """The function with the call of here and now, for a thread: `pool.submit(audit.wrap(work), job)`.

        A thread knows nothing of the code that started it, nor does a thread pool. What the call is counts from now: what
        is bound later, here or there, changes nothing on the other side. Takes an `async` function too.
        """
        return context.carried(function)

    def stage(
        self,
        name: StageName,
        *,
        input_mode: InputMode,
        user_input: str | None = None,
        confidence: float | None = None,
        attempt: int = 1,
    ) -> Stage:
        """A block that works on the caller's answer in a stage: one `call.stage_transition` when it is left.

        Say within where it goes: `stage.to("confirm_job", "user_input_valid")`, or back to where it is; a block that does
        not say has moved nowhere, and nothing is told. Left by an exception it goes to `error_recovery`, by `timeout` or
        `error`, as an ERROR; cancelled, to `other`. When stages are nested, an exception is told by the innermost.

        Args:
            name: the stage that the answer was given in.
            input_mode: how the caller answered.
            user_input: what the caller said or typed; None on silence.
            confidence: the recogniser's, 0 to 1; None without speech.
            attempt: which try at the stage this is, from 1.
        """
        return Stage(self, name, input_mode, user_input=user_input, confidence=confidence, attempt=attempt)

    def airtable(
        self, *, table: str, operation: str, record_id: str | None = None, formula: str | None = None
    ) -> AirtableQuery:
        """A block around one request to Airtable, its retries included: one `data.airtable_query`.

        Set within: `rows`; `record_id` when it is known only then; `status_code` if it is not what the exception says. Call
        `retry()` for each failure after which it is tried again. `timed` in it tells of each attempt.

        Args:
            table: the table's name.
            operation: what is asked, such as select, update.
            record_id: the record, where it is one.
            formula: the filter, as it is sent.
        """
        return AirtableQuery(self, table, operation, record_id=record_id, formula=formula)

    def redis(self, *, operation: RedisOperation, key: str) -> RedisAccess:
        """A block around one access to a call's state: one `system.state_management`.

        Set within: `outcome` to `miss` or `corrupt` (or `error`, if you catch it yourself), `recovered` if the state was
        made anew. Left by an exception it is an `error`.

        Args:
            operation: get, set, delete or extend.
            key: the whole key.
        """
        return RedisAccess(self, operation, key)

    def s3(
        self,
        *,
        step: RecordingStepName,
        bucket: str,
        object_key: str | None = None,
        recording_sid: str | None = None,
        url: str | None = None,
        size_bytes: int | None = None,
    ) -> RecordingStep:
        """A block around one step of a recording's way into the store: one `system.recording_pipeline`.

        Set within what becomes known: `object_key`, `recording_sid`, `url`, `size_bytes`. `retry()` tells of a failure after
        which it is tried again. Left by an exception the step has `failed`.

        Args:
            step: fetch, store, sign or append.
            bucket: where recordings are kept.
            object_key: the recording's key there.
            recording_sid: Twilio's id of it.
            url: a URL that gives it away.
            size_bytes: its size.
        """
        return RecordingStep(
            self, step, bucket, object_key=object_key, recording_sid=recording_sid, url=url, size_bytes=size_bytes
        )

    def timed(self, operation: str, *, dependency: str = "app") -> Timed:
        """One attempt at something that takes time, as a decorator or as a block: one `system.api_latency` for each.

        Decorates functions, `async` functions, generators and `async` generators, methods too. Of a generator counts the time
        within it, not what its reader does between two items; one that is closed early is `ok`. In a block you may set
        `status_code` and `outcome`. Otherwise the outcome is `ok`, `timeout`, `rate_limited` (429) or `error`, and `other`
        when it was cancelled: so put the block around `asyncio.timeout`, not into it.

        Args:
            operation: what is done.
            dependency: who does it: airtable, redis, s3, twilio; `app` is the app itself.
        """
        return Timed(self, operation, dependency)

    @abstractmethod
    def flush(self, timeout: float = 5.0) -> int:
        """Wait until what was emitted so far is delivered, at most `timeout` seconds.

        Returns at once while the broker is away and everything is on disk: it is safe there, and waiting helps nobody.

        Returns:
            How many events are not delivered yet; they are still on their way.
        """

    @abstractmethod
    async def aflush(self, timeout: float = 5.0) -> int:  # noqa: ASYNC109 (gives a count, cancels nothing)
        """`flush` for code in an event loop, which goes on meanwhile."""

    @abstractmethod
    def close(self, timeout: float = 5.0) -> int:
        """Take no more events, deliver what is there, end the thread, all of that within `timeout` seconds.

        Happens by itself in a lifespan and when a script ends. What cannot be delivered waits on disk for the next process of
        this service; where there is no disk for it, it is counted as dropped.

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

    def _mishap(self) -> None:
        """Count that something of ours failed in the app's code, which must not notice."""

    def lifespan(self, inner: Lifespan | None = None, *, timeout: float = 5.0) -> Lifespan:
        """A lifespan that delivers everything when the server stops: `FastAPI(lifespan=audit.lifespan())`.

        uvicorn runs no exit hooks on SIGTERM, so an app on uvicorn needs this. An app that is started once more in the
        same process, as tests do, gets a client that is open again.

        Args:
            inner: the app's own lifespan, which then runs within this one.
            timeout: seconds to deliver what is left.
        """
        from contextlib import asynccontextmanager

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
