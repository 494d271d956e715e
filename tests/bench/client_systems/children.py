"""The processes that are measured: where they find the broker, and how the benchmark talks with them.

A child says what it has to say in lines on its standard output: words for the benchmark, and objects of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from client_systems import systems
from end_to_end import peers

from earwitness.embedded import control

HERE = Path(__file__).resolve().parents[1]
DOWN = "/down"
"""Ends the name of a system that is measured while the broker is away."""


class ChildError(Exception):
    """A measured process ended, or said something else than it should."""


class Child:
    """A script of the benchmark in a process of its own; killed when the block ends before it does.

    Args:
        script: path below tests/bench.
        arguments: what it is given.
        environ: its `EARWITNESS_…` variables.
        python: its interpreter.
    """

    def __init__(
        self, script: str, arguments: list[str], environ: Mapping[str, str], python: str = sys.executable
    ) -> None:
        self._name = f"{script} {' '.join(arguments[:2])}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EARWITNESS_")}
        self.process = subprocess.Popen(
            [python, str(HERE / script), *arguments],
            env=clean | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            assert end is not None
            with contextlib.suppress(OSError):
                end.close()

    def line(self) -> str:
        """What it says next.

        Raises:
            ChildError: it has ended.
        """
        assert self.process.stdout is not None
        found = self.process.stdout.readline()
        if not found:
            raise ChildError(f"{self._name} ended with {self.process.wait()}")
        return found.strip()

    def expect(self, word: str) -> None:
        """Wait for a word.

        Raises:
            ChildError: it said something else.
        """
        found = self.line()
        if found != word:
            raise ChildError(f"{self._name} says {found!r} instead of {word!r}")

    def go(self) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self, code: int = 0) -> Any:
        """The JSON of its next line, which is its last one; then it ends, with that exit code."""
        found = json.loads(self.line())
        if self.process.wait(60) != code:
            raise ChildError(f"{self._name} ended with {self.process.returncode}")
        return found


def reached() -> dict[str, str]:
    """The variables with which an app reaches the broker."""
    if "EARWITNESS_HOME" in os.environ:
        return control.environment(Path(os.environ["EARWITNESS_HOME"]), "producer")
    if "EARWITNESS_KAFKA_BOOTSTRAP" in os.environ:
        return {name: value for name, value in os.environ.items() if name.startswith("EARWITNESS_KAFKA_")}
    raise SystemExit("no broker: run it with make bench NAME=…, or set EARWITNESS_HOME to the home of a running stack")


def python(system: str) -> str:
    """The interpreter that has what the system needs."""
    return str(peers.python()) if system in systems.ABROAD else sys.executable


def environment(system: str, broker: Mapping[str, str], directory: Path) -> dict[str, str]:
    """A system's variables. The broker's address may be another one than the app's own."""
    if system == "off":
        return {"EARWITNESS_ENABLED": "0"}
    if system not in systems.NEED_BROKER:
        return {}
    found = {"EARWITNESS_SPOOL_DIR": str(directory / "spool")}
    return dict(broker) | found | ({"EARWITNESS_DURABILITY": system} if system in systems.OURS else {})


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A directory for one process's files: each begins with an empty spool."""
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as directory:
        yield Path(directory)


def tell(text: str) -> None:
    """For a person."""
    print(text, file=sys.stderr, flush=True)
