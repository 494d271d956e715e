"""The functions behind `earwitness up`, `down` and `status`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from earwitness.embedded import stack
from earwitness.embedded.home import Home
from earwitness.embedded.process import ProcessId
from earwitness.embedded.state import ServiceState, StackState
from earwitness.embedded.supervisor import end_orphans
from earwitness.runtime.errors import EarwitnessError

__all__ = ["down", "environment", "follow", "launch", "status", "up"]

Progress = Callable[[str], None]

_POLL = 0.05
_STOP_SECONDS = 60.0


def up(
    home: Path,
    *,
    workers: Sequence[str] = ("privacy", "sink"),
    progress: Progress,
    foreground_child: bool = False,
) -> StackState:
    """Start the embedded stack in `home` and wait until all of it is ready; one that is up already stays as it is.

    Interrupted (Ctrl-C), it stops what it started.

    Args:
        home: the home directory; made when it is missing.
        workers: which workers to start after the broker and ClickHouse.
        progress: told what is being done, one short line each time.
        foreground_child: end the stack when this process ends, however it ends.

    Raises:
        EarwitnessError: a part did not get ready; the message ends with the last lines of its log.
        UsageError: `home` holds something else, or a home of a newer version.
    """
    place = Home(home)
    place.create()
    if _runs(place, progress):
        return follow(place, None, progress)
    command = [sys.executable, "-m", "earwitness.embedded.supervisor", "--home", str(place.path)]
    command += ["--workers", ",".join(workers)]
    if foreground_child:
        command += ["--exit-with-parent", str(os.getpid())]
    return follow(place, launch(place, command), progress)


def launch(home: Home, command: list[str]) -> ProcessId:
    """Start a supervisor in a session of its own, its output appended to its log."""
    home.rotate_log("supervisor")
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
            _stop(home, started, progress, _STOP_SECONDS)
        raise
    if started is not None:
        _reap(started.pid)
    raise EarwitnessError(_why_not(home))


def down(home: Path, progress: Progress, seconds: float = _STOP_SECONDS) -> bool:
    """Stop the embedded stack and wait until all of it is gone; whatever needs longer than `seconds` is killed.

    Returns:
        True when there was something to stop.

    Raises:
        UsageError: `home` holds something else.
    """
    place = Home(home)
    place.check()
    owner = place.owner()
    if owner is None:
        left = end_orphans(place.read_state())
        if left:
            progress(f"ended {left} processes that a killed supervisor had left behind")
        return left > 0
    _stop(place, owner, progress, seconds)
    return True


def status(home: Path) -> StackState:
    """The stack as it is now: what the supervisor wrote, with what the system says of each process.

    Raises:
        UsageError: `home` holds something else.
    """
    place = Home(home)
    place.check()
    owner = place.owner()
    state = place.read_state()
    if owner is None:
        if state is None:
            return StackState(phase="stopped", message=f"nothing was ever started in {place.path}")
        if state.phase in {"starting", "ready", "stopping"}:
            state = msgspec.structs.replace(
                state, phase="crashed", message="the supervisor is gone; run: earwitness up"
            )
    elif state is None or state.supervisor != owner:
        return StackState(phase="starting", message="starting", supervisor=owner)
    return msgspec.structs.replace(state, services=tuple(_measured(service) for service in state.services))


def environment(home: Path, role: str) -> dict[str, str]:
    """The `EARWITNESS_…` variables with which a process reaches the embedded stack as `role`.

    Raises:
        UsageError: no stack was ever started in `home`, or there is no such role.
    """
    place = Home(home)
    place.check()
    return stack.role_environment(place, role)


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


def _runs(home: Home, progress: Progress) -> bool:
    """Says whether a supervisor runs that is or gets ready.

    One that is stopping is waited for, and so is one that was killed a moment ago: it keeps its lock until it is gone.
    """
    deadline = time.monotonic() + _STOP_SECONDS
    first_beat = home.heartbeat()
    told = False
    while (owner := home.owner()) is not None:
        state = home.read_state()
        leaving = state is not None and state.supervisor == owner and state.phase not in {"starting", "ready"}
        if not leaving and home.heartbeat() != first_beat:
            return True
        if leaving and not told:
            told = True
            progress("waiting for the stack that is stopping")
        if time.monotonic() > deadline:
            raise EarwitnessError(f"the supervisor of {home.path} neither works nor ends; run: earwitness down")
        time.sleep(_POLL)
    return False


def _stop(home: Home, supervisor: ProcessId, progress: Progress, seconds: float) -> None:
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
    if end_orphans(home.read_state(), 1.0):
        progress(f"the supervisor did not end within {seconds:g} s; its processes were killed")


def _reap(pid: int) -> None:
    """Take the exit code of a supervisor that this process started, so that no zombie stays."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _why_not(home: Home) -> str:
    state = home.read_state()
    if state is not None and state.phase == "failed":
        return state.message
    if state is not None and state.phase == "stopped":
        return "the stack was stopped before it was ready"
    log = home.log("supervisor")
    lines = log.read_text("utf-8", "replace").splitlines()[-10:]
    return f"the supervisor ended unexpectedly; its log {log} ends with\n" + "\n".join(f"  {line}" for line in lines)


def _measured(service: ServiceState) -> ServiceState:
    usage = service.process.usage() if service.process is not None else None
    if usage is None:
        state = service.state if service.state == "restarting" else "stopped"
        return msgspec.structs.replace(service, state=state, process=None)
    return msgspec.structs.replace(service, **dataclasses.asdict(usage))
