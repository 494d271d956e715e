"""A caller, and Twilio between the caller and the example app: what all tests of the app talk through."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator
from voice_app.app import create_app
from voice_app.circuit import CircuitLimits
from voice_app.jobs import Client, Job
from voice_app.line import Backends
from voice_app.settings import Settings
from voice_app.stand_ins.airtable import AirtableStandIn
from voice_app.stand_ins.redis import RedisStandIn
from voice_app.stand_ins.storage import S3StandIn, TwilioMediaStandIn

from earwitness.client.testing import CapturedAudit
from earwitness.integrations.twilio import SignedWith
from earwitness.schemas.events import Event

ALL_RIGHTS = (
    "job:read", "job:update_status", "job:update_scheduled_date", "job:update_assignee", "job:add_note",
)  # fmt: skip


class Line:
    """A running app with stand-ins at rest, and one caller. Every request is signed as Twilio signs."""

    base = "https://line.example/ivr"
    token = "12345"
    call_sid = "CA" + "0a" * 16
    account_sid = "AC" + "0b" * 16
    recording_sid = "RE" + "0c" * 16
    caller = "+12025550142"
    number = "+12025550100"
    spanish_number = "+12025550101"
    source_ip = "192.0.2.7"

    def __init__(self, **settings: object) -> None:
        self.audit = CapturedAudit()
        self.now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
        self.settings = replace(
            Settings(
                public_base_url=self.base,
                signed_with=SignedWith(self.token),
                spanish_numbers=frozenset({self.spanish_number}),
                retry_waits=(0, 0, 0),
                circuit=CircuitLimits(min_requests=1000),  # out of the way, but for the tests of it
            ),
            **settings,
        )
        self.airtable = AirtableStandIn(
            clients=[
                Client("ACME12", "Acme", ALL_RIGHTS),
                Client("30117", "Harbor", ALL_RIGHTS),
                Client("NORTE7", "Norte", ALL_RIGHTS),
                Client("VIEW55", "Viewpoint", ("job:read",)),
            ],
            jobs=[
                Job("rec1", "48213", "ACME12", "pending", "2026-11-24", "John Smith", "12 Larch Lane"),
                Job("rec2", "48214", "ACME12", "pending", "2026-11-25", "John Smith", "14 Larch Lane"),
                Job("rec3", "50001", "NORTE7", "pending", "2026-11-25", "Wei Chen", "3 Mill Street"),
                Job("rec4", "60001", "VIEW55", "on_hold", "2026-11-26", "Wei Chen", "5 Mill Street"),
                Job("rec5", "70001", "30117", "on_hold", "2026-11-27", "Wei Chen", "7 Mill Street"),
            ],
            assignees=frozenset({"John Smith", "María García"}),
            broken=frozenset({"48214"}),
            requests_a_second=1000,
            now=lambda: self.now,
        )
        self.redis = RedisStandIn(clock=self.seconds)
        self.media = TwilioMediaStandIn()
        self.s3 = S3StandIn()
        backends = Backends(
            jobs=self.airtable,
            states=self.redis,
            media=self.media,
            storage=self.s3,
            now=lambda: self.now,
            clock=self.seconds,
        )
        self.app = create_app(self.audit, self.settings, backends)
        self.twiml = ""
        self._transport = httpx.ASGITransport(app=self.app)

    def seconds(self) -> float:
        """Every clock of the app shows what `now` says."""
        return self.now.timestamp()

    # What Twilio does

    def send(self, path: str, content: str | bytes, headers: dict[str, str]) -> httpx.Response:
        """Any request, from an address that is not the public one, as behind a proxy."""

        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        self._transport.client = (self.source_ip, 4711)
        request = httpx.Request("POST", f"http://10.0.0.1:8000{path}", content=content, headers=headers)

        async def post() -> httpx.Response:
            response = await self._transport.handle_async_request(request)
            await response.aread()
            return response

        return asyncio.run(post())

    def signed(self, path: str, pairs: list[tuple[str, str]], token: str | None = None) -> str:
        """The signature of a request to the public address."""
        return RequestValidator(token or self.token).compute_signature(self.base + path, MultiDict(pairs))

    def webhook(self, path: str, *extra: tuple[str, str], call_sid: str | None = None, **fields: str) -> httpx.Response:
        """A signed webhook of the caller's call."""
        form = {
            "CallSid": call_sid or self.call_sid,
            "AccountSid": self.account_sid,
            "From": self.caller,
            "To": self.number,
            "Direction": "inbound",
            "CallerName": "ALEX DOE",
            **fields,
        }
        pairs = [*form.items(), *extra]
        return self.send(path, urlencode(pairs), {"X-Twilio-Signature": self.signed(path, pairs)})

    def recorded(self, status: str = "completed") -> None:
        """The recording's webhook, with all that Twilio sends with it: no From, no To."""
        pairs = [
            ("AccountSid", self.account_sid),
            ("CallSid", self.call_sid),
            ("RecordingSid", self.recording_sid),
            ("RecordingUrl", "https://api.twilio.example/RE"),
            ("RecordingStatus", status),
        ]
        headers = {"X-Twilio-Signature": self.signed("/recording", pairs)}
        assert self.send("/recording", urlencode(pairs), headers).status_code == 204

    def over(self, seconds: int = 30, status: str = "completed", **fields: str) -> Event:
        """The call's end as Twilio tells it; gives the event."""
        assert self.webhook("/status", CallStatus=status, CallDuration=str(seconds), **fields).status_code == 204
        return self.audit.told("call.ended")[-1]

    # What the caller does

    def ring(self, **fields: str) -> str:
        """Call; gives the TwiML."""
        return self._heard(self.webhook("/voice", **fields))

    def say(self, *answers: str, **fields: str) -> str:
        """Answer the app's questions: digits are keyed, "" is silence, all else is said. Gives the last TwiML."""
        for answer in answers:
            heard = {"SpeechResult": answer, "Confidence": "0.91"} if answer else {}
            if answer.isdecimal():
                heard = {"Digits": answer}
            self.answer(**heard, **fields)
        return self.twiml

    def answer(self, **fields: str) -> str:
        """Answer the last question with these fields."""
        return self._heard(self.webhook(self.question, **fields))

    @property
    def question(self) -> str:
        """Path and query that the last question's answer goes to."""
        found = re.search(r'<Gather[^>]*\baction="([^"]*)"', self.twiml)
        assert found, self.twiml
        return html.unescape(found[1]).removeprefix(self.base)

    def _heard(self, response: httpx.Response) -> str:
        assert response.status_code == 200, response.text
        self.twiml = response.text
        return self.twiml

    # What the trail holds

    def kinds(self) -> list[str]:
        return self.audit.kinds()

    def told(self, kind: str) -> list[Event]:
        return self.audit.told(kind)

    def steps(self) -> list[tuple[str, str, str]]:
        """The call's way: from, to, trigger."""
        return [(step.from_stage, step.to_stage, step.trigger) for step in self.told("call.stage_transition")]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def new_line() -> type[Line]:
    """For a line with other settings, or several."""
    return Line
