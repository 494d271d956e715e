"""CPU a record of Faust with slices, beside what Faust offers itself: same broker, same topic, same run.

    EARWITNESS_KAFKA_BOOTSTRAP=… python tests/bench/bench_transport.py [--records 600000]

Settings come from EARWITNESS_KAFKA_*; the user must be allowed to make topics. Prints JSON. Each way runs in a process of
its own; what is measured is the process's CPU time (all threads) from its first record to its last.

    slices      agent on the slices transport, which acknowledges and does nothing else
    stage       a whole stage: copies each record, produces, confirms, ledger entry, acknowledges
    plain       Faust's own transport, `async for event in stream`
    noack_take  Faust's own transport, `stream.noack().noack_take(2000, within=0.2)`
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faust
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from faust.exceptions import AlreadyConfiguredWarning
from mode import CrashingSupervisor
from yarl import URL

from earwitness.runtime.settings import KafkaSettings, Settings
from earwitness.stream import Output, QuarantineKey, Result, SourceSlice, build_app, run, run_stage

SLOW = ("plain", "noack_take")
WAYS = ("slices", "stage", *SLOW)
PARTITIONS = 6


class Meter:
    """CPU and wall time between the first and the last record; ends the process after the last."""

    def __init__(self, records: int) -> None:
        self._left = self._records = records

    def count(self, records: int) -> None:
        if self._left == self._records:
            self._wall, self._cpu = time.perf_counter(), time.process_time()
            self._first = records
        self._left -= records
        if self._left <= 0:
            # The first batch was not measured, so it does not count.
            counted = self._records - self._left - self._first
            wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
            answer = {
                "records": counted,
                "cpu_us_per_record": round(cpu / counted * 1e6, 2),
                "records_per_second": round(counted / wall),
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
            print(json.dumps(answer), flush=True)
            os._exit(0)


class CopyingStep:
    """The least that a stage can do: the same bytes to the same partition."""

    def __init__(self, meter: Meter, into: str) -> None:
        self._meter, self._into = meter, into

    def process(self, source: SourceSlice) -> Result:
        self._meter.count(len(source.records))
        messages = [{"key": record.key, "value": record.value} for record in source.records]
        outputs = [Output(self._into, source.partition, messages)]
        return Result(outputs, outcomes=[("masked", source.first, source.last)])


def child(way: str, kafka: KafkaSettings, topic: str, into: str, records: int) -> None:
    meter = Meter(records)
    if way == "stage":
        key = QuarantineKey("bench", os.urandom(32))
        run_stage(f"bench-{uuid.uuid4().hex[:8]}", [topic], CopyingStep(meter, into), kafka=kafka, quarantine=key)
        return
    app = build_app(
        f"bench-{uuid.uuid4().hex[:8]}", kafka, directory=Path(tempfile.mkdtemp(prefix="earwitness-bench-"))
    )
    if way in SLOW:
        servers = [URL(str(url).replace("slices:", "kafka:")) for url in app.conf.broker]
        warnings.simplefilter("ignore", AlreadyConfiguredWarning)
        app.conf.broker = app.conf.broker_consumer = app.conf.broker_producer = servers
        app.conf.stream_buffer_maxsize = 4096
    channel = app.topic(topic, key_type=bytes, key_serializer="raw", value_type=bytes, value_serializer="raw")

    async def slices(stream: Any) -> None:
        async for event in stream.noack().events():
            meter.count(len(event.value))
            event.ack()

    async def plain(stream: Any) -> None:
        async for _ in stream.events():
            meter.count(1)

    async def noack_take(stream: Any) -> None:
        async for events in stream.noack().noack_take(2000, within=0.2):
            meter.count(len(events))
            for event in events:
                event.ack()

    body = {"slices": slices, "plain": plain, "noack_take": noack_take}[way]
    app.agent(channel, name="bench", concurrency=1, supervisor_strategy=CrashingSupervisor)(body)
    run(app)


@contextlib.contextmanager
def topics(kafka: KafkaSettings, records: int) -> Iterator[tuple[str, str]]:
    """A filled topic and an empty one; both deleted at the end."""
    admin = AdminClient(kafka.librdkafka())
    names = (f"bench-{uuid.uuid4().hex[:8]}-raw", f"bench-{uuid.uuid4().hex[:8]}-copy")
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
        future.result(30)
    try:
        producer = Producer({**kafka.librdkafka(), "linger.ms": 20, "compression.type": "lz4"})
        for start in range(0, records, 2000):
            values = [{"key": b"CA%032x" % start, "value": os.urandom(100).hex().encode() * 2} for _ in range(2000)]
            while len(producer) > 50_000:
                producer.poll(0.05)
            producer.produce_batch(names[0], values, start // 2000 % PARTITIONS)
        assert producer.flush(60) == 0
        yield names
    finally:
        for future in admin.delete_topics(list(names)).values():
            future.result(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=600_000, help="in the topic; the slow ways read a tenth")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=4, metavar=("WAY", "TOPIC", "INTO", "RECORDS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    kafka = Settings.load().need_kafka()
    if given.child:
        way, topic, into, records = given.child
        child(way, kafka, topic, into, int(records))
        return
    measured: dict[str, list[Any]] = {way: [] for way in WAYS}
    with topics(kafka, given.records) as (topic, into), tempfile.TemporaryDirectory() as directory:
        for _ in range(given.rounds):
            for way in WAYS:
                records = given.records // (10 if way in SLOW else 1)
                command = [sys.executable, __file__, "--child", way, topic, into, str(records)]
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=directory, timeout=300)
                measured[way].append(json.loads(done.stdout))
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    versions = {"faust": faust.__version__, "value_bytes": 400, "partitions": PARTITIONS}
    print(json.dumps({"bench": "transport", **machine, **versions, "ways": measured}, indent=2))


if __name__ == "__main__":
    main()
