"""The example app through its webhooks: what it answers, and what it tells the trail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator
from voice_app.app import Backends, create_app
from voice_app.jobs import AirtableError, Client, InMemoryJobs, Job
from voice_app.recordings import InMemoryRecordings, StorageError
from voice_app.settings import Settings, WrongSettingError
from voice_app.state import InMemoryState

from earwitness.client.methods import EventMethods
from earwitness.schemas.events import Event

TOKEN = "12345"
BASE = "https://line.example/ivr"
CALL_SID = "CA" + "0a" * 16
CALLER = "+12025550142"
LINE = "+12025550100"
SPANISH_LINE = "+12025550101"


class Captured(EventMethods):
    """An audit client that keeps what it is given, with the call's context stamped on it as the real one does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._call: ContextVar[tuple[str | None, str | None]] = ContextVar("call", default=(None, None))

    def emit(self, event: Event) -> bool:
        msgspec.convert(msgspec.to_builtins(event), type(event))  # raises when a field does not fit its type
        call_sid, caller = self._call.get()
        stamped = msgspec.structs.replace(event, call_sid=event.call_sid or call_sid, caller=event.caller or caller)
        self.events.append(stamped)
        return True

    @contextmanager
    def call(self, *, call_sid: str | None, caller: str | None) -> Iterator[None]:
        token = self._call.set((call_sid, caller))
        try:
            yield
        finally:
            self._call.reset(token)

    def lifespan(self) -> None:
        return None


class ScriptedJobs(InMemoryJobs):
    """Answers its next requests with these errors first."""

    def fail(self, *errors: AirtableError) -> None:
        self.errors = list(errors)

    async def client(self, client_id: str) -> Client | None:
        if getattr(self, "errors", None):
            raise self.errors.pop(0)
        return await super().client(client_id)


class Line:
    """A caller, and Twilio between the caller and the app."""

    def __init__(self, **settings) -> None:
        self.audit = Captured()
        self.now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
        self.settings = replace(
            Settings(
                public_base_url=BASE, auth_token=TOKEN, spanish_numbers=frozenset({SPANISH_LINE}), retry_waits=(0, 0)
            ),
            **settings,
        )
        rights = ("job:read", "job:update_status", "job:update_assignee")
        self.jobs = ScriptedJobs(
            clients=[Client("ACME12", "Acme", rights), Client("NORTE7", "Norte", rights)],
            jobs=[
                Job("rec1", "48213", "ACME12", "pending", "2026-11-24", "John Smith", "12 Larch Lane"),
                Job("rec2", "48214", "ACME12", "pending", "2026-11-25", "John Smith", "14 Larch Lane"),
                Job("rec3", "50001", "NORTE7", "pending", "2026-11-25", "Wei Chen", "3 Mill Street"),
            ],
            assignees=frozenset({"John Smith", "María García"}),
            down=frozenset({"48214"}),
            now=lambda: self.now,
        )
        self.states = InMemoryState()
        self.storage = InMemoryRecordings()
        backends = Backends(jobs=self.jobs, states=self.states, storage=self.storage, now=lambda: self.now)
        self.app = create_app(self.audit, self.settings, backends)

    def send(self, path: str, content: str, headers: dict[str, str]) -> httpx.Response:
        async def post() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1:8000") as http:
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
                return await http.post(path, content=content, headers=headers)

        return asyncio.run(post())

    def webhook(self, path: str, *extra: tuple[str, str], call_sid: str = CALL_SID, **fields: str) -> httpx.Response:
        form = {
            "CallSid": call_sid,
            "AccountSid": "AC" + "0b" * 16,
            "From": CALLER,
            "To": LINE,
            "Direction": "inbound",
            "CallerName": "ALEX DOE",
            **fields,
        }
        pairs = [*form.items(), *extra]
        signature = RequestValidator(TOKEN).compute_signature(BASE + path, MultiDict(pairs))
        return self.send(path, urlencode(pairs), {"X-Twilio-Signature": signature})

    def say(self, *answers: str, **fields: str) -> str:
        """Answer the app's questions; digits are keyed, "" is silence. Gives the last TwiML."""
        text = ""
        for answer in answers:
            if answer.isdecimal():
                heard = {"Digits": answer}
            elif answer:
                heard = {"SpeechResult": answer, "Confidence": "0.91"}
            else:
                heard = {}
            response = self.webhook("/gather", **heard, **fields)
            assert response.status_code == 200
            text = response.text
        return text

    def kinds(self) -> list[str]:
        return [msgspec.inspect.type_info(type(event)).tag for event in self.audit.events]

    def told(self, kind: str) -> list[Event]:
        return [event for name, event in zip(self.kinds(), self.audit.events, strict=True) if name == kind]


