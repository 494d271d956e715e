"""`timed`: around functions of every sort, and around code."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.client import AuditClient, NoopAudit
from earwitness.client.testing import CapturedAudit, capture

SLOW = 0.05


class RefusedError(Exception):
    status_code = 429


@pytest.fixture
def audit():
    return CapturedAudit()


def told(audit):
    return [(each.dependency, each.operation, each.outcome, each.status_code, each.severity) for each in audit.events]


def test_a_function_keeps_its_name_its_signature_and_its_answer(audit):
    @audit.timed("lookup", dependency="airtable")
    def lookup(number: int, *, deep: bool = False) -> str:
        """Look it up."""
        return f"{number} {deep}"

    assert lookup(7, deep=True) == "7 True"
    assert lookup.__name__ == "lookup"
    assert lookup.__doc__ == "Look it up."
    assert str(inspect.signature(lookup)) == "(number: 'int', *, deep: 'bool' = False) -> 'str'"
    assert told(audit) == [("airtable", "lookup", "ok", None, None)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError(), ("error", None, "ERROR")),
        (TimeoutError(), ("timeout", None, "ERROR")),
        (RefusedError(), ("rate_limited", 429, "WARN")),
        (asyncio.CancelledError(), ("other", None, "WARN")),
        (KeyboardInterrupt(), ("other", None, "WARN")),
    ],
)
def test_what_a_function_raises_passes_unchanged(audit, error, expected):
    @audit.timed("lookup")
    def lookup():
        raise error

    @audit.timed("lookup")
    async def lookup_later():
        await asyncio.sleep(0)
        raise error

    @audit.timed("lookup")
    def rows():
        yield 1
        raise error

    @audit.timed("lookup")
    async def rows_later():
        yield 1
        raise error

    async def all_rows():
        return [each async for each in rows_later()]

    def run(coroutine):
        try:
            while True:
                coroutine.send(None)
        except StopIteration:
            pass

    for work in (lookup, lambda: run(lookup_later()), lambda: list(rows()), lambda: run(all_rows())):
        error.__context__ = error.__traceback__ = None
        with pytest.raises(type(error)) as raised:
            work()
        assert raised.value is error
        assert raised.value.__context__ is None
    assert [each[2:] for each in told(audit)] == [expected] * 4


def test_the_sorts_of_functions_stay_what_they_are(audit):
    def plain(): ...
    async def coroutine(): ...
    def generator():
        yield

    async def async_generator():
        yield

    for function in (plain, coroutine, generator, async_generator):
        for sort in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
            assert sort(audit.timed("x")(function)) == sort(function)


def test_methods_of_every_sort(audit):
    class Jobs:
        @audit.timed("method")
        def method(self):
            return self

        @classmethod
        @audit.timed("class")
        def of_class(cls):
            return cls

        @audit.timed("class")
        @classmethod
        def around_class(cls):
            return cls

        @audit.timed("static")
        @staticmethod
        async def static():
            return 7

    class Callable:
        async def __call__(self):
            return 8

    jobs = Jobs()
    assert jobs.method() is jobs
    assert Jobs.of_class() is jobs.around_class() is Jobs
    assert asyncio.run(jobs.static()) == 7
    assert asyncio.run(audit.timed("object")(Callable())()) == 8
    assert asyncio.run(audit.timed("partial")(functools.partial(Callable.__call__, None))()) == 8
    assert [each[1] for each in told(audit)] == ["method", "class", "class", "static", "object", "partial"]


def test_a_coroutine_is_timed_to_its_end_and_each_call_by_itself(audit):
    @audit.timed("wait")
    async def wait(seconds):
        await asyncio.sleep(seconds)

    async def main():
        await asyncio.gather(wait(SLOW), wait(0))

    asyncio.run(main())
    short, long = (each.latency_ms for each in audit.events)
    assert short < SLOW * 1000 * 0.9 <= long


def test_a_timeout_within_is_a_timeout(audit):
    @audit.timed("wait")
    async def wait():
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(wait())
    assert [each[2] for each in told(audit)] == ["timeout"]


def test_a_generator_s_time_is_the_time_within_it(audit):
    @audit.timed("pages")
    def pages():
        time.sleep(SLOW)
        yield 1
        yield 2

    @audit.timed("pages")
    async def pages_later():
        await asyncio.sleep(SLOW)
        yield 1
        yield 2

    async def read():
        async for _ in pages_later():
            await asyncio.sleep(SLOW * 4)

    for _ in pages():
        time.sleep(SLOW * 4)
    asyncio.run(read())
    for each in audit.events:
        assert SLOW * 1000 * 0.9 <= each.latency_ms < SLOW * 1000 * 4


def test_a_generator_that_was_never_begun_tells_nothing_and_one_that_is_closed_early_is_fine(audit):
    closed = []

    @audit.timed("rows")
    def rows():
        try:
            yield from range(10)
        finally:
            closed.append("sync")

    @audit.timed("rows")
    async def rows_later():
        try:
            for each in range(10):
                yield each
        finally:
            await asyncio.sleep(0)
            closed.append("async")

    async def read():
        reading = rows_later()
        await anext(reading)
        await reading.aclose()
        async for _ in rows_later():
            break  # closed by the event loop, a little later
        async with asyncio.timeout(10):
            while len(closed) < 3:  # noqa: ASYNC110 (the event loop sets no event)
                await asyncio.sleep(0)

    rows()
    gc.collect()
    audit.events.none()
    for _ in rows():
        break
    gc.collect()
    asyncio.run(read())
    assert closed == ["sync", "async", "async"]
    assert told(audit) == [("app", "rows", "ok", None, None)] * 3


def test_a_generator_takes_what_is_sent_and_thrown_and_gives_its_answer(audit):
    def talk():
        heard = []
        while True:
            try:
                said = yield len(heard)
            except KeyError as error:
                heard.append(error.args[0])
            else:
                if said is None:
                    return heard
                heard.append(said)

    def converse(generator):
        found = [next(generator), generator.send("a"), generator.throw(KeyError("b"))]
        with pytest.raises(StopIteration) as end:
            next(generator)
        return found, end.value.value

    assert converse(audit.timed("talk")(talk)()) == converse(talk()) == ([0, 1, 2], ["a", "b"])


def test_a_generator_belongs_to_the_call_that_began_it(audit):
    @audit.timed("rows")
    def rows():
        yield 1
        yield 2

    with audit.call(call_sid="CA1"):
        reading = rows()
        next(reading)
    with audit.call(call_sid="CA2"):
        list(reading)
    assert audit.events.one("system.api_latency").call_sid == "CA1"


STEPS = st.lists(st.sampled_from(["next", "send", "throw", "close"]), max_size=8)


@given(STEPS, st.integers(0, 4), st.booleans())
def test_law_a_timed_generator_behaves_as_the_bare_one(steps, length, stubborn):
    def bare():
        for number in range(length):
            try:
                sent = yield number
            except RuntimeError:
                if not stubborn:
                    raise
                sent = "caught"
            if sent is not None:
                yield sent
        return "end"

    def drive(generator):
        seen = []
        for step in steps:
            try:
                if step == "next":
                    seen.append(next(generator))
                elif step == "send":
                    seen.append(generator.send(None if not seen else "sent"))
                elif step == "throw":
                    seen.append(generator.throw(RuntimeError("thrown")))
                else:
                    seen.append(generator.close())
            except StopIteration as end:
                seen.append(("stopped", end.value))
            except RuntimeError as error:
                seen.append(str(error))
        return seen

    audit = CapturedAudit()
    assert drive(audit.timed("rows")(bare)()) == drive(bare())
    gc.collect(1)  # the young: a full one takes long beside all other tests, and this is done for each example
    assert len(audit.events) <= 1


def test_as_a_block_its_outcome_can_be_said(audit):
    for status in (200, 404, 429, 500):
        with audit.timed("get", dependency="twilio") as attempt:
            attempt.status_code = status
    with audit.timed("get") as attempt:
        attempt.outcome = "timeout"
    assert [each[2:] for each in told(audit)] == [
        ("ok", 200, None),
        ("error", 404, "WARN"),
        ("rate_limited", 429, "WARN"),
        ("error", 500, "ERROR"),
        ("timeout", None, "ERROR"),
    ]


def test_what_is_no_function_is_an_error_in_strict_mode_only(audit):
    with pytest.raises(TypeError, match="not a property"):
        audit.timed("x")(property())
    real = AuditClient.from_env(environ={"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:9"})
    found = property()
    assert real.timed("x")(found) is found
    assert real.stats().internal_errors == 1


def test_a_function_decorated_by_a_client_that_is_switched_off_can_still_be_captured():
    audit = NoopAudit()

    @audit.timed("lookup")
    def lookup():
        return 7

    assert lookup() == 7
    with capture(audit) as ev:
        assert lookup() == 7
    ev.only("system.api_latency")
