"""The sink alone: masked records of all kinds mixed, preloaded in Kafka, until the last one is in ClickHouse.

    EARWITNESS_… python tests/bench/bench_sink.py [--records 400000] [--workers 1]

Settings come from the environment, as an administrator of an embedded stack without workers. Prints JSON: rows a second from
the worker's start to the last row, and CPU a row of the worker (all threads) and of ClickHouse (merges included).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from earwitness.clickhouse import worker
from earwitness.clickhouse.positions import position_of
from earwitness.clickhouse.routes import GROUP, TOPICS
from earwitness.clickhouse.server import Server
from earwitness.embedded import control
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue
from earwitness.schemas.varint import encode_long

PARTITIONS = 6
DISTINCT = 21 * 500
DEADLINE_SECONDS = 300.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work()
        return
    settings = Settings.load()
    topic_id = uuid.uuid4().bytes
    forget_the_past(settings)
    size = preload(settings, topic_id, arguments.records)
    server = Server(settings.need_clickhouse())
    clickhouse = next(each for each in control.status(settings.home).services if each.name == "clickhouse")
    process = psutil.Process(clickhouse.process.pid)
    before = sum(process.cpu_times()[:2])
    workers = [
        subprocess.Popen([sys.executable, __file__, "--worker"], stdout=subprocess.PIPE)
        for _ in range(arguments.workers)
    ]
    ready = [json.loads(each.stdout.readline())["ready"] for each in workers]
    stored = wait(server, topic_id, arguments.records)
    last = server.rows(
        "SELECT toUnixTimestamp64Milli(max(inserted_at)) FROM store.events WHERE source_topic_id = unhex({t:String})",
        {"t": topic_id.hex()},
    )
    for each in workers:
        each.send_signal(signal.SIGTERM)
    cpu = sum(json.loads(each.stdout.read())["cpu"] for each in workers)
    served = sum(process.cpu_times()[:2]) - before
    seconds = last[0][0] / 1000 - min(ready)
    print(
        json.dumps(
            {
                "benchmark": "sink",
                "records": arguments.records,
                "kinds": len(catalogue.kinds()),
                "bytes_a_record": round(size / arguments.records),
                "workers": arguments.workers,
                "stored": stored,
                "seconds": round(seconds, 2),
                "rows_per_second": round(arguments.records / seconds),
                "worker_cpu_us_per_row": round(cpu / arguments.records * 1e6, 2),
                "clickhouse_cpu_us_per_row": round(served / arguments.records * 1e6, 2),
                "cpu_us_per_row": round((cpu + served) / arguments.records * 1e6, 2),
            }
        )
    )


def work() -> None:
    start: list[float] = []

    def ready() -> None:
        start.append(cpu())
        print(json.dumps({"ready": time.time()}), flush=True)

    worker.run(Settings.load(), ready)
    print(json.dumps({"cpu": cpu() - start[0]}), flush=True)


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def forget_the_past(settings: Settings) -> None:
    """What other benchmarks left in the topics counts as read."""
    admin = AdminClient(settings.need_kafka().librdkafka())
    found = admin.list_topics(timeout=10).topics
    every = [TopicPartition(topic, number) for topic in TOPICS for number in found[topic].partitions]
    ends = admin.list_offsets({each: OffsetSpec.latest() for each in every})
    marks = [TopicPartition(each.topic, each.partition, future.result(10).offset) for each, future in ends.items()]
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(GROUP, marks)])[GROUP].result(10)


def preload(settings: Settings, topic_id: bytes, count: int) -> int:
    spec = importlib.util.spec_from_file_location(
        "masked_records", Path(__file__).parents[1] / "integration" / "masked_records.py"
    )
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    distinct = []
    for number, message in enumerate(module.masked_messages(1, topic_id, 0, range(DISTINCT))):
        family = catalogue.kinds()[number % len(catalogue.kinds())].split(".")[0]
        rest = 22 + len(encode_long(0)) + len(encode_long(position_of(message).offset))
        distinct.append((f"audit.masked.{family}", message[:22], message[rest:]))
    producer = Producer(
        {**settings.need_kafka().librdkafka(), "linger.ms": 50, "compression.type": "lz4", "acks": "all"}
    )
    size = 0
    for number in range(count):
        topic, head, rest = distinct[number % DISTINCT]
        partition = number % PARTITIONS
        value = head + encode_long(partition) + encode_long(number) + rest
        size += len(value)
        while True:
            try:
                producer.produce(topic, value, partition=partition)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(120) == 0
    return size


def wait(server: Server, topic_id: bytes, count: int) -> int:
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = threading.Event()
    while True:
        stored = server.rows(
            "SELECT count() FROM store.events WHERE source_topic_id = unhex({t:String})", {"t": topic_id.hex()}
        )[0][0]
        if stored >= count or time.monotonic() > deadline:
            return int(stored)
        pause.wait(0.5)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
