"""What an event costs the thread that gives it, beside what else an app could call.

    make bench NAME=client_caller
    EARWITNESS_HOME=… python tests/bench/bench_client_caller.py [--rounds 3] [--hot 50000] [--paced 5000] [--systems …]

Needs a running embedded stack, or a broker in EARWITNESS_KAFKA_*. Every system takes the same event of 25 values from the
same line of code (`client_systems`), in a process of its own; the systems take turns, in another order each round. Times are
microseconds of one call, the clock's own cost included, which is the row `clock`; a figure is the median of the rounds.

    paced   500 calls a second, each after a sleep: caches are cold, and whoever works behind is at work
    hot     bursts of 5,000 calls in a tight loop, with time to settle in between
    /down   the broker is cut off by a proxy when the system is warm: paced begins at that moment, hot is the outage later on

Prints JSON, and on standard error the table for the documentation.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import sys
from pathlib import Path
from typing import Any

from client_systems import children, systems
from client_systems.children import DOWN, Child

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
from proxy import Proxy

PACES = ("paced", "hot")
PERCENTILES = ("p50", "p99", "p99_9", "max")
CHOICES = (*systems.ALL, *(name + DOWN for name in systems.NEED_BROKER))
GOALS = {("paced", "p50"): 10.0, ("paced", "p99"): 50.0}
OFF_GOALS = {("hot", "p50"): 0.5}
RATE = 500.0


def measure(system: str, broker: dict[str, str], hot: int, paced: int) -> dict[str, Any]:
    """One system, once."""
    name, _, is_down = system.partition("/")
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(children.scratch())
        proxy = None
        if is_down:
            proxy = stack.enter_context(Proxy(broker["EARWITNESS_KAFKA_BOOTSTRAP"]))
            broker = broker | {"EARWITNESS_KAFKA_BOOTSTRAP": proxy.address}
        environ = children.environment(name, broker, directory)
        arguments = [name, str(hot), str(paced), str(RATE), str(directory)]
        child = stack.enter_context(Child("client_systems/caller.py", arguments, environ, children.python(name)))
        child.expect("ready")
        if proxy is not None:
            proxy.cut()
        child.go()
        found: dict[str, Any] = child.result()
    if found["refused"] and not is_down:
        raise children.ChildError(f"{system} did not take {found['refused']} events, so its figures are none")
    return found


def summary(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """A figure for each system, pace and percentile; the longest is the longest of all rounds."""
    figures = []
    for system, found in runs.items():
        name = system.removesuffix(DOWN)
        goals = GOALS if name in systems.OURS else OFF_GOALS if name == "off" else {}
        for pace in PACES:
            for percentile in PERCENTILES:
                values = [run[pace][percentile] for run in found]
                value = max(values) if percentile == "max" else round(statistics.median(values), 2)
                figure = {"figure": f"{system}, {pace}, {percentile}, µs", "value": value}
                figure |= {"least": min(values), "most": max(values)}
                goal = goals.get((pace, percentile))
                figures.append(figure | ({"goal": f"<= {goal:g}", "met": value <= goal} if goal else {}))
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """The same, a row a system."""
    columns = [(pace, percentile) for pace in PACES for percentile in PERCENTILES]
    found = {tuple(figure["figure"].split(", ")[:3]): figure["value"] for figure in figures}
    rows = [f"| system | {' | '.join(f'{pace} {percentile}' for pace, percentile in columns)} |"]
    rows.append("|---" * (len(columns) + 1) + "|")
    rows += [
        f"| {system} | {' | '.join(f'{found[system, *column]:g}' for column in columns)} |"
        for system in dict.fromkeys(key[0] for key in found)
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hot", type=int, default=50_000, help="events")
    parser.add_argument("--paced", type=int, default=5_000, help="events")
    parser.add_argument("--systems", default=",".join(CHOICES))
    given = parser.parse_args()
    chosen = given.systems.split(",")
    if unknown := [system for system in chosen if system not in CHOICES]:
        parser.error(f"there is no system {unknown[0]}; choose among {', '.join(CHOICES)}")
    broker = children.reached()
    runs: dict[str, list[dict[str, Any]]] = {system: [] for system in chosen}
    for number in range(given.rounds):
        order = random.Random(number).sample(chosen, len(chosen))
        for system in order:
            children.tell(f"round {number + 1}: {system}")
            runs[system].append(measure(system, broker, given.hot, given.paced))
    figures = summary(runs)
    children.tell(table(figures))
    print(json.dumps({"rate": RATE, "runs": runs, "figures": figures}))


if __name__ == "__main__":
    main()