def test_a_whole_call_is_told_in_order_and_under_its_call():
    line = Line()
    welcome = line.webhook("/voice", StirVerstat="TN-Validation-Passed-A")
    assert welcome.status_code == 200
    assert welcome.headers["content-type"].startswith("application/xml")
    assert f'action="{BASE}/gather"' in welcome.text
    readback = line.say("A C M E one two", "48213")
    assert "12 Larch Lane" in readback
    goodbye = line.say("yes", "3", "maría garcía", "yes")
    assert "<Hangup" in goodbye
    line.webhook("/status", CallStatus="completed", CallDuration="42", SipResponseCode="200")

    turn = ["security.authentication", "system.state_management"]
    select = ["system.api_latency", "data.airtable_query"]
    moved = ["call.stage_transition", "system.state_management"]
    assert line.kinds() == [
        *turn, "call.started", "system.state_management",
        *turn, *select, *moved,
        *turn, *select, "data.job_lookup", "security.authorization", *moved,
        *turn, *moved,
        *turn, *moved,
        *turn, *moved,
        *turn, "call.stage_transition", "security.authorization", *select, "data.record_update", "data.history_append",
        "call.action_attempted", *moved,
        *turn, "call.ended", "system.state_management",
    ]  # fmt: skip
    assert {event.call_sid for event in line.audit.events} == {CALL_SID}
    assert {event.caller for event in line.audit.events} == {CALLER}

    (started,) = line.told("call.started")
    assert (started.from_number, started.to_number, started.caller_name) == (CALLER, LINE, "ALEX DOE")
    assert (started.direction, started.language, started.stir_verstat) == ("inbound", "en", "TN-Validation-Passed-A")
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.action, attempted.outcome, attempted.value) == ("update_assignee", "success", "maría garcía")
    (update,) = line.told("data.record_update")
    assert [(c.field, c.old_value, c.new_value) for c in update.changes] == [("assignee", "John Smith", "maría garcía")]
    assert update.attributes == {"correlation_id": attempted.correlation_id}
    (append,) = line.told("data.history_append")
    (history,) = append.lines
    assert history.startswith("---- | 2026-11-24 15:00:00 | Event: Assignee Update | Source: IVR | Details: ")
    assert history.endswith("Reassigned from John Smith to maría garcía")
    (ended,) = line.told("call.ended")
    assert (ended.disconnect_reason, ended.final_stage, ended.call_status) == ("completed", "goodbye", "completed")
    assert (ended.duration_seconds, ended.sip_response_code) == (42, 200)


def test_a_wrong_signature_is_refused_and_told_without_anything_it_claims():
    line = Line()
    body = urlencode({"CallSid": CALL_SID, "From": CALLER, "AccountSid": "robert'); --"})
    response = line.send("/voice", body, {"X-Twilio-Signature": "bm90IHRoZSByaWdodCBvbmU="})
    assert response.status_code == 403
    (event,) = line.audit.events
    assert line.kinds() == ["security.authentication"]
    assert (event.valid, event.reason, event.severity) == (False, "signature_mismatch", "WARN")
    assert (event.url_path, event.source_ip, event.method) == ("/voice", "192.0.2.7", "twilio_signature")
    assert (event.call_sid, event.caller, event.account_sid) == (None, None, None)


@pytest.mark.parametrize("path", ["/voice", "/gather", "/status", "/recording"])
def test_a_missing_signature_is_refused_on_every_webhook(path: str):
    line = Line()
    assert line.send(path, urlencode({"CallSid": CALL_SID}), {}).status_code == 403
    (event,) = line.audit.events
    assert (event.valid, event.reason, event.url_path) == (False, "missing_signature", path)


def test_fields_that_occur_twice_are_signed_and_checked_with_all_their_values():
    line = Line()
    assert (
        line.webhook("/voice", ("SipHeader_X", "one"), ("SipHeader_X", "two"), ("SipHeader_Y", "")).status_code == 200
    )
    assert [event.valid for event in line.told("security.authentication")] == [True]


def test_a_changed_field_breaks_the_signature():
    line = Line()
    pairs = [("CallSid", CALL_SID), ("From", CALLER)]
    signature = RequestValidator(TOKEN).compute_signature(BASE + "/voice", MultiDict(pairs))
    changed = urlencode([*pairs, ("From", "+12025550199")])
    assert line.send("/voice", changed, {"X-Twilio-Signature": signature}).status_code == 403


