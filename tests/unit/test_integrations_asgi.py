"""The ASGI middleware: the app gets exactly what the server sent, and events get the call that they belong to."""

from __future__ import annotations

import asyncio
import hashlib
import json
from copy import deepcopy
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator

from earwitness.client import NoopAudit
from earwitness.client.context import HOLDER, TRACE
from earwitness.client.testing import CapturedAudit
from earwitness.integrations import inbound
from earwitness.integrations.asgi import AuditASGI, inbound_of
from earwitness.integrations.twilio import Signatures, SignedWith

BASE, TOKEN = "https://line.example", "12345"
SID, OTHER_SID = "CA" + "0a" * 16, "CA" + "0b" * 16
FORM = [("CallSid", SID), ("From", "+12025550142"), ("Direction", "inbound")]
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(autouse=True)
def complaints(monkeypatch):
    said = []
    monkeypatch.setattr(inbound.complaints, "say", lambda *what: said.append(what))
    return said


def signatures():
    return Signatures(SignedWith(TOKEN), BASE)


def sign(path, pairs=()):
    return RequestValidator(TOKEN).compute_signature(BASE + path, MultiDict(pairs))


def scope_of(path="/voice?a=1", method="POST", headers=(), kind="http", **more):
    path, _, query = path.partition("?")
    return {
        "type": kind, "method": method, "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in dict(headers).items()],
        "client": ("192.0.2.7", 4711), **more,
    }  # fmt: skip


class Server:
    """A server, an app that keeps all it gets, and the middleware between them."""

    def __init__(self, audit=None, **settings):
        self.audit = CapturedAudit() if audit is None else audit
        self.got, self.given, self.scope, self.seen = [], [], None, None
        self.middleware = AuditASGI(self.app, self.audit, **settings)

    async def app(self, scope, receive, send):
        self.scope = scope
        for _ in self.messages:
            self.got.append(await receive())
        holder = HOLDER.get()
        self.seen = (holder.call if holder else None, TRACE.get())
        self.audit.security_error_pattern(pattern="p", count=1, window_seconds=1)
        for message in ({"type": "http.response.start"}, {"type": "http.response.body"}):
            await send(message)

    def serve(self, scope, messages):
        self.messages, left, sent = messages, deepcopy(messages), []

        async def receive():
            message = left.pop(0)
            if isinstance(message, Exception):
                raise message
            return message

        async def send(message):
            sent.append(message["type"])

        async def run():
            await self.middleware(scope, receive, send)
            return HOLDER.get(), TRACE.get()

        assert asyncio.run(run()) == (None, None)  # nothing of it is left in the task
        assert sent == ["http.response.start", "http.response.body"]
        return self

    def post(self, pairs=FORM, path="/voice?a=1", signature=None, **headers):
        signed = {} if signature is None else {"X-Twilio-Signature": signature}
        body = urlencode(pairs).encode()
        return self.serve(scope_of(path, headers={**FORM_TYPE, **signed, **headers}), [request(body)])

    def told(self):
        """The authentications."""
        return self.audit.told("security.authentication")

    def call_of_app(self):
        (event,) = self.audit.told("security.error_pattern")
        return event.call_sid, event.caller


