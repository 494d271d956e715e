"""One system in a process of its own: what an event costs the thread that gives it.

    python tests/bench/client_systems/caller.py SYSTEM HOT_EVENTS PACED_EVENTS RATE DIRECTORY

Says `ready` when it is warm, and goes on when it reads a line: so the broker can be taken away before. Then one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from client_systems import systems
from client_systems.event import Emit, clock_alone, percentiles, timed

BURST = 5_000  # half of what the client's queue takes
WARM = 2_000


def paced(system: systems.System, name: str, count: int, rate: float) -> dict[str, Any]:
    """At a steady rate, as a busy voice app makes them: caches are cold, and whoever works behind is at work."""
    samples = array("q")
    due = time.perf_counter()
    for _ in range(count):
        due += 1 / rate
        time.sleep(max(due - time.perf_counter(), 0.0))
        _call(name, system.emit, 1, samples)
    return percentiles(samples)


def hot(system: systems.System, name: str, count: int) -> dict[str, Any]:
    """In bursts as fast as they go, with time to settle in between."""
    samples = array("q")
    while len(samples) < count:
        _call(name, system.emit, min(BURST, count - len(samples)), samples)
        system.settle()
    return percentiles(samples)


def _call(name: str, emit: Emit, count: int, samples: array[int]) -> None:
    if name == "clock":
        clock_alone(count, samples)
    else:
        timed(emit, count, samples)


def main(name: str, hot_events: int, paced_events: int, rate: float, directory: Path) -> None:
    with systems.running(name, directory) as system:
        _call(name, system.emit, WARM, array("q"))
        system.settle()
        print("ready", flush=True)
        sys.stdin.readline()
        found = {"paced": paced(system, name, paced_events, rate)}
        system.settle()
        found["hot"] = hot(system, name, hot_events)
        found["refused"] = system.refused()  # type: ignore[assignment]
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))
