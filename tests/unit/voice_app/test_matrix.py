"""Every stage with every way to answer it: in both languages, by voice, by keypad and by silence, right and wrong.

The tables here are the domain's, written down once more and apart from the app, and all of them are gone through over
HTTP with signed webhooks.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from voice_app.errors import DependencyError

# How a caller gets to a stage, by language: the answers before it.
WAYS = {
    "en": {
        "collect_client_id": (),
        "collect_job_number": ("ACME12",),
        "confirm_job": ("ACME12", "48213"),
        "ask_action": ("ACME12", "48213", "yes"),
        "collect_action_value": ("ACME12", "48213", "yes", "change the status"),
        "confirm_action": ("ACME12", "48213", "yes", "change the status", "on hold"),
        "error_recovery": ("ACME12", "48214", "yes", "change the status", "on hold", "yes"),
    },
    "es": {
        "collect_client_id": (),
        "collect_job_number": ("ACME uno dos",),
        "confirm_job": ("ACME uno dos", "48213"),
        "ask_action": ("ACME uno dos", "48213", "sí"),
        "collect_action_value": ("ACME uno dos", "48213", "sí", "cambiar el estado"),
        "confirm_action": ("ACME uno dos", "48213", "sí", "cambiar el estado", "en espera"),
        "error_recovery": ("ACME uno dos", "48214", "sí", "cambiar el estado", "en espera", "sí"),
    },
}
STAGES = tuple(WAYS["en"])
# A right answer: said in English, said in Spanish, keyed; where it leads to, and by which trigger.
RIGHT = [
    ("collect_client_id", "A C M E one two", "acme uno dos", "30117", "collect_job_number", "user_input_valid"),
    ("collect_job_number", "four eight two one three", "cuatro ocho dos uno tres", "48213", "confirm_job",
     "user_input_valid"),
    ("confirm_job", "yes", "sí", "1", "ask_action", "user_confirmation_yes"),
    ("confirm_job", "no", "no", "2", "collect_job_number", "user_confirmation_no"),
    ("ask_action", "change the status", "cambiar el estado", "1", "collect_action_value", "user_input_valid"),
    ("ask_action", "reschedule it", "cambiar la fecha", "2", "collect_action_value", "user_input_valid"),
    ("ask_action", "reassign it", "asignar", "3", "collect_action_value", "user_input_valid"),
    ("ask_action", "add a note", "añadir una nota", "4", "collect_action_value", "user_input_valid"),
    ("collect_action_value", "in progress", "en curso", "2", "confirm_action", "user_input_valid"),
    ("confirm_action", "yes", "correcto", "1", "execute_action", "user_confirmation_yes"),
    ("confirm_action", "no", "no", "2", "ask_action", "user_confirmation_no"),
    ("error_recovery", "yes", "sí", "1", "execute_action", "user_confirmation_yes"),
    ("error_recovery", "no", "no", "2", "goodbye", "user_confirmation_no"),
]  # fmt: skip
# A wrong answer: said, keyed; the field and the rule that the trail names.
WRONG = {
    "collect_client_id": ("it's, er, unknown!", "12", "client_id", ("pattern", "length")),
    "collect_job_number": ("my cat", "123456789012345678901", "job_number", ("pattern", "length")),
    "confirm_job": ("perhaps", "7", "confirmation", ("not_in_list", "not_in_list")),
    "ask_action": ("sing", "9", "action", ("not_in_list", "not_in_list")),
    "collect_action_value": ("purple", "9", "status", ("not_in_list", "not_in_list")),
    "confirm_action": ("perhaps", "7", "confirmation", ("not_in_list", "not_in_list")),
    "error_recovery": ("perhaps", "7", "confirmation", ("not_in_list", "not_in_list")),
}
LANGUAGES = ("en", "es")
MODES = ("speech", "dtmf", "none")
# A value for each action: said in English, said in Spanish, keyed (None: there is no key for it).
VALUES = {
    "update_status": {
        "pending": ("pending", "pendiente", "1"),
        "in_progress": ("in progress", "en curso", "2"),
        "on_hold": ("on hold", "en espera", "3"),
        "completed": ("completed", "completado", "4"),
        "cancelled": ("cancelled", "cancelado", "5"),
    },
    "update_scheduled_date": {"2026-12-01": ("December 1st 2026", "1 de diciembre de 2026", "20261201")},
    "update_assignee": {"María García": ("María García", "María García", None)},
    "add_note": {"ring twice": ("ring twice", "ring twice", None), "4711": (None, None, "4711")},
}
MENU = {"update_status": "1", "update_scheduled_date": "2", "update_assignee": "3", "add_note": "4"}


def every(*axes):
    return list(product(*axes))


def at_stage(line, stage, language, **fields):
    """A caller who has just been asked that stage's question."""
    if language == "es":
        line.number = line.spanish_number
    line.ring()
    line.say(*WAYS[language][stage], **fields)
    assert f"stage={stage}" in line.twiml
    line.audit.events.clear()
    return line


