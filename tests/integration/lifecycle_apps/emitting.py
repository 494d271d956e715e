"""What all apps of the life cycle's tests share: a client, and a file in which each process notes what the client took.

The note is written after the client's answer, with one `write` to a file of the process's own, so that it survives
whatever ends the process. One event may be taken and not noted: when SIGKILL comes between the two.
"""

from __future__ import annotations

import itertools
import os
import time
from functools import cache
from pathlib import Path

from earwitness.client import AuditClient

audit = AuditClient.from_env(service=os.environ["SERVICE"])
_numbers = itertools.count(1)


def emit(count: int = 1) -> int:
    """Emit so many events, of the protected lane and of telemetry in turn; how many were taken."""
    taken = 0
    for _ in range(count):
        number = next(_numbers)
        mark = f"{os.getpid()}-{number}"
        if number % 2:
            is_taken = audit.call_action_attempted(
                action="add_note", outcome="success", client_id="ACME12", job_number="1", correlation_id=mark
            )
        else:
            is_taken = audit.system_state_management(
                operation="get", key=mark, outcome="ok", recovered=False, latency_ms=1.0
            )
        os.write(_notes(os.getpid()), f"{mark} {'taken' if is_taken else 'refused'} {time.time_ns()}\n".encode())
        taken += is_taken
    return taken


@cache
def _notes(pid: int) -> int:
    return os.open(Path(os.environ["NOTES"]) / f"{pid}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
