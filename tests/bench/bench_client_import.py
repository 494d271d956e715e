"""What the client costs an app that starts, and an app that has switched it off.

    python tests/bench/bench_client_import.py [--runs 25]

Needs no stack. Prints JSON. Each start is a fresh process, interleaved with a bare interpreter's, whose time is taken off:
what is left is milliseconds for that one line. Byte code is cached, as it is once a package is installed. `cpu` is user and
system time of the process, which a busy machine changes less than what the clock on the wall says.

    import_on   `from earwitness.client import AuditClient`
    start_on    the same and `AuditClient.from_env()`, of which confluent_kafka alone is `confluent_kafka`
    start_off   the same with EARWITNESS_ENABLED=0
    noop        microseconds of one call, switched off, in a tight loop: an event, and each sort of block
    block       the same, switched on, with an event sink that does nothing: what the block itself adds
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from typing import Any

OFF = {"EARWITNESS_ENABLED": "0"}
ON = {"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:9"}
IMPORT = "from earwitness.client import AuditClient"
STARTS = {
    "import_on": (IMPORT, ON),
    "start_on": (f"{IMPORT}; AuditClient.from_env(service='bench')", ON),
    "start_off": (f"{IMPORT}; AuditClient.from_env(service='bench')", OFF),
    "confluent_kafka": ("import confluent_kafka", {}),
}
GOALS = {"import_on": 60.0, "start_off": 15.0}
NOOP_GOAL = 0.5
CALLS = 20_000


def started(code: str, environ: dict[str, str]) -> tuple[float, float]:
    """Wall and processor milliseconds of one process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, timeout=60)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def starts(runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as cache:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EARWITNESS_", "PYTHON"))}
        kept["PYTHONPYCACHEPREFIX"] = cache
        cases = {"bare": ("pass", kept)} | {name: (code, kept | added) for name, (code, added) in STARTS.items()}
        for code, environ in cases.values():
            started(code, environ)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for _ in range(runs):
            for name, (code, environ) in cases.items():
                found[name].append(started(code, environ))
    bare = found.pop("bare")
    answer = {"bare": _of([wall for wall, _ in bare], [cpu for _, cpu in bare])}
    for name, times in found.items():
        wall = [one - base for (one, _), (base, _) in zip(times, bare, strict=True)]
        cpu = [one - base for (_, one), (_, base) in zip(times, bare, strict=True)]
        answer[name] = _of(wall, cpu)
        fastest = min(one for one, _ in times) - min(base for base, _ in bare)
        answer[name]["min_ms"] = round(fastest, 1)
    return answer


def _of(wall: list[float], cpu: list[float]) -> dict[str, float]:
    return {
        "median_ms": round(statistics.median(wall), 1),
        "min_ms": round(min(wall), 1),
        "cpu_median_ms": round(statistics.median(cpu), 1),
    }


def calls(audit: Any) -> dict[str, float]:
    """Microseconds of one call, of each sort; the best of several loops, as timeit recommends."""

    def event() -> None:
        audit.call_started(from_number="+15550100", to_number="+15550199", direction="inbound", language="en")

    def call() -> None:
        with audit.call(call_sid="CA0123456789abcdef0123456789abcdef", caller="+15550100"):
            pass

    def airtable() -> None:
        with audit.airtable(table="Jobs", operation="select") as query:
            query.rows = 1

    def stage() -> None:
        with audit.stage("confirm_job", input_mode="dtmf", user_input="1") as moved:
            moved.to("ask_action", "user_confirmation_yes")

    @audit.timed("work")  # type: ignore[untyped-decorator]
    def timed() -> None:
        pass

    sorts: list[Callable[[], None]] = [event, call, airtable, stage, timed]
    # The processor's time: that somebody else had it meanwhile is no cost of the call.
    best = {sort.__name__: min(timeit.repeat(sort, timer=time.process_time, number=CALLS, repeat=15)) for sort in sorts}
    return {name: round(seconds / CALLS * 1e6, 2) for name, seconds in best.items()}


def figures(measured: dict[str, Any], noop: dict[str, float]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in STARTS:
        value, goal = measured[name]["median_ms"], GOALS.get(name)
        goals = {} if goal is None else {"goal": f"at most {goal:g} ms", "met": value <= goal}
        found.append({"figure": f"{name}, ms", "value": value} | goals)
    event = noop["event"]
    found.append(
        {"figure": "noop event, us", "value": event, "goal": f"at most {NOOP_GOAL:g} us", "met": event <= NOOP_GOAL}
    )
    return found


def main() -> None:
    from earwitness.client import NoopAudit
    from earwitness.client.noop import OfflineAudit
    from earwitness.schemas.events import Event

    class Sink(OfflineAudit):
        enabled = True  # type: ignore[assignment]

        def emit(self, event: Event) -> bool:  # noqa: ARG002
            return True

    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=25)
    measured = starts(options.parse_args().runs)
    noop, block = calls(NoopAudit()), calls(Sink())
    answer = {"starts": measured, "noop_us": noop, "block_us": block, "figures": figures(measured, noop)}
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
