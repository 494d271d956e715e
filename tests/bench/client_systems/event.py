"""The event that every system takes, and how one call of it is timed. Standard library only: peers run without ours.

25 values: the 21 fields of `call.action_attempted` beside its map, and the map's four. What an app says of it is given by
the caller, at the same place for all systems; the envelope comes from the call's scope, or what a system has in its place.
"""

from __future__ import annotations

import itertools
import os
import time
from array import array
from collections.abc import Callable
from typing import Any

Emit = Callable[..., Any]
"""Takes what an app says of the event, as keyword arguments."""

KIND = "call.action_attempted"
CALL_SID = "CA0123456789abcdef0123456789abcdef"
CALLER = "+12025550142"
TRACE = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
PROCESS = {"service": "bench", "environment": "bench", "tenant": "default", "producer_id": "bench-5f0c2a-4711-9a31bc02"}
CALL = {"call_sid": CALL_SID, "caller": CALLER, "trace_id": TRACE[0], "span_id": TRACE[1]}
ATTRIBUTES = {"region": "us-east-1", "language": "en", "release": "2026.11.3", "flow": "evening"}

_sequence = itertools.count(1)
_ids = f"0198c5a0-{os.getpid() & 0xFFFF:04x}-7000-8000-"


def stamped() -> dict[str, Any]:
    """What is different in every event, for a system that has to be given it; the id costs it as little as can be."""
    sequence = next(_sequence)
    return {
        "event_id": f"{_ids}{sequence:012x}",
        "occurred_at": time.time_ns() // 1000,
        "severity": "INFO",
        "sequence": sequence,
        "replayed": False,
    }


def give(emit: Emit) -> None:
    """One event."""
    emit(
        action="add_note",
        outcome="success",
        error_code="none",
        client_id="ACME42",
        job_number="48213",
        value="Gate code is 4711, ring twice, ask for Ms. Alvarez at 12 Larch Lane",
        actor="María García",
        correlation_id="7c1e6a0b55d24f19",
        attributes=ATTRIBUTES,
    )


def timed(emit: Emit, count: int, samples: array[int]) -> None:
    """So many events in a loop; the nanoseconds of each call, the clock's own cost included, go to `samples`."""
    clock = time.perf_counter_ns
    for _ in range(count):
        began = clock()
        emit(
            action="add_note",
            outcome="success",
            error_code="none",
            client_id="ACME42",
            job_number="48213",
            value="Gate code is 4711, ring twice, ask for Ms. Alvarez at 12 Larch Lane",
            actor="María García",
            correlation_id="7c1e6a0b55d24f19",
            attributes=ATTRIBUTES,
        )
        samples.append(clock() - began)


def clock_alone(count: int, samples: array[int]) -> None:
    """What `timed` measures when there is no call."""
    clock = time.perf_counter_ns
    for _ in range(count):
        began = clock()
        samples.append(clock() - began)


def percentiles(nanoseconds: array[int]) -> dict[str, float]:
    """p50, p99, p99.9, longest and mean, microseconds."""
    ordered = sorted(nanoseconds)
    parts = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}
    found = {name: ordered[min(int(len(ordered) * part), len(ordered) - 1)] for name, part in parts.items()}
    found |= {"max": ordered[-1], "mean": sum(ordered) / len(ordered)}
    return {name: round(value / 1000, 2) for name, value in found.items()} | {"calls": len(ordered)}