def wrong(stage, mode):
    """A wrong answer's form fields, and the rule that it breaks."""
    said, keyed, field, (said_rule, keyed_rule) = WRONG[stage]
    if mode == "none":
        return {}, field, "no_input"
    if mode == "dtmf":
        return {"Digits": keyed}, field, keyed_rule
    return {"SpeechResult": said, "Confidence": "0.9"}, field, said_rule


@pytest.mark.parametrize(
    ("row", "way"), every(RIGHT, ("en", "es", "keys")), ids=lambda v: v if isinstance(v, str) else f"{v[0]}-{v[1]}"
)
def test_a_right_answer_leads_on(line, row, way):
    stage, english, spanish, keys, to_stage, trigger = row
    at_stage(line, stage, "es" if way == "es" else "en")
    heard = {"Digits": keys} if way == "keys" else {"SpeechResult": english if way == "en" else spanish}
    line.answer(**heard)
    step = line.told("call.stage_transition")[0]
    assert (step.from_stage, step.to_stage, step.trigger) == (stage, to_stage, trigger)
    assert (step.input_mode, step.user_input) == ("dtmf" if way == "keys" else "speech", *heard.values())
    assert (step.attempt, step.severity) == (1, None)
    assert line.told("call.validation_failed") == []


@pytest.mark.parametrize(("stage", "language", "mode"), every(STAGES, LANGUAGES, MODES))
def test_a_wrong_answer_is_told_and_asked_again_and_the_third_ends_the_call(line, stage, language, mode):
    at_stage(line, stage, language)
    fields, field, rule = wrong(stage, mode)
    for attempt in (1, 2, 3):
        twiml = line.answer(**fields)
        failed = line.told("call.validation_failed")[-1]
        assert (failed.stage, failed.field, failed.rule) == (stage, field, rule)
        assert (failed.input_mode, failed.attempt) == (mode, attempt)
        assert failed.user_input == next(iter(fields.values()), None)
        if attempt < 3:
            assert f"stage={stage}" in twiml
            assert ("Sorry, I did not get that." if language == "en" else "Perdón, no le he entendido.") in twiml
            assert line.steps() == []
    trigger = "timeout" if mode == "none" else "user_input_invalid"
    into_recovery = [(stage, "error_recovery", trigger)] if stage != "error_recovery" else []
    assert line.steps() == [*into_recovery, ("error_recovery", "goodbye", "error")]
    assert "<Hangup" in line.twiml
    assert line.over().disconnect_reason == "max_attempts"


@pytest.mark.parametrize(("stage", "mode"), every(STAGES, MODES))
def test_a_right_answer_after_two_wrong_ones_is_the_third_attempt(line, stage, mode):
    at_stage(line, stage, "en")
    fields, _, _ = wrong(stage, mode)
    line.answer(**fields)
    line.answer(**fields)
    line.answer(Digits={"collect_client_id": "30117", "collect_job_number": "48213"}.get(stage, "1"))
    assert line.told("call.stage_transition")[0].attempt == 3


