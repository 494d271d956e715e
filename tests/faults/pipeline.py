"""A whole pipeline of a test module's own, whose parts can be taken away, frozen and given back.

Its processes are the embedded stack's, kept alive by its supervisor as in real life. What is asserted is what people see:
log lines, exit codes, the ledger, and how often an event is stored.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from earwitness.clickhouse.server import Server
from earwitness.client import AuditClient
from earwitness.embedded import control
from earwitness.embedded.home import Home
from earwitness.runtime import topics
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.kafka_admin import committed_offsets, topic_ids
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue, codec
from waiting import wait_for

WORKERS = ("privacy", "sink")
LOGS = ("privacy", "sink")


@dataclass(frozen=True)
class Command:
    """What a command gave: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class Pipeline:
    """Broker, ClickHouse, catalogue and both workers in a home of their own."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self._log_starts: dict[str, int] = {}
        self._restarts: dict[str, int] = {}
        self.taken_away = 0

    def up(self, workers: Sequence[str] = WORKERS) -> None:
        control.up(self.home.path, workers=workers, progress=lambda _: None, foreground_child=True)
        self.admin = AdminClient(self.settings("admin").need_kafka().librdkafka() | {"log_level": 0})
        self._server = Server(self.settings("admin").need_clickhouse())

    def down(self) -> None:
        self._server.close()
        self._signal_supervisor(signal.SIGCONT)
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        control.down(self.home.path, lambda _: None)

    # Who takes part

    def environment(self, role: str) -> dict[str, str]:
        return control.environment(self.home.path, role)

    def settings(self, role: str) -> Settings:
        return Settings.load(self.environment(role))

    def client(self, service: str | None = None, **options: Any) -> AuditClient:
        """A client under a service name of its own."""
        return AuditClient(self.settings("producer"), service=service or new_service(), **options)

    def run(self, *arguments: str, stdin: str | None = None, environment: Mapping[str, str] | None = None) -> Command:
        """`earwitness …` as a person runs it."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-m", "earwitness.cli", *arguments],
            env=inherited | dict(environment or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Command(done.returncode, done.stdout, done.stderr)

    # Taking parts away

    def pid(self, service: str) -> int:
        """The process of a service; 0 when it has none at the moment."""
        found = next(each for each in control.status(self.home.path).services if each.name == service)
        return found.process.pid if found.process is not None else 0

    def restarts(self, service: str) -> int:
        """How often the supervisor started it again."""
        return next(each for each in control.status(self.home.path).services if each.name == service).restarts

    def last_exit(self, service: str) -> str | None:
        """How its last process ended, in the supervisor's words."""
        return next(each for each in control.status(self.home.path).services if each.name == service).last_exit

    def wait_ready(self, *services: str, seconds: float = 90.0) -> None:
        def ready() -> bool:
            found = {each.name: each.state for each in control.status(self.home.path).services}
            return all(found[service] == "ready" for service in services)

        wait_for(ready, seconds, lambda: f"{services} ready: {control.status(self.home.path).services}")

    def kill(self, service: str) -> None:
        """SIGKILL; the supervisor starts it again at once."""
        # Signal 9 to the process 0 would end these tests.
        wait_for(lambda: self.pid(service), 30, f"{service} runs")
        before = self.restarts(service)
        os.kill(self.pid(service), signal.SIGKILL)
        wait_for(lambda: self.restarts(service) > before, 20, f"the supervisor sees that {service} is gone")

    def kill_stopped(self, *services: str) -> None:
        """SIGKILL within `away`, where nobody starts them again before the block ends."""
        for service in services:
            os.kill(self.pid(service), signal.SIGKILL)

    @contextlib.contextmanager
    def away(self, *services: str) -> Iterator[None]:
        """Killed, and not there until the block ends: the supervisor is stopped meanwhile, or it would bring them back."""
        pids = [self.pid(service) for service in services]
        self._signal_supervisor(signal.SIGSTOP)
        try:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            yield
        finally:
            self._signal_supervisor(signal.SIGCONT)
        for service, pid in zip(services, pids, strict=True):
            wait_for(lambda pid=pid, service=service: self.pid(service) not in {0, pid}, 30, f"{service} is started")
        self.wait_ready(*services)

    @contextlib.contextmanager
    def frozen(self, service: str) -> Iterator[None]:
        """There, its port open, but it does nothing."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _signal_supervisor(self, number: int) -> None:
        owner = self.home.owner()
        if owner is not None:
            os.kill(owner.pid, number)

    # Topics

    def topic_id(self, topic: str) -> bytes:
        return topic_ids(self.admin, [topic])[topic]

    def delete_topics(self, *names: str) -> None:
        for future in self.admin.delete_topics(list(names)).values():
            future.result(30)
        wait_for(lambda: not self.admin.list_topics(timeout=10).topics.keys() & set(names), 30, "topics deleted")

    def make_topics(self) -> None:
        """What `earwitness topics apply` does."""
        topics.apply(self.admin, topics.plan(self.admin))

    def make_topic(self, name: str, partitions: int) -> None:
        spec = next(each for each in topics.declared() if each.name == name)
        new = NewTopic(name, partitions, 1, config=dict(spec.config))
        self.admin.create_topics([new])[name].result(30)

    def set_partitions(self, topic: str, count: int) -> None:
        self.admin.create_partitions([NewPartitions(topic, count)])[topic].result(30)
        wait_for(
            lambda: len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions) == count,
            30,
            f"{topic} has {count} partitions",
        )

    def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition."""
        consumer = self._consumer()
        partitions = consumer.list_topics(topic, 30).topics[topic].partitions
        ends = {each: consumer.get_watermark_offsets(TopicPartition(topic, each), 30)[1] for each in partitions}
        consumer.close()
        return ends

    def wait_committed(self, group: str, topic: str) -> None:
        """A group has committed all that is in a topic."""

        wait_for(lambda: self.committed_lag(group, topic) == 0, 60, f"{group} has committed {topic}")

    def committed_lag(self, group: str, topic: str) -> int:
        """How many records of a topic a group has not committed."""
        ends = self.ends(topic)
        committed = committed_offsets(self.admin, group, [TopicPartition(topic, each) for each in ends])
        return sum(end - max(committed[topic, each], 0) for each, end in ends.items())

    def read(self, topic: str) -> list[Message]:
        """Everything in a topic, up to its end at the time of the call."""
        consumer = self._consumer()
        partitions = [
            TopicPartition(topic, each, 0) for each in consumer.list_topics(topic, 30).topics[topic].partitions
        ]
        bounds = {each.partition: consumer.get_watermark_offsets(each, 30) for each in partitions}
        left = {each: end for each, (begin, end) in bounds.items() if end > begin}
        consumer.assign([TopicPartition(topic, each, bounds[each][0]) for each in left])
        found: list[Message] = []
        deadline = time.monotonic() + 60
        while left:
            assert time.monotonic() < deadline, f"{topic}: {left} not reached"
            for message in consumer.consume(10_000, 0.5):
                assert message.error() is None, message.error()
                number, offset = message.partition() or 0, message.offset() or 0
                if offset < bounds[number][1]:
                    found.append(message)
                if offset >= left.get(number, 1 << 62) - 1:
                    left.pop(number)
        consumer.close()
        return found

    def _consumer(self) -> Consumer:
        config = self.settings("admin").need_kafka().librdkafka()
        return Consumer({**config, "group.id": "nobody", "enable.auto.commit": False, "log_level": 0})

    def write(
        self,
        topic: str,
        values: Sequence[bytes | None],
        *,
        partition: int = -1,
        role: str = "admin",
        **options: Any,
    ) -> list[tuple[int, int]]:
        """Write values as they are, and where each of them stands: partition and offset."""
        config = self.settings(role).need_kafka().librdkafka()
        producer = Producer({**config, "acks": "all", "linger.ms": 5, "message.max.bytes": 10_000_000, "log_level": 0})
        places: list[tuple[int, int]] = []

        def delivered(error: object, message: Message) -> None:
            assert error is None, error
            places.append((message.partition() or 0, message.offset() or 0))

        for number, value in enumerate(values):
            producer.produce(topic, value, b"CA%d" % number, partition, on_delivery=delivered, **options)
            producer.poll(0)
        assert producer.flush(60) == 0
        return places

    # What came of it

    def rows(self, sql: str, **parameters: Any) -> list[list[Any]]:
        return self._server.rows(sql, parameters)

    def command(self, sql: str) -> None:
        self._server.command(sql)

    def answers(self) -> bool:
        """ClickHouse answers."""
        self._server.close()
        try:
            return self.rows("SELECT 1") == [[1]]
        except Exception:  # noqa: BLE001 - it is away, or starting
            return False

    def stored(self, service: str) -> tuple[int, int]:
        """Rows of a service, and distinct events among them, the client's own reports left out."""
        [found] = self.rows(
            "SELECT count(), uniqExact(event_id) FROM store.events "
            "WHERE service = {service:String} AND kind != 'trail.client_report'",
            service=service,
        )
        return found[0], found[1]

    def stored_or_none(self, service: str) -> int:
        """How many events of a service are stored; 0 while ClickHouse does not say it."""
        try:
            return self.stored(service)[1]
        except EarwitnessError:
            self._server.close()
            return 0

    def wait_stored(self, service: str, count: int, seconds: float = 120.0) -> None:
        """All are there, each once."""
        wait_for(
            lambda: self.stored(service)[1] >= count,
            seconds,
            lambda: (
                f"{count} events of {service}, {self.stored(service)} are stored\n{self.log('privacy')}\n{self.log('sink')}"
            ),
        )
        assert self.stored(service) == (count, count)

    def letters(self) -> list[tuple[str, int, int, str, str, str]]:
        """The dead letters that are stored: topic, partition, offset, stage, reason, detail."""
        sql = (
            "SELECT source_topic, source_partition, source_offset, stage, reason, detail "
            "FROM store.dead_letters FINAL ORDER BY 1, 2, 3"
        )
        return [tuple(row) for row in self.rows(sql)]

    def ledger(self, seconds: float = 90.0) -> dict[str, Any]:
        """`earwitness ledger --json`, once nothing is on its way; `exit` is its exit code."""
        deadline = time.monotonic() + seconds
        while True:
            done = self.run("ledger", "--home", str(self.home.path), "--json")
            found: dict[str, Any] = json.loads(done.out) if done.out else {"error": done.err}
            found["exit"] = done.code
            if found.get("in_flight") == 0 or time.monotonic() > deadline:
                return found
            time.sleep(0.2)

    def assert_balanced(self, seconds: float = 90.0) -> dict[str, Any]:
        """The books agree, but for what a test before took away on purpose, and nothing is on its way."""
        found = self.ledger(seconds)
        logs = "\n".join(self.log(name) for name in LOGS)
        # A dead letter may be one of those that are missing: it explains one, whoever wrote it.
        dead = sum(each["dead"] for each in found.get("balance", {}).get("partitions", ()))
        away = max(0, self.taken_away - dead)
        expected = (1 if away else 0, away, 0)
        assert (found["exit"], found.get("unexplained"), found.get("in_flight")) == expected, f"{found}\n{logs}"
        return found

    def assert_positions_balanced(self, seconds: float = 90.0) -> list[dict[str, Any]]:
        """The same for the pipeline's book alone: where bytes are changed, what producers count is changed too."""
        found = self.ledger(seconds)
        assert found.get("in_flight") == 0, found
        partitions: list[dict[str, Any]] = found["balance"]["partitions"]
        for each in partitions:
            assert not any(each[name] for name in ("holes", "twice", "missing", "extra", "surplus")), each
        return partitions

    # What it said

    def mark(self) -> None:
        """From here on `log` and `assert_not_restarted` tell only of what is new."""
        self._restarts = {each.name: each.restarts for each in control.status(self.home.path).services}
        for name in ("supervisor", *LOGS):
            path = self.home.log(name)
            self._log_starts[name] = path.stat().st_size if path.exists() else 0

    def log(self, name: str) -> str:
        """What a process wrote since `mark`."""
        with self.home.log(name).open("rb") as file:
            file.seek(self._log_starts.get(name, 0))
            return file.read().decode("utf-8", "replace")

    def wait_said(self, name: str, pattern: str, seconds: float = 90.0) -> str:
        """The line that matches, as soon as it is there."""
        found: list[str] = []

        def said() -> bool:
            found[:] = [line for line in self.log(name).splitlines() if re.search(pattern, line)]
            return bool(found)

        wait_for(said, seconds, lambda: f"{name} says {pattern!r}; it said\n{self.log(name)}")
        return found[0]

    def assert_not_restarted(self, *names: str) -> None:
        """Since `mark` these went on by themselves."""
        for name in names:
            assert self.restarts(name) == self._restarts.get(name, 0), (
                self.home.log("supervisor").read_text() + self.home.log(name).read_text()
            )

    def assert_quiet(self, name: str, lines: int) -> None:
        """No traceback, and not more than so many warnings and errors: a line tells something only when it is one of few."""
        text = self.home.log(name).read_text("utf-8", "replace")
        assert "Traceback" not in text, text
        loud = [line for line in self.log(name).splitlines() if re.search(r" (WARNING|ERROR|CRITICAL) ", line)]
        assert len(loud) <= lines, "\n".join(loud)


def new_service() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def raw_record(kind: str = "data.job_lookup", number: int = 1, **fields: Any) -> bytes:
    """A framed raw record, as a client would write it."""
    record: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "occurred_at": time.time_ns() // 1000,
        "severity": "INFO",
        "service": "test",
        "environment": "test",
        "producer_id": "by-hand",
        "sequence": 0,
        "call_sid": f"CA{number:032x}",
        "tenant": "default",
    }
    if kind == "data.job_lookup":
        record |= {"client_id": "ACME12", "job_number": "48213", "found": True, "latency_ms": 1.5}
    return codec.encode(catalogue.raw(kind), record | fields)


def emit(client: AuditClient, count: int, first: int = 0) -> int:
    """Emit lookups of many calls; returns how many were taken."""
    taken = 0
    for number in range(first, first + count):
        with client.call(call_sid=f"CA{number // 5:032x}", caller="+15550100"):
            taken += client.data_job_lookup(client_id="ACME12", job_number=str(number), found=True, latency_ms=1.0)
    return taken