@pytest.mark.parametrize("declared", [True, False])
def test_an_oversized_body_is_refused_unread(declared: bool):
    line = Line(max_body_bytes=1000)
    read = 0

    async def chunks():
        nonlocal read
        for _ in range(1000):
            read += 100
            yield b"a" * 100

    async def post() -> httpx.Response:
        headers = {"Content-Length": "100000"} if declared else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=line.app), base_url=BASE) as http:
            return await http.post("http://app/voice", content=chunks(), headers=headers)

    assert asyncio.run(post()).status_code == 413
    assert read <= 1200
    (event,) = line.told("security.input_validation")
    assert (event.field, event.category, event.pattern, event.action) == ("body", "malformed", "too_long", "rejected")


@pytest.mark.parametrize("body", [b"CallSid=\xff\xfe\xff", "&".join(f"f{n}=1" for n in range(500)).encode()])
def test_a_body_that_is_no_form_is_refused(body: bytes):
    line = Line()

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=line.app), base_url="http://app") as http:
            return await http.post("/voice", content=body)

    assert asyncio.run(post()).status_code == 400
    assert line.kinds() == ["security.input_validation"]


def test_a_signed_webhook_without_a_proper_call_sid_is_refused():
    line = Line()
    assert line.webhook("/voice", call_sid="CA12").status_code == 400
    assert line.kinds() == ["security.authentication", "security.input_validation"]
    assert line.told("security.input_validation")[0].field == "CallSid"


def test_a_query_is_signed_as_it_was_sent():
    line = Line()
    path = "/voice?b=2&a=%7E1"
    pairs = [("CallSid", CALL_SID), ("From", CALLER), ("Direction", "inbound")]
    signature = RequestValidator(TOKEN).compute_signature(BASE + path, MultiDict(pairs))
    assert line.send(path, urlencode(pairs), {"X-Twilio-Signature": signature}).status_code == 200
    assert line.told("security.authentication")[0].url_path == "/voice"


def test_a_job_of_another_client_cannot_be_told_from_none():
    line = Line()
    line.webhook("/voice")
    others = line.say("ACME12", "50001")
    missing = line.say("99999")
    assert re.sub(r"\s", "", others) == re.sub(r"\s", "", missing)
    assert [event.found for event in line.told("data.job_lookup")] == [False, False]
    (refused,) = line.told("security.authorization")
    assert (refused.permission, refused.allowed, refused.reason) == ("job:read", False, "job_of_other_client")
    assert refused.severity == "WARN"
    assert [event.rule for event in line.told("call.validation_failed")] == ["unknown_job", "unknown_job"]


def test_an_action_that_the_client_may_not_take_is_refused_before_airtable_is_asked():
    line = Line()
    line.webhook("/voice")
    twiml = line.say("ACME12", "48213", "1", "add a note", "ring twice", "1")
    assert "not allowed" in twiml
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.outcome, attempted.severity) == ("permission_denied", "WARN")
    assert line.told("security.authorization")[-1].permission == "job:add_note"
    assert line.told("data.record_update") == []


def test_a_value_that_airtable_does_not_take():
    line = Line()
    line.webhook("/voice")
    line.say("ACME12", "48213", "1", "3", "Nobody Known", "1")
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.outcome, attempted.error_code) == ("validation_failed", "INVALID_MULTIPLE_CHOICE_OPTIONS")
    assert [event.retries for event in line.told("data.airtable_query")][-1] == 0


def test_an_outage_is_retried_and_told_attempt_by_attempt():
    line = Line()
    line.webhook("/voice")
    twiml = line.say("ACME12", "48214", "1", "1", "4", "1")
    assert "try again" in twiml
    (attempted,) = line.told("call.action_attempted")
    assert (attempted.outcome, attempted.error_code, attempted.severity) == (
        "network_error", "SERVICE_UNAVAILABLE", "ERROR",
    )  # fmt: skip
    failed = [event for event in line.told("system.api_latency") if event.outcome == "error"]
    assert [event.status_code for event in failed] == [503, 503, 503]
    query = line.told("data.airtable_query")[-1]
    assert (query.status_code, query.retries, query.rows, query.severity) == (503, 2, 0, "ERROR")
    line.say("2")
    line.webhook("/status", CallStatus="completed", CallDuration="30")
    assert line.told("call.ended")[0].disconnect_reason == "error"


