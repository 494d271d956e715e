"""The parts that need no call: the circuit breaker, the watch, the planned faults, the settings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from voice_app.circuit import Circuit, CircuitLimits, Counts
from voice_app.dependency import Dependency, DependencyLimits
from voice_app.errors import DependencyError
from voice_app.settings import Settings, WrongSettingError
from voice_app.stand_ins.faults import Faults, Outage
from voice_app.stand_ins.redis import RedisStandIn
from voice_app.watch import Pattern, Watch

from earwitness.client.testing import CapturedAudit

LIMITS = CircuitLimits(window_seconds=10, min_requests=4, failed_share=0.5, open_seconds=5)
AWAY = DependencyError(503, "AWAY")


def seen(circuit: Circuit, now: float, *outcomes: str) -> Circuit:
    for outcome in outcomes:
        assert circuit.admits(now)
        circuit.saw(now, failed="failed" in outcome, retry="retry" in outcome)
    return circuit


def test_a_circuit_opens_when_half_of_enough_requests_failed():
    assert seen(Circuit(LIMITS), 0, "failed", "failed", "failed").state == "closed"  # too few to tell
    assert seen(Circuit(LIMITS), 0, "ok", "ok", "ok", "failed", "failed").state == "closed"
    circuit = seen(Circuit(LIMITS), 0, "ok", "ok", "failed", "failed retry")
    assert circuit.state == "open"
    assert circuit.counts(0) == Counts(failed=2, total=4, retries=1)


def test_what_is_older_than_the_window_does_not_count():
    circuit = seen(Circuit(LIMITS), 0, "failed", "failed", "failed")
    assert seen(circuit, 10, "failed").state == "closed"
    assert circuit.counts(10).total == 1


def test_a_circuit_remembers_no_more_than_its_window():
    circuit = Circuit(LIMITS)
    for now in range(1000):
        seen(circuit, now, "ok")
    assert len(circuit._seen) == 10


def test_an_open_circuit_lets_one_probe_through_after_its_time():
    circuit = seen(Circuit(LIMITS), 0, *["failed"] * 4)
    assert not circuit.admits(4.9)
    assert circuit.admits(5)
    assert circuit.state == "half_open"
    assert not circuit.admits(5)  # one at a time
    circuit.saw(5.1, failed=True, retry=False)
    assert circuit.state == "open"
    assert not circuit.admits(10)
    assert circuit.admits(10.1)
    circuit.saw(10.2, failed=False, retry=False)
    assert circuit.state == "closed"
    assert circuit.counts(10.2) == Counts(failed=1, total=2, retries=0)  # of the window: the two probes
    assert seen(circuit, 10.3, "failed", "failed", "failed").state == "closed"  # what was before does not count
    assert seen(circuit, 10.3, "failed").state == "open"


def test_a_request_that_ends_while_the_circuit_is_open_is_no_probe():
    circuit = seen(Circuit(LIMITS), 0, *["failed"] * 4)
    circuit.saw(1, failed=False, retry=False)  # it was admitted before
    assert circuit.state == "open"


def asked(limits: DependencyLimits, *answers: Exception | str) -> tuple[str | DependencyError, CapturedAudit]:
    """What a request comes to whose attempts are answered like that ("hang": not at all)."""
    audit, left = CapturedAudit(), list(answers)

    async def attempt() -> str:
        answer = left.pop(0)
        if answer == "hang":
            await asyncio.sleep(3600)
        if isinstance(answer, Exception):
            raise answer
        return answer

    try:
        return asyncio.run(Dependency("airtable", audit=audit, limits=limits).request("select", attempt)), audit
    except DependencyError as error:
        return error, audit


def test_an_attempt_that_takes_too_long_is_given_up_and_repeated():
    answer, audit = asked(DependencyLimits(attempt_seconds=0.01, retry_waits=(0,)), "hang", "fine")
    assert answer == "fine"
    slow, fast = audit.told("system.api_latency")
    assert (slow.outcome, slow.status_code, fast.outcome) == ("timeout", None, "ok")
    assert slow.latency_ms >= 10


def test_no_retry_begins_after_the_time_that_a_request_has():
    answer, audit = asked(DependencyLimits(retry_waits=(0, 60), request_seconds=30), AWAY, AWAY, "fine")
    assert answer is AWAY
    assert len(audit.told("system.api_latency")) == 2


def test_an_error_that_is_no_answer_counts_as_a_failure_and_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        asked(DependencyLimits(), ZeroDivisionError())


@pytest.mark.parametrize("status", [404, 422, 429])
def test_refusals_open_no_circuit_since_they_are_answers(status: int):
    limits = DependencyLimits(retry_waits=(0,) * 9, circuit=LIMITS, retried=frozenset({404, 422}))
    answer, audit = asked(limits, *[DependencyError(status, "NO")] * 10)
    assert isinstance(answer, DependencyError)
    assert audit.kinds() == ["system.api_latency"] * 10


def test_a_row_of_errors_is_told_once_for_each_so_many():
    audit, now = CapturedAudit(), 0.0
    watch = Watch(Pattern("p", count=3, window_seconds=10, blocks_seconds=5), audit=audit, clock=lambda: now)

    def err(subject: str, *times: float) -> None:
        nonlocal now
        for now in times:  # noqa: B007 - the watch's clock
            watch.erred(subject, "why")

    err("a", 0, 1, 2, 3, 4)
    assert len(audit.told("security.error_pattern")) == 1
    assert watch.blocks("a")
    assert not watch.blocks("b")
    now = 7.5
    assert not watch.blocks("a")
    err("b", 20, 28, 31)  # within eleven seconds, not ten
    assert len(audit.told("security.error_pattern")) == 1


@pytest.mark.parametrize("subject", [None, "anonymous", "unavailable", "restricted", "+266696687"])
def test_nobody_is_not_watched(subject: str | None):
    audit = CapturedAudit()
    watch = Watch(Pattern("p", count=1, window_seconds=10, blocks_seconds=5), audit=audit)
    watch.erred(subject, "why")
    watch.did_well(subject)
    assert not watch.blocks(subject)
    assert audit.events == []


def test_ever_new_subjects_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("voice_app.watch._MAX_SUBJECTS", 10)
    watch = Watch(Pattern("p", count=2, window_seconds=10, blocks_seconds=5), audit=CapturedAudit())
    for number in range(100):
        watch.erred(f"once {number}", "why")
        watch.erred(f"twice {number}", "why")
        watch.erred(f"twice {number}", "why")
    assert len(watch._errors) <= 10
    assert len(watch._blocked) <= 10


def test_state_expires():
    clock = 0.0
    states = RedisStandIn(clock=lambda: clock)

    async def use() -> None:
        nonlocal clock
        await states.set("a", b"1", seconds=10)
        clock = 9
        assert await states.get("a") == b"1"
        assert await states.extend("a", seconds=10)
        clock = 20
        assert await states.get("a") is None
        assert not await states.extend("a", seconds=10)

    asyncio.run(use())


def test_faults_come_as_planned_then_by_the_drill():
    clock = 0.0
    faults = Faults({"get": {3: "lose"}}, outage=Outage(5, 2.0, error=AWAY), clock=lambda: clock)
    faults.plan("get", "corrupt", None)
    assert [faults.next("get") for _ in range(3)] == ["corrupt", None, "lose"]
    assert [faults.next("set") for _ in range(2)] == [None, None]
    assert [faults.next("set"), faults.next("get")] == [AWAY, AWAY]
    clock = 2.5
    assert [faults.next("set"), faults.next("get"), faults.next("get")] == [None, None, "lose"]


def test_an_outage_lasts_until_enough_requests_have_noticed_it():
    clock = 0.0
    faults = Faults(outage=Outage(1, 2.0, requests=3, error=AWAY), clock=lambda: clock)
    assert [faults.next("get"), faults.next("get")] == [None, AWAY]
    clock = 60
    assert [faults.next("get") for _ in range(3)] == [AWAY, AWAY, None]


def settings(tmp_path: Path, content: str | bytes | None, **variables: str) -> Settings:
    if content is not None:
        file = tmp_path / "token"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        variables = {"TWILIO_TOKEN_FILE": str(file), **variables}
    environment = {f"VOICE_APP_{name}": value for name, value in variables.items()}
    return Settings.from_environment(environment, listens_on="http://127.0.0.1:8000")


def test_settings_come_from_the_environment_and_the_tokens_from_a_file(tmp_path: Path):
    read = settings(
        tmp_path,
        "s3cret\n\nAC77 t0ps3cret\n",
        PUBLIC_BASE_URL="https://line.example/",
        SPANISH_NUMBERS="+12025550101, +12025550100",
        RETRY_WAITS="0.5,1",
        CIRCUIT_OPEN_SECONDS="2.5",
    )
    assert read.signed_with.token_of(None) == read.signed_with.token_of("AC1") == "s3cret"
    assert read.signed_with.token_of("AC77") == "t0ps3cret"
    assert "s3cret" not in repr(read)
    assert read.public_base_url == "https://line.example"
    assert read.spanish_numbers == {"+12025550101", "+12025550100"}
    assert (read.retry_waits, read.circuit.open_seconds) == ((0.5, 1.0), 2.5)


def test_settings_that_are_not_given(tmp_path: Path):
    read = settings(tmp_path, "s3cret")
    assert (read.public_base_url, read.transfer_to) == ("http://127.0.0.1:8000", None)
    assert (read.retry_waits, read.circuit) == ((1.0, 2.0, 4.0), CircuitLimits())


@pytest.mark.parametrize(
    ("content", "variables", "message"),
    [
        (None, {}, "is not set"),
        (None, {"TWILIO_TOKEN_FILE": "/nowhere/token"}, "cannot be read"),
        ("", {}, "is empty"),
        ("two words", {}, "not one token"),
        ("token\nAC77", {}, "AccountSid and its token"),
        (b"\xff\xfe", {}, "holds no text"),
        ("x", {"RETRY_WAITS": "soon"}, "RETRY_WAITS: 'soon' is no number of seconds"),
        ("x", {"RETRY_WAITS": "1,nan"}, "RETRY_WAITS"),
        ("x", {"CIRCUIT_OPEN_SECONDS": "-1"}, "CIRCUIT_OPEN_SECONDS"),
    ],
)
def test_wrong_settings_stop_the_start(
    tmp_path: Path, content: str | bytes | None, variables: dict[str, str], message: str
):
    with pytest.raises(WrongSettingError, match=message):
        settings(tmp_path, content, **variables)
