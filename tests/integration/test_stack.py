"""The real parts together: Kafka, schema catalogue, ClickHouse and the workers in a home of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from earwitness.embedded import control, ports
from earwitness.embedded.home import Home
from earwitness.embedded.state import ServiceState
from earwitness.runtime.kafka_admin import admin_client
from earwitness.runtime.settings import Settings
from waiting import wait_for

pytestmark = pytest.mark.stack


def processes(home: Path) -> list[int]:
    """Living processes that work in this home or name it in their arguments."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            here = str(home) in process.cwd() or str(home) in " ".join(process.cmdline())
            if here and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def service(home: Path, name: str) -> ServiceState:
    return next(service for service in control.status(home).services if service.name == name)


def pid(home: Path, name: str) -> int:
    process = service(home, name).process
    assert process is not None
    return process.pid


def came_back(home: Path, name: str, before: int) -> bool:
    now = service(home, name)
    return now.state == "ready" and now.restarts > 0 and now.process is not None and now.process.pid != before


def topics(home: Path) -> set[str]:
    settings = Settings.load(control.environment(home, "admin"))
    return set(admin_client(settings.need_kafka()).list_topics(timeout=10).topics)


@pytest.mark.timeout(420)
def test_a_life_with_kills(tmp_path):
    home = tmp_path / "a home, with ünusual letters"
    lines: list[str] = []
    try:
        state = control.up(home, progress=lines.append)
        names = [service.name for service in state.services]
        assert names == ["broker", "catalogue", "clickhouse", "privacy", "sink"]
        assert {service.state for service in state.services} == {"ready"}
        assert "audit.raw.call" in topics(home)

        for name in names:
            before = pid(home, name)
            os.kill(before, signal.SIGKILL)
            wait_for(lambda name=name, before=before: came_back(home, name, before), 90.0)
            # Workers may end, and come back too, when their broker is gone.
            wait_for(lambda: {service.state for service in control.status(home).services} == {"ready"}, 90.0)
        assert "audit.raw.call" in topics(home)

        assert state.supervisor is not None
        os.kill(state.supervisor.pid, signal.SIGKILL)
        if sys.platform == "linux":
            wait_for(lambda: processes(home) == [], 90.0)
        wait_for(lambda: ports.is_free(state.ports["broker"]), 90.0)
        with socket.create_server((ports.HOST, state.ports["broker"])):
            again = control.up(home, workers=(), progress=lines.append)
            assert again.ports["broker"] != state.ports["broker"]
        assert again.ports["clickhouse"] == state.ports["clickhouse"]
        assert "audit.raw.call" in topics(home)
    finally:
        control.down(home, lines.append)
    assert processes(home) == []
    assert not Home(home).locked()


def test_the_shared_stack_has_what_the_tests_need(stack):
    assert {"audit.raw.call", "audit.masked.trail", "audit.dead-letters", "audit.ledger"} <= topics(stack.home)
    assert stack.settings("privacy").need_kafka().username == "privacy"
    assert {service.state for service in control.status(stack.home).services} == {"ready"}