def test_a_throttled_request_succeeds_at_its_retry():
    line = Line()
    line.webhook("/voice")
    line.jobs.fail(AirtableError(429, "RATE_LIMIT"), AirtableError(None, "TIMEOUT"))
    line.say("ACME12")
    assert [event.outcome for event in line.told("system.api_latency")] == ["rate_limited", "timeout", "ok"]
    (query,) = line.told("data.airtable_query")
    assert (query.status_code, query.retries, query.rows, query.severity) == (200, 2, 1, "WARN")
    assert line.told("call.stage_transition")[0].to_stage == "collect_job_number"


def test_a_lookup_that_fails_lets_the_caller_try_again():
    line = Line()
    line.webhook("/voice")
    line.jobs.fail(*[AirtableError(500, "SERVER_ERROR")] * 3)
    assert "Something went wrong" in line.say("ACME12")
    line.say("yes", "ACME12")
    assert [event.to_stage for event in line.told("call.stage_transition")] == [
        "error_recovery", "collect_client_id", "collect_job_number",
    ]  # fmt: skip


def test_input_that_breaks_its_form_is_told_to_security_too():
    line = Line()
    line.webhook("/voice")
    line.say("x' OR 1=1")
    assert line.kinds()[-3:-1] == ["security.input_validation", "call.validation_failed"]
    (event,) = line.told("security.input_validation")
    assert (event.field, event.category, event.user_input) == ("client_id", "malformed", "x' OR 1=1")


def test_silence_is_a_failed_input_and_after_three_the_call_ends():
    line = Line(transfer_to="+12025550111")
    line.webhook("/voice")
    assert "<Dial>+12025550111</Dial>" in line.say("", "", "")
    assert [(e.rule, e.input_mode, e.attempt) for e in line.told("call.validation_failed")] == [
        ("no_input", "none", attempt) for attempt in (1, 2, 3)
    ]
    line.webhook("/status", CallStatus="completed", CallDuration="15")
    assert line.told("call.ended")[0].disconnect_reason == "transferred"


def test_low_confidence_is_told_with_the_confidence():
    line = Line()
    line.webhook("/voice")
    line.webhook("/gather", SpeechResult="acme", Confidence="0.21")
    assert line.told("call.validation_failed")[0].rule == "low_confidence"


@pytest.mark.parametrize("confidence", ["", "high", "nan"])
def test_a_confidence_that_is_none_stays_out(confidence: str):
    line = Line()
    line.webhook("/voice")
    line.webhook("/gather", SpeechResult="ACME12", Confidence=confidence)
    assert line.told("call.stage_transition")[0].confidence is None


def test_lost_state_is_asked_again():
    line = Line()
    line.webhook("/voice")
    asyncio.run(line.states.delete(f"call_state:{CALL_SID}"))
    assert "client I D" in line.say("48213")
    recovered = [event for event in line.told("system.state_management") if event.recovered]
    assert [(event.operation, event.outcome, event.severity) for event in recovered] == [("get", "miss", "WARN")]
    assert line.told("call.stage_transition") == []


def test_unreadable_state_is_asked_again():
    line = Line()
    line.webhook("/voice")
    asyncio.run(line.states.set(f"call_state:{CALL_SID}", b'{"stage": "lunch"}', seconds=60))
    line.say("48213")
    assert line.told("system.state_management")[-2].outcome == "corrupt"


def test_a_repeated_first_webhook_starts_no_second_call():
    line = Line()
    line.webhook("/voice")
    assert "<Gather" in line.webhook("/voice").text
    assert len(line.told("call.started")) == 1
    assert line.told("system.state_management")[-1].operation == "extend"


def test_a_call_ends_once_and_only_when_it_has_ended():
    line = Line()
    line.webhook("/voice")
    for status in ("ringing", "in-progress", "completed", "completed"):
        assert line.webhook("/status", CallStatus=status, CallDuration="7").status_code == 204
    (ended,) = line.told("call.ended")
    assert (ended.disconnect_reason, ended.final_stage) == ("caller_hangup", "collect_client_id")


def test_a_call_that_was_never_answered_ends_without_a_stage():
    line = Line()
    line.webhook("/status", CallStatus="no-answer", CallDuration="0", Direction="outbound-api")
    (ended,) = line.told("call.ended")
    assert (ended.disconnect_reason, ended.final_stage, ended.call_status) == ("no_answer", None, "no_answer")
    assert ended.caller == LINE  # the other party of an outbound call


def test_too_long_a_call_is_ended():
    line = Line()
    line.webhook("/voice")
    line.now += timedelta(seconds=601)
    assert "<Hangup" in line.say("ACME12")
    line.webhook("/status", CallStatus="completed", CallDuration="601")
    (ended,) = line.told("call.ended")
    assert (ended.disconnect_reason, ended.severity) == ("max_duration", "WARN")


