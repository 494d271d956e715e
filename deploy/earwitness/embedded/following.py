"""A supervisor seen from outside: started, followed until its stack is ready, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

from earwitness.embedded.files import cannot_write
from earwitness.embedded.home import Home
from earwitness.embedded.predecessor import end_orphans
from earwitness.embedded.process import ProcessId
from earwitness.embedded.state import StackState
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["STOP_SECONDS", "Progress", "follow", "launch", "stop"]

Progress = Callable[[str], None]

STOP_SECONDS = 60.0

_POLL = 0.05
_REFUSAL = " ERROR "


def launch(home: Home, command: list[str]) -> ProcessId:
    """Start a supervisor in a session of its own, its output appended to its log.

    Raises:
        EarwitnessError: the log cannot be written.
    """
    try:
        home.rotate_log("supervisor")
        home.log("supervisor").touch(0o600)
    except OSError as error:
        raise cannot_write(error, home.logs) from error
    with home.log("supervisor").open("ab") as log:
        # Not subprocess: the supervisor outlives its `Popen` object, which would complain about that.
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
        ]
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=files, setsid=True)
    return ProcessId.of(pid) or ProcessId(pid, time.time())


def follow(home: Home, started: ProcessId | None, progress: Progress) -> StackState:
    """Wait until the supervisor of `home` says that all is ready.

    Args:
        home: the home, already made.
        started: the supervisor that the caller has just started; it is stopped when the wait is interrupted.
            None when somebody else started it.
        progress: told what is being done.

    Raises:
        EarwitnessError: the start failed.
        UsageError: it cannot succeed: a copied home, a key that is not to be used, …
    """
    told = _Told(progress)
    first_beat = home.heartbeat()
    try:
        while True:
            # Read before the owner: one that beats after this is not dying, and one that took the lock is named by it.
            beats = home.heartbeat() != first_beat
            owner = home.owner()
            if owner is None and (started is None or not started.alive()):
                break
            state = home.read_state()
            # Until a new supervisor has written its own, the state is that of the one before.
            if state is not None and owner is not None and state.supervisor == owner:
                told.tell(state)
                if state.phase == "ready" and beats:
                    return state
            time.sleep(_POLL)
    except BaseException:
        if started is not None:
            stop(home, started, progress, STOP_SECONDS)
        raise
    code = _reap(started.pid) if started is not None else None
    raise (UsageError if code == UsageError.exit_code else EarwitnessError)(_why_not(home, started))


def stop(home: Home, supervisor: ProcessId, progress: Progress, seconds: float) -> None:
    """Ask a supervisor to stop its stack, and kill all of it when that takes longer than `seconds`."""
    progress("stopping the embedded stack")
    told = _Told(lambda line: progress(line) if line.startswith("stopping ") else None)
    deadline = time.monotonic() + seconds
    supervisor.send(signal.SIGTERM)
    while supervisor.alive():
        if time.monotonic() > deadline:
            supervisor.send(signal.SIGKILL)
        state = home.read_state()
        if state is not None and state.supervisor is not None and state.supervisor.pid == supervisor.pid:
            told.tell(state)
        time.sleep(_POLL)
    _reap(supervisor.pid)
    if end_orphans(home, home.read_state(), 1.0):
        progress(f"the supervisor did not end within {seconds:g} s; its processes were killed")


def _reap(pid: int) -> int | None:
    """Take the exit code of a supervisor that this process started, so that no zombie stays."""
    with contextlib.suppress(ChildProcessError):
        found, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None
    return None


def _why_not(home: Home, started: ProcessId | None) -> str:
    state = home.read_state()
    if started is not None and state is not None and (state.supervisor is None or state.supervisor.pid != started.pid):
        state = None  # its predecessor's
    if state is not None and state.phase == "failed":
        return state.message
    if state is not None and state.phase == "stopped":
        return "the stack was stopped before it was ready"
    log = home.log("supervisor")
    lines = log.read_text("utf-8", "replace").splitlines()[-10:]
    if lines and _REFUSAL in lines[-1]:
        # Said before it could write any state.
        return lines[-1].partition(_REFUSAL)[2]
    return f"the supervisor ended unexpectedly; its log {log} ends with\n" + "\n".join(f"  {line}" for line in lines)


class _Told:
    """Tells each message and each service that got ready once."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._message = ""
        self._ready: set[str] = set()

    def tell(self, state: StackState) -> None:
        for service in state.services:
            if service.state == "ready" and service.name not in self._ready:
                self._ready.add(service.name)
                port = state.ports.get(service.name)
                self._progress(f"{service.name} is ready" + (f" on port {port}" if port else ""))
        if state.message not in {"", self._message} and state.phase in {"starting", "stopping"}:
            self._progress(state.message)
        self._message = state.message
