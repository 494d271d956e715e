"""What a webhook says, and the events that it becomes. The fields are those of real callbacks, with made-up numbers."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.client import NoopAudit
from earwitness.client.testing import CapturedAudit
from earwitness.integrations.twilio import (
    Endings,
    Heard,
    Webhook,
    call_ended,
    call_started,
    disconnect_reason,
    other_fields,
    recording_failed,
)

SID = "CA" + "0a" * 16
RINGS = {
    "CallSid": SID, "AccountSid": "AC" + "0b" * 16, "From": "+12025550142", "To": "+12025550100", "CallStatus": "ringing",
    "ApiVersion": "2010-04-01", "Direction": "inbound", "CallerName": "ALEX DOE", "StirVerstat": "TN-Validation-Passed-A",
    "CallToken": "%7B%22parentCallInfoToken%22%3A%22eyJ%22%7D", "FromCity": "SPRINGFIELD", "CallerZip": "00000",
    "Caller": "+12025550142", "Called": "+12025550100", "ForwardedFrom": "+12025550111", "NewField": "x" * 1000,
}  # fmt: skip
OVER = RINGS | {
    "CallStatus": "completed", "CallDuration": "31", "Duration": "1", "SipResponseCode": "200", "SequenceNumber": "3",
    "CallbackSource": "call-progress-events", "Timestamp": "Tue, 24 Nov 2026 15:00:31 +0000",
}  # fmt: skip
RECORDED = {
    "CallSid": SID, "AccountSid": "AC" + "0b" * 16, "RecordingSid": "RE" + "0c" * 16, "RecordingStatus": "completed",
    "RecordingUrl": "https://api.twilio.example/RE", "RecordingDuration": "29", "RecordingSource": "DialVerb",
}  # fmt: skip


def webhook(fields=RINGS, **more):
    return Webhook(tuple({**fields, **more}.items()))


def told(function, *args, **kwargs):
    audit = CapturedAudit()
    assert function(audit, *args, **kwargs) is True
    (event,) = audit.events
    return event


def test_a_call_starts():
    event = told(call_started, webhook(), language="en")
    assert (event.from_number, event.to_number, event.caller_name) == ("+12025550142", "+12025550100", "ALEX DOE")
    assert (event.direction, event.language, event.stir_verstat) == ("inbound", "en", "TN-Validation-Passed-A")
    assert (event.call_sid, event.caller) == (SID, "+12025550142")
    assert event.attributes == {"ForwardedFrom": "+12025550111", "NewField": "x" * 256}


def test_the_other_party_of_an_outbound_call():
    event = told(call_started, webhook(Direction="outbound-api", From="+12025550100", To="+12025550142"), language="es")
    assert (event.direction, event.caller) == ("outbound", "+12025550142")


@pytest.mark.parametrize("missing", ["", "CA12", "CA" + "0A" * 16, "x" * 500])
def test_a_call_sid_that_is_none_stays_out(missing):
    event = told(call_started, webhook(CallSid=missing), language="en")
    assert event.call_sid is None


@pytest.mark.parametrize(
    ("fields", "heard"),
    [
        ({"Digits": "48213", "FinishedOnKey": "#"}, Heard("dtmf", "48213")),
        ({"SpeechResult": "four eight", "Confidence": "0.91"}, Heard("speech", "four eight", 0.91)),
        ({"SpeechResult": "yes", "Confidence": "1.7"}, Heard("speech", "yes", 1.0)),
        ({"SpeechResult": "yes", "Confidence": "nan"}, Heard("speech", "yes")),
        ({"SpeechResult": "", "Digits": ""}, Heard("none")),
        ({"msg": "Gather End"}, Heard("none")),
        ({"Digits": "1", "SpeechResult": "one"}, Heard("dtmf", "1")),
    ],
)
def test_what_a_caller_answered(fields, heard):
    assert webhook(**fields).heard == heard


def test_a_call_is_over():
    event = told(call_ended, webhook(OVER), final_stage="confirm_job")
    assert (event.disconnect_reason, event.duration_seconds, event.final_stage) == ("caller_hangup", 31, "confirm_job")
    assert (event.call_status, event.sip_response_code, event.severity) == ("completed", 200, None)
    assert event.attributes.keys() == {"ForwardedFrom", "NewField", "SequenceNumber", "CallbackSource", "Timestamp"}


@pytest.mark.parametrize(
    ("sent", "mark", "reason", "severity"),
    [
        ({"CallStatus": "completed"}, "max_attempts", "max_attempts", "WARN"),
        ({"CallStatus": "completed"}, "transferred", "transferred", None),
        ({"CallStatus": "completed", "CallDuration": "600"}, None, "max_duration", "WARN"),
        ({"CallStatus": "completed", "SipResponseCode": "503"}, None, "error", "ERROR"),
        ({"CallStatus": "failed", "SipResponseCode": "480"}, None, "no_answer", None),
        ({"CallStatus": "failed", "SipResponseCode": "404"}, "max_attempts", "failed", "ERROR"),
        ({"CallStatus": "no-answer", "SipResponseCode": ""}, None, "no_answer", None),
        ({"CallStatus": "busy", "SipResponseCode": "486"}, None, "busy", None),
        ({"CallStatus": "canceled"}, None, "canceled", None),
    ],
)
def test_why_a_call_ended(sent, mark, reason, severity):
    event = told(call_ended, webhook(OVER, **sent), mark=mark)
    assert (event.disconnect_reason, event.severity) == (reason, severity)


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "answered", "new-status", ""])
def test_a_call_that_is_not_over_is_not_told(status):
    audit = CapturedAudit()
    assert not webhook(CallStatus=status).is_final
    assert call_ended(audit, webhook(CallStatus=status)) is False
    assert audit.events == []


finals = st.sampled_from(["completed", "failed", "busy", "no_answer", "canceled", "other"])


@given(finals, st.one_of(st.none(), st.integers()), st.integers())
def test_every_end_has_a_reason_that_the_trail_knows(status, sip, seconds):
    reason = disconnect_reason(status, sip, seconds)
    CapturedAudit().call_ended(duration_seconds=0, disconnect_reason=reason, call_status=status)


@given(st.permutations([("initiated", 0), ("ringing", 1), ("in-progress", 2), ("completed", 3), ("completed", 3)]))
def test_an_end_is_told_once_in_whatever_order_callbacks_come(callbacks):
    audit = CapturedAudit()
    endings = Endings(audit)
    endings.mark(SID, final_stage="ask_action")
    endings.mark(SID, reason="transferred")
    news = [endings.tell(webhook(OVER, CallStatus=one, SequenceNumber=str(n))) for one, n in callbacks]
    assert sum(news) == 1
    (event,) = audit.events
    assert (event.disconnect_reason, event.final_stage) == ("transferred", "ask_action")


def test_an_end_is_told_once_by_however_many_threads():
    audit = CapturedAudit()
    endings, start = Endings(audit), threading.Barrier(8)

    def tell():
        start.wait()
        for number in range(200):
            endings.tell(webhook(OVER, CallSid=f"CA{number:032x}"))

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(audit.events) == 200


def test_what_is_remembered_of_calls_is_bounded(monkeypatch):
    monkeypatch.setattr("earwitness.integrations.twilio.events._MOST_CALLS", 10)
    endings = Endings(CapturedAudit())
    for number in range(50):
        sid = f"CA{number:032x}"
        endings.mark(sid, reason="error")
        if number % 2:
            endings.tell(webhook(OVER, CallSid=sid))
    assert len(endings._marks) <= 10
    assert len(endings._ended) <= 10


def test_a_recording_that_is_there():
    done = webhook(RECORDED)
    assert (done.recording_sid, done.recording_status) == ("RE" + "0c" * 16, "completed")
    assert done.recording_url == "https://api.twilio.example/RE"
    assert recording_failed(CapturedAudit(), done, bucket="recordings") is False
    by_verb = webhook({"CallSid": SID, "RecordingUrl": "https://api.twilio.example/RE", "Digits": "hangup"})
    assert by_verb.recording_url is not None
    assert webhook(RECORDED, RecordingStatus="in-progress").recording_url is None
    assert webhook(RECORDED, RecordingStatus="soon").recording_status == webhook().recording_status == "other"


@pytest.mark.parametrize(("status", "severity"), [("absent", "WARN"), ("failed", "ERROR")])
def test_a_recording_that_will_not_come(status, severity):
    event = told(recording_failed, webhook(RECORDED, RecordingStatus=status, ErrorCode="16102"), bucket="recordings")
    assert (event.step, event.outcome, event.bucket, event.severity) == ("fetch", "failed", "recordings", severity)
    assert event.recording_sid == "RE" + "0c" * 16
    assert event.url is None
    assert event.attributes["ErrorCode"] == "16102"


@given(st.dictionaries(st.text(max_size=100), st.text(max_size=400), max_size=80))
def test_whatever_twilio_adds_is_bounded_and_takes_no_event_away(fields):
    found = other_fields(webhook(Known="1", fields=RINGS | fields)) or {}
    assert len(found) <= 24
    assert all(len(name) <= 64 and len(value) <= 256 for name, value in found.items())
    assert not found.keys() & {"CallToken", "FromCity", "CallerZip", "From", "SpeechResult"}
    assert told(call_started, webhook(RINGS | fields | {"CallSid": SID}), language="en").call_sid == SID


def test_switched_off_nothing_is_told_and_everything_counts_as_taken():
    audit = NoopAudit()
    assert call_started(audit, webhook(), language="en")
    assert call_ended(audit, webhook(OVER))
    assert not call_ended(audit, webhook())
    assert recording_failed(audit, webhook(RECORDED, RecordingStatus="absent"), bucket="b")
    assert Endings(audit).tell(webhook(OVER))


def test_numbers_that_are_none():
    odd = webhook(CallDuration="-1", SipResponseCode="1" * 10, SequenceNumber="two")
    assert (odd.call_seconds, odd.sip_response_code, odd.sequence_number) == (0, None, None)
    assert webhook(OVER).sequence_number == 3
