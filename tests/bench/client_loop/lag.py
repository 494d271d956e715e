"""An event loop with requests, and one system that takes their events: how late the loop is.

    python tests/bench/client_loop/lag.py SYSTEM RATE SECONDS DIRECTORY

SYSTEM is one of `client_systems`, or `none`: the same requests without events. Says `ready` and waits for a line, like the
measurement of the caller. Then one line of JSON, microseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from client_loop.arrivals import Arrivals
from client_loop.requests import EVENTS, FORM, serve
from client_systems import systems
from client_systems.event import Emit, percentiles

WARM_SECONDS = 2.0


async def run(emit: Emit | None, rate: float, seconds: float) -> tuple[array[int], array[int]]:
    """How late the loop was for each request, and what its events took, nanoseconds."""
    spent, running = array("q"), set[asyncio.Task[bytes]]()

    def arrive() -> None:
        task = asyncio.ensure_future(serve(FORM, emit, spent))
        running.add(task)
        task.add_done_callback(running.discard)

    arrivals = Arrivals(rate, seconds, arrive)
    await arrivals.wait()
    if running:
        await asyncio.wait(running)
    return arrivals.late, spent


def main(name: str, rate: float, seconds: float, directory: Path) -> None:
    with contextlib.ExitStack() as stack:
        system = None if name == "none" else stack.enter_context(systems.running(name, directory))
        emit = None if system is None else system.emit
        asyncio.run(run(emit, rate, WARM_SECONDS))
        if system is not None:
            system.settle()
        print("ready", flush=True)
        sys.stdin.readline()
        cpu = time.process_time()
        late, spent = asyncio.run(run(emit, rate, seconds))
        cpu = time.process_time() - cpu
        found = {"lag": percentiles(late), "events": percentiles(spent), "cores": round(cpu / seconds, 3)}
        found["refused"] = 0 if system is None else system.refused()
    print(json.dumps(found | {"events_a_request": EVENTS}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
