"""From the raw topics to ClickHouse: earwitness beside a plain Faust agent and quixstreams, both with a sink of rows.

    make bench NAME=end_to_end
    EARWITNESS_HOME=… python tests/bench/bench_end_to_end.py [--events 100000] [--rounds 3] [--systems earwitness,…]

Needs a running embedded stack without workers. The same events are written into the raw topics before each run; the clock
runs from the start of the system's processes to the last row that ClickHouse shows. The systems take turns; a run before all
others warms the broker up and is not counted. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from end_to_end import load, peers
from end_to_end.meter import Meter, await_idle
from end_to_end.systems import PRODUCER, SYSTEMS, Bench, Plan

DEADLINE_SECONDS = 600.0
GOALS = {"events_per_second": 25_000, "faust": 7.0, "quixstreams": 1.7}
_SELDOM, _OFTEN = 0.2, 0.05  # asking costs ClickHouse something too


class BenchError(Exception):
    """A run did not come to its end, or its rows are not the events."""


class Run:
    """The processes of one run."""

    def __init__(self, plan: Plan, meter: Meter, directory: Path) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs = {name: directory / f"{name}-{uuid.uuid4().hex[:8]}.log" for name in plan.commands}
        for name, command in plan.commands.items():
            with self._logs[name].open("wb") as log:
                self._processes[name] = subprocess.Popen(
                    command, env=plan.environments[name], cwd=directory, stdout=log, stderr=log
                )
            meter.add(name, self._processes[name].pid)

    def check(self) -> None:
        """Raises BenchError when one of them has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise BenchError(f"{name} ended with {process.returncode}: {self._tail(name)}")

    def tails(self) -> str:
        return "\n".join(f"{name}: {self._tail(name)}" for name in self._logs)

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _tail(self, name: str) -> str:
        return self._logs[name].read_text("utf-8", "replace")[-2000:]


def measure(
    bench: Bench, plan: Plan, messages: list[load.Message], producer_id: str, directory: Path
) -> dict[str, Any]:
    """One run of one system."""

    def rows() -> int:
        return int(bench.clickhouse.command(f"SELECT count() FROM {plan.table}")) - held

    held = 0
    held = rows()
    load.preload(bench.kafka, messages, plan.raw)
    await_idle(bench.servers())
    meter = Meter(bench.servers())
    began = time.perf_counter()
    run = Run(plan, meter, directory)
    first = 0.0
    try:
        while (seen := rows()) < len(messages):
            elapsed = time.perf_counter() - began
            first = first or (elapsed if seen else 0.0)
            if elapsed > DEADLINE_SECONDS:
                raise BenchError(f"{seen} of {len(messages)} rows after {elapsed:.0f} s\n{run.tails()}")
            run.check()
            meter.look()
            time.sleep(_OFTEN if seen > 0.8 * len(messages) else _SELDOM)
        seconds = time.perf_counter() - began
        cpu, memory = meter.cpu_seconds(), meter.peak_rss_mb()
    finally:
        run.stop()
    ids = int(
        bench.clickhouse.command(f"SELECT uniqExact(event_id) FROM {plan.table} WHERE producer_id = '{producer_id}'")
    )
    if ids != len(messages):
        raise BenchError(f"{plan.table} holds {ids} of the {len(messages)} events")
    return {
        "seconds": round(seconds, 2),
        "events_per_second": round(len(messages) / seconds),
        "first_row_seconds": round(first or seconds, 2),
        "cpu_seconds": cpu,
        "cpu_us_per_event": round(sum(cpu.values(), -cpu["benchmark"] - cpu["others"]) / len(messages) * 1e6, 1),
        "peak_rss_mb": memory,
        "rows_beyond": rows() - len(messages),
    }


def summary(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Median, least and most a system; ratios of the medians; the figures beside their goals."""
    systems: dict[str, Any] = {}
    for system, found in runs.items():
        rates = [run["events_per_second"] for run in found]
        systems[system] = {
            "median": round(statistics.median(rates)),
            "min": min(rates),
            "max": max(rates),
            "runs": found,
        }
    figures = []
    for system, found in systems.items():
        goal = GOALS["events_per_second"] if system == "earwitness" else None
        figures.append(_figure(f"{system}, events/s", found["median"], goal))
    if "earwitness" in systems:
        for peer in systems.keys() - {"earwitness"}:
            ratio = round(systems["earwitness"]["median"] / systems[peer]["median"], 2)
            figures.append(_figure(f"earwitness / {peer}", ratio, GOALS[peer]))
    return {"systems": systems, "figures": figures}


def _figure(what: str, value: float, goal: float | None) -> dict[str, Any]:
    return {"figure": what, "value": value} | ({"goal": f">= {goal:g}", "met": value >= goal} if goal else {})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    given = parser.parse_args()
    chosen = given.systems.split(",")
    if unknown := [system for system in chosen if system not in SYSTEMS]:
        parser.error(f"there is no system {unknown[0]}; choose among {', '.join(SYSTEMS)}")
    if "EARWITNESS_HOME" not in os.environ:
        parser.error("no stack: set EARWITNESS_HOME to the home of a running one, or run: make bench NAME=end_to_end")
    if "quixstreams" in chosen:
        peers.python()
    runs: dict[str, list[dict[str, Any]]] = {system: [] for system in chosen}
    with tempfile.TemporaryDirectory(prefix="earwitness-bench-") as name:
        directory = Path(name)
        bench = Bench(Path(os.environ["EARWITNESS_HOME"]), directory)
        for number in range(given.rounds + 1):
            producer_id = f"{PRODUCER}{uuid.uuid4().hex[:8]}"
            messages = load.events(given.events, number, producer_id)
            turn = number % len(chosen)
            # Round 0 is not counted, and the quickest system is enough for it: it makes the broker's JVM compile.
            for system in chosen[turn:] + chosen[:turn] if number else [SYSTEMS[0]]:
                with bench.plan(system) as plan:
                    found = measure(bench, plan, messages, producer_id, directory)
                if number:
                    runs[system].append(found)
                print(f"{number} {system}: {found['events_per_second']} events/s", file=sys.stderr, flush=True)
    value_bytes = round(statistics.mean(len(value) for _, _, value in messages))
    setting = {"events": given.events, "rounds": given.rounds, "value_bytes": value_bytes}
    print(json.dumps({"bench": "end_to_end", **setting, **summary(runs)}))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"end_to_end: {error}")