def request(body=b"", *, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


@st.composite
def conversations(draw):
    """A request, and all that a server sends of it: whole, in pieces, or broken off."""
    parts = draw(st.lists(st.binary(max_size=30), min_size=1, max_size=6))
    messages = [request(part, more=number + 1 < len(parts)) for number, part in enumerate(parts)]
    if draw(st.booleans()):
        messages[draw(st.integers(0, len(parts))) :] = [{"type": "http.disconnect"}]
    kinds = ["application/x-www-form-urlencoded; charset=utf-8", "application/json", "text/plain", ""]
    headers = {"Content-Type": draw(st.sampled_from(kinds))}
    if draw(st.booleans()):
        headers["X-Twilio-Signature"] = "sig"
    if draw(st.booleans()):
        headers["Content-Length"] = str(sum(map(len, parts)))
    return scope_of(headers=headers, method=draw(st.sampled_from(["POST", "GET", "PUT"]))), messages


@given(conversations())
def test_the_app_gets_every_message_as_it_came(conversation):
    scope, messages = conversation
    assert Server(signatures=signatures(), max_body_bytes=40).serve(scope, messages).got == messages


def test_messages_without_the_fields_that_may_be_missing():
    server = Server().serve(scope_of(headers=FORM_TYPE), [{"type": "http.request"}])
    assert server.got == [{"type": "http.request"}]


def test_a_body_that_is_too_large_is_not_read_ahead():
    read = []

    async def app(scope, receive, send):
        read.append("app")
        with pytest.raises(inbound.WebhookRefused, match="too large"):
            inbound_of(scope).verified()

    async def receive():
        read.append("chunk")
        return request(b"x" * 1000, more=True)

    async def run(headers, path="/"):
        await AuditASGI(app, CapturedAudit(), signatures=signatures())(scope_of(headers=headers), receive, None)

    asyncio.run(run(FORM_TYPE))
    assert read == ["chunk"] * 66 + ["app"]  # 64 KiB, and the chunk that is too much
    read.clear()
    asyncio.run(run({**FORM_TYPE, "Content-Length": "65537"}))
    assert read == ["app"]


def test_a_request_that_fails_while_it_is_read_fails_in_the_app(complaints):
    async def app(scope, receive, send):
        assert (await receive())["more_body"]
        with pytest.raises(ConnectionError, match="gone"):
            await receive()

    messages = iter([request(b"a", more=True)])

    async def receive():
        for message in messages:
            return message
        raise ConnectionError("gone")

    asyncio.run(AuditASGI(app, CapturedAudit())(scope_of(headers=FORM_TYPE), receive, None))
    assert complaints


def test_a_webhook_that_breaks_off_is_no_forgery():
    server = Server(signatures=signatures())
    headers = {**FORM_TYPE, "X-Twilio-Signature": sign("/voice?a=1", FORM)}
    server.serve(scope_of(headers=headers), [request(b"CallSid", more=True), {"type": "http.disconnect"}])
    with pytest.raises(inbound.WebhookRefused, match="broken off"):
        inbound_of(server.scope).verified()
    assert server.audit.kinds() == ["security.error_pattern"]  # the app's own


def test_a_log_that_raises_breaks_no_request(monkeypatch):
    monkeypatch.setattr(inbound.complaints, "say", None)
    server = Server(Broken()).post()
    assert server.got == [request(urlencode(FORM).encode())]


def test_a_request_that_is_cancelled_while_it_is_read_is_cancelled():
    async def run():
        reading = asyncio.Event()

        async def receive():
            reading.set()
            await asyncio.sleep(60)

        async def app(*_):
            raise AssertionError

        task = asyncio.create_task(AuditASGI(app, CapturedAudit())(scope_of(headers=FORM_TYPE), receive, None))
        await reading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["lifespan", "something.new"])
def test_what_is_no_request_passes(kind):
    server = Server()
    scope = {"type": kind}
    assert server.serve(scope, [{"type": "lifespan.startup"}]).scope is scope
    assert server.seen == (None, None)
    assert scope == {"type": kind}


def test_a_websocket_passes_within_a_scope_for_its_handler_to_fill():
    server = Server()
    headers = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"}
    server.serve(scope_of(kind="websocket", headers=headers), [{"type": "websocket.connect"}])
    assert server.got == [{"type": "websocket.connect"}]
    assert server.call_of_app() == (None, None)
    assert server.seen == ((None, None), (TRACE_ID, SPAN_ID))


def test_a_signed_webhook_fills_the_scope_and_is_told():
    server = Server(signatures=signatures()).post(signature=sign("/voice?a=1", FORM))
    assert server.call_of_app() == (SID, "+12025550142")
    (event,) = server.told()
    assert (event.valid, event.reason, event.method, event.url_path) == (True, None, "twilio_signature", "/voice")
    assert (event.source_ip, event.call_sid, event.caller) == ("192.0.2.7", SID, "+12025550142")


@pytest.mark.parametrize("signature", ["no", None])
def test_what_a_forged_webhook_claims_stays_out_of_the_trail(signature):
    server = Server(signatures=signatures()).post([*FORM, ("AccountSid", "'); --")], signature=signature)
    assert server.call_of_app() == (None, None)
    (event,) = server.told()
    assert event.reason == ("signature_mismatch" if signature else "missing_signature")
    assert (event.valid, event.severity, event.call_sid, event.caller, event.account_sid) == (
        False,
        "WARN",
        None,
        None,
        None,
    )
    assert TOKEN not in repr(server.audit.events)


def test_what_was_changed_is_told_and_logged_with_advice(complaints):
    signature = RequestValidator(TOKEN).compute_signature("http://line.example/voice?a=1", MultiDict(FORM))
    server = Server(signatures=signatures()).post(signature=signature)
    (event,) = server.told()
    assert (event.reason, event.attributes) == ("proxy_url", {"variant": "scheme"})
    ((sort, message, what),) = complaints
    assert (sort, what) == ("signature proxy_url", "http://line.example")
    assert "set public_base_url" in message % what
    assert signature not in repr(server.audit.events)


def test_requests_that_are_no_webhooks_are_not_told():
    server = Server(signatures=signatures())
    server.serve(scope_of("/health", method="GET"), [request()])
    server.post([("name", "x")], path="/login")
    server.serve(scope_of(headers={"Content-Type": "application/json"}), [request(b'{"CallSid": "x"}')])
    assert server.told() == []


