"""What an event costs the caller, and how many of them one process delivers.

    EARWITNESS_HOME=… python tests/bench/bench_client.py [--events 100000]

Needs a running embedded stack, or a broker in EARWITNESS_KAFKA_*. Prints JSON. Each way runs in a process of its own; times
are microseconds of one call `audit.call_started(…)` within a call's scope, with the clock's own cost in them.

    import     milliseconds to import the client and make it, on and off
    noop       switched off, in a tight loop
    hot        in a tight loop of 5,000 calls, delivered between the loops
    paced      500 calls a second, as a busy voice app would make them: caches are cold, the worker is at work
    away       as paced, with no broker to reach
    delivered  as many as it takes: events a second from the first call to the last confirmation
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WAYS = ("noop", "hot", "paced", "away", "delivered")
RATE = 500
IMPORT = """
import time
began = time.perf_counter()
from earwitness.client import AuditClient
imported = time.perf_counter()
AuditClient.from_env(service="bench")
print((imported - began) * 1000, (time.perf_counter() - imported) * 1000)
"""


def environment() -> dict[str, str]:
    if "EARWITNESS_KAFKA_BOOTSTRAP" in os.environ:
        return {name: value for name, value in os.environ.items() if name.startswith("EARWITNESS_")}
    from earwitness.embedded import control

    return control.environment(Path(os.environ.get("EARWITNESS_HOME", ".earwitness")), "producer")


def percentiles(samples: list[int]) -> dict[str, Any]:
    ordered = sorted(samples)
    found = {name: ordered[int(len(ordered) * part)] for name, part in (("p50", 0.5), ("p99", 0.99), ("p99_9", 0.999))}
    return {name: round(value / 1000, 2) for name, value in found.items()} | {"calls": len(ordered)}


def calls(audit: Any, count: int) -> Iterator[int]:
    """The nanoseconds of each of so many calls."""
    clock = time.perf_counter_ns
    for number in range(count):
        began = clock()
        taken = audit.call_started(
            from_number="+15550100",
            to_number="+15550199",
            direction="inbound",
            language="en",
            stir_verstat="TN-Validation-Passed-A",
            attributes={"region": "us"},
        )
        spent = clock() - began
        if not taken:
            raise SystemExit(f"call {number} was refused: {audit.stats()}")
        yield spent


def paced(audit: Any, seconds: float) -> dict[str, Any]:
    samples = []
    due = time.perf_counter()
    for _ in range(round(RATE * seconds)):
        due += 1 / RATE
        time.sleep(max(due - time.perf_counter(), 0))
        samples += calls(audit, 1)
    return percentiles(samples)


def hot(audit: Any, events: int) -> dict[str, Any]:
    samples = []
    while len(samples) < events:
        samples += calls(audit, 5_000)
        audit.flush(30)
    return percentiles(samples)


def delivered(audit: Any, events: int) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(events):
        while not audit.call_started(direction="inbound", language="en", from_number="+15550100"):
            time.sleep(0.001)  # the queue is full: the broker and the worker set the pace
    if audit.flush(60):
        raise SystemExit(f"not everything was delivered: {audit.stats()}")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"events_per_second": round(events / wall), "cpu_us_per_event": round(cpu / events * 1e6, 1)}


def measure(way: str, events: int) -> dict[str, Any]:
    from earwitness.client import AuditClient

    audit = AuditClient.from_env(service="bench")
    with audit.call(call_sid="CA0123456789abcdef0123456789abcdef", caller="+15550100"):
        if way == "delivered":
            found = delivered(audit, events)
        elif way == "hot":
            found = hot(audit, events // 2)
        elif way == "noop":
            found = percentiles(list(calls(audit, events)))
        else:
            found = paced(audit, seconds=8 if way == "paced" else 4)
    audit.close(0.5 if way == "away" else 10)
    return found


def variables(way: str, reached: dict[str, str]) -> dict[str, str]:
    if way == "noop":
        return {"EARWITNESS_ENABLED": "0"}
    if way == "away":
        return {"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:9"}
    return reached


def python(arguments: list[str], added: dict[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EARWITNESS_")}
    return subprocess.run(
        [sys.executable, *arguments], env=kept | added, stdout=subprocess.PIPE, text=True, timeout=300, check=True
    ).stdout


def imports(added: dict[str, str]) -> dict[str, float]:
    found = [[float(part) for part in python(["-c", IMPORT], added).split()] for _ in range(5)]
    return {
        "import_ms": round(statistics.median(imported for imported, _ in found), 1),
        "make_ms": round(statistics.median(made for _, made in found), 1),
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--way", choices=WAYS)
    chosen = options.parse_args()
    if chosen.way is not None:
        print(json.dumps(measure(chosen.way, chosen.events)))
        return
    reached = environment()
    answer: dict[str, Any] = {
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "import_on": imports(reached),
        "import_off": imports(variables("noop", reached)),
    }
    for way in WAYS:
        arguments = [__file__, "--way", way, "--events", str(chosen.events)]
        answer[way] = json.loads(python(arguments, variables(way, reached)))
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
