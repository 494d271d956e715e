"""Ten million events through one client: does its memory stay where it is, and do its books stay right?

    make bench NAME=client_soak
    EARWITNESS_HOME=… python tests/bench/bench_client_soak.py [--events 10000000] [--rate 0] [--down 0.2 0.24] [--durability …]

Needs a running embedded stack, or a broker in EARWITNESS_KAFKA_*. Whole calls, as fast as the client takes them or at a rate.
Between two parts of the events the broker is cut off, so that the client opens its breaker, fills the spool and empties it
again. Memory is resident (RSS), each second. Flat is: over the second half of the events, a line through the samples rises by
less than 5 % of their middle. Nothing may be lost: every event is confirmed, and the topics have grown by as many at least.

Prints JSON; on standard error it says how far it is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from client_systems import children, systems
from client_systems.children import Child
from confluent_kafka import Consumer, TopicPartition

from earwitness.embedded import control
from earwitness.runtime.settings import KafkaSettings, Settings
from earwitness.runtime.topic_names import RAW
from earwitness.schemas import catalogue

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
from proxy import Proxy

FLAT = 0.05
STEPS = 20
ADDRESS = "EARWITNESS_KAFKA_BOOTSTRAP"
Sample = dict[str, Any]


class SoakError(Exception):
    """Events are missing, or the client's books do not add up."""


def watch(child: Child, events: int, down: tuple[float, float], proxy: Proxy) -> list[Sample]:
    """Every line of the app, with its memory at that moment, while the broker goes and comes."""
    process, samples = psutil.Process(child.process.pid), list[Sample]()
    is_down, has_been, told = False, False, 0
    while True:
        sample = json.loads(child.line()) | {"rss": process.memory_info().rss}
        samples.append(sample | {"down": is_down})
        part = sample["given"] / events
        if not is_down and not has_been and down[0] <= part < down[1]:
            proxy.cut()
            is_down = has_been = True
            children.tell(f"{part:.0%}: the broker goes")
        elif is_down and part >= down[1] and (sample["breaker_open"] or part == 1):
            proxy.resume()
            is_down = False
            children.tell(f"{part:.0%}: the broker comes")
        if not sample["balanced"]:
            raise SoakError(f"the client's books do not add up: {sample}")
        if part * STEPS >= told:
            told += 1
            children.tell(
                f"{part:.0%}: {sample['rss'] >> 20} MB, {sample['queued']} queued, {sample['spooled']} spooled"
            )
        if sample["given"] == sample["acknowledged"] + sample["dropped"] == events:
            child.go()
            return samples


def course(samples: list[Sample], events: int) -> dict[str, Any]:
    """The memory, MB: at tenths of the events, its peaks, and how the second half rises."""
    half = [(sample["given"] / 1e6, sample["rss"] / 2**20) for sample in samples if sample["given"] >= events / 2]
    slope = statistics.linear_regression(*zip(*half, strict=True)).slope
    rise = slope * (half[-1][0] - half[0][0])
    tenths = [
        next(sample for sample in samples if sample["given"] >= events * part / 10)["rss"] >> 20 for part in range(11)
    ]
    return {
        "mb_at_tenths": tenths,
        "peak_mb": max(sample["rss"] for sample in samples) >> 20,
        "peak_mb_down": max((sample["rss"] for sample in samples if sample["breaker_open"]), default=0) >> 20,
        "second_half_mb": round(statistics.median(size for _, size in half), 1),
        "rise_mb": round(rise, 2),
        "mb_per_million": round(slope, 3),
        "flat": rise < FLAT * statistics.median(size for _, size in half),
    }


def rates(samples: list[Sample]) -> dict[str, Any]:
    """Events a second that were given, with the broker there and with it away."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for before, after in pairwise(samples):
        if after["given"] > before["given"]:
            rate = (after["given"] - before["given"]) / (after["seconds"] - before["seconds"])
            found[bool(after["breaker_open"])].append(rate)
    return {
        name: round(statistics.median(found[is_open])) if found[is_open] else None
        for name, is_open in (("up", False), ("breaker_open", True))
    }


def stored(kafka: KafkaSettings) -> int:
    """Messages in all raw topics."""
    consumer = Consumer(kafka.librdkafka() | {"group.id": "bench-client-soak"})
    try:
        topics = consumer.list_topics(timeout=10).topics
        total = 0
        for name in {RAW + family for family in catalogue.FAMILIES} & topics.keys():
            for partition in topics[name].partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=10)
                total += high - low
        return total
    finally:
        consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rate", type=float, default=0.0, help="events a second; 0: as fast as they are taken")
    parser.add_argument("--down", type=float, nargs=2, default=(0.2, 0.24), metavar=("FROM", "TO"))
    parser.add_argument("--durability", choices=systems.OURS, default="spool_first")
    given = parser.parse_args()
    broker = children.reached()
    reader = (
        control.environment(Path(os.environ["EARWITNESS_HOME"]), "admin") if "EARWITNESS_HOME" in os.environ else broker
    )
    kafka = Settings.load(reader).need_kafka()
    before = stored(kafka)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(children.scratch())
        proxy = stack.enter_context(Proxy(broker[ADDRESS]))
        environ = children.environment(given.durability, broker | {ADDRESS: proxy.address}, directory)
        child = stack.enter_context(Child("client_soak/source.py", [str(given.events), str(given.rate)], environ))
        samples = watch(child, given.events, tuple(given.down), proxy)
        if child.process.wait(60):
            raise SoakError(f"the app ended with {child.process.returncode}")
        left = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    grown, last = stored(kafka) - before, samples[-1]
    if last["dropped"] or grown < given.events:
        raise SoakError(f"{given.events} events were given, the topics have grown by {grown}: {last}")
    memory = course(samples, given.events)
    most = {name: max(sample[name] for sample in samples) for name in ("queued", "in_flight", "spooled", "spool_bytes")}
    figures = [
        {"figure": "MB, rise over the second half", "value": memory["rise_mb"]}
        | {"goal": f"< {FLAT:.0%}", "met": memory["flat"]},
        {"figure": "MB a million events, second half", "value": memory["mb_per_million"]},
        {"figure": "MB, middle of the second half", "value": memory["second_half_mb"]},
        {"figure": "MB, peak", "value": memory["peak_mb"]},
        {"figure": "bytes left in the spool", "value": left},
        *({"figure": f"{name}, most", "value": value} for name, value in most.items()),
        *({"figure": f"events/s, {name}", "value": value} for name, value in rates(samples).items() if value),
    ]
    every = max(1, len(samples) // 200)
    print(
        json.dumps(
            {"events": given.events, "rate": given.rate, "down": given.down, "durability": given.durability}
            | {"seconds": last["seconds"], "written": grown, "replayed": last["replayed"], "memory": memory}
            | {"internal_errors": last["internal_errors"], "samples": samples[::every], "figures": figures}
        )
    )


if __name__ == "__main__":
    main()
