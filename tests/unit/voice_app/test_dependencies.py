"""Airtable, Redis, S3 and Twilio's media as they really are: slow, throttled, away, forgetful. And the app's own errors."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from voice_app.circuit import CircuitLimits
from voice_app.errors import DependencyError
from voice_app.stand_ins.airtable import AirtableStandIn

THROTTLED = DependencyError(429, "RATE_LIMIT_REACHED")
TIMEOUT = DependencyError(None, "TIMEOUT")
BROKEN = DependencyError(500, "SERVER_ERROR")
AWAY = DependencyError(None, "CONNECTION_REFUSED")


def latencies(line, dependency="airtable"):
    return [event for event in line.told("system.api_latency") if event.dependency == dependency]


def state_events(line):
    return [(e.operation, e.outcome, e.recovered, e.severity) for e in line.told("system.state_management")]


def test_a_throttled_request_succeeds_at_its_retry_and_each_attempt_is_told(line):
    line.ring()
    line.airtable.faults.plan("client", THROTTLED, TIMEOUT, BROKEN)
    line.say("ACME12")
    assert [(e.outcome, e.status_code, e.severity) for e in latencies(line)] == [
        ("rate_limited", 429, "WARN"), ("timeout", None, "ERROR"), ("error", 500, "ERROR"), ("ok", 200, None),
    ]  # fmt: skip
    (query,) = line.told("data.airtable_query")
    assert (query.status_code, query.retries, query.rows, query.severity) == (200, 3, 1, "WARN")
    assert query.formula == "{Client ID}='ACME12'"
    assert line.steps() == [("collect_client_id", "collect_job_number", "user_input_valid")]


def test_a_refusal_is_not_repeated(line):
    line.ring()
    line.say("ACME12", "48213", "1", "3", "Nobody Known")
    line.audit.events.clear()
    line.say("1")
    (query,) = line.told("data.airtable_query")
    assert (query.status_code, query.retries, query.severity) == (422, 0, "WARN")
    assert [e.outcome for e in latencies(line)] == ["error"]
    assert line.told("call.action_attempted")[0].error_code == "INVALID_MULTIPLE_CHOICE_OPTIONS"


def test_a_change_whose_answer_got_lost_is_made_once(line):
    line.ring()
    line.airtable.faults.plan("change", "lose")
    line.say("ACME12", "48213", "1", "4", "ring twice", "1")
    assert line.told("data.airtable_query")[-1].retries == 1
    (update,), (append,) = line.told("data.record_update"), line.told("data.history_append")
    assert update.changes[0].new_value == "ring twice"
    assert append.total_length == len(append.lines[0])


def test_a_change_that_the_caller_tries_again_is_the_same_change(line):
    line.ring()
    line.airtable.faults.plan("change", *["lose"] * 4)
    line.say("ACME12", "48213", "1", "4", "ring twice", "1", "yes")
    failed, succeeded = line.told("call.action_attempted")
    assert (failed.outcome, succeeded.outcome) == ("network_error", "success")
    assert failed.correlation_id == succeeded.correlation_id
    (update,) = line.told("data.record_update")
    assert update.attributes == {"correlation_id": succeeded.correlation_id}
    assert update.changes[0].new_value == "ring twice"


def test_another_change_of_the_same_call_is_another_one(line):
    line.ring()
    line.say("ACME12", "48213", "1", "3", "Nobody Known", "1", "3", "María García", "1")
    refused, succeeded = line.told("call.action_attempted")
    assert refused.correlation_id != succeeded.correlation_id


@pytest.mark.parametrize(("operation", "answers"), [("client", ("ACME12",)), ("job", ("ACME12", "48213"))])
@pytest.mark.parametrize("fault", [THROTTLED, TIMEOUT, BROKEN])
def test_a_lookup_that_fails_for_good_lets_the_caller_try_again(line, operation, answers, fault):
    line.ring()
    line.airtable.faults.plan(operation, *[fault] * 4)
    assert "Something went wrong" in line.say(*answers)
    query = line.told("data.airtable_query")[-1]
    assert (query.status_code, query.retries, query.rows) == (fault.status_code, 3, 0)
    stage = "collect_client_id" if operation == "client" else "collect_job_number"
    assert line.steps()[-1] == (stage, "error_recovery", "error")
    line.say("yes", answers[-1])
    assert line.steps()[-2:] == [
        ("error_recovery", stage, "user_confirmation_yes"),
        (stage, "confirm_job" if operation == "job" else "collect_job_number", "user_input_valid"),
    ]


def test_five_requests_a_second_are_taken_and_no_more(line):
    clock = 0.0
    airtable = AirtableStandIn(clients=(), jobs=(), now=lambda: line.now, clock=lambda: clock)

    async def ask(seconds: float) -> int | None:
        nonlocal clock
        clock = seconds
        try:
            await airtable.job("1")
        except DependencyError as error:
            return error.status_code
        return 200

    async def all_of_them() -> list[int | None]:
        return [await ask(at) for at in (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.99, 1.0, 1.05, 1.1)]

    assert asyncio.run(all_of_them()) == [200] * 5 + [429, 429, 200, 429, 200]


def test_a_dependency_that_is_away_is_left_alone_and_tried_again_later(new_line):
    line = new_line(circuit=CircuitLimits(min_requests=4, window_seconds=60))
    line.ring()
    line.airtable.faults.plan("client", *[BROKEN] * 5)
    line.say("ACME12")  # four attempts: it opens
    (opened,) = line.told("system.error_rate")
    assert (opened.dependency, opened.circuit_state, opened.window_seconds) == ("airtable", "open", 60)
    assert (opened.failed, opened.total, opened.retries, opened.severity) == (4, 4, 3, "ERROR")

    line.audit.events.clear()
    line.say("yes", "ACME12")  # refused by the app itself, at once
    assert latencies(line) == []
    (query,) = line.told("data.airtable_query")
    assert (query.status_code, query.retries) == (None, 0)

    line.audit.events.clear()
    line.now += timedelta(seconds=15)
    line.say("yes", "ACME12")  # one probe, which fails
    assert [e.circuit_state for e in line.told("system.error_rate")] == ["half_open", "open"]
    assert [e.status_code for e in latencies(line)] == [500]

    line.audit.events.clear()
    line.now += timedelta(seconds=15)
    line.say("yes", "ACME12")  # one probe, which succeeds
    assert [(e.circuit_state, e.failed, e.total, e.severity) for e in line.told("system.error_rate")] == [
        ("half_open", 5, 5, "WARN"), ("closed", 5, 6, "WARN"),
    ]  # fmt: skip
    assert line.steps()[-1] == ("collect_client_id", "collect_job_number", "user_input_valid")


# Redis

STAGES = {  # answers before a stage, and one there
    "collect_client_id": ((), "ACME12"),
    "collect_job_number": (("ACME12",), "48213"),
    "confirm_job": (("ACME12", "48213"), "yes"),
    "ask_action": (("ACME12", "48213", "yes"), "1"),
    "collect_action_value": (("ACME12", "48213", "yes", "1"), "3"),
    "confirm_action": (("ACME12", "48213", "yes", "1", "3"), "yes"),
    "error_recovery": (("ACME12", "48214", "yes", "1", "3", "yes"), "yes"),
}
FAULTS = {"lose": "miss", "corrupt": "corrupt", AWAY: "error"}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("fault", [*FAULTS, "expire"])
def test_state_that_is_lost_at_any_stage_is_rebuilt_from_the_call_and_the_rest_asked_again(line, stage, fault):
    before, answer = STAGES[stage]
    line.number = line.spanish_number
    line.ring()
    line.say(*before)
    line.audit.events.clear()
    if fault == "expire":
        line.now += timedelta(seconds=3601)
    else:
        line.redis.faults.plan("get", fault)
    twiml = line.say(answer)
    into_recovery = [(stage, "error_recovery", "error")] if stage != "error_recovery" else []
    if fault == "expire":  # an hour: the call itself is over by then
        assert line.steps() == [*into_recovery, ("error_recovery", "goodbye", "error")]
        return
    assert line.steps() == [*into_recovery, ("error_recovery", "collect_client_id", "error")]
    assert "Perdón, he perdido el hilo" in twiml
    outcome = FAULTS[fault]
    assert state_events(line)[0] == ("get", outcome, True, "WARN" if outcome == "miss" else "ERROR")
    assert [e for e in state_events(line) if e[0] == "delete"] == (
        [("delete", "ok", False, None)] if outcome == "corrupt" else []
    )
    assert "failures=1" in twiml
    line.say("ACME12", "48213", "1", "1", "4", "1")
    assert line.steps()[-1] == ("execute_action", "goodbye", "action_success")


def test_lost_state_does_not_make_the_call_younger(line):
    line.ring()
    line.say("ACME12")
    line.now += timedelta(seconds=90)
    line.redis.faults.plan("get", "lose")
    line.say("48213")
    assert f"began={int(line.now.timestamp()) - 90}" in line.twiml


@pytest.mark.parametrize("fault", [AWAY, "hang"])
def test_a_redis_that_is_away_costs_questions_and_in_the_end_the_call_but_never_an_error(line, fault):
    line.redis.faults.plan("get", fault, *[AWAY] * 7)
    line.redis.faults.plan("set", *[AWAY] * 8)
    assert "<Gather" in line.ring()
    for _ in range(4):
        assert "stage=collect_client_id" in line.say("ACME12")
    assert "<Hangup" in line.say("ACME12")
    assert line.steps()[-1] == ("error_recovery", "goodbye", "error")
    assert {e[:2] for e in state_events(line)} == {("get", "error"), ("set", "error")}
    failed = latencies(line, "redis")
    assert {e.outcome for e in failed} == ({"timeout", "error"} if fault == "hang" else {"error"})
    assert line.over().disconnect_reason == "caller_hangup"  # nobody remembers better


def test_an_answer_after_a_write_that_failed_is_not_taken_for_one_to_the_question_before(line):
    line.ring()
    line.say("ACME12")
    line.redis.faults.plan("set", AWAY)
    line.say("48213")
    line.say("1")  # to confirm_job; Redis still holds collect_job_number
    assert line.steps()[-2:] == [
        ("confirm_job", "error_recovery", "error"), ("error_recovery", "collect_client_id", "error"),
    ]  # fmt: skip
    assert line.told("call.validation_failed") == []


# Recordings

STEPS = ("fetch", "store", "sign", "append")


def faults_of(line, step):
    if step == "append":
        return line.airtable.faults, "change"
    return (line.media.faults if step == "fetch" else line.s3.faults), step


def told_steps(line):
    return [(e.step, e.outcome, e.severity) for e in line.told("system.recording_pipeline")]


def recorded_call(line):
    line.ring()
    line.say("ACME12", "48213", "1")
    line.over(30)
    line.audit.events.clear()


def test_a_recording_goes_into_the_store_and_into_the_history(line):
    recorded_call(line)
    line.recorded()
    assert told_steps(line) == [(step, "ok", None) for step in STEPS]
    told = line.told("system.recording_pipeline")
    key = f"2026/11/24/{line.call_sid}-48213.mp3"
    assert {(e.caller, e.recording_sid, e.bucket, e.object_key) for e in told} == {
        (line.caller, line.recording_sid, "recordings", key)
    }
    assert {e.size_bytes for e in told} == {len(line.s3.objects[key])}
    (append,) = line.told("data.history_append")
    assert told[-1].url in append.lines[0]
    assert line.told("data.record_update") == []
    assert [e.operation for e in latencies(line, "twilio")] == ["fetch"]
    assert [e.operation for e in latencies(line, "s3")] == ["store", "sign"]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_succeeds_later_is_told_as_a_retry(line, step):
    recorded_call(line)
    faults, operation = faults_of(line, step)
    faults.plan(operation, DependencyError(404 if step == "fetch" else 503, "NOT_YET"))
    line.recorded()
    retried = [] if step == "append" else [(step, "retry", "WARN")]  # Airtable's retries are told by its own kinds
    expected = [(one, "ok", None) for one in STEPS]
    expected[STEPS.index(step) : STEPS.index(step)] = retried
    assert told_steps(line) == expected


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [DependencyError(403, "ACCESS_DENIED"), BROKEN])
def test_a_step_that_fails_for_good_ends_the_way(line, step, fault):
    recorded_call(line)
    faults, operation = faults_of(line, step)
    faults.plan(operation, *[fault] * (1 if fault.is_refusal else 4))
    line.recorded()
    before = [(one, "ok", None) for one in STEPS[: STEPS.index(step)]]
    retries = [] if fault.is_refusal or step == "append" else [(step, "retry", "WARN")] * 3
    assert told_steps(line) == [*before, *retries, (step, "failed", "ERROR")]
    assert line.told("data.history_append") == []
    line.audit.events.clear()
    line.recorded()  # Twilio tells it once more, and it is not taken for a repetition
    assert told_steps(line)[-1] == ("append", "ok", None)


@pytest.mark.parametrize("status", ["absent", "in-progress", "failed"])
def test_a_recording_that_is_not_there_changes_nothing(line, status):
    line.recorded(status)
    assert line.kinds() == ["security.authentication"]


def test_a_recording_of_a_call_without_a_job_is_kept_too(line):
    line.ring()
    line.over(12)
    line.recorded()
    assert told_steps(line) == [(step, "ok", None) for step in STEPS[:3]]
    assert list(line.s3.objects) == [f"2026/11/24/{line.call_sid}-none.mp3"]


# The app itself


@pytest.mark.parametrize("stage", STAGES)
def test_an_error_of_the_app_itself_leads_to_error_recovery_from_anywhere(line, stage, monkeypatch, caplog):
    before, answer = STAGES[stage]
    line.ring()
    line.say(*before)
    line.audit.events.clear()

    def fails(*_: object) -> None:
        raise RuntimeError("boom")

    with monkeypatch.context() as broken:
        broken.setattr("voice_app.flow.understand", fails)
        line.say(answer)
    assert "could not be dealt with" in caplog.text
    if stage == "error_recovery":
        assert line.steps() == [("error_recovery", "goodbye", "error")]
        assert line.over().disconnect_reason == "error"
        return
    assert line.steps() == [(stage, "error_recovery", "error")]
    line.say("yes")
    assert line.steps()[-1] == ("error_recovery", stage, "user_confirmation_yes")
    line.say(answer)
    assert line.steps()[-1][0] != "error_recovery"
