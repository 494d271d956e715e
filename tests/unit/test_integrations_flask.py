"""Flask: who gets a webhook, which code knows its call, and that a request is what it was without us."""

from __future__ import annotations

import io
import os
import threading
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, g, request, stream_with_context
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator
from werkzeug.middleware.proxy_fix import ProxyFix

from earwitness.client import NoopAudit
from earwitness.client.context import HOLDER, TRACE
from earwitness.client.testing import CapturedAudit
from earwitness.integrations import inbound
from earwitness.integrations.flask import init_app, webhook
from earwitness.integrations.twilio import Signatures, SignedWith

BASE, TOKEN = "https://line.example", "12345"
SID, CALLER = "CA" + "0a" * 16, "+12025550142"
FORM = [("CallSid", SID), ("From", CALLER), ("Direction", "inbound"), ("X", "one"), ("X", "two")]
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(autouse=True)
def complaints(monkeypatch):
    said = []
    monkeypatch.setattr(inbound.complaints, "say", lambda *what: said.append(what))
    yield said
    assert (HOLDER.get(), TRACE.get()) == (None, None)


@pytest.fixture
def audit():
    return CapturedAudit()


def made(audit, **settings):
    app = Flask("app")
    init_app(app, audit, **{"signatures": Signatures(SignedWith(TOKEN), BASE), **settings})

    @app.post("/voice")
    def voice():
        found = webhook()
        note(audit, "view")
        return [found.call_sid, request.form.getlist("X"), request.get_data(as_text=True)[:7]]

    @app.post("/raw")
    def raw():
        note(audit, "view")
        return request.get_data(as_text=True)

    @app.teardown_request
    def teardown(_):
        note(audit, "teardown")

    @app.after_request
    def after(response):
        note(audit, "after")
        return response

    return app


def note(audit, where):
    audit.security_error_pattern(pattern=where, count=1, window_seconds=1)


def noted(audit):
    return {event.pattern: (event.call_sid, event.caller) for event in audit.told("security.error_pattern")}


def sent(app, path="/voice", pairs=FORM, *, signed=True, base=BASE, **how):
    signature = RequestValidator(TOKEN).compute_signature(base + path, MultiDict(pairs))
    headers = {"Content-Type": "application/x-www-form-urlencoded", **how.pop("headers", {})}
    headers |= {"X-Twilio-Signature": signature} if signed else {}
    return app.test_client().post(path, data=how.pop("data", urlencode(pairs)), headers=headers, **how)


def test_a_signed_webhook_and_the_code_that_knows_its_call(audit, complaints):
    answer = sent(made(audit), "/voice?a=%7E1&b=2")
    assert (answer.status_code, answer.json) == (200, [SID, ["one", "two"], "CallSid"])
    assert noted(audit) == dict.fromkeys(["view", "after", "teardown"], (SID, CALLER))
    (event,) = audit.told("security.authentication")
    assert (event.valid, event.url_path, event.source_ip, event.call_sid) == (True, "/voice", "127.0.0.1", SID)
    assert complaints == []


@pytest.mark.parametrize(
    ("pairs", "signed", "status", "kinds"),
    [
        (FORM, False, 403, ["security.authentication"]),
        ([("a", "b")], False, 403, ["security.authentication"]),
        ([("CallSid", "CA1")], True, 400, ["security.authentication", "security.input_validation"]),
        ([(f"f{n}", "1") for n in range(300)], True, 400, ["security.input_validation"]),
        ([*FORM, ("SpeechResult", "x" * 70_000)], True, 413, ["security.input_validation"]),
    ],
)
def test_who_is_not_let_in_and_what_is_told_of_it(audit, pairs, signed, status, kinds):
    assert sent(made(audit), pairs=pairs, signed=signed).status_code == status
    assert [kind for kind in audit.kinds() if kind != "security.error_pattern"] == kinds
    assert "view" not in noted(audit)
    assert noted(audit)["teardown"][0] is None or status == 400


@pytest.mark.parametrize("size", [0, 10, 1000, 1001, 5000])
def test_a_body_in_pieces_reaches_the_view_whole(audit, size, complaints):
    class Pieces(io.RawIOBase):
        """A stream as werkzeug's server gives it: a read may bring less than was asked for."""

        def __init__(self, data):
            self.inner = io.BytesIO(data)

        def readable(self):
            return True

        def readinto(self, buffer):
            found = self.inner.read(min(len(buffer), 7))
            buffer[: len(found)] = found
            return len(found)

    body = b"a=" + b"x" * size
    answer = made(audit, max_body_bytes=1002).test_client().post(
        "/raw",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "wsgi.input": Pieces(body)},
    )  # fmt: skip
    assert answer.data == body
    assert complaints == []


