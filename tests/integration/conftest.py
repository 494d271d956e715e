"""Supervisors over small services of a few lines each, for tests that need processes but no Kafka."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from earwitness.cli import main
from earwitness.embedded import control, following
from earwitness.embedded.home import Home
from earwitness.embedded.process import ProcessId
from earwitness.embedded.state import ServiceState, StackState

# The tests share modules that are no tests; the tests are no package, so their folder is named here.
sys.path.insert(0, str(Path(__file__).parent))

SCRIPT = Path(__file__).with_name("dummy_supervisor.py")


class Dummies:
    """One home and the supervisor that runs dummy services in it."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self.home.create()
        self.lines: list[str] = []

    def command(self, *plans: dict[str, object], parent: int = 0) -> list[str]:
        """How to run a supervisor over these services; see `dummy_supervisor.py`."""
        plan = self.home.path / "plan.json"
        plan.write_text(json.dumps(plans))
        return [sys.executable, str(SCRIPT), str(self.home.path), str(plan), str(parent)]

    def launch(self, *plans: dict[str, object]) -> ProcessId:
        return following.launch(self.home, self.command(*plans))

    def up(self, *plans: dict[str, object]) -> StackState:
        return following.follow(self.home, self.launch(*plans), self.lines.append)

    def down(self, seconds: float = 30.0) -> bool:
        return control.down(self.home.path, self.lines.append, seconds)

    def wait_for(self, ask: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not ask():
            assert time.monotonic() < deadline, f"not within {seconds} s; the supervisor's log:\n{self.log()}"
            time.sleep(0.02)

    def service(self, name: str) -> ServiceState:
        return next(service for service in control.status(self.home.path).services if service.name == name)

    def pid(self, name: str) -> int:
        process = self.service(name).process
        assert process is not None
        return process.pid

    def notes(self) -> list[str]:
        """What the services did, in order: `<name> started`, `<name> stopped`."""
        with contextlib.suppress(FileNotFoundError):
            return (self.home.path / "notes").read_text().splitlines()
        return []

    def log(self) -> str:
        return self.home.log("supervisor").read_text()

    def processes(self) -> list[psutil.Process]:
        """All living processes that belong to this home, whoever their parent is."""
        return [process for process in psutil.process_iter() if _belongs(process, str(self.home.path))]


def _belongs(process: psutil.Process, path: str) -> bool:
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return path in " ".join(process.cmdline()) or process.environ().get("DUMMY_HOME") == path
    except psutil.Error:
        return False


@pytest.fixture
def dummies(tmp_path: Path) -> Iterator[Dummies]:
    dummies = Dummies(tmp_path / "home")
    yield dummies
    with contextlib.suppress(Exception):
        dummies.down(10.0)
    for process in dummies.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="module")
def working_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stack with its workers, for one module; each of its tests leaves it as it was."""
    path = tmp_path_factory.mktemp("working") / "home"
    try:
        control.up(path, progress=lambda _: None, foreground_child=True)
        yield path
    finally:
        control.down(path, lambda _: None)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command; returns its exit code and what it printed, to standard output and to standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run
