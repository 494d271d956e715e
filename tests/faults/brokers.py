"""Real brokers without the rest of a stack: one, or a small KRaft cluster; and what is in their raw topics.

They take anybody, without a login. The first node is the controller, too; while it is away nobody elects a leader.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from earwitness.embedded import broker, broker_config, jars, ports
from earwitness.embedded.ports import HOST
from earwitness.runtime import topics
from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas import codec
from waiting import wait_for

RAW = tuple(each for each in topics.declared() if each.name.startswith("audit.raw."))
REPORT = "trail.client_report"
Ends = Mapping[tuple[str, int], int]

_JVM = [
    "-Xmx320m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # these brokers live for a minute: what the second compiler finds out never pays
    *(each for each in broker._JVM if "defaultLogLevel" not in each),
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
]


class Copy(NamedTuple):
    """A record in a raw topic. Several with one event id are copies of one event.

    Attributes:
        mark: its attribute `n`, by which a test knows it again.
        record: the whole of it, if it is a client's report.
    """

    producer_id: str
    sequence: int
    event_id: str
    kind: str
    replayed: bool
    service: str
    mark: str | None
    record: dict[str, Any] | None


class Brokers:
    """A cluster. Ends its processes on `close`."""

    def __init__(self, directory: Path, count: int = 1) -> None:
        self._directory = directory
        self._ports = ports.assign([*(f"client-{node}" for node in range(1, count + 1)), "controller"], {})
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._java = broker._java()
        self.nodes = tuple(range(1, count + 1))
        self.address = ",".join(f"{HOST}:{self._ports[f'client-{node}']}" for node in self.nodes)
        cluster = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        for node in self.nodes:
            self._format(node, cluster)

    def up(self) -> None:
        for node in self.nodes:
            self.start(node)
        for node in self.nodes:
            self.wait_up(node)
        self.admin = AdminClient({**self.kafka.librdkafka(), "log_level": 0})
        count, in_sync = len(self.nodes), {"min.insync.replicas": str(min(2, len(self.nodes)))}
        new = [NewTopic(each.name, each.partitions, count, config={**each.config, **in_sync}) for each in RAW]
        for future in self.admin.create_topics(new).values():
            future.result(60)
        wait_for(lambda: len(self.leaders()) == sum(each.partitions for each in RAW), 60, "the topics have leaders")

    def close(self) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.wait()

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(self.address)

    def start(self, node: int) -> None:
        home = self._home(node)
        with (home / "log").open("ab") as log:
            self._processes[node] = subprocess.Popen(
                [self._java, "@java.options", "kafka.Kafka", "server.properties"],
                cwd=home,
                env={"LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_up(self, node: int, seconds: float = 120.0) -> None:
        def is_up() -> bool:
            assert self._processes[node].poll() is None, (self._home(node) / "log").read_text()[-4_000:]
            with contextlib.suppress(Exception):
                admin = AdminClient({"bootstrap.servers": f"{HOST}:{self.port(node)}", "log_level": 0})
                return node in admin.list_topics(timeout=2).brokers
            return False

        wait_for(is_up, seconds, f"broker {node} answers")

    def port(self, node: int) -> int:
        return self._ports[f"client-{node}"]

    def kill(self, node: int = 1) -> None:
        """SIGKILL."""
        self._processes[node].kill()
        self._processes[node].wait()

    def stop(self, node: int = 1) -> None:
        """SIGTERM: it hands its partitions over, and writes all it has."""
        self._processes[node].terminate()
        self._processes[node].wait(60)

    def freeze(self, node: int = 1) -> None:
        os.kill(self._processes[node].pid, signal.SIGSTOP)

    def thaw(self, node: int = 1) -> None:
        os.kill(self._processes[node].pid, signal.SIGCONT)

    def leaders(self) -> dict[tuple[str, int], int]:
        """The leader of each raw partition that has one."""
        found = self.admin.list_topics(timeout=10).topics
        return {
            (each.name, number): partition.leader
            for each in RAW
            if each.name in found
            for number, partition in found[each.name].partitions.items()
            if partition.leader > 0
        }

    def in_sync(self) -> int:
        """The smallest number of in-sync replicas of any raw partition."""
        found = self.admin.list_topics(timeout=10).topics
        return min(len(partition.isrs) for each in RAW for partition in found[each.name].partitions.values())

    # What is in the topics

    def ends(self) -> Ends:
        """Where each partition ends now."""
        found: dict[tuple[str, int], int] = {}
        with contextlib.closing(self._consumer()) as consumer:

            def asked() -> bool:
                for each in RAW:
                    for number in range(each.partitions):
                        try:
                            bounds = consumer.get_watermark_offsets(TopicPartition(each.name, number), 30)
                        except KafkaException:  # its leader has just been elected
                            return False
                        found[each.name, number] = bounds[1]
                return True

            wait_for(asked, 90, "where the partitions end")
        return found

    def read(self, since: Ends | None = None, services: Collection[str] | None = None) -> list[Copy]:
        """What was written to the raw topics since then, up to now, by these services."""
        ends, begin = self.ends(), since or {}
        left = {place: end for place, end in ends.items() if end > begin.get(place, 0)}
        found: list[Copy] = []
        deadline = time.monotonic() + 60
        with contextlib.closing(self._consumer()) as consumer:
            consumer.assign([TopicPartition(*place, begin.get(place, 0)) for place in left])
            while left:
                assert time.monotonic() < deadline, f"{left} not reached"
                messages = consumer.consume(10_000, 0.5)
                if messages:  # a million may take their time, as long as they come
                    deadline = time.monotonic() + 60
                for message in messages:
                    assert message.error() is None, message.error()
                    place = (message.topic(), message.partition())
                    if message.offset() < ends[place]:
                        found.append(_copy(message.value()))
                    if message.offset() >= left.get(place, 1 << 62) - 1:
                        del left[place]
        return [each for each in found if services is None or each.service in services]

    def _consumer(self) -> Consumer:
        return Consumer({
            **self.kafka.librdkafka(), "group.id": "nobody", "enable.auto.commit": False, "log_level": 0,
        })  # fmt: skip

    def _home(self, node: int) -> Path:
        return self._directory / f"broker-{node}"

    def _format(self, node: int, cluster: str) -> None:
        home = self._home(node)
        (home / "tmp").mkdir(parents=True)
        class_path = os.pathsep.join(map(str, jars.resolve(jars.default_cache(), lambda _: None)))
        options = [*_JVM, "-cp", class_path, f"-Djava.io.tmpdir={home / 'tmp'}"]
        (home / "java.options").write_text(broker_config.argument_file(options))
        controller = f"{HOST}:{self._ports['controller']}"
        listeners = [f"CLIENT://{HOST}:{self.port(node)}", *([f"CONTROLLER://{controller}"] if node == 1 else [])]
        settings = {
            **broker_config._LIMITS,
            "process.roles": "broker,controller" if node == 1 else "broker",
            "node.id": str(node),
            "controller.quorum.voters": f"1@{controller}",
            "listeners": ",".join(listeners),
            "advertised.listeners": listeners[0],
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "CLIENT",
            "log.dirs": "data",
            "auto.leader.rebalance.enable": "false",  # the tests move leaders themselves
            "replica.lag.time.max.ms": "5000",
            "controlled.shutdown.enable": "true",
        }
        (home / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        done = subprocess.run(
            [
                self._java,
                "@java.options",
                "kafka.tools.StorageTool",
                "format",
                "-t",
                cluster,
                "-c",
                "server.properties",
            ],
            cwd=home,
            env={"LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout


def _copy(value: bytes) -> Copy:
    schema, record = codec.decode(value)
    kind = schema.kind
    return Copy(
        record["producer_id"],
        record["sequence"],
        record["event_id"],
        kind,
        record["replayed"],
        record["service"],
        record["attributes"].get("n"),
        record if kind == REPORT else None,
    )


def by_event(copies: Collection[Copy]) -> dict[str, list[Copy]]:
    """The copies of each event, by its id, in the order in which they were read."""
    found: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        found[copy.event_id].append(copy)
    return dict(found)


def assert_only_replays_repeat(copies: Collection[Copy]) -> None:
    """One event has one number, one number one event; and of its copies all but one say that they are replays."""
    numbers: dict[tuple[str, int], str] = {}
    for event_id, same in by_event(copies).items():
        assert sum(not each.replayed for each in same) <= 1, same
        (place,) = {(each.producer_id, each.sequence) for each in same}
        assert numbers.setdefault(place, event_id) == event_id, f"{place} is the number of two events"