def test_other_bodies_are_not_touched(audit):
    body = os.urandom(100_000)
    assert made(audit).test_client().post("/voice", data=body).status_code == 403
    answer = made(audit).test_client().post("/raw", data=b"x" * 100_000, content_type="application/octet-stream")
    assert len(answer.data) == 100_000


def test_behind_a_proxy(audit):
    app = made(audit, signatures=Signatures(SignedWith(TOKEN)))
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "line.example"}
    assert sent(app, headers=forwarded).status_code == 403
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)
    assert sent(app, headers=forwarded).status_code == 200
    reasons = [event.reason for event in audit.told("security.authentication")]
    assert reasons == ["proxy_url", None]


def test_an_app_that_is_mounted_and_a_path_that_is_encoded(audit):
    app = made(audit)

    @app.post("/línea/<who>")
    def other(who):
        return webhook().call_sid

    path = "/l%C3%ADnea/a%3Ab"
    answer = sent(
        app, path, base=f"{BASE}/ivr", environ_overrides={"SCRIPT_NAME": "/ivr", "REQUEST_URI": f"/ivr{path}"}
    )
    assert answer.status_code == 200
    assert sent(app, "/l%C3%ADnea/a:b", environ_overrides={"REQUEST_URI": "", "RAW_URI": ""}).status_code == 200


def test_a_trace_is_taken_and_given_back(audit):
    app, seen = made(audit), []
    app.add_url_rule("/trace", view_func=lambda: seen.append(TRACE.get()) or "")
    app.test_client().get("/trace", headers={"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"})
    assert seen == [(TRACE_ID, SPAN_ID)]


def test_an_answer_that_streams_is_whole_and_belongs_to_no_call(audit):
    app = made(audit)

    @app.post("/stream")
    def stream():
        def lines():
            yield "a"
            note(audit, "stream")

        return Response(stream_with_context(lines()))

    assert sent(app, "/stream").data == b"a"
    assert noted(audit) == {"after": (SID, CALLER), "stream": (None, None), "teardown": (None, None)}


def test_a_request_that_another_function_ends_before_ours(audit):
    app = Flask("app")
    app.before_request(lambda: ("busy", 503))
    init_app(app, audit, signatures=Signatures(SignedWith(TOKEN), BASE))
    assert sent(app, "/").status_code == 503


def test_an_error_in_a_view_leaves_nothing_behind(audit):
    app = made(audit)
    app.add_url_rule("/breaks", view_func=lambda: 1 / 0, methods=["POST"])
    assert sent(app, "/breaks").status_code == 500


def test_threads_have_their_own_calls(audit):
    app, start = made(audit), threading.Barrier(8)

    def serve(number):
        start.wait()
        for _ in range(20):
            pairs = [("CallSid", f"CA{number:032x}")]
            assert sent(app, pairs=pairs).json[0] == f"CA{number:032x}"

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(audit.told("security.authentication")) == 160


def test_a_fault_of_ours_breaks_no_request(audit, complaints, monkeypatch):
    monkeypatch.setattr(inbound.Inbound, "of", None)
    assert sent(made(audit), "/raw").status_code == 200
    assert complaints == [("flask", "a request could not be looked at: %s", "TypeError")]


def test_nothing_is_let_in_unchecked_by_mistake(audit):
    app = Flask("app")
    app.add_url_rule("/voice", view_func=lambda: webhook().call_sid, methods=["POST"])
    assert sent(app).status_code == 500
    assert sent(made(audit, signatures=None)).status_code == 500


@pytest.mark.parametrize(("signed", "status"), [(True, 200), (False, 403)])
def test_switched_off_it_still_checks(signed, status):
    assert sent(made(NoopAudit()), signed=signed).status_code == status


def test_switched_off_without_signatures_it_is_not_there():
    app = Flask("app")
    init_app(app, NoopAudit())
    assert (app.before_request_funcs, app.teardown_request_funcs) == ({}, {})
    with app.test_request_context():
        assert list(g) == []
