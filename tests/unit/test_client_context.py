"""The call that events are stamped with: scopes, bindings, threads and tasks."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Request

from earwitness.client import context
from earwitness.client.context import HOLDER, CallScope
from earwitness.client.snapshot import trace_ids
from earwitness.client.testing import CapturedAudit
from earwitness.integrations.otel import RequestTrace
from earwitness.schemas.events import DataAirtableQuery
from waiting import wait_for


def current():
    holder = HOLDER.get()
    return None if holder is None else holder.call


@pytest.fixture(autouse=True)
def nothing_left_behind():
    yield
    assert HOLDER.get() is None


def test_scopes_nest_and_end():
    with CallScope(("CA1", "+1")):
        with CallScope(("CA2", None)):
            assert current() == ("CA2", None)
        assert current() == ("CA1", "+1")


def test_a_scope_ends_when_its_block_raises():
    with pytest.raises(ZeroDivisionError), CallScope(("CA1", None)):
        1 / 0  # noqa: B018


def test_what_a_sync_dependency_binds_in_its_thread_is_seen_by_the_code_around_it():
    with CallScope((None, None)), ThreadPoolExecutor(1) as pool:
        # How FastAPI and anyio run a sync dependency: in a copy of the context, in another thread.
        pool.submit(contextvars.copy_context().run, context.bind, "CA1", "+1").result()
        assert current() == ("CA1", "+1")


def test_binding_adds_to_what_is_known_of_a_call():
    with CallScope(("CA1", None)):
        context.bind(None, "+1")
        assert current() == ("CA1", "+1")


def test_another_call_does_not_inherit_the_caller():
    with CallScope(("CA1", "+1")):
        context.bind("CA2", None)
        assert current() == ("CA2", None)


def test_a_binding_puts_back_what_was_there_even_from_another_thread():
    with CallScope(("CA1", "+1")):
        binding = context.bind("CA2", "+2")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(binding.reset).result()
        assert current() == ("CA1", "+1")
        with context.bind("CA3", "+3"):
            assert current() == ("CA3", "+3")
        assert current() == ("CA1", "+1")


def test_without_a_scope_a_binding_holds_for_its_thread_only():
    def bound():
        with context.bind("CA1", "+1"):
            inside = current()
        return inside, current()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(bound).result() == (("CA1", "+1"), None)


def test_tasks_have_their_own_calls():
    async def serve(sid):
        with CallScope((sid, None)):
            await asyncio.sleep(0)
            return current()

    async def both():
        return await asyncio.gather(serve("CA1"), serve("CA2"))

    assert asyncio.run(both()) == [("CA1", None), ("CA2", None)]


def test_a_task_that_outlives_its_scope_keeps_its_call():
    async def main():
        go_on = asyncio.Event()

        async def later():
            await go_on.wait()
            return current()

        with CallScope(("CA1", None)):
            task = asyncio.create_task(later())
        go_on.set()
        return await task

    assert asyncio.run(main()) == ("CA1", None)


def test_a_scope_left_in_another_context_binds_nothing_any_more():
    scope = CallScope(("CA1", None))
    entered = contextvars.copy_context()
    entered.run(scope.__enter__)
    contextvars.copy_context().run(scope.__exit__, None, None, None)
    assert entered.run(current) is None


# What `Audit` makes of it.


def test_wrap_takes_the_call_into_a_thread_and_leaves_the_thread_as_it_was():
    audit = CapturedAudit()

    def work(job, *, note):
        audit.data_job_lookup(client_id="A12", job_number=job, found=True, latency_ms=1.0)
        return current(), note

    with ThreadPoolExecutor(1) as pool:
        with audit.call(call_sid="CA1", caller="+1"):
            wrapped = audit.wrap(work)
            assert pool.submit(work, "7", note="bare").result() == (None, "bare")
        with audit.call(call_sid="CA2"):
            assert pool.submit(wrapped, "8", note="x").result() == (("CA1", "+1"), "x")
        assert pool.submit(current).result() is None
    assert [(each.job_number, each.call_sid, each.caller) for each in audit.events] == [
        ("7", None, None),
        ("8", "CA1", "+1"),
    ]
    assert wrapped.__name__ == "work"


def test_wrap_counts_from_where_it_is_called():
    audit = CapturedAudit()
    with audit.call(call_sid="CA1"):
        binding = audit.bind(caller="+1")
        wrapped = audit.wrap(current)
        binding.reset()
        assert wrapped() == ("CA1", "+1")
        assert current() == ("CA1", None)
        audit.wrap(lambda: audit.bind(call_sid="CA9"))()
        assert current() == ("CA1", None), "nor does it change what is outside"
    with audit.call(call_sid="CA2"):
        pass
    nowhere = audit.wrap(current)
    with audit.call(call_sid="CA3"):
        assert nowhere() is None, "outside of any call, it belongs to none"


def test_wrap_takes_a_request_s_trace_along():
    audit = CapturedAudit()
    with ThreadPoolExecutor(1) as pool:
        with RequestTrace(f"00-{'a' * 32}-{'b' * 16}-01"):
            wrapped = audit.wrap(trace_ids)
        assert pool.submit(wrapped).result() == ("a" * 32, "b" * 16)
        assert pool.submit(trace_ids).result() is None


def test_wrap_takes_coroutine_functions_and_what_raises_passes():
    audit = CapturedAudit()

    async def work():
        await asyncio.sleep(0)
        if current() == ("CA1", None):
            raise KeyError("the app's")

    with audit.call(call_sid="CA1"):
        wrapped = audit.wrap(work)
    with pytest.raises(KeyError):
        asyncio.run(wrapped())

    async def in_a_thread():
        with audit.call(call_sid="CA2"):
            return await asyncio.get_running_loop().run_in_executor(None, audit.wrap(current))

    assert asyncio.run(in_a_thread()) == ("CA2", None)


def test_in_fastapi_the_call_is_seen_by_sync_code_in_threads_background_tasks_and_the_middleware():
    audit, after = CapturedAudit(), []
    app = FastAPI()

    class Middleware:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            with audit.call():
                await self.app(scope, receive, send)
                after.append(current())

    app.add_middleware(Middleware)

    def lookup(where):
        with audit.airtable(table=where, operation="select") as query:
            query.rows = 1

    def bound(request: Request):  # sync: runs in a thread, in a copy of the context
        audit.bind(call_sid=request.headers["sid"], caller="+1")

    def staged():  # sync generator: entered and left in different contexts
        with audit.stage("confirm_job", input_mode="dtmf") as stage:
            yield stage
            stage.to("ask_action", "user_confirmation_yes")

    async def later():
        with audit.redis(operation="get", key="async dependency"):
            yield

    Bound, Staged, Later = Depends(bound), Depends(staged), Depends(later)  # noqa: N806

    @app.get("/sync", dependencies=[Bound, Later])
    def in_a_thread(tasks: BackgroundTasks, stage=Staged):
        lookup("endpoint")
        tasks.add_task(lookup, "background")
        threading.Thread(target=audit.wrap(lookup), args=("thread",)).start()

    @app.get("/async", dependencies=[Bound, Staged, Later])
    async def in_the_loop(tasks: BackgroundTasks):
        lookup("endpoint")
        tasks.add_task(lookup, "background")

    async def serve():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ivr") as client:
            calls = [("/sync", "CA1"), ("/async", "CA2"), ("/sync", "CA3"), ("/async", "CA4")]
            return await asyncio.gather(*(client.get(path, headers={"sid": sid}) for path, sid in calls))

    assert {answer.status_code for answer in asyncio.run(serve())} == {200}
    wait_for(lambda: len(audit.events.all("data.airtable_query", table="thread")) == 2, 10)
    assert {each.caller for each in audit.events} == {"+1"}
    for sid, threads in (("CA1", 1), ("CA2", 0), ("CA3", 1), ("CA4", 0)):
        told = [each for each in audit.events if each.call_sid == sid]
        tables = sorted(each.table for each in told if isinstance(each, DataAirtableQuery))
        assert tables == ["background", "endpoint"] + ["thread"] * threads
        assert sorted(type(each).__name__ for each in told if not isinstance(each, DataAirtableQuery)) == [
            "CallStageTransition",
            "SystemStateManagement",
        ]
    assert sorted(after) == [(sid, "+1") for sid in ("CA1", "CA2", "CA3", "CA4")]
