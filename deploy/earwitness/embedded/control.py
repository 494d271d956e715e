"""The functions behind `earwitness up`, `down` and `status`."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from earwitness.embedded import stack
from earwitness.embedded.disk import free_bytes, too_full
from earwitness.embedded.following import STOP_SECONDS, Progress, follow, launch, stop
from earwitness.embedded.home import Home
from earwitness.embedded.predecessor import came_from, end_orphans, torn_copy
from earwitness.embedded.state import ServiceState, StackState
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["down", "environment", "status", "up"]

_POLL = 0.05


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
    full = too_full(place.path)
    if full is not None:
        raise EarwitnessError(full)  # a supervisor could not even write down why it gives up
    command = [sys.executable, "-m", "earwitness.embedded.supervisor", "--home", str(place.path)]
    command += ["--workers", ",".join(workers)]
    if foreground_child:
        command += ["--exit-with-parent", str(os.getpid())]
    return follow(place, launch(place, command), progress)


def down(home: Path, progress: Progress, seconds: float = STOP_SECONDS) -> bool:
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
        left = end_orphans(place, place.read_state())
        if left:
            progress(f"ended {left} processes that a killed supervisor had left behind")
        return left > 0
    stop(place, owner, progress, seconds)
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
        torn = torn_copy(place, state)
        if torn is not None:
            return StackState(phase="crashed", message=torn)
        if state.phase in {"starting", "ready", "stopping"}:
            state = msgspec.structs.replace(
                state, phase="crashed", message="the supervisor is gone; run: earwitness up"
            )
    elif state is None or state.supervisor != owner:
        return StackState(phase="starting", message="starting", supervisor=owner)
    return msgspec.structs.replace(
        state,
        message=_trouble(place, state) or state.message,
        services=tuple(_measured(service) for service in state.services),
        disk_free_bytes=free_bytes(place.path),
    )


def _trouble(home: Home, state: StackState) -> str | None:
    if state.phase != "ready":
        return None
    waits = [f"{service.name} waits, {service.waits_for}" for service in state.services if service.waits_for]
    return "; ".join(waits) or too_full(home.path)


def environment(home: Path, role: str) -> dict[str, str]:
    """The `EARWITNESS_…` variables with which a process reaches the embedded stack as `role`.

    Raises:
        UsageError: no stack was ever started in `home`, not since it was moved or copied, or there is no such role.
    """
    place = Home(home)
    place.check()
    origin = came_from(place, place.read_state())
    if origin is not None:
        # The ports it remembers may be those of the original, which runs.
        raise UsageError(f"{place.path} was moved or copied from {origin.path}; run: earwitness up --home {place.path}")
    return stack.role_environment(place, role)


def _runs(home: Home, progress: Progress) -> bool:
    """Says whether a supervisor runs that is or gets ready.

    One that is stopping is waited for, and so is one that was killed a moment ago: it keeps its lock until it is gone.
    """
    deadline = time.monotonic() + STOP_SECONDS
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


def _measured(service: ServiceState) -> ServiceState:
    usage = service.process.usage() if service.process is not None else None
    if usage is None:
        state = service.state if service.state == "restarting" else "stopped"
        return msgspec.structs.replace(service, state=state, process=None)
    return msgspec.structs.replace(service, **dataclasses.asdict(usage))