@pytest.mark.parametrize(("stage", "language", "mode"), every(STAGES, LANGUAGES, MODES))
@pytest.mark.parametrize("seconds", [121, 601])
def test_too_much_time_ends_the_call_at_any_stage_whatever_is_answered(line, stage, language, mode, seconds):
    at_stage(line, stage, language)
    line.now += timedelta(seconds=seconds)
    fields, _, _ = wrong(stage, mode)
    line.answer(**fields)
    into_recovery = [(stage, "error_recovery", "timeout")] if stage != "error_recovery" else []
    assert line.steps() == [*into_recovery, ("error_recovery", "goodbye", "error")]
    assert "<Hangup" in line.twiml
    ended = line.over(seconds)
    assert (ended.disconnect_reason, ended.severity, ended.final_stage) == ("max_duration", "WARN", "goodbye")


def test_ten_minutes_end_a_call_that_never_rests_two_minutes_at_a_stage(line):
    line.ring()
    line.say("ACME12")
    for _ in range(6):
        line.now += timedelta(seconds=95)
        line.say("48213", "no")
    line.now += timedelta(seconds=95)
    line.say("48213")
    assert line.steps()[-2:] == [
        ("collect_job_number", "error_recovery", "timeout"), ("error_recovery", "goodbye", "error"),
    ]  # fmt: skip
    assert line.over(665).disconnect_reason == "max_duration"


@pytest.mark.parametrize(("stage", "mode"), every(STAGES[2:], MODES))
def test_the_fifth_failed_input_of_a_call_ends_it_at_any_stage(line, stage, mode):
    client, *rest = WAYS["en"][stage]
    line.ring()
    line.say("11", "11", client, "oops", "oops", *rest)
    line.audit.events.clear()
    fields, _, _ = wrong(stage, mode)
    line.answer(**fields)
    assert line.told("call.validation_failed")[0].attempt == 1
    assert line.steps()[-1] == ("error_recovery", "goodbye", "error")
    assert line.over().disconnect_reason == "max_attempts"


@pytest.mark.parametrize(("stage", "mode"), every(STAGES, MODES))
def test_a_caller_who_does_not_get_on_is_put_through_when_somebody_is_there(new_line, stage, mode):
    line = at_stage(new_line(transfer_to="+12025550111"), stage, "en")
    fields, _, _ = wrong(stage, mode)
    for _ in range(3):
        line.answer(**fields)
    assert "<Dial>+12025550111</Dial>" in line.twiml
    assert line.over(60).disconnect_reason == "transferred"


@pytest.mark.parametrize("stage", STAGES)
def test_a_caller_whose_time_is_up_is_not_put_through(new_line, stage):
    line = at_stage(new_line(transfer_to="+12025550111"), stage, "en")
    line.now += timedelta(seconds=121)
    assert "<Dial" not in line.answer()
    assert line.over(121).disconnect_reason == "max_duration"


@pytest.mark.parametrize(
    ("action", "value", "way", "language"),
    [
        (action, value, way, language)
        for action, values in VALUES.items()
        for value, (english, spanish, keys) in values.items()
        for way, language in ((english, "en"), (spanish, "es"), (keys, "en"), (keys, "es"))
        if way is not None
    ],
)
def test_each_action_succeeds_with_each_value_however_it_is_given(line, action, value, way, language):
    at_stage(line, "ask_action", language)
    line.say(MENU[action], way, "1")
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.action, attempted.outcome, attempted.value) == (action, "success", value)
    assert (attempted.error_code, attempted.severity, attempted.actor) == (None, None, "ALEX DOE")
    assert line.steps()[-2:] == [
        ("confirm_action", "execute_action", "user_confirmation_yes"), ("execute_action", "goodbye", "action_success"),
    ]  # fmt: skip
    assert line.over().disconnect_reason == "completed"


