"""Webhooks that come twice, late, or in the wrong order, and how a call is found to have ended."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
import pytest


def test_a_repeated_first_webhook_starts_no_second_call(line):
    line.ring()
    assert "turn=0" in line.ring()
    assert len(line.told("call.started")) == 1
    assert line.told("system.state_management")[-1].operation == "extend"


@pytest.mark.parametrize(
    "answers", [("ACME12",), ("ACME12", "48213"), ("ACME12", "48213", "1", "1", "4", "1"), ("nobody",), ("ACME12", "")]
)
def test_a_repeated_answer_gets_the_same_reply_and_changes_nothing(line, answers):
    line.ring()
    line.say(*answers[:-1])
    asked = line.question
    heard = {"Digits": answers[-1]} if answers[-1] else {}
    first = line.webhook(asked, **heard).text
    told = len(line.audit.events)
    assert line.webhook(asked, **heard).text == first
    assert line.kinds()[told:] == ["security.authentication", "system.api_latency", "system.state_management"]


def test_an_answer_that_arrives_twice_at_once_counts_once(line):
    line.ring()
    line.say("ACME12", "48213", "1", "4", "ring twice")
    pairs = [("CallSid", line.call_sid), ("From", line.caller), ("To", line.number), ("Digits", "1")]
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": line.signed(line.question, pairs),
    }

    async def both() -> list[str]:
        transport = httpx.ASGITransport(app=line.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1:8000") as http:
            sent = (http.post(line.question, content=urlencode(pairs), headers=headers) for _ in range(2))
            return [response.text for response in await asyncio.gather(*sent)]

    one, other = asyncio.run(both())
    assert one == other
    assert len(line.told("data.record_update")) == 1


def test_a_call_ends_once_whatever_comes_when(line):
    line.ring()
    for sequence, status in ((2, "completed"), (1, "in-progress"), (2, "completed"), (0, "ringing")):
        response = line.webhook("/status", CallStatus=status, CallDuration="7", SequenceNumber=str(sequence))
        assert response.status_code == 204
    (ended,) = line.told("call.ended")
    assert (ended.disconnect_reason, ended.final_stage) == ("caller_hangup", "collect_client_id")


def test_a_call_that_was_never_answered_ends_once_too(line):
    for _ in range(2):
        line.webhook("/status", CallStatus="no-answer", CallDuration="0")
    assert len(line.told("call.ended")) == 1


def test_an_end_that_comes_after_the_recording_is_still_the_end(line):
    line.ring()
    line.say("ACME12", "48213")
    line.recorded()
    line.recorded()
    assert [event.step for event in line.told("system.recording_pipeline")] == ["fetch", "store", "sign", "append"]
    line.over(31)
    line.over(31)
    (ended,) = line.told("call.ended")
    assert ended.final_stage == "confirm_job"


def test_an_answer_that_comes_after_the_end_changes_nothing(line):
    line.ring()
    line.say("ACME12", "48213", "1", "4", "ring twice")
    line.over(20)
    line.audit.events.clear()
    assert "<Hangup" in line.say("1")
    assert line.kinds() == ["security.authentication", "system.api_latency", "system.state_management"]


@pytest.mark.parametrize(
    ("told", "answers", "reason"),
    [
        (("completed", "200", 40), ("ACME12", "48213", "1", "1", "4", "1"), "completed"),
        (("completed", "200", 9), ("ACME12",), "caller_hangup"),
        (("completed", "200", 20), ("", "", ""), "max_attempts"),
        (("completed", "200", 700), (), "max_duration"),
        (("completed", "503", 12), ("ACME12",), "error"),
        (("completed", "200", 30), ("ACME12", "48214", "1", "1", "4", "1", "2"), "error"),
        (("no-answer", "", 0), None, "no_answer"),
        (("failed", "480", 0), None, "no_answer"),
        (("busy", "486", 0), None, "busy"),
        (("failed", "404", 0), None, "failed"),
        (("canceled", "487", 0), None, "canceled"),
        (("failed", "487", 0), None, "canceled"),
    ],
)
def test_why_a_call_ended(line, told, answers, reason):
    status, sip, seconds = told
    if answers is not None:
        line.ring()
        line.say(*answers)
    ended = line.over(seconds, status, SipResponseCode=sip)
    severity = {"error": "ERROR", "failed": "ERROR", "max_attempts": "WARN", "max_duration": "WARN"}.get(reason)
    assert (ended.disconnect_reason, ended.severity) == (reason, severity)
    assert ended.call_status == status.replace("-", "_")
    assert ended.duration_seconds == seconds
    assert ended.sip_response_code == (int(sip) if sip else None)


def test_the_other_party_of_an_outbound_call_is_the_one_that_is_called(line):
    ended = line.over(0, "no-answer", Direction="outbound-api", From=line.number, To=line.caller)
    assert (ended.caller, ended.final_stage) == (line.caller, None)


def test_a_number_that_does_not_fit_a_field_stays_out(line):
    ended = line.over(seconds=10**15, SipResponseCode="-1")
    assert (ended.duration_seconds, ended.sip_response_code) == (0, None)