def test_a_webhook_that_comes_with_get_is_signed_by_its_address():
    path = f"/voice?{urlencode(FORM)}"
    server = Server(signatures=signatures())
    server.serve(scope_of(path, method="GET", headers={"X-Twilio-Signature": sign(path)}), [request()])
    assert server.call_of_app() == (SID, "+12025550142")


def test_a_json_body_is_checked_by_its_hash():
    body = json.dumps({"CallSid": SID}).encode()
    path = f"/events?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": sign(path)}
    server = Server(signatures=signatures())
    server.serve(scope_of(path, headers=headers), [request(body[:5], more=True), request(body[5:])])
    server.serve(scope_of(path, headers=headers), [request(body + b" ")])
    assert [event.reason for event in server.told()] == [None, "body_hash_mismatch"]


def test_without_signatures_what_a_webhook_says_is_believed():
    server = Server().post()
    assert server.call_of_app() == (SID, "+12025550142")
    assert server.told() == []


@pytest.mark.parametrize("body", [b"CallSid=\xff", "&".join(f"f{n}=1" for n in range(500)).encode()])
def test_a_body_that_is_no_form_is_none_of_a_call(body, complaints):
    server = Server().serve(scope_of(headers=FORM_TYPE), [request(body)])
    assert server.call_of_app() == (None, None)
    assert complaints == []


@pytest.mark.parametrize("encoded", ["%ff%fe", "%00", "%ed%a0%80", "+%2B", "é"])
def test_whatever_a_field_holds_breaks_nothing(encoded, complaints):
    server = Server(signatures=signatures())
    server.serve(scope_of(headers=FORM_TYPE), [request(f"CallSid={encoded}&From={encoded}".encode())])
    assert server.told()[0].reason == "missing_signature"
    assert complaints == []


class Broken(CapturedAudit):
    def bind(self, **_):
        raise ZeroDivisionError


@pytest.mark.parametrize("how", ["audit", "headers"])
def test_a_fault_of_ours_breaks_no_request(how, complaints, monkeypatch):
    if how == "headers":
        monkeypatch.setattr(inbound.Inbound, "of", None)
    server = Server(Broken() if how == "audit" else None).post()
    assert server.got == [request(urlencode(FORM).encode())]
    assert complaints[0][2] in ("ZeroDivisionError", "TypeError")


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        (f"00-{TRACE_ID}-{SPAN_ID}-01", (TRACE_ID, SPAN_ID)),
        (f" 00-{TRACE_ID}-{SPAN_ID}-00 ", (TRACE_ID, SPAN_ID)),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-what-will-be", (TRACE_ID, SPAN_ID)),
        (f"00-{TRACE_ID}-{SPAN_ID}-01-what-will-be", None),
        (f"ff-{TRACE_ID}-{SPAN_ID}-01", None),
        (f"00-{TRACE_ID.upper()}-{SPAN_ID}-01", None),
        (f"00-{'0' * 32}-{SPAN_ID}-01", None),
        (f"00-{TRACE_ID}-{'0' * 16}-01", None),
        (f"00-{TRACE_ID}-{SPAN_ID}", None),
        ("x" * 9999, None),
    ],
)
def test_a_requests_trace(header, ids):
    assert Server().post(traceparent=header).seen[1] == ids


def test_two_middlewares_are_as_good_as_one():
    server = Server(signatures=signatures())
    server.middleware = AuditASGI(server.middleware, server.audit, signatures=signatures())
    server.post(signature=sign("/voice?a=1", FORM))
    assert len(server.told()) == 1


def test_requests_at_the_same_time_have_their_own_calls():
    audit, seen = CapturedAudit(), {}

    async def app(scope, receive, send):
        await asyncio.sleep(0)
        seen[scope["path"]] = HOLDER.get().call[0]

    async def one(path, sid):
        async def receive():
            await asyncio.sleep(0)
            return request(f"CallSid={sid}".encode())

        await AuditASGI(app, audit)(scope_of(path, headers=FORM_TYPE), receive, None)

    async def both():
        await asyncio.gather(one("/a", SID), one("/b", OTHER_SID))

    asyncio.run(both())
    assert seen == {"/a": SID, "/b": OTHER_SID}


def test_switched_off_it_is_not_there():
    server = Server(NoopAudit())
    scope = scope_of(headers={**FORM_TYPE, "traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"})
    assert server.serve(scope, [request(b"CallSid=x")]).scope is scope
    assert server.seen == (None, None)
    assert not any(key.startswith("earwitness") for key in scope)


def test_switched_off_signatures_are_checked_all_the_same():
    server = Server(NoopAudit(), signatures=signatures())
    server.post()
    with pytest.raises(inbound.WebhookRefused, match="not signed"):
        inbound_of(server.scope).verified()
    server.post(signature=sign("/voice?a=1", FORM))
    assert inbound_of(server.scope).verified().call_sid == SID