REFUSED = DependencyError(422, "INVALID_VALUE_FOR_COLUMN")
AWAY = DependencyError(503, "SERVICE_UNAVAILABLE")
RESULTS = {
    # what Airtable answers, where that leads to, and what the caller hears
    "validation_failed": ((REFUSED,), "ask_action", "not accepted", "WARN", "INVALID_VALUE_FOR_COLUMN"),
    "network_error": ((AWAY,) * 4, "error_recovery", "try again", "ERROR", "SERVICE_UNAVAILABLE"),
    "permission_denied": ((), "ask_action", "not allowed", "WARN", "NOT_PERMITTED"),
}


@pytest.mark.parametrize(("action", "result"), every(VALUES, RESULTS))
def test_each_action_fails_in_each_way(line, action, result):
    faults, to_stage, heard, severity, code = RESULTS[result]
    value = next(words or keys for words, _, keys in VALUES[action].values())
    line.ring()
    line.say(*(("VIEW55", "60001") if result == "permission_denied" else ("ACME12", "48213")), "1")
    line.airtable.faults.plan("change", *faults)
    assert heard in line.say(MENU[action], value, "1")
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.action, attempted.outcome, attempted.severity) == (action, result, severity)
    assert attempted.error_code == code
    assert line.steps()[-1] == ("execute_action", to_stage, "action_failed")
    assert line.told("data.record_update") == []
    asked = [event for event in line.told("data.airtable_query") if event.operation == "update"]
    assert [event.retries for event in asked] == ([] if result == "permission_denied" else [max(len(faults) - 1, 0)])
    permission = line.told("security.authorization")[-1]
    assert (permission.permission, permission.allowed) == (f"job:{action}", result != "permission_denied")


@pytest.mark.parametrize("again", ["1", "yes", "2", "no"])
def test_after_an_outage_the_caller_tries_again_or_gives_up(line, again):
    at_stage(line, "confirm_action", "en")
    line.airtable.faults.plan("change", *[AWAY] * 4)
    line.say("yes", again)
    if again in ("1", "yes"):
        assert line.steps()[-2:] == [
            ("error_recovery", "execute_action", "user_confirmation_yes"),
            ("execute_action", "goodbye", "action_success"),
        ]
        assert line.over().disconnect_reason == "completed"
    else:
        assert line.steps()[-1] == ("error_recovery", "goodbye", "user_confirmation_no")
        assert line.over().disconnect_reason == "error"


def test_the_assignee_cannot_be_keyed_and_a_note_has_at_most_500_characters(line):
    at_stage(line, "ask_action", "en")
    line.say("3", "20261201")
    assert line.told("call.validation_failed")[-1].rule == "pattern"
    line.say("María García", "no", "4", "n" * 501)
    failed = line.told("call.validation_failed")[-1]
    assert (failed.field, failed.rule) == ("note", "length")
    line.say("n" * 500, "1")
    assert len(line.told("data.record_update")[0].changes[0].new_value) == 500


def test_ids_and_numbers_are_as_long_as_they_may_be(line):
    line.ring()
    line.say("A" * 51)
    line.say("A" * 50)
    line.say("A12")
    assert [e.rule for e in line.told("call.validation_failed")] == ["length", "unknown_client", "unknown_client"]
    line.call_sid = "CA" + "02" * 16
    line.ring()
    line.say("ACME12", "1" * 20, "1" * 21)
    assert [e.rule for e in line.told("call.validation_failed")][3:] == ["unknown_job", "length"]


@pytest.mark.parametrize(("stage", "language"), every(STAGES, LANGUAGES))
def test_speech_that_was_hardly_understood_does_not_count_as_an_answer(line, stage, language):
    at_stage(line, stage, language)
    line.answer(SpeechResult="yes", Confidence="0.39")
    (failed,) = line.told("call.validation_failed")
    assert (failed.stage, failed.rule, failed.user_input) == (stage, "low_confidence", "yes")
    assert f"stage={stage}" in line.twiml
