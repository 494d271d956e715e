"""One process that gives the client events as fast as it takes them.

    EARWITNESS_… python tests/bench/client_throughput/source.py deliver EVENTS     until the broker has confirmed all of them
    EARWITNESS_… python tests/bench/client_throughput/source.py replay EVENTS      says `warm`; the broker goes; says `spooled`;
                                                                          the broker comes; until the spool is empty
    EARWITNESS_… python tests/bench/client_throughput/source.py leave EVENTS       into the spool, and ends: no broker is reached
    EARWITNESS_… python tests/bench/client_throughput/source.py abandon EVENTS     into the journal, and is gone without an end
    EARWITNESS_… python tests/bench/client_throughput/source.py adopt EVENTS       until what a dead process left is delivered

The last line is JSON.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from client_systems.systems import waits
from client_throughput.events import calls

from earwitness.client import AuditClient
from earwitness.client.audit import Audit

DEADLINE_SECONDS = 300.0
CALLS = 200
WARM = 2_000


class Clock:
    """Wall and CPU time of the process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def rate(self, events: int) -> dict[str, Any]:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return {
            "events_per_second": round(events / wall),
            "cpu_us_per_event": round(cpu / events * 1e6, 1),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }


def give(audit: Audit, events: int) -> int:
    """So many events; how often the client had no room, so that the app waited a millisecond."""
    left, waited = events, 0
    for call_sid, caller, happening in cycle(calls(CALLS)):
        with audit.call(call_sid=call_sid, caller=caller):
            for event in happening[:left]:
                while not audit.emit(event):
                    waited += 1
                    time.sleep(0.001)
        left -= min(left, len(happening))
        if not left:
            return waited
    raise AssertionError("a cycle has no end")


def warm(audit: Audit) -> None:
    """Connected, and every import done."""
    give(audit, WARM)
    if audit.flush(DEADLINE_SECONDS):
        raise SystemExit(f"the broker does not answer: {audit.stats()}")
    gc.collect()


def spool(audit: Audit, events: int) -> dict[str, Any]:
    """Accepted and written, from the moment on at which the client has noticed that the broker is away."""
    give(audit, 1)
    waits(lambda: audit.stats().breaker_open, "it notices that the broker is away", DEADLINE_SECONDS)
    clock = Clock()
    give(audit, events)
    waits(lambda: audit.stats().spooled > events, "all of it is in the spool", DEADLINE_SECONDS)
    return clock.rate(events)


def deliver(audit: Audit, events: int) -> dict[str, Any]:
    """Accepted and delivered, from the first call to the last confirmation."""
    warm(audit)
    clock = Clock()
    waited = give(audit, events)
    accepted = clock.rate(events)["events_per_second"]
    if audit.flush(DEADLINE_SECONDS):
        raise SystemExit(f"not everything was delivered: {audit.stats()}")
    found = clock.rate(events) | {"accepted_per_second": accepted, "waits": waited}
    if audit.stats().acknowledged != events + WARM:
        raise SystemExit(f"{events} events were given: {audit.stats()}")
    return found


def replay(audit: Audit, events: int) -> dict[str, Any]:
    """Out of the spool again, after an outage."""
    warm(audit)
    print("warm", flush=True)
    sys.stdin.readline()
    spooled = spool(audit, events)
    print("spooled", flush=True)
    sys.stdin.readline()
    waits(lambda: not audit.stats().breaker_open, "the broker is found again", DEADLINE_SECONDS)
    before, clock = audit.stats().spooled, Clock()
    waits(lambda: not audit.stats().spooled, "the spool is empty", DEADLINE_SECONDS)
    return {"spooled_in_outage": spooled, "replayed": clock.rate(before)}


def leave(audit: Audit, events: int) -> dict[str, Any]:
    """Into the spool, for the next process."""
    return spool(audit, events)


def abandon(audit: Audit, events: int) -> NoReturn:
    """Accepted, in the journal, and never closed: as a process that is killed leaves them."""
    clock = Clock()
    give(audit, events + 1)  # as `spool` does
    print(json.dumps(clock.rate(events)), flush=True)
    os._exit(0)


def adopt(audit: Audit, events: int) -> dict[str, Any]:
    """What another process left: taken over, sent, confirmed."""
    clock = Clock()
    give(audit, 1)
    waits(lambda: audit.stats().replayed > events, "what was left is delivered", DEADLINE_SECONDS)
    return clock.rate(events)


def main(way: str, events: int) -> None:
    audit = AuditClient.from_env(service="bench")
    found = {"deliver": deliver, "replay": replay, "leave": leave, "abandon": abandon, "adopt": adopt}[way](
        audit, events
    )
    if audit.close(30):
        raise SystemExit(f"events were lost: {audit.stats()}")
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
