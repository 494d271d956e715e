"""How long an event takes from the client's acceptance until an analyst's view shows it, at a steady rate.

    make bench NAME=freshness
    EARWITNESS_HOME=… python tests/bench/bench_freshness.py [--rates 200,2000] [--seconds 60]

Needs a running embedded stack without workers. An app emits whole calls at the rate; an analyst asks the view `audit.events`
every 100 ms which events are there, so a figure may be too high by that, and by what the question itself takes. Of the events
about 100 a second are looked at. Accepted is when the client stamped it. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

from steady import pipeline

from earwitness.clickhouse.server import Server
from earwitness.embedded import control
from earwitness.runtime.settings import Settings

LOOK_SECONDS = 0.1
LOOKED_AT = 100
WARM_SECONDS = 10.0
GOAL_P99_SECONDS = 3.0
DEADLINE_SECONDS = 60.0

_SEEN = """SELECT sequence, toUnixTimestamp64Micro(occurred_at) FROM audit.events
WHERE service = {service:String} AND sequence % {step:UInt32} = 0 AND occurred_at > fromUnixTimestamp64Micro({since:Int64})"""


class FreshnessError(Exception):
    """Events that the client took did not become visible."""


def measure(running: pipeline.Pipeline, analyst: Server, rate: int, seconds: float) -> dict[str, Any]:
    """The seconds between acceptance and sight at one rate."""
    service = f"fresh-{uuid.uuid4().hex[:8]}"
    step = max(1, rate // LOOKED_AT)
    started = time.time()
    source = running.source(service, rate, WARM_SECONDS + seconds)
    waits: dict[int, float] = {}
    wanted: int | None = None
    late_ms = 0.0
    since = started
    deadline = time.monotonic() + WARM_SECONDS + seconds + DEADLINE_SECONDS
    for _ in pipeline.until(deadline, LOOK_SECONDS):
        running.check()
        parameters = {"service": service, "step": step, "since": round(since * 1e6)}
        rows = analyst.rows(_SEEN, parameters)
        now = time.time()
        for sequence, occurred in rows:
            waits.setdefault(sequence, now - occurred / 1e6)
        # What is not seen after so long is looked for at the end, in all that was sent.
        since = max(started, now - 5.0)
        if wanted is None and source.poll() is not None:
            if source.returncode:
                raise FreshnessError(f"the app ended with {source.returncode}")
            told = json.loads(source.stdout.read())
            wanted, late_ms = told["taken"] // step, told["late_ms"]
        if wanted is not None:
            since = started
            if len(waits) >= wanted:
                break
    else:
        raise FreshnessError(f"{len(waits)} of {wanted} events became visible at {rate}/s")
    warm = int(rate * WARM_SECONDS)
    ordered = sorted(wait for sequence, wait in waits.items() if sequence > warm)
    found = {name: round(ordered[int(len(ordered) * part)], 3) for name, part in (("p50", 0.5), ("p99", 0.99))}
    return found | {"max": round(ordered[-1], 3), "looked_at": len(ordered), "app_late_ms": late_ms}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="200,2000", help="events a second, with commas")
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    home = Path(os.environ.get("EARWITNESS_HOME", ".earwitness"))
    analyst = Server(Settings.load(control.environment(home, "analyst")).need_clickhouse())
    with pipeline.running(home) as running:
        rates = {int(rate): measure(running, analyst, int(rate), given.seconds) for rate in str(given.rates).split(",")}
    figures = [
        {"figure": f"{rate}/s, seconds, {name}", "value": found[name]}
        | ({"goal": f"<= {GOAL_P99_SECONDS:g}", "met": found[name] <= GOAL_P99_SECONDS} if name == "p99" else {})
        for rate, found in rates.items()
        for name in ("p50", "p99", "max")
    ]
    print(json.dumps({"benchmark": "freshness", "rates": rates, "figures": figures}))


if __name__ == "__main__":
    main()
