"""What importing an integration brings along; its public names; and where trace ids come from."""

from __future__ import annotations

import importlib
import logging
import subprocess
import sys
import textwrap
import time

import pytest

from earwitness.client import NoopAudit
from earwitness.client.snapshot import look_for_tracing, trace_ids
from earwitness.integrations.asgi import AuditASGI
from earwitness.integrations.logging import AuditHandler
from earwitness.integrations.otel import RequestTrace
from earwitness.integrations.twilio import Signatures, SignedRequest, SignedWith

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FRAMEWORKS = {
    "flask",
    "fastapi",
    "starlette",
    "twilio",
    "opentelemetry",
    "confluent_kafka",
    "fastavro",
    "sqlite3",
    "werkzeug",
}


@pytest.mark.parametrize(
    ("module", "brings"),
    [
        ("asgi", set()),
        ("logging", set()),
        ("otel", set()),
        ("twilio", set()),
        ("flask", {"flask", "werkzeug"}),
        ("fastapi", {"fastapi", "starlette", "opentelemetry"}),
    ],
)
def test_an_integration_imports_its_own_framework_only(module, brings):
    script = f"""
        import json, sys
        import earwitness.integrations.{module}
        print(json.dumps(sorted(set(sys.modules) & {FRAMEWORKS!r} - {brings!r})), "earwitness.schemas.events" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={"EARWITNESS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[] False\n"


@pytest.mark.parametrize("module", ["asgi", "fastapi", "flask", "logging", "otel", "twilio"])
def test_the_public_names_are_there(module):
    found = importlib.import_module(f"earwitness.integrations.{module}")
    assert found.__all__ == sorted(found.__all__, key=lambda name: (not name[0].isupper(), name))
    assert all(hasattr(found, name) for name in found.__all__)


def test_a_requests_trace_holds_within_it_only():
    assert trace_ids() is None
    with RequestTrace(f"00-{TRACE_ID}-{SPAN_ID}-01"):
        assert trace_ids() == (TRACE_ID, SPAN_ID)
        with RequestTrace("malformed"):
            assert trace_ids() is None
        assert trace_ids() == (TRACE_ID, SPAN_ID)
    assert trace_ids() is None


def test_a_span_of_opentelemetry_goes_before_the_requests_trace():
    trace = pytest.importorskip("opentelemetry.trace")
    look_for_tracing()  # as the client's worker does
    span = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=False))
    with RequestTrace(f"00-{TRACE_ID}-{SPAN_ID}-01"):
        assert trace_ids() == (TRACE_ID, SPAN_ID)  # imported, but no span runs
        with trace.use_span(span):
            assert trace_ids() == (f"{1:032x}", f"{2:016x}")


def microseconds(work, rounds=2000):
    """The best of some rounds: what it costs when nothing else runs."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds):
            work()
        best = min(best, (time.perf_counter() - began) / rounds)
    return best * 1e6


def test_switched_off_a_request_costs_next_to_nothing():
    async def app(scope, receive, send):
        return None

    middleware = AuditASGI(app, NoopAudit())
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", b"x")] * 20}

    def serve(served):
        try:
            served(scope, None, None).send(None)
        except StopIteration:
            return

    assert microseconds(lambda: serve(middleware)) - microseconds(lambda: serve(app)) < 10


def test_a_valid_signature_costs_less_than_a_network_packet():
    signatures = Signatures(SignedWith("12345"), "https://line.example")
    form = tuple((f"Field{n}", "x" * 20) for n in range(30))
    headers = {"x-twilio-signature": "bm90IHRoZSByaWdodCBvbmU="}
    request = SignedRequest("http", "/voice", "", headers, b"x", form)
    assert microseconds(lambda: signatures.judge(request), rounds=50) < 5000  # a forged one: every variant is tried


def test_a_handler_that_is_switched_off_formats_nothing():
    class Dear:
        def __str__(self):
            raise AssertionError

    record = logging.LogRecord("ivr", logging.ERROR, "f.py", 1, "%s", (Dear(),), None)
    assert AuditHandler(NoopAudit()).handle(record)
