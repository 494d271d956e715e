"""The example app as a process of its own, and callers on all its lines."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from voice_app.app import create_app
from voice_app.circuit import CircuitLimits
from voice_app.line import Backends
from voice_app.settings import Settings
from voice_app.stand_ins.sample_world import sample_backends

from earwitness.client.snapshot import kind_of
from earwitness.client.testing import CapturedAudit
from earwitness.integrations.twilio import SignedWith
from earwitness.runtime.errors import UnavailableError
from earwitness.schemas.events import EVENTS
from earwitness.simulator.driver import Driven, drive
from earwitness.simulator.stories import STORIES

EXAMPLE = Path(__file__).parents[2] / "examples" / "voice_app"
TOKEN = "not-a-real-token"


@contextmanager
def served(tmp_path: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The app as a user starts it, with the client switched off: the process and its address."""
    token = tmp_path / "twilio-token"
    token.write_text(TOKEN)
    variables = {**os.environ, "EARWITNESS_ENABLED": "0", "VOICE_APP_TWILIO_TOKEN_FILE": str(token), **environment}
    argv = [sys.executable, str(EXAMPLE / "main.py"), "--port", "0", "--airtable-rate", "10000"]
    process = subprocess.Popen(argv, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"voice app listens on (http://127\.0\.0\.1:\d+)\n", line)
        assert found, (line, process.stderr.read() if process.poll() is not None else "")
        yield process, found[1]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def test_a_process_serves_whole_calls_and_stops_cleanly(tmp_path: Path):
    seen: list[tuple[int, int]] = []
    environment = {"VOICE_APP_RETRY_WAITS": "0.01,0.01,0.01", "VOICE_APP_SPANISH_NUMBERS": "+12025550101"}
    with served(tmp_path, **environment) as (process, url):
        driven = asyncio.run(drive(url, auth_token=TOKEN, calls=30, forged=5, progress=lambda *at: seen.append(at)))
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "")
    # What the driver's proxies do to webhooks, and what to do about it; nothing else.
    advice = [line.partition(":")[0] for line in errors.splitlines()]
    assert advice == ["webhooks are refused"] * driven.damaged

    assert (driven.calls, driven.forged, len(driven.stories)) == (30, 5, 30)
    assert set(driven.answers) == {200, 204, 403}
    assert driven.answers[403] == 5 + driven.damaged
    assert sum(driven.answers.values()) == driven.requests
    assert driven.stories[driven.example_call_sid] == "update_assignee"
    assert seen == [(done, 38) for done in range(1, 39)]


def test_a_token_that_is_missing_stops_the_start_with_one_line(tmp_path: Path):
    variables = {**os.environ, "EARWITNESS_ENABLED": "0", "VOICE_APP_TWILIO_TOKEN_FILE": str(tmp_path / "none")}
    argv = [sys.executable, str(EXAMPLE / "main.py"), "--port", "0"]
    ended = subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert re.fullmatch(r"voice app: VOICE_APP_TWILIO_TOKEN_FILE: .*\n", ended.stderr)


def test_a_port_that_is_taken_stops_the_start_with_one_line(tmp_path: Path):
    (tmp_path / "token").write_text(TOKEN)
    variables = {**os.environ, "EARWITNESS_ENABLED": "0", "VOICE_APP_TWILIO_TOKEN_FILE": str(tmp_path / "token")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        argv = [sys.executable, str(EXAMPLE / "main.py"), "--port", port]
        ended = subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    expected = (
        rf"voice app: cannot listen on 127\.0\.0\.1:{port}: Address already in use.*; give another --host or --port\n"
    )
    assert re.fullmatch(expected, ended.stderr)


def test_an_app_that_is_away_is_named():
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}.*no answer"):
        asyncio.run(drive(f"http://127.0.0.1:{port}", auth_token=TOKEN, calls=20))


