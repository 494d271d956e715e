"""FastAPI: who gets a webhook, and which code of an app knows the call that it works for."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Request
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator

from earwitness.client import NoopAudit
from earwitness.client.testing import CapturedAudit
from earwitness.integrations.fastapi import AuditASGI, RefusedWebhook, TwilioWebhook, verified
from earwitness.integrations.twilio import Signatures, SignedWith, Webhook

BASE, TOKEN = "https://line.example", "12345"
SID, CALLER = "CA" + "0a" * 16, "+12025550142"
FORM = [("CallSid", SID), ("From", CALLER), ("Direction", "inbound"), ("Digits", "1")]


def sent(app, path="/voice", pairs=FORM, *, signed=True):
    signature = RequestValidator(TOKEN).compute_signature(BASE + path, MultiDict(pairs))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers |= {"X-Twilio-Signature": signature} if signed else {}

    async def post():
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1:8000") as http:
            return await http.post(path, content=urlencode(pairs), headers=headers)

    return asyncio.run(post())


def joined(audit, **settings):
    app = FastAPI(lifespan=audit.lifespan())
    settings = {"signatures": Signatures(SignedWith(TOKEN), BASE), **settings}
    app.add_middleware(AuditASGI, audit=audit, **settings)
    return app


def note(audit, where):
    audit.security_error_pattern(pattern=where, count=1, window_seconds=1)


def noted(audit):
    return {event.pattern: (event.call_sid, event.caller) for event in audit.told("security.error_pattern")}


class Around:
    """A user's own pure ASGI middleware."""

    def __init__(self, app, audit):
        self.app, self.audit = app, audit

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
        note(self.audit, "middleware")


def test_the_call_is_known_wherever_the_app_works_for_it():
    audit = CapturedAudit()
    app = FastAPI()
    app.add_middleware(Around, audit=audit)
    app.add_middleware(AuditASGI, audit=audit, signatures=Signatures(SignedWith(TOKEN), BASE))
    threads = set()

    def background():
        threads.add(threading.current_thread())
        note(audit, "background task")

    async def async_background():
        note(audit, "async background task")

    def sync_dependency(webhook: TwilioWebhook):
        threads.add(threading.current_thread())
        note(audit, "sync dependency")
        yield webhook.heard.text
        note(audit, "sync dependency's end")

    @app.post("/voice")
    def voice(webhook: TwilioWebhook, tasks: BackgroundTasks, keyed: str = Depends(sync_dependency)) -> str:  # noqa: FAST002 - a local name
        threads.add(threading.current_thread())
        note(audit, "sync endpoint")
        tasks.add_task(background)
        tasks.add_task(async_background)
        assert isinstance(webhook, Webhook)
        return keyed

    answer = sent(app)
    assert (answer.status_code, answer.json()) == (200, "1")
    assert threads
    assert threading.main_thread() not in threads
    tasks, dependency = ["background task", "async background task"], ["sync dependency", "sync dependency's end"]
    assert noted(audit) == dict.fromkeys(["middleware", "sync endpoint", *tasks, *dependency], (SID, CALLER))


def test_what_a_sync_dependency_binds_is_seen_by_all_around_it():
    audit = CapturedAudit()
    app = FastAPI()
    app.add_middleware(Around, audit=audit)
    app.add_middleware(AuditASGI, audit=audit)

    def own_parsing(who: str):
        audit.bind(call_sid=who, caller="+1")

    @app.post("/own", dependencies=[Depends(own_parsing)])
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(note, audit, "background task")
        note(audit, "endpoint")

    assert sent(app, "/own?who=CA1", []).status_code == 200
    assert noted(audit) == dict.fromkeys(["middleware", "background task", "endpoint"], ("CA1", "+1"))


def test_an_endpoint_may_read_the_body_as_well():
    app = joined(CapturedAudit())

    @app.post("/voice")
    async def voice(request: Request, webhook: TwilioWebhook) -> list[str]:
        return [str(webhook.text("Digits")), (await request.body()).decode()]

    assert sent(app).json() == ["1", urlencode(FORM)]


@pytest.mark.parametrize(
    ("pairs", "signed", "status", "kinds"),
    [
        (FORM, False, 403, ["security.authentication"]),
        ([("a", "b")], False, 403, ["security.authentication"]),  # claims nothing: told when a webhook is asked for
        ([("CallSid", "CA1")], True, 400, ["security.authentication", "security.input_validation"]),
        ([(f"f{n}", "1") for n in range(300)], True, 400, ["security.input_validation"]),
        ([*FORM, ("SpeechResult", "x" * 70_000)], True, 413, ["security.input_validation"]),
    ],
)
def test_who_is_not_let_in_and_what_is_told_of_it(pairs, signed, status, kinds):
    audit = CapturedAudit()
    app = joined(audit)

    @app.post("/voice")
    async def voice(_: TwilioWebhook, __: Annotated[Webhook, Depends(verified)]) -> None:
        raise AssertionError

    assert sent(app, pairs=pairs, signed=signed).status_code == status
    assert audit.kinds() == kinds


def test_an_app_may_answer_for_itself():
    app, seen = joined(CapturedAudit()), []

    @app.exception_handler(RefusedWebhook)
    async def refused(request: Request, error: RefusedWebhook) -> httpx.Response:
        seen.append((error.status_code, error.verdict.reason))
        from fastapi.responses import PlainTextResponse

        return PlainTextResponse("no", 418)

    @app.post("/voice")
    async def voice(_: TwilioWebhook) -> None:
        raise AssertionError

    assert sent(app, signed=False).status_code == 418
    assert seen == [(403, "missing_signature")]


@pytest.mark.parametrize("how", ["no middleware", "no signatures"])
def test_nothing_is_let_in_unchecked_by_mistake(how):
    app = FastAPI() if how == "no middleware" else joined(CapturedAudit(), signatures=None)

    @app.post("/voice")
    async def voice(_: TwilioWebhook) -> None:
        raise AssertionError

    assert sent(app).status_code == 500


@pytest.mark.parametrize(("signed", "status"), [(True, 200), (False, 403)])
def test_switched_off_it_still_checks(signed, status):
    app = joined(NoopAudit())

    @app.post("/voice")
    async def voice(webhook: TwilioWebhook) -> str:
        return webhook.call_sid

    answer = sent(app, signed=signed)
    assert answer.status_code == status
    assert not signed or answer.json() == SID
