"""An app that gives the client a great many events, and says every second how it fares.

    EARWITNESS_… python tests/bench/client_soak/source.py EVENTS RATE

As fast as the client takes them with a rate of 0. One line of JSON a second and one at the end; a second that has no room for
it has none. It waits for a line on its standard input before it ends, so that its memory can be looked at once more.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from client_throughput.events import calls

from earwitness.client import AuditClient
from earwitness.client.audit import Audit

CALLS = 500
LOOK_SECONDS = 1.0
DEADLINE_SECONDS = 600.0


class Voice:
    """Says how the client fares."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._began = self._due = time.monotonic()
        self.waited = 0

    def say(self, given: int, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if now >= self._due or at_once:
            self._due = now + LOOK_SECONDS
            found = self._audit.stats()
            ended = found.acknowledged + sum(found.dropped.values()) + sum(found.invalid.values())
            line = {
                "seconds": round(now - self._began, 2),
                "given": given,
                "waited": self.waited,
                "accepted": found.accepted,
                "acknowledged": found.acknowledged,
                "dropped": sum(found.dropped.values()),
                "queued": found.queued,
                "in_flight": found.in_flight,
                "spooled": found.spooled,
                "spool_bytes": found.spool_bytes,
                "breaker_open": found.breaker_open,
                "replayed": found.replayed,
                "balanced": found.accepted == ended + found.queued + found.in_flight + found.spooled,
                "internal_errors": found.internal_errors,
            }
            print(json.dumps(line), flush=True)


def give(audit: Audit, voice: Voice, events: int, rate: float) -> None:
    given, began = 0, time.monotonic()
    for call_sid, caller, happening in cycle(calls(CALLS)):
        with audit.call(call_sid=call_sid, caller=caller):
            for event in happening[: events - given]:
                while not audit.emit(event):
                    voice.waited += 1
                    time.sleep(0.001)
                given += 1
        voice.say(given)
        if given == events:
            return
        if rate:
            time.sleep(max(began + given / rate - time.monotonic(), 0.0))


def main(events: int, rate: float) -> None:
    audit = AuditClient.from_env(service="bench")
    voice = Voice(audit)
    give(audit, voice, events, rate)
    began = time.monotonic()
    while audit.flush(LOOK_SECONDS) and time.monotonic() - began < DEADLINE_SECONDS:
        voice.say(events)
    voice.say(events, at_once=True)
    sys.stdin.readline()
    if audit.close(30):
        raise SystemExit(f"events were lost: {audit.stats()}")


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