async def drive_in_process(audit: CapturedAudit, backends: Backends, **how: int) -> Driven:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            public_base_url=url,
            signed_with=SignedWith(TOKEN),
            spanish_numbers=frozenset({"+12025550101"}),
            retry_waits=(0.001, 0.001, 0.001),
            circuit=CircuitLimits(open_seconds=0.2),
        )
        config = uvicorn.Config(create_app(audit, settings, backends), log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            return await drive(url, auth_token=TOKEN, **how)
        finally:
            server.should_exit = True
            await serving


ENDINGS = {  # where it is not `completed`
    **{story: {"max_attempts"} for story in ("unknown_client", "silence", "five_failures")},
    **{story: {"caller_hangup"} for story in ("hang_up", "not_permitted", "unknown_assignee")},
    "client_probing": {"max_attempts", "busy"},
    "broken_job": {"error"},
    "line_breaks": {"error"},
    "marathon": {"max_duration"},
    "no_answer": {"no_answer"},
    "busy": {"busy"},
    "failed": {"failed"},
    "rang_off": {"canceled"},
}


def test_each_story_ends_as_it_should_and_all_its_events_carry_the_call():
    audit = CapturedAudit()
    backends = sample_backends(requests_a_second=100_000)
    driven = asyncio.run(drive_in_process(audit, backends, calls=110, forged=4, damaged=3, concurrency=8))

    reasons: dict[str, set[str]] = defaultdict(set)
    for ended in audit.told("call.ended"):
        reasons[driven.stories[ended.call_sid]].add(ended.disconnect_reason)
    assert reasons == {story: ENDINGS.get(story, {"completed"}) for story in STORIES}

    kinds = Counter(audit.kinds())
    never_reached = sum(driven.stories[sid] in ("no_answer", "busy", "failed", "rang_off") for sid in driven.stories)
    assert (kinds["call.started"], kinds["call.ended"]) == (110 - never_reached, 110)
    assert kinds["security.authentication"] == driven.requests
    refused = [event for event in audit.told("security.authentication") if not event.valid]
    assert Counter(event.reason for event in refused) == {
        "signature_mismatch": 2, "missing_signature": 2, "proxy_url": 1, "query_resorted": 1, "duplicate_field": 1,
    }  # fmt: skip
    assert driven.answers[403] == 7
    assert set(driven.answers) == {200, 204, 403}
    assert {event.call_sid for event in audit.events} == {None, *driven.stories}
    nobodys = [event for event in audit.events if event.call_sid is None]
    assert {kind_of(event) for event in nobodys} == {"security.authentication", "security.error_pattern"}
    example = [event for event in audit.events if event.call_sid == driven.example_call_sid]
    assert len({event.caller for event in example if event.caller is not None}) == 1
    # However often a webhook came: each change was made once, each recording taken over once.
    for call_sid in driven.stories:
        steps = [e.step for e in audit.told("system.recording_pipeline") if e.call_sid == call_sid]
        assert len(steps) == len(set(steps))
        attempts = [e for e in audit.told("call.action_attempted") if e.call_sid == call_sid]
        assert sum(e.outcome == "success" for e in attempts) <= 1


def test_a_drill_yields_all_17_kinds_and_nothing_but_what_the_app_did():
    audit = CapturedAudit()
    backends = sample_backends(requests_a_second=100_000, drill=True)
    driven = asyncio.run(drive_in_process(audit, backends, calls=200, forged=5, concurrency=16))

    assert set(audit.kinds()) == {kind for kind in EVENTS if not kind.startswith("trail.")}
    assert len(set(audit.kinds())) == 17
    assert {ended.call_sid for ended in audit.told("call.ended")} == set(driven.stories)
    assert set(driven.answers) == {200, 204, 403}  # whatever fails behind the app, Twilio gets its answer
    assert driven.example_call_sid is not None
    circuits = [e.circuit_state for e in audit.told("system.error_rate") if e.dependency == "airtable"]
    assert circuits[0] == "open"
    assert circuits[-2:] == ["half_open", "closed"]
    assert {e.outcome for e in audit.told("system.state_management")} == {"ok", "miss", "corrupt", "error"}
    assert {e.operation for e in audit.told("system.state_management")} == {"get", "set", "delete", "extend"}
    assert {e.outcome for e in audit.told("system.recording_pipeline")} == {"ok", "retry", "failed"}
    assert {e.dependency for e in audit.told("system.api_latency")} == {"airtable", "redis", "s3", "twilio"}
    assert {e.outcome for e in audit.told("call.action_attempted")} == {
        "success", "validation_failed", "permission_denied", "network_error",
    }  # fmt: skip
    assert {e.category for e in audit.told("security.input_validation")} == {"malformed", "injection", "rate_limited"}
    assert {e.action for e in audit.told("security.input_validation")} == {"rejected", "sanitized", "throttled"}
    assert {e.pattern for e in audit.told("security.error_pattern")} == {
        "signature_failures",
        "invalid_inputs_in_a_row",
    }
    steps = audit.told("call.stage_transition")
    assert {step.trigger for step in steps} == {
        "user_input_valid", "user_input_invalid", "user_confirmation_yes", "user_confirmation_no",
        "action_success", "action_failed", "timeout", "error",
    }  # fmt: skip
    assert {step.from_stage for step in steps} | {step.to_stage for step in steps} == {
        "collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value",
        "confirm_action", "execute_action", "goodbye", "error_recovery",
    }  # fmt: skip
