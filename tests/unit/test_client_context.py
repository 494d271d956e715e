"""The call that events are stamped with: scopes, bindings, threads and tasks."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

import pytest

from earwitness.client import context
from earwitness.client.context import HOLDER, CallScope


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
