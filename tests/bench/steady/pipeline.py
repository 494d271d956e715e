"""The workers of a running embedded stack and an app that feeds them, as processes of the benchmark."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from earwitness.embedded import control

_SOURCE = Path(__file__).with_name("source.py")
STAGES = ("privacy", "sink")


class PipelineError(Exception):
    """A worker or the app ended when it should not."""


class Pipeline:
    """Both workers, running.

    Args:
        home: the stack's.
        logs: directory that takes their output.
    """

    def __init__(self, home: Path, logs: Path) -> None:
        self._home = home
        self._logs = logs
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        for stage in STAGES:
            with (logs / f"{stage}.log").open("wb") as log:
                self.workers[stage] = subprocess.Popen(
                    [sys.executable, "-m", "earwitness.cli", "worker", stage],
                    env=_environment(home, stage),
                    stdout=log,
                    stderr=log,
                    cwd=logs,
                )

    def source(self, service: str, rate: float, seconds: float) -> subprocess.Popen[bytes]:
        """The app; its standard output is `source.py`'s."""
        command = [sys.executable, str(_SOURCE), service, str(rate), str(seconds)]
        return subprocess.Popen(command, env=_environment(self._home, "producer"), stdout=subprocess.PIPE)

    def servers(self) -> dict[str, int]:
        """The pids of the broker and of ClickHouse."""
        services = {service.name: service.process for service in control.status(self._home).services}
        return {name: process.pid for name in ("broker", "clickhouse") if (process := services[name]) is not None}

    def check(self) -> None:
        """Raises PipelineError when a worker has ended; it holds the end of its log."""
        for stage, worker in self.workers.items():
            if worker.poll() is not None:
                log = (self._logs / f"{stage}.log").read_text("utf-8", "replace")[-2000:]
                raise PipelineError(f"the {stage} worker ended with {worker.returncode}:\n{log}")

    def stop(self) -> None:
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


@contextlib.contextmanager
def running(home: Path) -> Iterator[Pipeline]:
    """A pipeline; its workers end with the block."""
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as logs:
        pipeline = Pipeline(home, Path(logs))
        try:
            yield pipeline
        finally:
            pipeline.stop()


def until(deadline: float, pause: float) -> Iterator[None]:
    """Goes round every `pause` seconds until `deadline` on the monotonic clock."""
    due = time.monotonic()
    while due < deadline:
        yield
        due = max(due + pause, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def _environment(home: Path, role: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EARWITNESS_")}
    return kept | control.environment(home, role)
