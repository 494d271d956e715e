"""Processes of the embedded stack: which one a recorded pid means, how one is started, how one is ended for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]

from earwitness.runtime.errors import EarwitnessError

__all__ = ["ProcessId", "Usage", "children", "describe_exit", "dies_with_parent", "end", "launch"]

# On Linux the kernel itself kills a child whose parent is gone (prctl 1 is PR_SET_PDEATHSIG, see prctl(2)), even when
# the parent was killed with SIGKILL. A few lines in between, not `preexec_fn`: that one runs Python code after a fork
# of a process with threads. The signal is SIGKILL, because a child may ignore or outlast any other one and every
# service has to survive SIGKILL anyway. The last line closes the gap between the fork and prctl.
_DIES_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""

# What Linux reports as a process's start follows steps of the system clock; only where nothing better is known.
_CLOCK_TOLERANCE = 2.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_KILL_SECONDS = 5.0
_POLL = 0.02


@dataclass(frozen=True)
class Usage:
    """How long a process lives (s), its memory (bytes) and the CPU time it has used (s)."""

    uptime_seconds: float
    rss_bytes: int
    cpu_seconds: float


class ProcessId(msgspec.Struct, frozen=True):
    """One process for all time: a pid alone is used again by the system.

    Attributes:
        pid: the process id.
        created: when it started, in seconds since the epoch.
        birth: the same as the kernel counts it, whatever the clock is set to: boot and ticks. None where only
            `created` is known (not Linux, or written by an earlier version).
    """

    pid: int
    created: float
    birth: str | None = None

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this pid now, or None."""
        try:
            return cls(pid, psutil.Process(pid).create_time(), _birth(pid))
        except psutil.Error:
            return None

    def alive(self) -> bool:
        """Says whether it still lives; a zombie does not, nor does another process with the same pid."""
        return self._find() is not None

    def works_in(self, directory: Path) -> bool:
        """Says whether it lives and its working directory is `directory` or below, wherever that was moved meanwhile."""
        process = self._find()
        try:
            return process is not None and Path(process.cwd()).is_relative_to(directory.resolve())
        except (psutil.Error, OSError):
            return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when the process is gone."""
        process = self._find()
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def usage(self) -> Usage | None:
        """What it uses now; None when it is gone."""
        process = self._find()
        if process is None:
            return None
        try:
            with process.oneshot():
                cpu = process.cpu_times()
                memory = process.memory_info().rss
                return Usage(max(0.0, time.time() - process.create_time()), memory, cpu.user + cpu.system)
        except psutil.Error:
            return None

    def _find(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            if self.birth is not None:
                same = _birth(self.pid) == self.birth
            else:
                same = abs(process.create_time() - self.created) <= _CLOCK_TOLERANCE
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def children() -> list[ProcessId]:
    """This process's children, and theirs."""
    found = (ProcessId.of(child.pid) for child in psutil.Process().children(recursive=True))
    return [child for child in found if child is not None]


def dies_with_parent(argv: Sequence[str]) -> list[str]:
    """A command that starts the program and lets it end together with this process, also by SIGKILL; on Linux only.

    To be started from the main thread: to Linux, the thread that starts a child is the parent whose end it shares.
    """
    if sys.platform != "linux":
        return list(argv)
    return [sys.executable, "-I", "-S", "-c", _DIES_WITH_PARENT, str(os.getpid()), *argv]


def launch(argv: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output appended to `log`.

    The session keeps a terminal's Ctrl-C away from it. To be called from the main thread, see `dies_with_parent`.

    Raises:
        EarwitnessError: the program cannot be started.
    """
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                dies_with_parent(argv),
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise EarwitnessError(f"cannot start {argv[0]} in {directory}: {error.strerror}") from error


def end(processes: Iterable[ProcessId], seconds: float) -> int:
    """Ask processes to end (SIGTERM), kill those that still live after `seconds`; returns how many there were."""
    living = [process for process in processes if process.alive()]
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, _KILL_SECONDS)):
        for process in living:
            process.send(number)
        deadline = time.monotonic() + patience
        # Not psutil.wait_procs: to it a zombie lives on, and in a container there may be nobody to bury orphans.
        while any(process.alive() for process in living) and time.monotonic() < deadline:
            time.sleep(_POLL)
    return len(living)


def _birth(pid: int) -> str | None:
    """Boot and ticks since boot at which a process started; see proc_pid_stat(5), field 22."""
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
        # The name, in parentheses, may hold anything, parentheses too.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return f"{boot} {fields[19]}"
    except (OSError, IndexError):
        return None


def describe_exit(returncode: int) -> str:
    """`exit code 3`, or `killed by SIGKILL`."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"
