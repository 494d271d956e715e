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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from voice_app.app import Backends, create_app
from voice_app.recordings import InMemoryRecordings
from voice_app.sample_world import sample_jobs
from voice_app.settings import Settings
from voice_app.state import InMemoryState

from earwitness.client.methods import EventMethods
from earwitness.client.noop import NoopAudit
from earwitness.runtime.errors import UnavailableError
from earwitness.schemas.events import CallEnded, Event, SecurityAuthentication
from earwitness.simulator.callers import STORIES
from earwitness.simulator.driver import Driven, drive

EXAMPLE = Path(__file__).parents[2] / "examples" / "voice_app"
TOKEN = "not-a-real-token"


@contextmanager
def served(tmp_path: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The app as a user starts it, with the client switched off: the process and its address."""
    token = tmp_path / "twilio-token"
    token.write_text(TOKEN)
    variables = {**os.environ, "EARWITNESS_ENABLED": "0", "VOICE_APP_TWILIO_TOKEN_FILE": str(token), **environment}
    argv = [sys.executable, str(EXAMPLE / "main.py"), "--port", "0"]
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
    with served(tmp_path, VOICE_APP_RETRY_WAITS="0.001,0.001,0.001", VOICE_APP_SPANISH_NUMBERS="+12025550101") as (
        process,
        url,
    ):
        driven = asyncio.run(drive(url, auth_token=TOKEN, calls=20, forged=5, progress=lambda *at: seen.append(at)))
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")

    assert (driven.calls, driven.forged, len(driven.stories)) == (20, 5, 20)
    assert set(driven.answers) == {200, 204, 403}
    assert driven.answers[403] == 5
    assert sum(driven.answers.values()) == driven.requests
    assert driven.stories[driven.example_call_sid] == "update_assignee"
    assert seen == [(done, 25) for done in range(1, 26)]


def test_a_token_that_is_missing_stops_the_start_with_one_line(tmp_path: Path):
    variables = {**os.environ, "EARWITNESS_ENABLED": "0", "VOICE_APP_TWILIO_TOKEN_FILE": str(tmp_path / "none")}
    argv = [sys.executable, str(EXAMPLE / "main.py"), "--port", "0"]
    ended = subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert re.fullmatch(r"voice app: VOICE_APP_TWILIO_TOKEN_FILE: .*\n", ended.stderr)


def test_an_app_that_is_away_is_named():
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}.*no answer"):
        asyncio.run(drive(f"http://127.0.0.1:{port}", auth_token=TOKEN, calls=20))


class Captured(EventMethods):
    """Keeps what the app tells, with the call's context stamped on it as the real client does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._call: ContextVar[tuple[str | None, str | None]] = ContextVar("call", default=(None, None))
        self.lifespan = NoopAudit().lifespan

    def emit(self, event: Event) -> bool:
        call_sid, caller = self._call.get()
        self.events.append(
            msgspec.structs.replace(event, call_sid=event.call_sid or call_sid, caller=event.caller or caller)
        )
        return True

    @contextmanager
    def call(self, *, call_sid: str | None, caller: str | None) -> Iterator[None]:
        token = self._call.set((call_sid, caller))
        try:
            yield
        finally:
            self._call.reset(token)


async def drive_in_process(audit: Captured, serve: Callable[..., uvicorn.Server], **how: int) -> Driven:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        spanish = frozenset({"+12025550101"})
        settings = Settings(public_base_url=url, auth_token=TOKEN, spanish_numbers=spanish, retry_waits=(0, 0, 0))
        backends = Backends(jobs=sample_jobs(), states=InMemoryState(), storage=InMemoryRecordings())
        server = serve(uvicorn.Config(create_app(audit, settings, backends), log_level="warning", access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            return await drive(url, auth_token=TOKEN, **how)
        finally:
            server.should_exit = True
            await serving


def test_each_story_ends_as_it_should_and_all_its_events_carry_the_call():
    audit = Captured()
    driven = asyncio.run(drive_in_process(audit, uvicorn.Server, calls=60, forged=4, concurrency=8))

    reasons: dict[str, set[str]] = defaultdict(set)
    for event in audit.events:
        if isinstance(event, CallEnded):
            reasons[driven.stories[event.call_sid]].add(event.disconnect_reason)
    finished = set(STORIES) - {
        "unknown_client", "silence", "five_failures", "hang_up", "not_permitted", "unknown_assignee", "outage",
    }  # fmt: skip
    assert reasons == {
        **{story: {"completed"} for story in finished},
        **{story: {"max_attempts"} for story in ("unknown_client", "silence", "five_failures")},
        **{story: {"caller_hangup"} for story in ("hang_up", "not_permitted", "unknown_assignee")},
        "outage": {"error"},
    }

    kinds = Counter(msgspec.inspect.type_info(type(event)).tag for event in audit.events)
    assert kinds["call.started"] == kinds["call.ended"] == 60
    assert kinds["security.authentication"] == driven.requests
    assert len(kinds) == 15  # all but system.error_rate and security.error_pattern
    forged = [event for event in audit.events if isinstance(event, SecurityAuthentication) and not event.valid]
    assert Counter(event.reason for event in forged) == {"signature_mismatch": 2, "missing_signature": 2}
    assert {event.call_sid for event in audit.events} == {None, *driven.stories}
    assert [event for event in audit.events if event.call_sid is None] == forged
    example = [event for event in audit.events if event.call_sid == driven.example_call_sid]
    assert len({event.caller for event in example if event.caller is not None}) == 1
