"""Processes of the embedded stack: which one a recorded pid means, how one is started, how one is ended for certain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from earwitness.runtime.errors import EarwitnessError

__all__ = ["ProcessId", "describe_exit", "end", "launch"]

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

# What Linux reports as a process's start follows steps of the system clock.
_CLOCK_TOLERANCE = 2.0


class ProcessId(msgspec.Struct, frozen=True):
    """One process for all time: a pid alone is used again by the system.

    Attributes:
        pid: the process id.
        created: when it started, in seconds since the epoch.
    """

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this pid now, or None."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def find(self) -> psutil.Process | None:
        """The process, if it is still the same one and alive (a zombie is not)."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) <= _CLOCK_TOLERANCE
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def launch(argv: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output appended to `log`.

    The session keeps a terminal's Ctrl-C away from it. To be called from the main thread: to Linux, the thread that
    starts a child is the parent whose end the child shares.

    Raises:
        EarwitnessError: the program cannot be started.
    """
    if sys.platform == "linux":
        argv = [sys.executable, "-I", "-S", "-c", _DIES_WITH_PARENT, str(os.getpid()), *argv]
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                argv,
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise EarwitnessError(f"cannot start {argv[0]} in {directory}: {error.strerror}") from error


def end(processes: Iterable[psutil.Process], seconds: float) -> int:
    """Ask processes to end (SIGTERM), kill those that still live after `seconds`; returns how many there were."""
    living = list(processes)
    for process in living:
        _send(process, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(living, timeout=seconds)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5.0)
    return len(living)


def describe_exit(returncode: int) -> str:
    """`exit code 3`, or `killed by SIGKILL`."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
