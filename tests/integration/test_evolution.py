"""Old and new producers, workers and tables side by side: a new field arrives whatever is restarted first, or is set aside.

`trail.admin_action` has three versions: from the second on it says how many records were `affected`. An old release
knows the first.
"""
# ruff: noqa: S608 - the statements are made of names of our own

from __future__ import annotations

import contextlib
import itertools
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from kafka_io import KafkaIo
from releases import Release, Running, free_port, make_old_schemas

from earwitness.cli.query import run_query
from earwitness.clickhouse.server import Server
from earwitness.embedded import control
from earwitness.runtime.kafka_admin import admin_client, committed_offsets, watermarks
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue
from earwitness.stream import quarantine
from earwitness.stream.quarantine import Place

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

KIND = "trail.admin_action"
RAW, MASKED = "audit.raw.trail", "audit.masked.trail"
PARTS = ("producer", "privacy", "storage")


class World:
    """A broker and a ClickHouse; which release of each part runs is up to the test."""

    def __init__(self, home: Path, old: Release, new: Release) -> None:
        self.home, self.old, self.new = home, old, new
        self.admin = Server(self.settings("admin").need_clickhouse(), timeout=60.0)

    def environment(self, role: str) -> dict[str, str]:
        return control.environment(self.home, role)

    def settings(self, role: str) -> Settings:
        return Settings.load(self.environment(role))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return run_query(self.settings("admin").need_clickhouse(), sql)[1]

    def forget(self) -> None:
        """ClickHouse as it was before anything was made in it; what Kafka has was read already."""
        for database in ("audit", "store"):
            self.admin.command(f"DROP DATABASE IF EXISTS {database} SYNC")

    def apply(self, release: Release) -> str:
        code, out, err = release.run(self.environment("admin"), "clickhouse", "apply")
        assert code == 0, err
        return out + err


