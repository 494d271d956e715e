"""An hour at a steady rate: each process's memory over time, and at the end what an event takes on disk.

    make bench NAME=soak
    EARWITNESS_HOME=… python tests/bench/bench_soak.py [--rate 500] [--seconds 3600]

Needs a running embedded stack without workers. Memory is resident (RSS) every ten seconds. Flat is: over the second half, a line
through the samples rises by less than 5 % of its middle. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
from steady import disk, pipeline

from earwitness.clickhouse.server import Server
from earwitness.embedded import control
from earwitness.runtime.settings import Settings

LOOK_SECONDS = 10.0
DEADLINE_SECONDS = 120.0
FLAT = 0.05


class SoakError(Exception):
    """The app or a worker ended early, or events are missing."""


def course(samples: list[tuple[float, int]]) -> dict[str, Any]:
    """A process's memory, MB: at quarters of the time, its peak, and the second half's rise."""
    end = samples[-1][0]
    half = [(seconds, size / 2**20) for seconds, size in samples if seconds >= end / 2]
    slope = statistics.linear_regression(*zip(*half, strict=True)).slope
    rise = slope * (half[-1][0] - half[0][0])
    middle = statistics.median(size for _, size in half)
    quarters = [samples[round((len(samples) - 1) * part / 4)][1] >> 20 for part in range(1, 5)]
    return {
        "mb_at_quarters": quarters,
        "peak_mb": max(size for _, size in samples) >> 20,
        "rise_mb": round(rise, 1),
        "flat": rise < FLAT * middle,
    }


def watch(running: pipeline.Pipeline, source: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Look at every process until the app has ended."""
    pids = running.servers() | {stage: worker.pid for stage, worker in running.workers.items()} | {"app": source.pid}
    processes = {name: psutil.Process(pid) for name, pid in pids.items()}
    samples: dict[str, list[tuple[float, int]]] = {name: [] for name in processes}
    cpu = {name: _cpu(process) for name, process in processes.items()}
    started = time.monotonic()
    while True:
        try:
            source.wait(LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            running.check()
            for name, process in processes.items():
                samples[name].append((time.monotonic() - started, process.memory_info().rss))
    seconds = time.monotonic() - started
    del processes["app"]
    used = {name: round((_cpu(process) - cpu[name]) / seconds, 3) for name, process in processes.items()}
    return {name: course(found) | {"cores": used.get(name)} for name, found in samples.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=500.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=3600.0)
    given = parser.parse_args()
    home = Path(os.environ.get("EARWITNESS_HOME", ".earwitness"))
    admin = Server(Settings.load(control.environment(home, "admin")).need_clickhouse(), timeout=900.0)
    service = f"soak-{uuid.uuid4().hex[:8]}"
    with pipeline.running(home) as running:
        source = running.source(service, given.rate, given.seconds)
        memory = watch(running, source)
        if source.returncode:
            raise SoakError(f"the app ended with {source.returncode}")
        told = json.loads(source.stdout.read())
        stored = _await(admin, service, told["taken"])
    figures = [
        {"figure": f"{name}, MB, rise over the second half", "value": found["rise_mb"]}
        | {"goal": f"< {FLAT:.0%}", "met": found["flat"]}
        for name, found in memory.items()
    ]
    print(
        json.dumps(
            {"benchmark": "soak", "rate": given.rate, "seconds": given.seconds, "app": told, "stored": stored}
            | {"memory": memory, "disk": disk.bytes_an_event(admin), "figures": figures}
        )
    )


def _await(admin: Server, service: str, taken: int) -> int:
    """How many of the app's events are stored: all of them, each once."""
    query = "SELECT count(), uniqExact(event_id) FROM store.events WHERE service = {s:String} AND NOT startsWith(kind, 'trail.')"
    for _ in pipeline.until(time.monotonic() + DEADLINE_SECONDS, 1.0):
        [[rows, distinct]] = admin.rows(query, {"s": service})
        if rows >= taken:
            break
    if not rows == distinct == taken:
        raise SoakError(f"the client took {taken} events; {rows} rows with {distinct} event ids are stored")
    return int(rows)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
