"""The driver against an app that only listens: whether it is as awkward as Twilio, and signs as Twilio does."""

from __future__ import annotations

import asyncio
import base64
import hmac
import socket
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earwitness.runtime.errors import UsageError
from earwitness.simulator.driver import Driven, drive

TOKEN = "12345"
FAILS_AT_FIRST = 7  # each so manieth request is answered with 503 when it comes for the first time


@dataclass
class Heard:
    """One request."""

    path: str
    pairs: list[tuple[str, str]]
    once: str | None
    is_signed: bool
    status: int = 200

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.pairs)


@dataclass
class Listener:
    """An app that asks two questions a call, and keeps what it is told."""

    heard: list[Heard] = field(default_factory=list)
    base: str = ""
    names_stages: bool = True

    async def hear(self, request: Request) -> Response:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        target = f"{self.base}{request.url.path}{'?' if request.url.query else ''}{request.url.query}"
        # https://www.twilio.com/docs/usage/security: the URL, then every name and value in the order of names.
        signed = target + "".join(name + value for name, value in sorted(set(pairs)))
        expected = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()
        once = request.headers.get("I-Twilio-Idempotency-Token")
        heard = Heard(request.url.path, pairs, once, request.headers.get("X-Twilio-Signature") == expected)
        is_first = once is not None and all(other.once != once for other in self.heard)
        self.heard.append(heard)
        if is_first and len(self.heard) % FAILS_AT_FIRST == 0:
            heard.status = 503
            return Response(status_code=503)
        return Response(self._twiml(request), media_type="application/xml")

    def _twiml(self, request: Request) -> str:
        stages = ["collect_client_id", "collect_job_number"]
        if asked := request.query_params.get("stage"):
            stages = stages[stages.index(asked) + 1 :]
        if request.url.path not in ("/voice", "/gather") or not stages:
            return "<Response><Hangup/></Response>"
        stage = f"stage={stages[0]}" if self.names_stages else ""
        return f'<Response><Gather action="{self.base}/gather?turn=1&amp;{stage}"/></Response>'


async def driven_against(listener: Listener, **how: int) -> Driven:
    paths = ("/voice", "/gather", "/status", "/recording")
    app = Starlette(routes=[Route(path, listener.hear, methods=["POST"]) for path in paths])
    with socket.create_server(("127.0.0.1", 0)) as on:
        listener.base = f"http://127.0.0.1:{on.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[on]))
        try:
            return await drive(listener.base, auth_token=TOKEN, **how)
        finally:
            server.should_exit = True
            await serving


@pytest.fixture(scope="module")
def listened() -> tuple[Listener, Driven]:
    listener = Listener()
    driven = asyncio.run(driven_against(listener, calls=120, forged=6, damaged=3, concurrency=4))
    return listener, driven


def by_call(listener: Listener) -> dict[str, list[Heard]]:
    calls: defaultdict[str, list[Heard]] = defaultdict(list)
    for heard in listener.heard:
        if heard.once is not None:
            calls[heard.fields["CallSid"]].append(heard)
    return calls


def test_all_but_the_forged_and_the_damaged_are_signed(listened):
    listener, driven = listened
    assert [heard.is_signed for heard in listener.heard].count(False) == 9
    assert all(heard.is_signed for heard in listener.heard if heard.once is not None)
    assert (driven.forged, driven.damaged, driven.requests) == (6, 3, len(listener.heard))


def test_every_value_of_a_field_that_comes_twice_is_sent_and_signed(listened):
    doubled = [heard for heard in listened[0].heard if len(heard.fields) < len(heard.pairs) and heard.once]
    assert len({heard.fields["CallSid"] for heard in doubled}) > 5
    assert {heard.path for heard in doubled} == {"/voice", "/gather", "/status"}


def test_what_was_not_answered_is_sent_again_and_some_of_the_rest_too(listened):
    attempts: defaultdict[str, list[Heard]] = defaultdict(list)
    for heard in listened[0].heard:
        if heard.once is not None:
            attempts[heard.once].append(heard)
    failed = [tries for tries in attempts.values() if tries[0].status == 503]
    assert failed
    assert all(len(tries) > 1 for tries in failed)
    in_vain = [tries for tries in attempts.values() if len(tries) > 1 and tries[0].status == 200]
    assert {tries[0].path for tries in in_vain} >= {"/voice", "/gather", "/status"}
    assert all(len({tuple(one.pairs) for one in tries}) == 1 for tries in attempts.values())


def test_status_callbacks_come_out_of_order_and_after_the_recording(listened):
    out_of_order = late = 0
    for heard in by_call(listened[0]).values():
        told = [one for one in heard if one.path in ("/status", "/recording")]
        numbers = [int(one.fields["SequenceNumber"]) for one in told if one.path == "/status"]
        out_of_order += numbers != sorted(numbers)
        late += told[-1].path == "/status" and any(one.path == "/recording" for one in told)
        finals = {one.fields["CallStatus"] for one in told if one.path == "/status"} - {"ringing", "in-progress"}
        assert len(finals) == 1
    assert out_of_order >= 3
    assert late >= 3


def test_a_call_carries_what_twilios_calls_carry(listened):
    for call_sid, heard in by_call(listened[0]).items():
        first = heard[0].fields
        assert first["CallSid"] == call_sid
        for one in heard:
            if one.path != "/recording":
                assert {"AccountSid", "ApiVersion", "From", "To", "Direction", "CallStatus"} <= one.fields.keys()
            if "Confidence" in one.fields:
                assert 0 <= float(one.fields["Confidence"]) <= 1
        ended = next(one.fields for one in heard if one.fields.get("CallDuration"))
        assert ended["SipResponseCode"].isdecimal()


def test_every_call_long_enough_is_recorded(listened):
    for heard in by_call(listened[0]).values():
        ended = next(one.fields for one in heard if one.fields.get("CallDuration"))
        recorded = any(one.path == "/recording" for one in heard)
        assert recorded == (ended["CallStatus"] == "completed" and int(ended["CallDuration"]) >= 10)


def test_callers_answer_what_they_are_asked_by_voice_by_keypad_or_not_at_all(listened):
    ways = Counter(
        "dtmf" if "Digits" in one.fields else "speech" if "SpeechResult" in one.fields else "none"
        for heard in by_call(listened[0]).values()
        for one in heard
        if one.path == "/gather"
    )
    assert set(ways) == {"dtmf", "speech", "none"}


def test_an_app_that_does_not_say_what_it_asks_is_told_so():
    with pytest.raises(UsageError, match=r"gather\?turn=1&'>: no stage"):
        asyncio.run(driven_against(Listener(names_stages=False), calls=20, concurrency=2))
