"""An older release beside this one: the same program with the schemas of before, in processes of their own.

A copy of the package `earwitness.schemas` whose catalogue ends at version 1 stands in front on PYTHONPATH; everything
else is shared. So an old producer, worker, sink or catalogue server is the real one, and knows what it knew then.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from earwitness.cli import main
from earwitness.embedded.home import Home
from earwitness.schemas import catalogue, classes

_NUMBERS = itertools.count(1)


def make_old_schemas(directory: Path) -> Path:
    """Make the older package; returns what belongs in front on PYTHONPATH."""
    package = directory / "earwitness" / "schemas"
    shutil.copytree(Path(catalogue.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    avro = package / "avro"
    entries = [entry for entry in json.loads((avro / "catalogue.json").read_text()) if entry["version"] == 1]
    assert len(entries) < len(catalogue.schemas())
    (avro / "catalogue.json").write_text(json.dumps(entries))
    raws = [json.loads((avro / entry["file"]).read_text()) for entry in entries if entry["stage"] == "raw"]
    (package / "events.py").write_text(classes.events_module(raws))
    return directory


@dataclass
class Running:
    """A process and its log. As under any supervisor, one that fails is started again: twice at most."""

    begin: Callable[[], subprocess.Popen[bytes]]
    log: Path
    restarts: int = 0

    def __post_init__(self) -> None:
        self.process = self.begin()

    def watch(self) -> None:
        """Start it again if it has ended."""
        if self.process.poll() is not None:
            self.restarts += 1
            assert self.restarts < 3, f"it ends again and again:\n{self.log.read_text()[-2000:]}"
            self.process = self.begin()

    def stop(self) -> None:
        self.watch()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(40) == 0, self.log.read_text()[-2000:]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_for(self, condition, seconds=60.0, what=""):
        deadline = time.monotonic() + seconds
        while not condition():
            self.watch()
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.log.read_text()[-2000:]}"
            time.sleep(0.05)


@dataclass(frozen=True)
class Release:
    """One release: `path` is what stands in front on PYTHONPATH, None for the one that is being tested."""

    name: str
    directory: Path
    path: Path | None = None

    def run(self, environment: Mapping[str, str], *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Run a command to its end; exit code, output, errors."""
        if self.path is None and not stdin and arguments[0] != "worker":  # in this process, which starts sooner
            out, err = io.StringIO(), io.StringIO()
            with (
                patch.dict(os.environ, self._environment(environment), clear=True),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                return main(arguments), out.getvalue(), err.getvalue()
        done = subprocess.run(
            [sys.executable, "-m", "earwitness.cli", *arguments],
            env=self._environment(environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.directory,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    @contextlib.contextmanager
    def worker(self, name: str, environment: Mapping[str, str]) -> Iterator[Running]:
        """A worker that is ready, until the block ends."""
        place = self.directory / f"{next(_NUMBERS)}-{self.name}-{name}"
        home = Home(place)
        home.ready_file(name).parent.mkdir(parents=True)
        own = {**environment, "EARWITNESS_HOME": str(place)}
        with self._start(["-m", "earwitness.cli", "worker", name], own, place / "log") as running:
            running.wait_for(home.ready_file(name).exists, what=f"{self.name} {name} is ready")
            yield running

    @contextlib.contextmanager
    def catalogue_server(self, port: int) -> Iterator[Running]:
        """A catalogue server that answers on this port, until the block ends."""
        log = self.directory / f"{next(_NUMBERS)}-{self.name}-catalogue.log"
        arguments = ["-m", "earwitness.embedded.catalogue_server", "--port", str(port)]
        with self._start(arguments, {}, log) as running:
            running.wait_for(lambda: answers(port), what="the catalogue server answers")
            yield running

    @contextlib.contextmanager
    def _start(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Running]:
        def begin() -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                return subprocess.Popen(
                    [sys.executable, *arguments],
                    env=self._environment(environment),
                    stdout=output,
                    stderr=output,
                    cwd=self.directory,
                )

        running = Running(begin, log)
        try:
            yield running
        finally:
            running.end()

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("EARWITNESS_")}
        if self.path is not None:
            own["PYTHONPATH"] = str(self.path)
        return own | {"PYTHONUNBUFFERED": "1"} | more


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as response:
            return response.status == 200
    except OSError:
        return False
