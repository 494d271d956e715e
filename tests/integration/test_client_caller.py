"""What an app's thread does when it emits: no socket, no file, no lock, no wake-up; traced, not assumed.

Three ways to look, since each is blind to something: a profile and audit events of the thread (`calls`), the kernel, which ends
the process at a system call that is not allowed (`system`), and all locks held by somebody else meanwhile (`locks`).
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

CALLER = Path(__file__).with_name("traced_caller.py")
MODES = ["buffered", "spool_first", "journal"]
EVENTS = 10_000

FILTERED = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="a thread's system calls are filtered by Linux on x86-64 only",
)

PYTHON = {
    "__main__.hot_path",
    "__main__.<lambda>",
    "__main__.Calls.watching",
    "contextlib._GeneratorContextManager.__exit__",
    "earwitness.client.audit.Audit.call",
    "earwitness.client.capture.Capture._taker.<locals>.take",
    "earwitness.client.context.CallScope.__enter__",
    "earwitness.client.context.CallScope.__exit__",
    "earwitness.client.context.CallScope.__init__",
    "earwitness.client.context.Holder.__init__",
    "earwitness.client.methods.EventMethods.call_action_attempted",
    "earwitness.client.methods.EventMethods.call_ended",
    "earwitness.client.methods.EventMethods.call_started",
    "earwitness.client.methods.EventMethods.data_job_lookup",
    "earwitness.client.methods.EventMethods.system_api_latency",
}
C = {
    "_contextvars.ContextVar.get",
    "_contextvars.ContextVar.reset",
    "_contextvars.ContextVar.set",
    "builtins.len",
    "builtins.next",
    "collections.deque.append",
    "msgspec.msgpack.Encoder.encode",
    "time.time_ns",
}
JOURNAL_PYTHON = {
    "earwitness.client.capture.Capture._journalled",
    "earwitness.client.spool.journal.Journal._write_parts",
    "earwitness.client.spool.journal.Journal.write",
    "earwitness.client.spool.ring.seed",
}
JOURNAL_C = {"_struct.Struct.pack_into", "collections.deque.pop", "zlib.crc32"}


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address where nobody listens, and nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*taken.getsockname())


def run(stack: Any, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_STATE_HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(CALLER), *arguments],
        env=inherited | stack.environment("producer") | {"EARWITNESS_SERVICE": "traced"} | changed,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    if "skip" in found:
        pytest.skip(found["skip"])
    assert "blocked" not in found, done.stderr
    return found


def assert_all_arrived(found: dict[str, Any]) -> None:
    assert (found["taken"], found["refused"], found["left"]) == (EVENTS, {}, 0)
    assert found["accepted"] == found["acknowledged"] == EVENTS + 1


@pytest.mark.parametrize("mode", MODES)
def test_the_caller_calls_nothing_but_what_is_listed(stack, mode):
    found = result(run(stack, "calls", mode, str(EVENTS)))
    assert_all_arrived(found)
    journal = mode == "journal"
    assert set(found["python"]) == PYTHON | (JOURNAL_PYTHON if journal else set())
    assert set(found["c"]) == C | (JOURNAL_C if journal else set())
    assert found["audited"] == []


@FILTERED
@pytest.mark.parametrize("mode", MODES)
def test_the_caller_makes_no_system_call(stack, mode):
    assert_all_arrived(result(run(stack, "system", mode, str(EVENTS))))


@FILTERED
@pytest.mark.parametrize("mode", ["spool_first", "journal"])
def test_the_caller_makes_no_system_call_while_the_broker_is_away(stack, nowhere, tmp_path, mode):
    environment = {"EARWITNESS_KAFKA_BOOTSTRAP": nowhere, "EARWITNESS_SPOOL_DIR": str(tmp_path / "spool")}
    found = result(run(stack, "system", mode, "5000", **environment))
    assert (found["taken"], found["refused"], found["left"]) == (5_000, {}, 5_001)


@pytest.mark.parametrize("mode", MODES)
def test_the_caller_takes_no_lock(stack, mode):
    found = result(run(stack, "locks", mode, str(EVENTS)))
    assert_all_arrived(found)
    assert min(found["locks"]) >= 5, "the books', the start's, the wake-up's, the log's"


@pytest.mark.parametrize(("method", "sin"), [("calls", "file"), ("calls", "lock"), ("locks", "wake")])
def test_what_is_forbidden_is_noticed(stack, method, sin):
    done = run(stack, method, "buffered", "2500", sin)
    found = json.loads(done.stdout)
    if method == "locks":
        assert found == {"blocked": True}
        assert "hot_path" in done.stderr
    else:
        assert found["audited"] or set(found["python"]) > PYTHON or set(found["c"]) > C


@FILTERED
def test_a_forbidden_system_call_ends_the_process_and_shows_where(stack):
    done = run(stack, "system", "buffered", "2500", "socket")
    if "skip" in done.stdout:
        pytest.skip(json.loads(done.stdout)["skip"])
    assert done.returncode == -signal.SIGSYS
    assert "in hot_path" in done.stderr
