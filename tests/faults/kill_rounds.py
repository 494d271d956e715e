"""The proof: workers are killed (SIGKILL) at random moments in the middle of a load, and every event is stored exactly once.

    python tests/faults/kill_rounds.py --rounds 20 --events 50000

A round produces its events while the workers run, kills its victim at a random moment, starts another one at once, waits until
all events are in ClickHouse and counts them. `both` runs two workers of each stage, kills one privacy worker and one sink, so
that the others take their partitions over, and starts new ones, so that partitions move again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

import clickhouse_connect
from confluent_kafka import Consumer, Producer, TopicPartition

from earwitness.embedded import control
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue, codec

VICTIMS = {"privacy": ["privacy"], "sink": ["sink"], "both": ["privacy", "sink"]}
DEADLINE_SECONDS = 120.0


@dataclass
class Round:
    """What a round found: `stored` must be `events`, and so must the distinct ids and positions.

    `repeated` counts the masked records that were written more than once, because a killed privacy worker's work was done again.
    """

    victim: str
    number: int
    events: int
    killed_after: list[float] = field(default_factory=list)
    stored: int = 0
    event_ids: int = 0
    positions: int = 0
    repeated: int = 0
    seconds: float = 0.0

    @property
    def exact(self) -> bool:
        return self.stored == self.event_ids == self.positions == self.events


class Workers:
    """Worker processes, by stage."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._running: dict[str, list[subprocess.Popen[bytes]]] = {"privacy": [], "sink": []}

    def scale(self, count: int) -> None:
        for stage, processes in self._running.items():
            while len(processes) < count:
                processes.append(self._start(stage))
            while len(processes) > count:
                self._stop(processes.pop())

    def replace_dead(self) -> None:
        """What a supervisor does: a worker that ended by itself is started again."""
        for stage, processes in self._running.items():
            for index, process in enumerate(processes):
                if process.poll() is not None:
                    processes[index] = self._start(stage)

    def kill_one(self, stage: str) -> None:
        victim = self._running[stage][0]
        victim.kill()
        victim.wait()
        self._running[stage][0] = self._start(stage)

    def stop(self) -> None:
        for processes in self._running.values():
            for process in processes:
                process.terminate()
            for process in processes:
                self._stop(process)
            processes.clear()

    def _start(self, stage: str) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        log = self._home / "logs" / f"{stage}.log"
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "earwitness.cli", "worker", stage],
                env=inherited | control.environment(self._home, stage) | {"PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @staticmethod
    def _stop(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Proof:
    """Runs rounds against an embedded stack that has no workers of its own."""

    def __init__(self, home: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._workers = Workers(home)
        self._producer_settings = Settings.load(control.environment(home, "producer")).need_kafka()
        self._admin_settings = Settings.load(control.environment(home, "admin")).need_kafka()
        clickhouse = Settings.load(control.environment(home, "admin")).need_clickhouse()
        assert clickhouse.password is not None
        self._clickhouse = clickhouse_connect.get_client(
            dsn=clickhouse.url,
            username=clickhouse.user,
            password=clickhouse.password.reveal(),
            autogenerate_session_id=False,
        )

    def close(self) -> None:
        self._workers.stop()
        self._clickhouse.close()

    def run(self, victim: str, number: int, events: int, *, load_seconds: float) -> Round:
        stages = VICTIMS[victim]
        self._workers.scale(2 if victim == "both" else 1)
        found = Round(victim, number, events)
        producer_id = f"proof-{victim}-{number}-{uuid.uuid4().hex[:8]}"
        before = self._masked_end()
        started = time.monotonic()
        load = threading.Thread(target=self._produce, args=(producer_id, events, load_seconds))
        load.start()
        for stage in self._random.sample(stages, len(stages)):
            moment = started + self._random.uniform(0.05, 1.5) * load_seconds
            while time.monotonic() < moment:
                time.sleep(0.005)
            self._workers.kill_one(stage)
            found.killed_after.append(round(time.monotonic() - started, 3))
        load.join()
        self._await_all(found, producer_id)
        found.repeated = self._masked_end() - before - events
        found.seconds = round(time.monotonic() - started, 1)
        return found

    def _masked_end(self) -> int:
        """The sum of the ends of the masked topic's partitions."""
        config = self._admin_settings.librdkafka()
        consumer = Consumer({**config, "group.id": "proof", "enable.auto.commit": False})
        try:
            topic = "audit.masked.data"
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            return sum(consumer.get_watermark_offsets(TopicPartition(topic, each))[1] for each in partitions)
        finally:
            consumer.close()

    def _produce(self, producer_id: str, events: int, seconds: float) -> None:
        producer = Producer(
            {
                **self._producer_settings.librdkafka(),
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        schema = catalogue.raw("data.job_lookup")
        started = time.monotonic()
        for number in range(1, events + 1):
            call = f"CA{number // 12:032x}"
            record = {
                "event_id": str(uuid.uuid4()),
                "occurred_at": time.time_ns() // 1000,
                "severity": "INFO",
                "service": "proof",
                "environment": "test",
                "producer_id": producer_id,
                "sequence": number,
                "call_sid": call,
                "caller": f"+1415555{number % 10_000:04d}",
                "tenant": "default",
                "client_id": "ACME12",
                "job_number": str(number),
                "found": True,
                "latency_ms": 1.5,
            }
            producer.produce("audit.raw.data", codec.encode(schema, record), call)
            if number % 500 == 0:
                producer.poll(0)
                ahead = number / events * seconds - (time.monotonic() - started)
                if ahead > 0:
                    time.sleep(ahead)
        assert producer.flush(60) == 0

    def _await_all(self, found: Round, producer_id: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            self._workers.replace_dead()
            found.stored, found.event_ids, found.positions = self._count(producer_id)
            if found.event_ids >= found.events or time.monotonic() > deadline:
                break
            time.sleep(0.25)
        # Repeats may still be on their way: they come before whatever the workers do next, so wait until those are idle.
        quiet = time.monotonic() + 3.0
        while time.monotonic() < quiet:
            counted = self._count(producer_id)
            if counted != (found.stored, found.event_ids, found.positions):
                found.stored, found.event_ids, found.positions = counted
                quiet = time.monotonic() + 3.0
            time.sleep(0.25)

    def _count(self, producer_id: str) -> tuple[int, int, int]:
        result = self._clickhouse.query(
            "SELECT count(), uniqExact(event_id), uniqExact(source_topic_id, source_partition, source_offset) "
            "FROM store.events WHERE producer_id = {producer:String}",
            parameters={"producer": producer_id},
        )
        stored, event_ids, positions = result.result_rows[0]
        return stored, event_ids, positions


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="rounds for each victim")
    parser.add_argument("--events", type=int, default=50_000, help="events a round")
    parser.add_argument("--load-seconds", type=float, default=4.0, help="over how long they are produced")
    parser.add_argument("--victims", default="privacy,sink,both")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(json.dumps({"seed": arguments.seed, "events": arguments.events, "rounds": arguments.rounds}), flush=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="earwitness-proof-") as directory:
        home = Path(directory) / "home"
        control.up(home, workers=(), progress=lambda _: None, foreground_child=True)
        proof = Proof(home, arguments.seed)
        try:
            for victim in arguments.victims.split(","):
                for number in range(1, arguments.rounds + 1):
                    found = proof.run(victim, number, arguments.events, load_seconds=arguments.load_seconds)
                    failed += not found.exact
                    print(json.dumps(asdict(found) | {"exact": found.exact}), flush=True)
        finally:
            ledger = balance_of(home)
            print(json.dumps(ledger), flush=True)
            proof.close()
            control.down(home, lambda _: None)
    print(f"proof: {'FAILED, ' + str(failed) + ' rounds are not exact' if failed else 'passed'}")
    return 1 if failed or ledger["unexplained"] else 0


def balance_of(home: Path) -> dict[str, int]:
    """The ledger, once nothing is on its way: a killed sink's partitions, the ledger's too, wait for its session to end."""
    from earwitness.clickhouse.ledger import balance

    settings = Settings.load(control.environment(home, "admin"))
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = balance(settings.need_clickhouse(), settings.need_kafka())
        if not (found.unexplained or found.in_flight) or time.monotonic() > deadline:
            return {"unexplained": found.unexplained, "in_flight": found.in_flight}
        time.sleep(0.25)


if __name__ == "__main__":
    sys.exit(main())
