"""The sink between a real Kafka and a real ClickHouse."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import masked_records as records
import pytest
from confluent_kafka import Producer

from earwitness.clickhouse import migrate, tables
from earwitness.clickhouse.batch import Batch
from earwitness.clickhouse.errors import ServerError
from earwitness.clickhouse.ledger import balance
from earwitness.clickhouse.server import Server
from earwitness.clickhouse.store import Store
from earwitness.embedded import control
from earwitness.schemas import catalogue, codec
from earwitness.schemas.framing import REPLAYED_HEADERS
from waiting import wait_for

pytestmark = pytest.mark.stack


class Sink:
    """Sink workers of the shared stack, and a raw topic that nobody else has."""

    def __init__(self, stack, directory: Path) -> None:
        self.stack = stack
        self.directory = directory
        self.topic_id = uuid.uuid4().bytes
        self.running: list[subprocess.Popen[bytes]] = []
        self.admin = Server(stack.settings("admin").need_clickhouse())
        kafka = stack.settings("privacy").need_kafka().librdkafka()
        self.producer = Producer({**kafka, "linger.ms": 5, "log_level": 0})

    def start(self, instance: str = "a") -> subprocess.Popen[bytes]:
        """A worker; a name lets its successor take its partitions over without waiting for the session's end."""
        ready = self.directory / f"ready-{uuid.uuid4().hex}"
        code = (
            "import sys; from pathlib import Path; from earwitness.clickhouse import worker; "
            "from earwitness.runtime import logs; from earwitness.runtime.settings import Settings; logs.configure('INFO'); "
            f"sys.exit(worker.run(Settings.load(), Path({str(ready)!r}).touch))"
        )
        environment = {"PATH": os.environ["PATH"], "EARWITNESS_KAFKA_GROUP_INSTANCE_ID": f"test-{instance}"}
        environment |= self.stack.environment("sink")
        with (self.directory / "sink.log").open("ab") as log:
            process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=log, stderr=log)
        self.running.append(process)
        wait_for(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, self.log()
        return process

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        process.send_signal(number)
        assert process.wait(30) == (0 if number == signal.SIGTERM else -number), self.log()
        self.running.remove(process)

    def write(self, topic: str, messages, partition: int = 0, headers: Any = None) -> None:
        for message in messages:
            while True:
                try:
                    self.producer.produce(topic, message, partition=partition, headers=headers)
                    break
                except BufferError:
                    self.producer.poll(0.1)
        assert self.producer.flush(60) == 0

    def rows(self, sql: str, **parameters: object) -> list[list[Any]]:
        return self.admin.rows(sql, {"topic": self.topic_id.hex(), **parameters})

    def stored(self) -> list[int]:
        """The stored offsets of the test's own raw topic, in order."""
        sql = "SELECT source_offset FROM store.events WHERE source_topic_id = unhex({topic:String}) ORDER BY 1"
        return [row[0] for row in self.rows(sql)]

    def log(self) -> str:
        return (self.directory / "sink.log").read_text()


@pytest.fixture
def sink(stack, tmp_path) -> Iterator[Sink]:
    sink = Sink(stack, tmp_path)
    yield sink
    for process in sink.running:
        process.kill()
        process.wait()
    sink.admin.close()


def test_every_kind_is_seen_as_it_was_written(sink, stack):
    sink.start()
    written = {}
    for number, kind in enumerate(catalogue.kinds()):
        messages = list(records.masked_messages(number, sink.topic_id, 0, range(number * 10, number * 10 + 10), [kind]))
        written |= {number * 10 + index: codec.decode(message)[1] for index, message in enumerate(messages)}
        sink.write(f"audit.masked.{kind.split('.')[0]}", messages)
    wait_for(lambda: len(sink.stored()) == len(written))
    analyst = Server(stack.settings("analyst").need_clickhouse())
    for kind in catalogue.kinds():
        view = kind.replace(".", "_", 1)
        sql = f"SELECT toJSONString(tuple(*)) FROM audit.{view} WHERE source_topic_id = {{topic:String}}"  # noqa: S608
        names = [row[0] for row in analyst.rows(f"DESCRIBE audit.{view}")]
        sql = f"SELECT * FROM audit.{view} WHERE source_topic_id = {{topic:String}}"  # noqa: S608
        seen = analyst.rows(sql, {"topic": sink.topic_id.hex()}, date_time_output_format="iso")
        assert len(seen) == 10
        for row in seen:
            event = dict(zip(names, row, strict=True))
            expected = written[event["source_offset"]] | {"kind": kind, "source_topic_id": sink.topic_id.hex()}
            assert event["weight"] == 1 / event["sample_rate"]
            for name, value in expected.items():
                if name != "previous_tokens":
                    assert event[name] == as_json(value), (kind, name)
    analyst.close()


def as_json(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value) if isinstance(value, uuid.UUID) else value


def test_no_clock_can_make_an_insert_fail(sink):
    times = [0, -1, 2**62, -(2**62), *(year * 31_556_952_000_000 for year in range(-60, 250))]
    schema = catalogue.masked("system.error_rate")
    messages = []
    for offset, at in enumerate(times):
        record = records.masked_record(schema.name, random.Random(offset), sink.topic_id, 0, offset)
        messages.append(codec.encode(schema, record | {"occurred_at": at}))
    sink.start()
    sink.write("audit.masked.system", messages)
    wait_for(lambda: sink.stored() == list(range(len(times))))


def test_what_is_written_again_is_stored_once(sink):
    worker = sink.start()

    def write(*spans: range) -> None:
        for span in spans:
            sink.write("audit.masked.call", records.masked_messages(1, sink.topic_id, 2, span, ["call.ended"]), 2)

    write(range(500), range(200, 700), range(650, 660), range(100, 800))
    wait_for(lambda: len(sink.stored()) >= 800)
    sink.stop(worker)
    write(range(50, 900), range(900))
    sink.start()
    write(range(400, 1000))
    wait_for(lambda: len(sink.stored()) >= 1000)
    assert sink.stored() == list(range(1000))


def test_a_bad_row_is_set_aside_and_the_others_are_stored(sink):
    schema = catalogue.masked("data.job_lookup")
    messages = list(records.masked_messages(3, sink.topic_id, 4, range(300), [schema.name]))
    no_uuid = records.masked_record(schema.name, random.Random(1), sink.topic_id, 4, 100) | {"event_id": "no uuid"}
    messages[100] = codec.encode(schema, no_uuid)
    messages[200] = messages[200][:60]
    messages[250] = b"no frame"
    sink.start()
    sink.write("audit.masked.data", messages, 4)
    wait_for(lambda: len(sink.stored()) == 297)
    assert set(range(300)) - set(sink.stored()) == {100, 200, 250}
    letters = (
        "SELECT source_topic, source_offset, reason, detail FROM audit.dead_letters "
        "WHERE source_topic_id = {topic:String} AND stage = 'sink' ORDER BY source_offset"
    )
    wait_for(lambda: len(sink.rows(letters)) == 2)
    found = sink.rows(letters)
    assert [row[:2] for row in found] == [["audit.raw.data", 100], ["audit.raw.data", 200]]
    assert all("no uuid" not in row[3] for row in found)
    # Without a position in it, it is told by where it stands itself.
    framing = "SELECT count() FROM audit.dead_letters WHERE source_topic = 'audit.masked.data' AND reason = 'framing'"
    wait_for(lambda: sink.rows(framing) == [[1]])


def test_a_replay_whose_first_copy_is_refused_is_stored(sink):
    schema = catalogue.masked("data.job_lookup")

    def copy(offset: int, event: int, **fields: object) -> bytes:
        record = records.masked_record(schema.name, random.Random(event), sink.topic_id, 4, offset)
        event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{sink.topic_id.hex()} {event}"))
        return codec.encode(schema, record | {"event_id": event_id, "replayed": True} | fields)

    worker = sink.start()
    sink.write(
        "audit.masked.data",
        [
            copy(0, 1, replayed=False),
            copy(1, 2)[:-1],  # its head can be read, all of it cannot
            copy(2, 1),
            copy(3, 2),
            copy(4, 2),
            copy(5, 3, event_id="no uuid"),
            copy(6, 3, event_id="no uuid"),
        ],
        4,
        REPLAYED_HEADERS,
    )
    again = "SELECT source_offset FROM audit.duplicates WHERE source_topic_id = {topic:String} ORDER BY 1"
    dead = "SELECT source_offset FROM audit.dead_letters WHERE source_topic_id = {topic:String} ORDER BY 1"
    wait_for(lambda: (sink.stored(), sink.rows(again)) == ([0, 3], [[2], [4]]))
    wait_for(lambda: sink.rows(dead) == [[1], [5], [6]])
    sink.stop(worker)
    assert re.search(r"(?<!\d)([2-9]|\d\d+) duplicates told", sink.log()), "two, or more when it had to tell them again"


def test_a_sink_before_its_migration_stores_the_events_and_says_what_is_missing(sink, stack):
    (landed,) = [each for each in tables.landings() if each.target.name == "duplicates"]
    record = records.masked_record("data.job_lookup", random.Random(8), sink.topic_id, 3, 0) | {"replayed": True}
    copies = [codec.encode(catalogue.masked("data.job_lookup"), record | {"source_offset": at}) for at in range(3)]
    for name in (landed.view, landed.source.name, landed.target.name):
        sink.admin.command(f"DROP TABLE store.{name}")
    try:
        worker = sink.start()
        sink.write("audit.masked.data", copies, 3, REPLAYED_HEADERS)
        assert worker.wait(30) != 0
        sink.running.remove(worker)
        assert "run: earwitness clickhouse apply" in sink.log()
        assert sink.stored() == [0]
    finally:
        done = migrate.apply(stack.settings("admin").need_clickhouse())
    assert [line for line in done if "duplicates" in line] == done
    sink.start()
    again = "SELECT source_offset FROM audit.duplicates WHERE source_topic_id = {topic:String} ORDER BY 1"
    wait_for(lambda: sink.rows(again) == [[1], [2]])
    assert sink.stored() == [0]


def test_a_schema_that_the_tables_do_not_have_waits_for_the_migration(sink, stack):
    new, old = catalogue.masked("trail.admin_action"), "trail.data_read"
    settings = stack.settings("admin").need_clickhouse()
    for table in ("landing_events", "events"):
        if table == "events":
            sink.admin.command(f"ALTER TABLE store.{table} DROP COLUMN justification")
            continue
        kept = [row[0] for row in sink.rows("DESCRIBE store.landing_events") if row[0] != "justification"]
        terms = ", ".join("replaceOne(kind, '_', '.') AS kind" if name == "kind" else f"`{name}`" for name in kept)
        select = f"SELECT {terms} FROM store.landing_events"  # noqa: S608
        sink.admin.command(f"ALTER TABLE store.landing_events_to_events MODIFY QUERY {select}")
        sink.admin.command("ALTER TABLE store.landing_events_to_events MODIFY COMMENT 'older'")
        sink.admin.command(f"ALTER TABLE store.{table} DROP COLUMN justification")
    sink.admin.command(f"DELETE FROM store.schema_versions WHERE schema_id = {new.id}")  # noqa: S608
    try:
        sink.start()
        sink.write("audit.masked.trail", records.masked_messages(1, sink.topic_id, 1, range(5), [old]), 1)
        sink.write("audit.masked.trail", records.masked_messages(1, sink.topic_id, 1, range(5, 10), [new.name]), 1)
        sink.write("audit.masked.trail", records.masked_messages(1, sink.topic_id, 1, range(10, 15), [old]), 1)
        sink.write("audit.masked.trail", records.masked_messages(1, sink.topic_id, 2, range(100, 150), [old]), 2)
        wait_for(lambda: len(sink.stored()) == 55)
        wait_for(lambda: str(new.id) in sink.log())
        assert sink.stored() == [*range(5), *range(100, 150)]
        assert any("justification" in step.line for step in migrate.plan(settings))
    finally:
        migrate.apply(settings)
    assert migrate.plan(settings) == []
    wait_for(lambda: len(sink.stored()) == 65)
    assert sink.stored() == [*range(15), *range(100, 150)]
    kept = sink.rows(
        "SELECT countIf(justification IS NOT NULL) FROM store.events WHERE source_topic_id = unhex({topic:String})"
    )
    assert kept[0][0] > 0


def test_an_analyst_sees_views_and_nothing_else(stack):
    admin, analyst = (Server(stack.settings(role).need_clickhouse()) for role in ("admin", "analyst"))
    admin.rows("SYSTEM FLUSH LOGS")  # makes the server's own tables, or there would be nothing to refuse
    admin.close()
    assert analyst.rows("SELECT count() FROM audit.calls WHERE call_sid = ''") == [[0]]
    for statement in (
        "SELECT * FROM store.events",
        "SELECT * FROM store.claims",
        "INSERT INTO audit.events (kind) VALUES ('x')",
        "DROP VIEW audit.events",
        "SELECT * FROM system.query_log",
    ):
        with pytest.raises(ServerError) as refused:
            analyst.rows(statement)
        assert refused.value.code in {164, 497}, statement
    analyst.close()


class Nowhere:
    def send(self, bad):
        raise AssertionError(bad)


class Row:
    def __init__(self, topic: str, partition: int, value: bytes) -> None:
        self._where, self._value = (topic, partition), value

    def topic(self):
        return self._where[0]

    def partition(self):
        return self._where[1]

    def offset(self):
        return 0

    def value(self):
        return self._value

    def timestamp(self):
        return 1, 0

    def headers(self):
        return None


def test_whoever_lost_a_partition_stores_nothing_in_it_any_more(sink, stack):
    settings = stack.settings("sink")
    old, new = (
        Store(Server(settings.need_clickhouse()), Nowhere(), settings.clickhouse_registry_url) for _ in range(2)
    )
    key, other = ("audit.masked.call", 5), ("audit.masked.call", 4)

    def batch(offset: int, partition: int) -> Batch:
        batch = Batch()
        for message in records.masked_messages(1, sink.topic_id, partition, [offset]):
            batch.add("landing_events", Row("audit.masked.call", partition, message), message)
        return batch

    old.claim([key, other])
    old.store(batch(1, 5))
    new.claim([key])
    with pytest.raises(ServerError, match="395"):
        old.store(batch(2, 5))
    old.store(batch(3, 4))
    new.store(batch(4, 5))
    old.claim([key])
    with pytest.raises(ServerError, match="395"):
        new.store(batch(5, 5))
    assert sink.stored() == [1, 3, 4]
    old.close()
    new.close()


def test_killed_again_and_again_each_event_is_stored_once(sink, stack):
    count, rounds, choose = 4_000, 5, random.Random(7)
    workers = [sink.start("a"), sink.start("b")]
    kinds = [kind for kind in catalogue.kinds() if kind.startswith("system.")]
    entries = []
    for number in range(rounds):
        before = len(sink.stored())  # before anything is written: the workers may be as quick as the test
        for partition in range(6):
            span = range(number * count // 6, (number + 1) * count // 6)
            sink.write(
                "audit.masked.system", records.masked_messages(9, sink.topic_id, partition, span, kinds), partition
            )
            again = range(max(0, span.start - choose.randrange(300)), span.start + choose.randrange(300))
            sink.write(
                "audit.masked.system", records.masked_messages(9, sink.topic_id, partition, again, kinds), partition
            )
            entries.append(entry(sink.topic_id, partition, span.start, span.stop - 1))
        wait_for(lambda before=before: len(sink.stored()) > before)
        victim = choose.randrange(2)
        sink.stop(workers[victim], signal.SIGKILL)
        if number == rounds // 2:
            server = next(each for each in control.status(stack.home).services if each.name == "clickhouse")
            os.kill(server.process.pid, signal.SIGKILL)
            sink.admin.close()
            wait_for(lambda: answers(sink))
        workers[victim] = sink.start("ab"[victim])
    sink.write("audit.ledger", entries)
    expected = rounds * count // 6
    wait_for(lambda: len(sink.stored()) >= 6 * expected, 120.0)
    assert sorted(sink.stored() * 1) == sorted(list(range(expected)) * 6)
    wait_for(lambda: books(sink, stack) is not None)
    assert {(each.masked, each.stored, each.unexplained) for each in books(sink, stack)} == {(expected, expected, 0)}
    for worker in workers:
        sink.stop(worker)


def entry(topic_id: bytes, partition: int, first: int, last: int) -> bytes:
    fields = {
        "source_topic": "audit.raw.system",
        "source_topic_id": topic_id,
        "source_partition": partition,
        "stage": "privacy",
        "worker": "test",
        "outcomes": [{"outcome": "masked", "first": first, "last": last}],
        "written_at": records.NOW,
    }
    return codec.encode(catalogue.record("ledger_entry"), fields)


def answers(sink: Sink) -> bool:
    try:
        return sink.rows("SELECT 1") == [[1]]
    except Exception:  # noqa: BLE001 - it is starting
        return False


def books(sink: Sink, stack) -> list[Any] | None:
    """The test's own raw partitions, when all six are ledgered."""
    found = balance(stack.settings("admin").need_clickhouse(), None)
    own = [each for each in found.partitions if each.topic_id == sink.topic_id.hex()]
    return own if len(own) == 6 else None


def test_the_balance_finds_what_is_wrong(sink, stack):
    """Books that are cooked: a hole, a position in two sets, one not stored, one stored twice, one never masked."""
    sink.start()
    sink.write(
        "audit.masked.system", records.masked_messages(1, sink.topic_id, 3, [0, 1, 2, 4, 6], ["system.error_rate"]), 3
    )
    wait_for(lambda: len(sink.stored()) == 5)
    body = next(iter(records.masked_messages(1, sink.topic_id, 3, [2], ["system.error_rate"])))
    sink.admin.insert(
        "INSERT INTO store.landing_events FORMAT AvroConfluent",
        body,
        input_format_avro_allow_missing_fields=1,
        format_avro_schema_registry_url=stack.settings("sink").clickhouse_registry_url,
    )
    spans = [("masked", 0, 4), ("dead", 4, 5), ("masked", 8, 9), ("masked", 0, 3)]
    fields = codec.decode(entry(sink.topic_id, 3, 0, 0))[1]
    outcomes = [{"outcome": outcome, "first": first, "last": last} for outcome, first, last in spans]
    sink.write("audit.ledger", [codec.encode(catalogue.record("ledger_entry"), fields | {"outcomes": outcomes})])

    def own() -> list[Any]:
        found = balance(stack.settings("admin").need_clickhouse(), None)
        return [each for each in found.partitions if each.topic_id == sink.topic_id.hex()]

    wait_for(own)
    (book,) = own()
    assert (book.masked, book.dead, book.holes, book.twice) == (7, 2, 2, 1)
    assert (book.missing, book.extra, book.surplus, book.duplicates, book.in_flight) == (1, 1, 1, 0, 2)
    assert book.examples == {"holes": ["6 to 7"], "missing": ["3", "8", "9"], "extra": ["6"]}
    assert json.dumps(book.unexplained) == "6"
