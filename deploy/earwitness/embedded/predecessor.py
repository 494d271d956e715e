"""What an earlier supervisor left in a home: processes to end, or the traces of a home that was copied while it was in use."""

from __future__ import annotations

import logging
from pathlib import Path

from earwitness.embedded.home import Home
from earwitness.embedded.process import end
from earwitness.embedded.state import Place, StackState
from earwitness.runtime.errors import UsageError

__all__ = ["came_from", "end_orphans", "take_over", "torn_copy"]

_IN_USE = ("starting", "ready", "stopping")

logger = logging.getLogger(__name__)


def came_from(home: Home, state: StackState | None) -> Place | None:
    """Where the home stood when it was started last, if that is somewhere else: it was moved or copied since."""
    if state is None or state.home is None or state.home.is_same(Place.of(home.path)):
        return None
    return state.home


def torn_copy(home: Home, state: StackState | None) -> str | None:
    """In one line, why this home is a copy that was made while its original was in use; None when it is not.

    The parts of such a copy are of different moments: what one acknowledged, the other may not hold, and nobody would notice.
    """
    if state is None or state.phase not in _IN_USE:
        return None
    origin = came_from(home, state)
    elsewhere = [
        service.name
        for service in state.services
        if service.process is not None and service.process.alive() and not service.process.works_in(home.path)
    ]
    if origin is None and not elsewhere:
        return None
    where = origin.path if origin is not None else "another home"
    return (
        f"{home.path} was copied from {where} while its stack ran, so its parts are of different moments; stop that one "
        f"(earwitness down --home {origin.path if origin is not None else 'DIR'}) and copy it again; "
        f"or, if nothing ran in it when it was copied, delete {home.state_file}"
    )


def end_orphans(home: Home, state: StackState | None, seconds: float = 10.0) -> int:
    """End the services that a killed supervisor left behind in this home; returns how many there were.

    A process that works elsewhere is left alone, whatever the state says: it is that of a home of which this one is a copy.
    """
    services = state.services if state is not None else ()
    processes = [service.process for service in services if service.process is not None]
    return end([process for process in processes if process.works_in(home.path)], seconds)


def take_over(home: Home) -> None:
    """Make the home fit for a new supervisor, which holds its lock: no orphans, no ports of another stack.

    Raises:
        UsageError: it is a copy that was made while its original was in use.
    """
    state = home.read_state()
    if state is not None and state.phase == "crashed":
        logger.warning("%s", state.message)
    torn = torn_copy(home, state)
    if torn is not None:
        raise UsageError(torn)
    orphans = end_orphans(home, state)
    if orphans:
        logger.warning("ended %d processes that an earlier supervisor left behind", orphans)
    origin = came_from(home, state)
    if origin is None:
        return
    logger.info("this home stood in %s when it was started last", origin.path)
    # Clients of the original must never find this broker where they look for theirs, not even while theirs is down.
    if Home(Path(origin.path)).exists():
        home.forget_ports()
