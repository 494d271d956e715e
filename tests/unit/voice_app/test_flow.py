"""The example's conversation: every way through it, its tries and its limits, and what an answer is taken to mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from voice_app.answers import Refusal, understand
from voice_app.call_state import Asked, CallState, ChangeJob, FindClient, FindJob, Heard, Refused, Transition, Turn
from voice_app.jobs import Client, Job

from earwitness.integrations.twilio import disconnect_reason
from voice_app import flow

CLIENT = Client("ACME12", "Acme", ("job:read", "job:add_note"))
JOB = Job("rec1", "48213", "ACME12", "pending", "2026-11-24", "John Smith", "12 Larch Lane")
NOW = 1_000_000.0
SILENCE = Heard("none")


def said(text: str, confidence: float = 0.9) -> Heard:
    return Heard("speech", text, confidence)


def keyed(digits: str) -> Heard:
    return Heard("dtmf", digits)


def at(stage: str, **known) -> CallState:
    return CallState(language="en", started_at=NOW, stage_since=NOW, stage=stage, **known)


def confirmed(**known) -> CallState:
    return at("confirm_action", client=CLIENT, job=JOB, action="add_note", value="gate code changed", **known)


def steps(turn: Turn) -> list[tuple[str, str, str]]:
    return [(f.from_stage, f.to_stage, f.trigger) for f in turn.facts if isinstance(f, Transition)]


def rules(turn: Turn) -> list[tuple[str, str, int]]:
    return [(f.field, f.rule, f.attempt) for f in turn.facts if isinstance(f, Refused)]


def test_a_call_from_the_first_question_to_goodbye():
    turn = flow.hear(at("collect_client_id"), said("A C M E one two"), NOW)
    assert turn.need == FindClient("ACME12", said("A C M E one two"))
    assert turn.facts == ()
    turn = flow.client_looked_up(turn.state, turn.need, CLIENT, NOW)
    seen = steps(turn)

    turn = flow.hear(turn.state, keyed("48213"), NOW)
    assert turn.need == FindJob(CLIENT, "48213", keyed("48213"))
    turn = flow.job_looked_up(turn.state, turn.need, JOB, NOW)
    seen += steps(turn)

    for answer in (said("yes"), keyed("4"), said("gate code changed")):
        turn = flow.hear(turn.state, answer, NOW)
        assert turn.need is None
        seen += steps(turn)
    turn = flow.hear(turn.state, said("yes please"), NOW)
    seen += steps(turn)
    assert turn.need == ChangeJob(CLIENT, JOB, "add_note", "gate code changed")
    turn = flow.changed(turn.state, "success", NOW)
    seen += steps(turn)

    assert seen == [
        ("collect_client_id", "collect_job_number", "user_input_valid"),
        ("collect_job_number", "confirm_job", "user_input_valid"),
        ("confirm_job", "ask_action", "user_confirmation_yes"),
        ("ask_action", "collect_action_value", "user_input_valid"),
        ("collect_action_value", "confirm_action", "user_input_valid"),
        ("confirm_action", "execute_action", "user_confirmation_yes"),
        ("execute_action", "goodbye", "action_success"),
    ]
    assert turn.state.ending == "completed"
    assert flow.hear(turn.state, said("hello?"), NOW) == Turn(turn.state)


@pytest.mark.parametrize(
    ("stage", "next_stage"), [("confirm_job", "collect_job_number"), ("confirm_action", "ask_action")]
)
def test_no_goes_back(stage: str, next_stage: str):
    state = replace(confirmed(tries=1, failures=2), stage=stage)
    turn = flow.hear(state, said("no"), NOW)
    assert steps(turn) == [(stage, next_stage, "user_confirmation_no")]
    assert turn.need is None
    assert (turn.state.tries, turn.state.failures) == (0, 2)
    assert turn.facts[0].attempt == 2


def test_unknown_client_and_job_are_failed_tries():
    turn = flow.client_looked_up(at("collect_client_id"), FindClient("NOBODY", said("nobody")), None, NOW)
    assert rules(turn) == [("client_id", "unknown_client", 1)]
    assert turn.apology == "not_found"
    assert (turn.state.stage, turn.state.tries, turn.state.failures) == ("collect_client_id", 1, 1)
    assert turn.facts[0].malformed is None

    state = at("collect_job_number", client=CLIENT, tries=1, failures=1)
    turn = flow.job_looked_up(state, FindJob(CLIENT, "9", keyed("9")), None, NOW)
    assert rules(turn) == [("job_number", "unknown_job", 2)]


@pytest.mark.parametrize(
    ("answer", "rule", "trigger"), [(SILENCE, "no_input", "timeout"), (keyed("9"), "not_in_list", "user_input_invalid")]
)
def test_the_third_failed_try_ends_the_call(answer: Heard, rule: str, trigger: str):
    state = at("ask_action", client=CLIENT, job=JOB)
    for attempt in (1, 2):
        turn = flow.hear(state, answer, NOW)
        assert rules(turn) == [("action", rule, attempt)]
        assert steps(turn) == []
        assert turn.apology == "not_understood"
        state = turn.state
    turn = flow.hear(state, answer, NOW)
    assert rules(turn) == [("action", rule, 3)]
    assert steps(turn) == [("ask_action", "error_recovery", trigger), ("error_recovery", "goodbye", "error")]
    assert turn.facts[1].attempt == 3
    assert turn.state.ending == "max_attempts"


def test_the_fifth_failed_input_of_a_call_ends_it_whatever_the_stage():
    state = at("confirm_job", client=CLIENT, job=JOB, failures=4)
    turn = flow.hear(state, keyed("7"), NOW)
    assert rules(turn) == [("confirmation", "not_in_list", 1)]
    assert steps(turn)[-1] == ("error_recovery", "goodbye", "error")
    assert (turn.state.ending, turn.state.failures) == ("max_attempts", 5)


def test_a_caller_who_does_not_get_on_is_put_through_when_somebody_is_there():
    turn = flow.hear(at("ask_action", tries=2, human_available=True), SILENCE, NOW)
    assert turn.state.ending == "transferred"


@pytest.mark.parametrize(("stage_age", "call_age"), [(121, 121), (5, 601)])
def test_too_much_time_ends_the_call(stage_age: float, call_age: float):
    state = replace(at("confirm_job", client=CLIENT, job=JOB), started_at=NOW - call_age, stage_since=NOW - stage_age)
    turn = flow.hear(state, said("yes"), NOW)
    assert steps(turn) == [("confirm_job", "error_recovery", "timeout"), ("error_recovery", "goodbye", "error")]
    assert turn.state.ending == "max_duration"


@pytest.mark.parametrize(
    ("outcome", "apology"), [("permission_denied", "not_allowed"), ("validation_failed", "not_accepted")]
)
def test_a_refused_change_leads_back_to_the_menu(outcome: str, apology: str):
    turn = flow.hear(confirmed(), said("yes"), NOW)
    turn = flow.changed(turn.state, outcome, NOW)
    assert steps(turn) == [("execute_action", "ask_action", "action_failed")]
    assert turn.apology == apology
    assert turn.state.failures == 0


def test_after_an_outage_the_caller_may_try_the_change_again():
    turn = flow.changed(flow.hear(confirmed(), said("yes"), NOW).state, "network_error", NOW)
    assert steps(turn) == [("execute_action", "error_recovery", "action_failed")]
    again = flow.hear(turn.state, said("yes"), NOW)
    assert steps(again) == [("error_recovery", "execute_action", "user_confirmation_yes")]
    assert again.need == ChangeJob(CLIENT, JOB, "add_note", "gate code changed")
    enough = flow.hear(turn.state, said("no"), NOW)
    assert steps(enough) == [("error_recovery", "goodbye", "user_confirmation_no")]
    assert enough.state.ending == "error"


def test_silence_in_error_recovery_ends_the_call_without_entering_it_twice():
    state = at("error_recovery", resume="collect_job_number", tries=2)
    turn = flow.hear(state, SILENCE, NOW)
    assert steps(turn) == [("error_recovery", "goodbye", "error")]


def test_a_lookup_that_fails_is_asked_again_at_the_same_stage():
    turn = flow.broke(at("collect_job_number", client=CLIENT), keyed("48213"), NOW)
    assert steps(turn) == [("collect_job_number", "error_recovery", "error")]
    turn = flow.hear(turn.state, keyed("1"), NOW)
    assert (turn.state.stage, turn.need) == ("collect_job_number", None)


def test_what_breaks_in_error_recovery_ends_the_call():
    turn = flow.broke(at("error_recovery", resume="collect_job_number"), keyed("1"), NOW)
    assert steps(turn) == [("error_recovery", "goodbye", "error")]
    assert turn.state.ending == "error"


def test_a_forgotten_call_begins_again_and_counts_on():
    turn = flow.forgotten(at("collect_client_id"), Asked("confirm_job", 3, int(NOW), 2), keyed("1"), NOW)
    assert steps(turn) == [
        ("confirm_job", "error_recovery", "error"), ("error_recovery", "collect_client_id", "error"),
    ]  # fmt: skip
    assert (turn.state.failures, turn.state.tries, turn.apology) == (3, 0, "start_again")


@pytest.mark.parametrize(("failures", "age"), [(4, 1), (0, 601)])
def test_a_call_is_not_forgotten_for_ever(failures: int, age: float):
    rebuilt = replace(at("collect_client_id"), started_at=NOW - age)
    turn = flow.forgotten(rebuilt, Asked("error_recovery", 3, None, failures), SILENCE, NOW)
    assert steps(turn) == [("error_recovery", "goodbye", "error")]
    assert turn.state.ending == "error"


@pytest.mark.parametrize(
    ("field", "heard", "meant"),
    [
        ("client_id", said("norte siete."), "NORTE7"),
        ("client_id", keyed("30117"), "30117"),
        ("job_number", said("four eight, two one three"), "48213"),
        ("job_number", said("cuatro ocho dos uno tres"), "48213"),
        ("confirmation", said("Sí, correcto"), "yes"),
        ("confirmation", said("uno"), "yes"),
        ("confirmation", keyed("2"), "no"),
        ("action", said("I want to add a note"), "add_note"),
        ("action", said("cambiar el técnico"), "update_assignee"),
        ("action", keyed("2"), "update_scheduled_date"),
        ("status", said("in progress"), "in_progress"),
        ("status", said("en espera"), "on_hold"),
        ("status", keyed("4"), "completed"),
        ("scheduled_date", keyed("20261201"), "2026-12-01"),
        ("scheduled_date", said("December 1st, 2026"), "2026-12-01"),
        ("scheduled_date", said("1 de diciembre de 2026"), "2026-12-01"),
        ("assignee", said("María  García"), "María García"),
        ("assignee", said("Seán O'Brien-Smith Jr."), "Seán O'Brien-Smith Jr."),
        ("note", said("Gate code is 4711; ring twice"), "Gate code is 4711; ring twice"),
    ],
)
def test_what_an_answer_means(field: str, heard: Heard, meant: str):
    assert understand(field, heard) == meant


@pytest.mark.parametrize(
    ("field", "heard", "refusal"),
    [
        ("client_id", SILENCE, Refusal("no_input")),
        ("client_id", said("   "), Refusal("no_input")),
        ("client_id", said("ab"), Refusal("length", "too_short")),
        ("client_id", said("a" * 51), Refusal("length", "too_long")),
        ("client_id", said("x' OR '1'='1"), Refusal("pattern", "pattern")),
        ("job_number", said("my cat"), Refusal("pattern", "not_digits")),
        ("job_number", keyed("1" * 21), Refusal("length", "too_long")),
        ("job_number", keyed("12*3"), Refusal("pattern", "not_digits")),
        ("confirmation", said("yes", 0.2), Refusal("low_confidence")),
        ("confirmation", said("yes no"), Refusal("not_in_list")),
        ("status", keyed("6"), Refusal("not_in_list")),
        ("scheduled_date", keyed("20260230"), Refusal("pattern", "pattern")),
        ("scheduled_date", said("tomorrow"), Refusal("pattern", "pattern")),
        ("assignee", keyed("123"), Refusal("pattern", "pattern")),
        ("assignee", said("x" * 81), Refusal("length", "too_long")),
        ("note", said("n" * 501), Refusal("length", "too_long")),
        ("note", said("looks\u202efine"), Refusal("pattern", "control")),
    ],
)
def test_which_rule_an_answer_breaks(field: str, heard: Heard, refusal: Refusal):
    assert understand(field, heard) == refusal


@pytest.mark.parametrize(
    ("status", "sip", "seconds", "ending", "reason"),
    [
        ("completed", None, 40, "completed", "completed"),
        ("completed", 200, 40, None, "caller_hangup"),
        ("completed", 200, 40, "max_attempts", "max_attempts"),
        ("completed", None, 600, None, "max_duration"),
        ("completed", 503, 4, None, "error"),
        ("failed", 480, 0, None, "no_answer"),
        ("failed", 486, 0, None, "busy"),
        ("failed", 404, 0, None, "failed"),
        ("failed", None, 0, None, "failed"),
        ("no_answer", None, 0, None, "no_answer"),
        ("canceled", 487, 0, None, "canceled"),
        ("other", None, 0, None, "other"),
    ],
)
def test_why_a_call_ended(status: str, sip: int | None, seconds: int, ending: str | None, reason: str):
    assert disconnect_reason(status, sip, seconds, ending) == reason


def test_a_call_that_never_reached_the_app_has_a_reason_too():
    assert disconnect_reason("completed", None, 3, None) == "caller_hangup"