class Pipeline:
    """The parts that run, each of its release; replaced one by one."""

    def __init__(self, world: World, stack: contextlib.ExitStack) -> None:
        self.world = world
        self.service = f"svc-{uuid.uuid4().hex[:8]}"
        self.sent: dict[str, int | None] = {}
        self.of: dict[str, Release] = {}
        self.running: dict[str, Running] = {}
        self._stack = stack
        # ClickHouse remembers what it was told at an address.
        self._port = free_port()

    def start(self, part: str, release: Release) -> None:
        """Start a part, or replace the one that runs."""
        before = self.running.pop(part, None)
        if before is not None:
            before.stop()
        self.of[part] = release
        if part == "privacy":
            self.running[part] = self._enter(release.worker("privacy", self.world.environment("privacy")))
        elif part == "catalogue":
            self.running[part] = self._enter(release.catalogue_server(self._port))
        elif part == "sink":
            more = {"EARWITNESS_CLICKHOUSE_REGISTRY_URL": f"http://127.0.0.1:{self._port}"}
            self.running[part] = self._enter(release.worker("sink", self.world.environment("sink") | more))
        elif part == "tables":
            self.world.apply(release)

    def upgrade(self, part: str) -> None:
        if part == "storage":
            self.running.pop("sink").stop()
            for each in ("catalogue", "tables", "sink"):
                self.start(each, self.world.new)
        else:
            self.start(part, self.world.new)

    def emit(self, count: int = 5) -> None:
        """Publish so many events with the producer's release; a new one says how many records were affected."""
        is_new = self.of["producer"] is self.world.new
        lines = []
        for _ in range(count):
            event = {"kind": KIND, "event_id": str(uuid.uuid4()), "service": self.service, "action": "archive"}
            event |= {"subject": "somebody", "outcome": "success"}
            affected = len(self.sent) + 1 if is_new else None
            self.sent[str(event["event_id"])] = affected
            lines.append(json.dumps(event | ({"affected": affected} if is_new else {})))
        file = self.world.home.parent / f"{self.service}.jsonl"
        file.write_text("\n".join(lines))
        code, out, err = self.of["producer"].run(self.world.environment("producer"), "emit", str(file))
        assert (code, out) == (0, f"{count} events delivered, 0 lines refused\n"), err

    def stored(self) -> dict[str, object]:
        """By event id: what the table says was affected; an event stored twice fails."""
        has = self.world.rows("SELECT count() FROM system.columns WHERE table = 'events' AND name = 'affected'")[0][0]
        rows = self.world.rows(
            f"SELECT toString(event_id), {'affected' if has else 'NULL'} FROM store.events "
            f"WHERE kind = '{KIND}' AND service = '{self.service}'"
        )
        assert len(dict(rows)) == len(rows)
        return dict(rows)

    def dead(self) -> list[tuple[object, ...]]:
        return self.world.rows(
            f"SELECT source_topic, source_partition, source_offset FROM audit.dead_letters WHERE source_topic = '{RAW}'"
        )

    def nothing_is_wrong(self) -> None:
        """No event is stored without what it said."""
        for event_id, affected in self.stored().items():
            assert affected == self.sent[event_id]

    def settle(self, stored: int, dead: int = 0, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while (found := (len(self.stored()), len(self.dead()))) != (stored, dead):
            self.nothing_is_wrong()
            for each in self.running.values():
                each.watch()
            logs = {part: each.log.read_text()[-1500:] for part, each in self.running.items()}
            assert time.monotonic() < deadline, f"stored and dead: {found}, not {(stored, dead)}; {logs}"
            time.sleep(0.1)
        self.nothing_is_wrong()

    def read(self) -> None:
        """Wait until the privacy worker has done with everything that is in the raw topic."""
        kafka = admin_client(self.world.settings("admin").need_kafka())
        partitions = [TopicPartition(RAW, number) for number in range(6)]

        def is_read() -> bool:
            done = committed_offsets(kafka, "earwitness-privacy", partitions)
            return all(done[place] >= end for place, (_, end) in watermarks(kafka, partitions).items() if end)

        self.running["privacy"].wait_for(is_read, what="the raw topic is read")

    def raw_records(self) -> list[tuple[int | None, bytes | None, bytes | None]]:
        """Partition, key and value of the events of this test's service in the raw topic."""
        found = KafkaIo(self.world.settings("admin").need_kafka()).read(RAW)
        return [
            (each.partition(), each.key(), each.value())
            for each in found
            if self.service.encode() in (each.value() or b"")
        ]

    def was_cut_off(self, letter: dict[str, Any]) -> None:
        """Leave what a run leaves that was killed while it put this one back."""
        place = Place(letter["topic"], bytes.fromhex(letter["topic_id"]), letter["partition"], letter["offset"])
        producer = Producer(self.world.settings("admin").need_kafka().librdkafka())
        producer.produce(**quarantine._marked(place, quarantine.BEGUN))
        assert producer.flush(30) == 0

    def reinject(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        environment = self.world.environment("admin")
        code, out, err = self.world.new.run(environment, "deadletters", "reinject", *arguments, "--json")
        assert code in {0, 1}, err
        return code, json.loads(out)

    def _enter(self, context: contextlib.AbstractContextManager[Running]) -> Running:
        return self._stack.enter_context(context)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("evolution")
    old = Release("old", directory, make_old_schemas(directory / "before"))
    home = directory / "home"
    lines: list[str] = []
    try:
        control.up(home, workers=(), progress=lines.append, foreground_child=True)
        made = World(home, old, Release("new", directory))
        with contextlib.closing(made.admin):
            yield made
    finally:
        control.down(home, lines.append)


@pytest.fixture
def pipeline(world: World) -> Iterator[Pipeline]:
    """Everything of the old release; no producer has sent anything."""
    world.forget()
    with contextlib.ExitStack() as stack:
        made = Pipeline(world, stack)
        made.of["producer"] = world.old
        for part in ("tables", "catalogue", "privacy", "sink"):
            made.start(part, world.old)
        yield made


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS)), ids="-".join)
def test_no_restart_order_loses_the_field(pipeline: Pipeline, order: tuple[str, ...]) -> None:
    pipeline.emit()
    pipeline.settle(5)
    for part in order:
        pipeline.upgrade(part)
        pipeline.emit()
        pipeline.read()
    # Until the privacy worker is upgraded it sets aside what only new producers write.
    dead = (
        5 * (order.index("privacy") - order.index("producer"))
        if order.index("producer") < order.index("privacy")
        else 0
    )
    pipeline.settle(20 - dead, dead)
    if dead:
        code, told = pipeline.reinject("--reason", "unknown_schema", "--topic", RAW)
        assert (code, told["chosen"], told["put_back"]) == (0, dead, dead)
        pipeline.settle(20, dead)
        own = "SELECT affected FROM audit.trail_admin_action WHERE action = 'reinject_dead_letters' AND target IS NOT NULL"
        pipeline.running["sink"].wait_for(lambda: pipeline.world.rows(own) == [(dead,)], what="the trail tells of it")
    assert sum(affected is not None for affected in pipeline.sent.values()) == 5 * (3 - order.index("producer"))
    shown = pipeline.world.rows(
        f"SELECT toString(event_id), affected FROM audit.trail_admin_action WHERE service = '{pipeline.service}'"
    )
    assert dict(shown) == pipeline.sent


