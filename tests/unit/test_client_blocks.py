# ruff: noqa: PT012, TRY301 (what is raised within a block is what this is about)
"""The blocks that tell by themselves what happened in them: Airtable, Redis, recordings."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.client import AuditClient, InvalidEventError, NoopAudit, vocabulary
from earwitness.client.noop import OfflineAudit
from earwitness.client.testing import CapturedAudit
from earwitness.schemas import catalogue
from earwitness.schemas.events import EVENTS

SID = "CA0123456789abcdef0123456789abcdef"


class RefusedError(Exception):
    status_code = 422


class BrokenError(Exception):
    status_code = 503


@pytest.fixture
def audit():
    return CapturedAudit()


def blocks(audit):
    return {
        "airtable": lambda: audit.airtable(table="Jobs", operation="select"),
        "redis": lambda: audit.redis(operation="get", key="call_state:CA1"),
        "s3": lambda: audit.s3(step="store", bucket="recordings"),
        "stage": lambda: audit.stage("confirm_job", input_mode="dtmf"),
        "timed": lambda: audit.timed("lookup"),
    }


every_block = pytest.mark.parametrize("name", ["airtable", "redis", "s3", "stage", "timed"])


@pytest.mark.parametrize(
    ("alias", "kind", "field"),
    [
        ("StageName", "call.stage_transition", "from_stage"),
        ("StageName", "call.stage_transition", "to_stage"),
        ("Trigger", "call.stage_transition", "trigger"),
        ("InputMode", "call.stage_transition", "input_mode"),
        ("ApiOutcome", "system.api_latency", "outcome"),
        ("RedisOperation", "system.state_management", "operation"),
        ("StateOutcome", "system.state_management", "outcome"),
        ("RecordingStepName", "system.recording_pipeline", "step"),
        ("Severity", "system.api_latency", "severity"),
    ],
)
def test_the_vocabularies_are_those_of_the_schemas(alias, kind, field):
    (kind_of_field,) = (each["type"] for each in catalogue.raw(kind).fields if each["name"] == field)
    assert list(get_args(getattr(vocabulary, alias))) == kind_of_field["symbols"]


def test_a_request_to_airtable(audit):
    with (
        audit.call(call_sid=SID, caller="+1"),
        audit.airtable(table="Jobs", operation="select", formula="{N}='7'") as q,
    ):
        q.rows = 3
        q.record_id = "rec1"
    told = audit.events.one("data.airtable_query")
    assert (told.table, told.operation, told.formula, told.record_id) == ("Jobs", "select", "{N}='7'", "rec1")
    assert (told.status_code, told.rows, told.retries, told.severity) == (200, 3, 0, None)
    assert (told.call_sid, told.caller) == (SID, "+1")
    assert 0 <= told.latency_ms < 1000


def test_retries_are_counted_and_make_it_a_warning(audit):
    with audit.airtable(table="Jobs", operation="update") as q:
        q.retry()
        q.retry()
    told = audit.events.one("data.airtable_query")
    assert (told.retries, told.severity) == (2, "WARN")


def http_error(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "https://api.airtable.com/")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(status, request=request))


class BotoError(Exception):
    response: ClassVar = {"ResponseMetadata": {"HTTPStatusCode": 403}, "Error": {"Code": "AccessDenied"}}


class MaliciousError(Exception):
    @property
    def response(self):
        raise RuntimeError("not now")


@pytest.mark.parametrize(
    ("error", "status", "severity"),
    [
        (RefusedError(), 422, "WARN"),
        (BrokenError(), 503, "ERROR"),
        (http_error(429), 429, "WARN"),
        (BotoError(), 403, "WARN"),
        (MaliciousError(), None, "ERROR"),
        (ConnectionResetError(104, "reset"), None, "ERROR"),
        (TimeoutError(), None, "ERROR"),
        (asyncio.CancelledError(), None, "WARN"),
        (KeyboardInterrupt(), None, "WARN"),
        (SystemExit(1), None, "WARN"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_a_request_that_fails_says_with_what(audit, error, status, severity):
    with pytest.raises(type(error)) as raised, audit.airtable(table="Jobs", operation="select"):
        raise error
    assert raised.value is error
    assert raised.value.__context__ is None
    told = audit.events.one("data.airtable_query")
    assert (told.status_code, told.severity, told.rows) == (status, severity, 0)
    assert told.attributes == {"error": type(error).__name__}


def test_an_access_to_redis(audit):
    with audit.redis(operation="get", key="call_state:CA1") as access:
        access.outcome = "miss"
        access.recovered = True
    with audit.redis(operation="set", key="call_state:CA1"):
        pass
    with audit.redis(operation="get", key="call_state:CA1") as access:
        access.outcome = "corrupt"
    with pytest.raises(ConnectionError), audit.redis(operation="extend", key="call_state:CA1"):
        raise ConnectionError
    with pytest.raises(asyncio.CancelledError), audit.redis(operation="delete", key="call_state:CA1"):
        raise asyncio.CancelledError
    told = [(each.operation, each.outcome, each.recovered, each.severity) for each in audit.events]
    assert told == [
        ("get", "miss", True, "WARN"),
        ("set", "ok", False, None),
        ("get", "corrupt", False, "ERROR"),
        ("extend", "error", False, "ERROR"),
        ("delete", "other", False, "WARN"),
    ]


def test_a_step_of_a_recording(audit):
    with audit.s3(step="fetch", bucket="b", recording_sid="RE1") as step:
        step.retry()
        step.size_bytes = 17
        step.object_key = "2026/11/30/CA1-7.mp3"
        step.url = "https://signed"
    with pytest.raises(BrokenError), audit.s3(step="store", bucket="b", object_key="k", url="u", size_bytes=1):
        raise BrokenError
    told = [
        (each.step, each.outcome, each.severity, each.object_key, each.size_bytes, each.url) for each in audit.events
    ]
    assert told == [
        ("fetch", "retry", "WARN", None, None, None),
        ("fetch", "ok", None, "2026/11/30/CA1-7.mp3", 17, "https://signed"),
        ("store", "failed", "ERROR", "k", 1, "u"),
    ]
    assert {each.recording_sid for each in audit.events} == {"RE1", None}


@every_block
def test_a_block_left_in_another_context_belongs_to_the_call_it_was_entered_in(audit, name):
    entered, made = contextvars.copy_context(), []

    def enter():
        audit.bind(call_sid=SID, caller="+1")
        block = blocks(audit)[name]()
        made.append(block.__enter__())

    entered.run(enter)
    if name == "stage":
        made[0].to("goodbye", "timeout")
    contextvars.copy_context().run(made[0].__exit__, None, None, None)
    (told,) = audit.events
    assert (told.call_sid, told.caller) == (SID, "+1")


@every_block
def test_a_generator_that_is_closed_within_a_block_has_not_failed(audit, name):
    def rows():
        with blocks(audit)[name]() as block:
            if name == "stage":
                block.to("goodbye", "timeout")
            yield from range(10)

    for _ in rows():
        break
    gc.collect()
    (told,) = audit.events
    assert told.severity is None
    assert told.attributes is None


@every_block
def test_a_cancelled_task_ends_its_blocks(audit, name):
    async def main():
        async def work():
            with audit.call(call_sid=SID), blocks(audit)[name]():
                entered.set()
                await asyncio.Event().wait()

        entered = asyncio.Event()
        task = asyncio.create_task(work())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    (told,) = audit.events
    assert (told.call_sid, told.severity, told.attributes) == (SID, "WARN", {"error": "CancelledError"})


# What an app does wrong: loud in strict mode, counted in production.


class Lenient(OfflineAudit):
    """A client in production mode, at whose events one can look, and which may be out of order."""

    enabled = True

    def __init__(self, broken=False):
        self.events, self.mishaps, self.broken = [], 0, broken

    def emit(self, event):
        if self.broken:
            raise RuntimeError("ours")
        self.events.append(event)
        return True

    def _mishap(self):
        self.mishaps += 1


@every_block
def test_a_name_that_a_block_does_not_have_is_counted_and_the_event_is_told(name):
    audit = Lenient()
    with blocks(audit)[name]() as block:
        block.rowz = 3
        if name == "stage":
            block.to("goodbye", "timeout")
    assert audit.mishaps == 1
    assert len(audit.events) == 1


@every_block
def test_a_name_that_a_block_does_not_have_raises_in_strict_mode(audit, name):
    with pytest.raises(InvalidEventError, match=r"rowz: is no name"), blocks(audit)[name]() as block:
        block.rowz = 3


def test_a_value_of_a_wrong_type_raises_in_strict_mode_where_the_block_ends(audit):
    with pytest.raises(InvalidEventError, match="rows"), audit.airtable(table="Jobs", operation="select") as q:
        q.rows = "many"
    with pytest.raises(InvalidEventError, match="status_code"), audit.timed("x") as attempt:
        attempt.status_code = "404"
    with pytest.raises(InvalidEventError, match="status_code"), audit.airtable(table="Jobs", operation="select") as q:
        q.status_code = [404]
    with pytest.raises(ZeroDivisionError), audit.airtable(table="Jobs", operation="select") as q:
        q.rows = "many"
        1 / 0  # noqa: B018
    audit.events.none()


@every_block
@pytest.mark.parametrize("error", [None, ValueError("the app's"), asyncio.CancelledError()])
def test_an_error_of_ours_never_reaches_the_app_nor_hides_its_own(name, error):
    audit = Lenient(broken=True)

    def work():
        with blocks(audit)[name]() as block:
            if name == "stage":
                block.to("goodbye", "timeout")
            if error is not None:
                raise error
            return "done"

    if error is None:
        assert work() == "done"
    else:
        with pytest.raises(type(error)) as raised:
            work()
        assert raised.value is error
    assert audit.mishaps == 1


def test_a_mishap_shows_in_the_client_s_stats():
    audit = AuditClient.from_env(environ={"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:9"})
    with audit.redis(operation="get", key="k") as access:
        access.outcom = "miss"
    assert audit.stats().internal_errors == 1
    audit.close(0.1)


@every_block
def test_switched_off_a_block_keeps_what_is_set_and_tells_nothing(name):
    audit = NoopAudit()
    with blocks(audit)[name]() as block:
        block.rows = getattr(block, "rows", 0) + 1
    assert block.rows == 1
    with pytest.raises(ZeroDivisionError), blocks(audit)[name]():
        1 / 0  # noqa: B018


def test_blocks_in_many_threads_keep_to_their_calls(audit):
    def work(number):
        with audit.call(call_sid=f"CA{number}"), audit.airtable(table="Jobs", operation="select") as q:
            q.rows = number

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    assert sorted((each.call_sid, each.rows) for each in audit.events) == sorted((f"CA{n}", n) for n in range(200))


ERRORS = [
    None,
    ValueError,
    TimeoutError,
    RefusedError,
    BrokenError,
    asyncio.CancelledError,
    KeyboardInterrupt,
    GeneratorExit,
]


@given(st.lists(st.tuples(st.sampled_from(["airtable", "redis", "s3", "timed"]), st.sampled_from(ERRORS)), max_size=6))
def test_law_each_block_tells_once_and_the_exception_is_the_app_s(nesting):
    audit = CapturedAudit()
    outcomes = []

    def run(left):
        if not left:
            return
        (name, error), *rest = left
        thrown = None if error is None else error()
        try:
            with blocks(audit)[name]():
                run(rest)
                if thrown is not None:
                    raise thrown
        except BaseException as caught:  # noqa: BLE001
            outcomes.append(caught is thrown)

    run(nesting)
    assert all(outcomes)
    assert len(outcomes) == sum(error is not None for _, error in nesting)
    kinds = {"airtable": "data.airtable_query", "redis": "system.state_management"}
    kinds |= {"s3": "system.recording_pipeline", "timed": "system.api_latency"}
    assert audit.events.kinds() == [kinds[name] for name, _ in reversed(nesting)]
    for event, (_, error) in zip(audit.events, reversed(nesting), strict=True):
        failed = error not in {None, GeneratorExit}
        assert event.attributes == ({"error": error.__name__} if failed else None)
        assert (event.severity is not None) == failed
        assert type(event) is EVENTS[event.__struct_config__.tag]