def test_spanish_is_spoken_on_the_spanish_line():
    line = Line()
    assert 'language="es-US"' in line.webhook("/voice", To=SPANISH_LINE).text
    assert line.told("call.started")[0].language == "es"
    assert "Larch" in line.say("acme uno dos", "cuatro ocho dos uno tres", To=SPANISH_LINE)


@pytest.mark.parametrize("shown", ["anonymous", "+266696687"])
def test_a_withheld_number_is_passed_on_as_it_comes(shown: str):
    line = Line()
    line.webhook("/voice", From=shown)
    (started,) = line.told("call.started")
    assert (started.from_number, started.caller) == (shown, shown)


def recorded(line: Line, status: str = "completed") -> None:
    pairs = {  # all that Twilio sends with it: no From, no To
        "AccountSid": "AC" + "0b" * 16,
        "CallSid": CALL_SID,
        "RecordingSid": "RE" + "0c" * 16,
        "RecordingUrl": "https://api.twilio.example/RE",
        "RecordingStatus": status,
    }
    signature = RequestValidator(TOKEN).compute_signature(BASE + "/recording", pairs)
    assert line.send("/recording", urlencode(pairs), {"X-Twilio-Signature": signature}).status_code == 204


def test_a_recording_goes_into_the_store_and_into_the_history():
    line = Line()
    line.webhook("/voice")
    line.say("ACME12", "48213", "1")
    line.webhook("/status", CallStatus="completed", CallDuration="30")
    recorded(line)
    told = line.told("system.recording_pipeline")
    assert [(event.step, event.outcome) for event in told] == [
        ("fetch", "ok"), ("store", "ok"), ("sign", "ok"), ("append", "ok"),
    ]  # fmt: skip
    assert {(event.caller, event.recording_sid) for event in told} == {(CALLER, "RE" + "0c" * 16)}
    assert {event.object_key for event in told} == {f"2026/11/24/{CALL_SID}-48213.mp3"}
    (append,) = line.told("data.history_append")
    assert told[-1].url in append.lines[0]
    assert line.told("data.record_update") == []
    forgotten = line.told("system.state_management")[-1]
    assert (forgotten.operation, forgotten.caller) == ("delete", CALLER)


def test_a_recording_that_cannot_be_stored_is_told():
    line = Line()
    line.webhook("/voice")

    async def full(object_key: str, content: bytes) -> None:
        raise StorageError("the bucket is full")

    line.storage.put = full
    recorded(line)
    assert [(e.step, e.outcome, e.severity) for e in line.told("system.recording_pipeline")] == [
        ("fetch", "ok", None), ("store", "failed", "ERROR"),
    ]  # fmt: skip


def test_an_absent_recording_changes_nothing():
    line = Line()
    recorded(line, "absent")
    assert line.kinds() == ["security.authentication"]


def test_state_expires():
    clock = 0.0
    states = InMemoryState(clock=lambda: clock)

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


def test_settings_come_from_the_environment_and_the_token_from_a_file(tmp_path: Path):
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    environment = {
        "VOICE_APP_TWILIO_TOKEN_FILE": str(token),
        "VOICE_APP_PUBLIC_BASE_URL": "https://line.example/",
        "VOICE_APP_SPANISH_NUMBERS": f"{SPANISH_LINE}, {LINE}",
        "VOICE_APP_RETRY_WAITS": "0.5,1",
    }
    settings = Settings.from_environment(environment, listens_on="http://127.0.0.1:8000")
    assert settings.auth_token == "s3cret"
    assert "s3cret" not in repr(settings)
    assert settings.public_base_url == "https://line.example"
    assert settings.spanish_numbers == {SPANISH_LINE, LINE}
    assert settings.retry_waits == (0.5, 1.0)


@pytest.mark.parametrize(
    ("content", "variables", "message"),
    [
        (None, {}, "is not set"),
        (None, {"VOICE_APP_TWILIO_TOKEN_FILE": "/nowhere/token"}, "cannot be read"),
        ("", {}, "is empty"),
        ("x", {"VOICE_APP_RETRY_WAITS": "soon"}, "RETRY_WAITS"),
    ],
)
def test_wrong_settings_stop_the_start(tmp_path: Path, content: str | None, variables: dict[str, str], message: str):
    if content is not None:
        (tmp_path / "token").write_text(content)
        variables = {"VOICE_APP_TWILIO_TOKEN_FILE": str(tmp_path / "token"), **variables}
    with pytest.raises(WrongSettingError, match=message):
        Settings.from_environment(variables, listens_on="http://127.0.0.1:8000")
