"""The client for other people's tests: keeps what the real one would send, and is as strict as it can be."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from earwitness.client import Audit, AuditClient, InvalidEventError, Stats
from earwitness.client.testing import CapturedAudit, capture
from earwitness.runtime.errors import SettingsError
from earwitness.schemas.events import DataJobLookup, SystemErrorRate


def test_events_are_kept_in_order_with_their_call_and_caller():
    audit = CapturedAudit()
    with audit.call(call_sid="CA1", caller="+12025550142"):
        assert audit.call_started(direction="inbound", language="en")
        audit.data_job_lookup(client_id="A12", job_number="7", found=True, latency_ms=1.0, caller="anonymous")
    audit.system_error_rate(dependency="redis", failed=1, total=2, retries=0, circuit_state="open", window_seconds=30)
    assert audit.kinds() == ["call.started", "data.job_lookup", "system.error_rate"]
    assert [(event.call_sid, event.caller) for event in audit.events] == [
        ("CA1", "+12025550142"), ("CA1", "anonymous"), (None, None),
    ]  # fmt: skip
    (started,) = audit.told("call.started")
    assert started.language == "en"


def test_an_event_that_does_not_fit_its_kind_raises_where_it_is_emitted():
    audit = CapturedAudit()
    with pytest.raises(InvalidEventError, match=r"call\.started"):
        audit.call_started(direction="sideways", language="en")
    assert audit.events == []


def test_it_takes_the_place_of_the_real_client():
    audit: Audit = CapturedAudit()

    async def serve() -> None:
        async with audit.lifespan()(None):
            with audit.call():
                audit.bind(call_sid="CA2")
                audit.call_started(direction="inbound", language="es")

    asyncio.run(serve())
    assert audit.events[0].call_sid == "CA2"
    assert (audit.enabled, audit.flush(), audit.close()) == (True, 0, 0)


OFF = {"EARWITNESS_ENABLED": "0"}
NOWHERE = {"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:9"}


@pytest.fixture(params=["switched on", "switched off", "captured"])
def audit(request):
    switch = NOWHERE if request.param == "switched on" else OFF
    made = CapturedAudit() if request.param == "captured" else AuditClient.from_env(environ=switch)
    yield made
    made.close(0.1)


def start(audit, sid="CA1", language="en"):
    with audit.call(call_sid=sid, caller="+12025550142"):
        return audit.call_started(direction="inbound", language=language)


def test_capture_sees_what_is_emitted_in_the_block_and_nothing_leaves(audit):
    kind, before, others = type(audit), audit.stats(), threading.enumerate()
    with capture(audit) as ev:
        assert isinstance(audit, kind)
        assert audit.enabled
        assert start(audit)
        with audit.redis(operation="get", key="k") as access:
            access.outcome = "miss"
        audit.emit(
            SystemErrorRate(dependency="redis", failed=1, total=2, retries=0, circuit_state="open", window_seconds=9)
        )
        assert (audit.flush(), audit.close(), audit.stats()) == (0, 0, Stats())
        assert asyncio.run(audit.aflush()) == asyncio.run(audit.aclose()) == 0
    assert ev.kinds() == ["call.started", "system.state_management", "system.error_rate"]
    assert (ev[0].call_sid, ev[0].caller) == ("CA1", "+12025550142")
    assert type(audit) is kind
    assert audit.stats() == before
    assert "earwitness-client" not in [thread.name for thread in threading.enumerate() if thread not in others]
    start(audit)
    assert len(ev) == 3


def test_after_the_block_the_client_goes_on(monkeypatch):
    audit = AuditClient.from_env(environ=NOWHERE)
    start(audit)
    with capture(audit):
        start(audit)
        with capture(audit):
            start(audit)
    start(audit)
    assert audit.stats().accepted == 2
    audit.close(0.1)


def test_captures_nest_and_end_in_any_order(audit):
    outer, inner = capture(audit), capture(audit)
    first, second = outer.__enter__(), None
    start(audit, "CA1")
    second = inner.__enter__()
    start(audit, "CA2")
    outer.__exit__(None, None, None)
    start(audit, "CA3")
    inner.__exit__(None, None, None)
    start(audit, "CA4")
    assert [each.call_sid for each in first] == ["CA1", "CA2"]
    assert [each.call_sid for each in second] == ["CA2", "CA3"]


def test_capture_ends_when_its_block_raises(audit):
    kind = type(audit)
    with pytest.raises(ZeroDivisionError), capture(audit):
        1 / 0  # noqa: B018
    assert type(audit) is kind


def test_capture_is_strict_where_the_event_is_emitted(audit):
    with capture(audit) as ev:
        with pytest.raises(InvalidEventError, match=r"call\.started"):
            start(audit, language=7)
        with pytest.raises(InvalidEventError, match="zone"):
            audit.call_started(direction="inbound", language="en", occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001
        with pytest.raises(InvalidEventError, match="unknown"):
            audit.emit("call.started")
        with pytest.raises(InvalidEventError, match="cannot be encoded"):
            audit.call_started(direction="inbound", language="en", attributes={"a": object()})
        with pytest.raises(InvalidEventError, match="rowz"), audit.airtable(table="Jobs", operation="select") as query:
            query.rowz = 1
    ev.only("data.airtable_query")


def test_many_threads_are_captured(audit):
    with capture(audit) as ev, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda number: start(audit, f"CA{number}"), range(500)))
    assert {each.call_sid for each in ev} == {f"CA{number}" for number in range(500)}
    assert len(ev) == 500


def test_captures_begin_and_end_while_others_emit(audit):
    done = threading.Event()

    def emit():
        while not done.is_set():
            start(audit)

    with ThreadPoolExecutor(2) as pool, capture(audit) as whole:
        emitting = pool.submit(emit)
        for _ in range(200):
            with capture(audit) as ev:
                start(audit, "CAmine")
            assert len(ev.all("call.started", call_sid="CAmine")) == 1
        done.set()
        emitting.result()
        assert len(whole.all("call.started", call_sid="CAmine")) == 200


def test_without_a_client_those_are_captured_that_are_made_in_the_block():
    original = vars(AuditClient)["from_env"]
    with capture() as ev:
        audit = AuditClient.from_env(service="ivr", environ={})
        start(audit, "CA1")
        with capture() as inner:
            start(audit, "CA2")
            start(AuditClient.from_env(), "CA3")
        start(audit, "CA4")
    assert [each.call_sid for each in ev] == ["CA1", "CA2", "CA3", "CA4"]
    assert [each.call_sid for each in inner] == ["CA2", "CA3"]
    start(audit, "CA5")
    assert (len(ev), len(audit.events)) == (4, 4), "such a client never sends anything"
    assert vars(AuditClient)["from_env"] is original
    with pytest.raises(SettingsError):
        AuditClient.from_env(environ={})


def failure(assertion, *given, **fields):
    with pytest.raises(AssertionError) as raised:
        assertion(*given, **fields)
    return str(raised.value)


def lookups(*found):
    audit = CapturedAudit()
    for one in found:
        with audit.call(call_sid="CA1"):
            audit.data_job_lookup(client_id="A12", job_number="7", found=one, latency_ms=1.5)
    return audit.events


def test_one_gives_the_event_or_lists_what_was_emitted():
    ev = lookups(True, False)
    assert ev.one("data.job_lookup", found=False).found is False
    assert ev.one(DataJobLookup, found=True, client_id="A12").job_number == "7"
    assert failure(ev.one, DataJobLookup) == (
        "expected one data.job_lookup, got 2; emitted were:\n"
        "  > 1. data.job_lookup(call_sid='CA1', client_id='A12', job_number='7', found=True, latency_ms=1.5)\n"
        "  > 2. data.job_lookup(call_sid='CA1', client_id='A12', job_number='7', found=False, latency_ms=1.5)"
    )
    assert failure(ev.one, "data.job_lookup", found=True, job_number="8").startswith(
        "expected one data.job_lookup with found=True, job_number='8', got 0; emitted were:\n  > 1. "
    )
    assert failure(lookups().one, "call.started") == "expected one call.started, got 0; nothing was emitted"
    assert "\n    1. data.job_lookup(" in failure(lookups(True).one, "call.started")


def test_only_wants_these_kinds_in_this_order_and_nothing_else():
    ev = lookups(True, False)
    assert [each.found for each in ev.only("data.job_lookup", DataJobLookup)] == [True, False]
    assert failure(ev.only, "data.job_lookup").startswith("expected only data.job_lookup; emitted were:\n    1. ")
    assert failure(ev.only).startswith("expected only nothing; emitted were:")
    assert lookups().only() == []


def test_none_wants_no_such_event():
    ev = lookups(True)
    ev.none("call.started")
    ev.none(DataJobLookup, found=False)
    lookups().none()
    assert failure(ev.none, "data.job_lookup").startswith("expected no data.job_lookup, got 1; emitted was:\n  > 1. ")
    assert failure(ev.none, "data.job_lookup", found=True).startswith("expected no data.job_lookup with found=True")
    assert failure(ev.none).startswith("expected no event, got 1")


def test_a_long_value_is_cut_in_a_message():
    audit = CapturedAudit()
    audit.call_validation_failed(
        stage="ask_action", field="note", rule="length", user_input="x" * 600, input_mode="speech", attempt=1
    )
    assert len(failure(audit.events.none)) < 300


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        ("call.startd", {}, "there is no kind 'call.startd'; do you mean 'call.started'?"),
        ("zzz", {}, "there is no kind 'zzz'"),
        ("call.started", {"lang": "en"}, "call.started has no field 'lang'; it has .*language"),
        (None, {"language": "en"}, "give the kind too"),
    ],
)
def test_a_slip_in_a_test_is_no_passed_test(kind, fields, problem):
    with pytest.raises(ValueError, match=problem):
        lookups(True).none(kind, **fields)


def test_the_assertions_start_anew_after_clear():
    ev = lookups(True)
    ev.clear()
    ev.none()
    assert repr(ev) == "<Events: none>"
    assert repr(lookups(True)) == "<Events: data.job_lookup>"


def test_the_fixture_of_the_docstring_works_and_a_failure_points_at_the_test(tmp_path):
    (tmp_path / "conftest.py").write_text(
        textwrap.dedent(
            """
            import pytest
            from earwitness.client import NoopAudit
            from earwitness.client.testing import capture

            audit = NoopAudit()

            @pytest.fixture
            def ev():
                with capture(audit) as ev:
                    yield ev
            """
        )
    )
    (tmp_path / "test_app.py").write_text(
        textwrap.dedent(
            """
            from conftest import audit

            def test_passes(ev):
                audit.call_started(direction="inbound", language="en")
                assert ev.one("call.started").language == "en"

            def test_fails(ev):
                ev.one("call.started")
            """
        )
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout
    assert "E       AssertionError: expected one call.started, got 0; nothing was emitted" in done.stdout
    assert "captured.py" not in done.stdout, "our own code is hidden"