def test_storage_is_upgraded_piece_by_piece_and_nothing_is_stored_by_half(pipeline: Pipeline) -> None:
    world, sink = pipeline.world, pipeline.running["sink"]
    pipeline.upgrade("privacy")
    pipeline.emit()  # an old producer beside a new worker
    pipeline.settle(5)
    pipeline.upgrade("producer")
    pipeline.emit()
    pipeline.read()
    sink.wait_for(lambda: "partitions wait: the tables cannot hold" in sink.log.read_text(), what="the sink says why")
    pipeline.settle(5)

    world.apply(world.new)
    # The tables are ready, but the server that ClickHouse asks for schemas is still the old one.
    says = "is missing where ClickHouse asks for schemas"
    sink.wait_for(lambda: says in sink.log.read_text(), what="the sink says what it waits for now")
    pipeline.settle(5)
    pipeline.start("catalogue", world.new)
    pipeline.settle(10)

    # Somebody runs the old release's migrations once more: analysts keep the column.
    world.apply(world.old)
    rows = world.rows(f"SELECT affected FROM audit.trail_admin_action WHERE service = '{pipeline.service}' ORDER BY 1")
    assert rows == [*((number,) for number in range(6, 11)), *[(None,)] * 5]


def test_what_was_set_aside_is_put_back_once(pipeline: Pipeline) -> None:
    world = pipeline.world
    pipeline.upgrade("storage")
    pipeline.upgrade("producer")
    pipeline.emit()
    pipeline.settle(0, dead=5)
    admin = world.environment("admin")

    code, out, _ = world.new.run(admin, "deadletters", "list", "--topic", RAW, "--json")
    letters = [json.loads(line) for line in out.splitlines()]
    assert (code, len(letters)) == (0, 5)
    assert {(each["reason"], each["schema_id"]) for each in letters} == {("unknown_schema", catalogue.raw(KIND).id)}
    first = ":".join(str(letters[0][name]) for name in ("topic", "partition", "offset"))
    code, out, _ = world.new.run(admin, "deadletters", "explain", first)
    assert code == 0
    assert f"this release has it: raw {KIND}, version 3" in out
    assert "its bytes are in the quarantine, sealed" in out
    assert world.new.run(admin, "deadletters", "reinject")[0] == 2

    chosen = ("--reason", "unknown_schema", "--topic", RAW)
    before = pipeline.raw_records()
    code, told = pipeline.reinject(*chosen, "--dry-run")
    assert (code, told["chosen"], told["put_back"], told["dry_run"]) == (0, 5, 5, True)
    assert pipeline.raw_records() == before

    pipeline.upgrade("privacy")
    pipeline.was_cut_off(letters[1])
    assert pipeline.reinject("--position", first)[1]["put_back"] == 1
    code, told = pipeline.reinject(*chosen)
    assert (code, told["chosen"], told["back_before"], told["perhaps_back"], told["put_back"]) == (1, 5, 1, 1, 3)
    pipeline.settle(4, dead=5)
    code, told = pipeline.reinject(*chosen)
    assert (code, told["back_before"], told["perhaps_back"], told["put_back"]) == (1, 4, 1, 0)
    second = ":".join(str(letters[1][name]) for name in ("topic", "partition", "offset"))
    code, told = pipeline.reinject("--position", second, "--again")
    assert (code, told["put_back"]) == (0, 1)
    pipeline.settle(5, dead=5)
    assert pipeline.stored() == pipeline.sent

    # Value, key and partition are what they were.
    mine = [record for record in pipeline.raw_records() if record in before]
    assert Counter(mine) == Counter({record: count * 2 for record, count in Counter(before).items()})
    code, out, _ = world.new.run(admin, "deadletters", "explain", first)
    assert "its bytes were put back into their raw topic" in out
