"""An app that leaves events behind at a steady rate, through the client: a process of its own.

    EARWITNESS_… python tests/bench/steady/source.py SERVICE RATE SECONDS

Whole calls of the end-to-end benchmark's kinds. Prints one line of JSON when all is delivered: how many events the client took,
and by how much the app itself was late at worst.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from end_to_end import load

from earwitness.client import AuditClient
from earwitness.schemas.events import EVENTS

_PAUSE = 0.002


def main(service: str, rate: float, seconds: float) -> None:
    audit = AuditClient.from_env(service=service)
    wanted, taken, behind = int(rate * seconds), 0, 0.0
    started = time.monotonic()
    for call_sid, caller, events in load.calls(seed=int(rate)):
        with audit.call(call_sid=call_sid, caller=caller):
            for kind, fields in events:
                due = started + taken / rate
                while (now := time.monotonic()) < due:
                    time.sleep(max(due - now, _PAUSE))
                behind = max(behind, now - due)
                if not audit.emit(EVENTS[kind](**fields)):
                    raise SystemExit(f"event {taken} was refused: {audit.stats()}")
                taken += 1
                if taken == wanted:
                    break
        if taken == wanted:
            break
    left = audit.flush(60)
    audit.close(10)
    if left:
        raise SystemExit(f"{left} events were not delivered")
    print(json.dumps({"taken": taken, "late_ms": round(behind * 1000, 1)}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
