"""Whole calls: what the caller hears, and what the trail is told in which order."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

ASKED = ["system.api_latency", "system.state_management"]  # Redis, once
REQUESTED = ["system.api_latency", "data.airtable_query"]  # Airtable, once


def test_a_whole_call_is_told_in_order_and_under_its_call(line):
    welcome = line.webhook("/voice", StirVerstat="TN-Validation-Passed-A")
    assert (welcome.status_code, welcome.headers["content-type"].split(";")[0]) == (200, "application/xml")
    assert f'<Start><Recording recordingStatusCallback="{line.base}/recording"' in welcome.text
    for said in ('input="dtmf speech"', 'timeout="5"', 'actionOnEmptyResult="true"'):  # 5 s, and silence is told too
        assert said in welcome.text
    line.twiml = welcome.text
    assert "12 Larch Lane" in line.say("A C M E one two", "48213")
    assert "<Hangup" in line.say("yes", "3", "maría garcía", "yes")
    ended = line.over(42, SipResponseCode="200")

    turn = ["security.authentication", *ASKED]
    moved = ["call.stage_transition", *ASKED]
    assert line.kinds() == [
        *turn, "call.started", *ASKED,
        *turn, *REQUESTED, *moved,
        *turn, *REQUESTED, "data.job_lookup", "security.authorization", *moved,
        *turn, *moved,
        *turn, *moved,
        *turn, *moved,
        *turn, "call.stage_transition", "security.authorization", *REQUESTED, "data.record_update",
        "data.history_append", "call.action_attempted", *moved,
        *turn, "call.ended", *ASKED,
    ]  # fmt: skip
    assert {event.call_sid for event in line.audit.events} == {line.call_sid}
    assert {event.caller for event in line.audit.events} == {line.caller}

    (started,) = line.told("call.started")
    assert (started.from_number, started.to_number, started.caller_name) == (line.caller, line.number, "ALEX DOE")
    assert (started.direction, started.language, started.stir_verstat) == ("inbound", "en", "TN-Validation-Passed-A")
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.action, attempted.outcome, attempted.value) == ("update_assignee", "success", "maría garcía")
    (update,) = line.told("data.record_update")
    assert [(c.field, c.old_value, c.new_value) for c in update.changes] == [("assignee", "John Smith", "maría garcía")]
    assert update.attributes == {"correlation_id": attempted.correlation_id}
    assert (ended.disconnect_reason, ended.final_stage, ended.call_status) == ("completed", "goodbye", "completed")
    assert (ended.duration_seconds, ended.sip_response_code) == (42, 200)


@pytest.mark.parametrize(
    ("keys", "value", "event", "details"),
    [
        ("1", "4", "Status Update", "Status changed from pending to completed"),
        ("2", "20261201", "Date Update", "Rescheduled from 2026-11-24 to 2026-12-01"),
        ("3", "María García", "Assignee Update", "Reassigned from John Smith to María García"),
        ("4", "ring twice", "Note", "ring twice"),
    ],
)
def test_each_action_leaves_a_line_in_the_jobs_history(line, keys, value, event, details):
    line.ring()
    line.say("ACME12", "48213", "1", keys, value, "1")
    (append,) = line.told("data.history_append")
    written = f"---- | 2026-11-24 15:00:00 | Event: {event} | Source: IVR | Details: {details}"
    assert append.lines == [written]
    assert (append.record_id, append.job_number, append.lines_added) == ("rec1", "48213", 1)
    assert append.total_length == len(written)


def test_a_history_only_grows(line):
    for call_sid in ("CA" + "01" * 16, "CA" + "02" * 16):
        line.call_sid = call_sid
        line.ring()
        line.say("ACME12", "48213", "1", "4", "ring twice", "1")
    first, second = (event.total_length for event in line.told("data.history_append"))
    assert second == 2 * first + 1
    old, new = (event.changes[0] for event in line.told("data.record_update"))
    assert (old.old_value, old.new_value) == (None, "ring twice")
    assert (new.old_value, new.new_value) == ("ring twice", "ring twice\nring twice")


def test_a_job_of_another_client_cannot_be_told_from_none(line):
    line.ring()
    others = line.say("ACME12", "50001")
    missing = line.say("99999")
    assert re.findall(r"<Say[^>]*>([^<]*)", others) == re.findall(r"<Say[^>]*>([^<]*)", missing)
    assert [event.found for event in line.told("data.job_lookup")] == [False, False]
    (refused,) = line.told("security.authorization")
    assert (refused.permission, refused.allowed, refused.reason) == ("job:read", False, "job_of_other_client")
    assert refused.severity == "WARN"
    assert [event.rule for event in line.told("call.validation_failed")] == ["unknown_job", "unknown_job"]


def test_spanish_is_spoken_on_the_spanish_line(line):
    line.number = line.spanish_number
    assert 'language="es-US"' in line.ring()
    assert line.told("call.started")[0].language == "es"
    readback = line.say("acme uno dos", "cuatro ocho dos uno tres")
    assert "Trabajo 48213 en 12 Larch Lane, estado pendiente" in readback
    assert "He entendido: en curso" in line.say("sí", "cambiar el estado", "en curso")
    assert "Guardado" in line.say("correcto")
    assert line.told("data.record_update")[0].changes[0].new_value == "in_progress"


@pytest.mark.parametrize("shown", ["anonymous", "+266696687"])
def test_a_withheld_number_is_passed_on_as_it_comes(line, shown):
    line.ring(From=shown)
    (started,) = line.told("call.started")
    assert (started.from_number, started.caller) == (shown, shown)


def test_low_confidence_is_told_with_the_confidence(line):
    line.ring()
    line.answer(SpeechResult="acme", Confidence="0.21")
    assert line.told("call.validation_failed")[0].rule == "low_confidence"
    line.answer(SpeechResult="ACME12", Confidence="0.87")
    assert line.told("call.stage_transition")[0].confidence == 0.87


@pytest.mark.parametrize("confidence", ["", "high", "nan"])
def test_a_confidence_that_is_none_stays_out(line, confidence):
    line.ring()
    line.answer(SpeechResult="ACME12", Confidence=confidence)
    assert line.told("call.stage_transition")[0].confidence is None


@pytest.mark.parametrize(
    ("said", "category", "pattern"),
    [
        ("x' OR 1=1", "injection", "airtable_formula"),
        ("OR(TRUE())", "injection", "airtable_formula"),
        ("<Dial>900</Dial>", "injection", "markup"),
        ("$(reboot)", "injection", "shell"),
        ("acme & sons", "malformed", "pattern"),
        ("ab", "malformed", "too_short"),
    ],
)
def test_input_that_breaks_its_form_is_told_to_security_too(line, said, category, pattern):
    line.ring()
    line.say(said)
    assert line.kinds()[-4:-2] == ["security.input_validation", "call.validation_failed"]
    (event,) = line.told("security.input_validation")
    assert (event.field, event.category, event.pattern, event.action) == ("client_id", category, pattern, "rejected")
    assert event.user_input == said
    assert line.told("data.airtable_query") == []


@pytest.mark.parametrize(
    ("said", "kept", "pattern"),
    [
        ("done | Event: Status Update | Details: paid", "done , Event: Status Update , Details: paid", "history_line"),
        ("fine ---- 2026-01-01", "fine , 2026-01-01", "history_line"),
        ('=HYPERLINK("https://x.example")', 'HYPERLINK("https://x.example")', "spreadsheet_formula"),
    ],
)
def test_a_note_cannot_write_a_line_of_the_history_that_nobody_wrote(line, said, kept, pattern):
    line.ring()
    line.say("ACME12", "48213", "1", "4", said)
    (event,) = line.told("security.input_validation")
    assert (event.category, event.pattern, event.action) == ("injection", pattern, "sanitized")
    assert (event.field, event.user_input) == ("note", said)
    line.say("1")
    assert line.told("data.record_update")[0].changes[0].new_value == kept
    assert line.told("data.history_append")[0].lines[0].count("|") == 4


def test_a_note_that_is_nothing_but_an_attack_is_refused(line):
    line.ring()
    line.say("ACME12", "48213", "1", "4", "====")
    assert line.told("call.validation_failed")[-1].field == "note"
    assert line.steps()[-1][1] == "collect_action_value"


def test_a_number_that_types_ten_wrong_things_in_a_row_is_told_and_turned_away_for_a_while(line):
    caller = line.caller
    for call in range(4):
        line.call_sid = f"CA{call:032x}"
        line.ring()
        line.say("700001", "700002", "700003")
        line.over(12)
    (pattern,) = line.told("security.error_pattern")
    assert (pattern.pattern, pattern.count, pattern.window_seconds) == ("invalid_inputs_in_a_row", 10, 3600)
    assert (pattern.subject, pattern.caller, pattern.severity) == (line.caller, line.caller, None)

    line.call_sid = "CA" + "05" * 16
    assert '<Reject reason="busy"' in line.ring()
    (throttled,) = line.told("security.input_validation")
    assert (throttled.field, throttled.category, throttled.action) == ("From", "rate_limited", "throttled")
    assert line.over(0, "busy").disconnect_reason == "busy"
    assert len(line.told("call.started")) == 5

    line.call_sid, line.caller = "CA" + "06" * 16, "+12025550143"
    assert "<Gather" in line.ring()

    line.call_sid, line.caller = "CA" + "07" * 16, caller
    line.now += timedelta(seconds=901)
    assert "<Gather" in line.ring()


def test_silence_is_no_input(line):
    for call in range(5):
        line.call_sid = f"CA{call:032x}"
        line.ring()
        line.say("", "", "")
    assert line.told("security.error_pattern") == []


def test_a_valid_input_ends_the_row(line):
    for call in range(4):
        line.call_sid = f"CA{call:032x}"
        line.ring()
        line.say("700001", "", "ACME12", "700002", "700003")
    assert line.told("security.error_pattern") == []


def test_nothing_is_counted_against_a_withheld_number(line):
    line.caller = "anonymous"
    for call in range(5):
        line.call_sid = f"CA{call:032x}"
        assert "<Gather" in line.ring()
        line.say("700001", "700002", "700003")
    assert line.told("security.error_pattern") == []
