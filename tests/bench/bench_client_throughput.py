"""How many events one process gets to the broker, and into and out of its spool.

    make bench NAME=client_throughput
    EARWITNESS_HOME=… python tests/bench/bench_client_throughput.py [--rounds 3] [--events 300000]

Needs a running embedded stack, or a broker in EARWITNESS_KAFKA_*. Whole calls of 22 events, made beforehand; each way runs in
a process of its own, the ways take turns. Rates are events a second, medians of the rounds. Prints JSON.

    deliver/…   as fast as the client takes them, by durability: from the first call to the last confirmation
    spooled     while the broker is cut off: from the first call until all is in the spool
    replayed    once it is back: until all of that is confirmed; nobody hurries it, the client paces itself
    left        no broker from the start to the end: until all is in the spool and the process has closed it
    adopted     by the next process: found, taken over, sent, confirmed
    abandoned   into the journal, by a process that ends without closing it
    recovered   out of that journal, by the next process: found, taken over, sent, confirmed
    spool/…     SQLite alone, by `EARWITNESS_SPOOL_SYNC`: appended in transactions of 500 and 8, read, deleted
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from client_systems import children, systems
from client_systems.children import Child

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
from proxy import Proxy

GOAL = 50_000
SOURCE, STORE = "client_throughput/source.py", "client_throughput/store.py"
NOWHERE = "127.0.0.1:9"
ADDRESS = "EARWITNESS_KAFKA_BOOTSTRAP"
SYNCS = ("normal", "full")
IN_A_JOURNAL = 8_000
"""Fewer than a queue holds: what waits longer goes into the spool."""


def deliver(broker: dict[str, str], events: int, durability: str) -> Any:
    with children.scratch() as directory:
        environ = children.environment(durability, broker, directory)
        with Child(SOURCE, ["deliver", str(events)], environ) as child:
            return child.result()


def outage(broker: dict[str, str], events: int) -> Any:
    """The broker goes and comes."""
    with children.scratch() as directory, Proxy(broker[ADDRESS]) as proxy:
        environ = children.environment("spool_first", broker | {ADDRESS: proxy.address}, directory)
        with Child(SOURCE, ["replay", str(events)], environ) as child:
            child.expect("warm")
            proxy.cut()
            child.go()
            child.expect("spooled")
            proxy.resume()
            child.go()
            return child.result()


def succession(broker: dict[str, str], events: int, first: str, durability: str) -> dict[str, Any]:
    """A process that reaches no broker, and its successor."""
    found = {}
    with children.scratch() as directory:
        for way, address in ((first, NOWHERE), ("adopt", broker[ADDRESS])):
            environ = children.environment(durability, broker | {ADDRESS: address}, directory)
            with Child(SOURCE, [way, str(events)], environ) as child:
                found[way] = child.result()
    return found


def store(events: int, sync: str) -> Any:
    with children.scratch() as directory, Child(STORE, [str(events), str(directory), sync], {}) as child:
        return child.result()


def one_round(broker: dict[str, str], events: int) -> dict[str, Any]:
    """Every way once: its rates, by name."""
    found: dict[str, Any] = {}
    for durability in systems.OURS:
        children.tell(f"deliver/{durability}")
        found[f"deliver/{durability}"] = deliver(broker, events, durability)
    children.tell("outage, replay")
    both = outage(broker, events // 3)
    found |= {"spooled": both["spooled_in_outage"], "replayed": both["replayed"]}
    children.tell("succession")
    both = succession(broker, events // 3, "leave", "spool_first")
    found |= {"left": both["leave"], "adopted": both["adopt"]}
    both = succession(broker, min(events // 3, IN_A_JOURNAL), "abandon", "journal")
    found |= {"abandoned": both["abandon"], "recovered": both["adopt"]}
    for sync in SYNCS:
        children.tell(f"spool/{sync}")
        found[f"spool/{sync}"] = store(events // 3, sync)
    return found


def summary(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    figures = []
    for way, first in rounds[0].items():
        for name in first:
            values = [found[way][name] for found in rounds]
            value = round(statistics.median(values), 1)
            what = f"{way}, {name.replace('_', ' ')}"
            figure = {"figure": what, "value": value, "least": min(values), "most": max(values)}
            if way.startswith("deliver/") and name == "events_per_second":
                figure |= {"goal": f">= {GOAL}", "met": value >= GOAL}
            figures.append(figure)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=300_000, help="delivered; a third of them goes through spools")
    given = parser.parse_args()
    broker = children.reached()
    rounds = [one_round(broker, given.events) for _ in range(given.rounds)]
    print(json.dumps({"events": given.events, "rounds": rounds, "figures": summary(rounds)}))


if __name__ == "__main__":
    main()
