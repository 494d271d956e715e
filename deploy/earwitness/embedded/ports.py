"""Ports on 127.0.0.1 that nobody uses, the same ones again after a restart where that is possible."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Mapping

import psutil  # type: ignore[import-untyped]

from earwitness.runtime.errors import EarwitnessError

__all__ = ["HOST", "assign", "is_free", "taken"]

HOST = "127.0.0.1"

# Below the range from which Linux and macOS take the local end of outgoing connections: while a server restarts, its
# own reconnecting clients could otherwise sit on its port (or connect to themselves), and it could not come back.
_RANGE = range(15_000, 32_000)
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Says whether a server could listen on `port` of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of the last one that linger in TIME_WAIT are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def assign(names: Iterable[str], remembered: Mapping[str, int]) -> dict[str, int]:
    """A free port for each name: the remembered one while it is free, otherwise another.

    Raises:
        EarwitnessError: no free port was found.
    """
    assigned: dict[str, int] = {}
    for name in names:
        known = remembered.get(name)
        taken = set(assigned.values())
        if known is not None and known not in taken and is_free(known):
            assigned[name] = known
        else:
            assigned[name] = _other(taken | set(remembered.values()))
    return assigned


def taken(wanted: Iterable[int]) -> str | None:
    """In one line, which of these ports a server could not listen on now, and who has it; None when all are free."""
    for port in wanted:
        if not is_free(port):
            return f"port {port} on {HOST} is taken by {_holder(port)}; end that one"
    return None


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid is not None:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # other users' processes are not ours to see
    return "another process"


def _other(taken: set[int]) -> int:
    for candidate in random.SystemRandom().sample(_RANGE, _ATTEMPTS):
        if candidate not in taken and is_free(candidate):
            return candidate
    raise EarwitnessError(
        f"found no free port between {_RANGE.start} and {_RANGE.stop} on {HOST}; end what listens there",
    )
