"""The embedded ClickHouse: what each user may do, and that neither a stop nor a crash loses what was acknowledged."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import stat
import threading
import time
from collections.abc import Iterator

import fastavro
import psutil
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_process import PASSWORDS, ClickHouse

from earwitness.clickhouse.access import Policy, hashes
from earwitness.clickhouse.access_sql import access_statements
from earwitness.embedded.catalogue_server import CatalogueServer
from earwitness.embedded.clickhouse import clickhouse_service
from earwitness.embedded.process import launch
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Secret
from waiting import wait_for

pytestmark = pytest.mark.stack

ACCESS_DENIED, READONLY, OUT_OF_BOUNDS, TIMEOUT, TOO_MANY_ROWS = 497, 164, 452, 159, 396
WRONG_LOGIN, NO_SESSION, NO_FILE_ACCESS, NOT_ALLOWED, FIXED = 516, 700, 76, 446, 392
CANCELLED, UNKNOWN_SCHEMA = 394, 86

SCHEMA = '{"type":"record","name":"E","fields":[{"name":"kind","type":"string"},{"name":"id","type":"long"}]}'
SCHEMA_ID = 1234567

TABLES = (
    "CREATE DATABASE store",
    "CREATE DATABASE audit",
    "CREATE TABLE store.landing_events (kind String, id Int64, note Nullable(String)) ENGINE = Null",
    "CREATE TABLE store.events (kind LowCardinality(String), id Int64) ENGINE = MergeTree ORDER BY id",
    (
        "CREATE MATERIALIZED VIEW store.events_from_landing TO store.events DEFINER = owner SQL SECURITY DEFINER "
        "AS SELECT kind, id FROM store.landing_events"
    ),
    "CREATE VIEW audit.events DEFINER = owner SQL SECURITY DEFINER AS SELECT kind, id FROM store.events",
    "CREATE VIEW audit.invoker SQL SECURITY INVOKER AS SELECT kind, id FROM store.events",
)


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with CatalogueServer(0, {SCHEMA_ID: SCHEMA}.__getitem__) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, registry: str) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse") / "a place" / "clickhouse", registry)
    try:
        server.start()
        server.make([*TABLES, "INSERT INTO store.landing_events (kind, id) VALUES ('first', 0)"])
        yield server
    finally:
        server.kill()


@pytest.fixture
def own(tmp_path) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path / "clickhouse")
    try:
        yield server
    finally:
        server.kill()


def framed(*ids: int, schema_id: int = SCHEMA_ID) -> bytes:
    schema = fastavro.parse_schema(json.loads(SCHEMA))
    out = io.BytesIO()
    for number in ids:
        out.write(b"\0" + schema_id.to_bytes(4, "big"))
        fastavro.schemaless_writer(out, schema, {"kind": "call.started", "id": number})
    return out.getvalue()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# ---- the server ----


def test_it_is_the_pinned_engine_with_our_settings(server):
    assert server.rows("admin", "SELECT version()") == [("26.9.2.1",)]
    assert server.rows("admin", "SELECT timezone()")[0][0] in {"UTC", "Etc/UTC"}
    changed = dict(server.rows("admin", "SELECT name, value FROM system.merge_tree_settings WHERE changed"))
    assert (changed["fsync_after_insert"], changed["fsync_part_directory"]) == ("1", "1")
    memory = "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"
    assert server.rows("admin", memory) == [("4294967296",)]


def test_it_listens_on_the_loopback_interface_only(server):
    listening = [c.laddr for c in psutil.Process(server.process.pid).net_connections("inet") if c.status == "LISTEN"]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", server.port)]


def test_no_password_is_written_or_shown(server):
    files = list(server.files())
    assert {path.name for path in files} == {"config.xml", "users.xml", "stopper.xml"}
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "<password>" not in path.read_text()
        assert "&lt;password&gt;" not in path.read_text()
    command = psutil.Process(server.process.pid).cmdline()
    assert not any(secret.reveal() in argument for secret in PASSWORDS.values() for argument in command)
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700


def test_a_missing_password_stops_the_start(tmp_path):
    with pytest.raises(UsageError, match="'sink'"):
        clickhouse_service(tmp_path / "c", 1, {"admin": Secret("x"), "analyst": Secret("x")}, "http://h", tmp_path)


# ---- who gets in ----


@pytest.mark.parametrize(
    ("user", "password"),
    [("admin", "wrong"), ("analyst", ""), ("owner", ""), ("owner", "0" * 64), ("stopper", ""), ("nobody", "x")],
)
def test_a_wrong_login_is_refused(server, user, password):
    status, body = server.request("/", "SELECT 1", basic(user, password))
    assert status == 403
    assert f"Code: {WRONG_LOGIN}." in body


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/", {"X-ClickHouse-User": "default"}),
        ("/", basic("default", "")),
        ("/", basic("", "")),
        ("/?user=default&max_sessions_for_user=0", {}),
        ("/?user=default&session_id=x", {}),
        ("/?user=default&password=", basic("admin", "")),
    ],
)
@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT file('/etc/passwd')", "SYSTEM STOP LISTEN HTTP"])
def test_nobody_comes_in_anonymously(server, path, headers, sql):
    status, body = server.request(path, sql, headers)
    assert status == 500
    assert f"Code: {NO_SESSION}." in body


# ---- the analyst ----


def test_an_analyst_reads_views_and_changes_harmless_settings(server):
    settings = {"max_execution_time": 5, "max_threads": 1, "log_comment": "report", "session_timezone": "Asia/Tokyo"}
    assert ("first", 0) in server.rows("analyst", "SELECT kind, id FROM audit.events", settings)
    assert server.rows("analyst", "SELECT name FROM system.databases") == [("audit",)]
    assert server.rows("analyst", "SELECT name FROM system.tables WHERE database != 'audit'") == []


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM store.events", ACCESS_DENIED),
        ("SELECT * FROM audit.invoker", ACCESS_DENIED),
        ("SELECT * FROM audit.events WHERE id IN (SELECT id FROM store.events)", ACCESS_DENIED),
        ("SELECT * FROM view(SELECT * FROM store.events)", ACCESS_DENIED),
        ("SELECT * FROM mergeTreeIndex(store, events)", ACCESS_DENIED),
        ("SELECT * FROM loop(store.events) LIMIT 1", ACCESS_DENIED),
        ("DESCRIBE store.events", ACCESS_DENIED),
        ("SHOW CREATE TABLE store.events", ACCESS_DENIED),
        ("INSERT INTO audit.events VALUES ('x', 1)", ACCESS_DENIED),
        ("INSERT INTO store.landing_events (id) VALUES (1)", ACCESS_DENIED),
        ("CREATE TABLE audit.mine (x Int8) ENGINE = Memory", ACCESS_DENIED),
        ("CREATE TEMPORARY TABLE mine (x Int8)", ACCESS_DENIED),
        ("CREATE VIEW audit.mine DEFINER = owner SQL SECURITY DEFINER AS SELECT 1", ACCESS_DENIED),
        ("DROP VIEW audit.events", ACCESS_DENIED),
        ("GRANT SELECT ON store.* TO analyst", ACCESS_DENIED),
        ("BACKUP DATABASE store TO File('x')", ACCESS_DENIED),
        ("KILL QUERY WHERE 1", ACCESS_DENIED),
        ("SYSTEM STOP LISTEN HTTP", ACCESS_DENIED),
        ("SELECT * FROM file('/etc/hosts', 'LineAsString')", ACCESS_DENIED),
        ("INSERT INTO FUNCTION file('x', 'CSV', 'a Int8') VALUES (1)", ACCESS_DENIED),
        ("SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", ACCESS_DENIED),
        ("SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'LineAsString')", ACCESS_DENIED),
        ("SELECT * FROM remote('127.0.0.1', 'store', 'events')", ACCESS_DENIED),
        ("SELECT * FROM executable('x', 'TSV', 'a String')", ACCESS_DENIED),
        ("SELECT * FROM format(CSV, '1')", ACCESS_DENIED),
        ("SELECT * FROM Python(sys)", NOT_ALLOWED),
        ("SELECT * FROM system.processes", ACCESS_DENIED),
        ("SELECT * FROM system.users", ACCESS_DENIED),
        ("SELECT * FROM system.server_settings", ACCESS_DENIED),
        ("SELECT * FROM system.parts", ACCESS_DENIED),
        ("SELECT file('/etc/passwd')", NO_FILE_ACCESS),
        ("SELECT file('/etc/hostname')", NO_FILE_ACCESS),
        ("SET readonly = 0", READONLY),
        ("SET max_memory_usage = 0", READONLY),
        ("SELECT 1 SETTINGS log_queries = 0", READONLY),
        ("SELECT 1 SETTINGS allow_python_table_function = 1", FIXED),
        ("SET max_execution_time = 0", OUT_OF_BOUNDS),
        ("SELECT 1 SETTINGS max_execution_time = 61", OUT_OF_BOUNDS),
        ("SELECT 1 SETTINGS max_result_rows = 0", OUT_OF_BOUNDS),
        ("SELECT 1 SETTINGS max_result_bytes = 268435457", OUT_OF_BOUNDS),
        ("SELECT * FROM numbers(1500000)", TOO_MANY_ROWS),
        ("SELECT count() FROM numbers(1000000000000) SETTINGS max_execution_time = 1", TIMEOUT),
    ],
)
def test_an_analyst_may_do_nothing_else(server, sql, code):
    assert server.refusal("analyst", sql) == code
    assert server.service.ready()


def test_the_query_log_says_who_asked_what(server):
    mark = f"mark-{time.monotonic_ns()}"
    server.rows("analyst", "SELECT count() FROM audit.events", {"log_comment": mark})
    assert server.refusal("analyst", "SELECT id FROM store.events", {"log_comment": mark}) == ACCESS_DENIED
    server.make(["SYSTEM FLUSH LOGS"])
    log = server.rows(
        "admin",
        "SELECT user, exception_code FROM system.query_log WHERE log_comment = getSetting('log_comment')"
        " AND type != 'QueryStart' AND user = 'analyst' ORDER BY event_time_microseconds",
        {"log_comment": mark},
    )
    assert log == [("analyst", 0), ("analyst", ACCESS_DENIED)]
    made = server.rows("admin", "SELECT create_table_query FROM system.tables WHERE name = 'query_log'")
    assert "TTL event_date + toIntervalDay(90)" in str(made)


# ---- the sink ----


def test_the_sink_lands_framed_avro_through_the_catalogue(server):
    with server.client("sink") as sink:
        sink.raw_insert("store.landing_events", ["kind", "id"], framed(101, 102), fmt="AvroConfluent")
    assert server.rows("sink", "SELECT kind, id FROM store.events WHERE id IN (101, 102) ORDER BY id") == [
        ("call.started", 101),
        ("call.started", 102),
    ]
    with pytest.raises(ClickHouseError) as refused, server.client("sink") as sink:
        sink.raw_insert("store.landing_events", ["kind", "id"], framed(103, schema_id=7), fmt="AvroConfluent")
    assert refused.value.code == UNKNOWN_SCHEMA


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO store.events VALUES ('x', 1)",
        "SELECT * FROM audit.events",
        "CREATE TABLE store.landing_mine (x Int8) ENGINE = Memory",
        "ALTER TABLE store.events DELETE WHERE 1",
        "TRUNCATE TABLE store.events",
        "OPTIMIZE TABLE store.events",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM system.query_log",
    ],
)
def test_the_sink_may_do_nothing_else(server, sql):
    server.make(["SYSTEM FLUSH LOGS"])
    assert server.refusal("sink", sql) == ACCESS_DENIED


def test_the_sink_finds_and_ends_its_own_queries_only(server):
    ended: dict[str, int] = {}

    def run(user: str) -> None:
        sql = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
        ended[user] = server.refusal(user, sql, {"log_comment": f"slow-{user}"})

    threads = [threading.Thread(target=run, args=(user,)) for user in ("sink", "admin")]
    for thread in threads:
        thread.start()
    running = "SELECT count() FROM system.processes WHERE Settings['log_comment'] LIKE 'slow-%'"
    wait_for(lambda: server.rows("sink", running) == [(2,)], 20.0)
    kill = "KILL QUERY WHERE Settings['log_comment'] = '{}' SYNC"
    assert server.refusal("sink", kill.format("slow-admin")) == ACCESS_DENIED
    assert server.refusal("sink", kill.format("slow-sink")) == 0
    assert server.rows("sink", running) == [(1,)]
    server.make([kill.format("slow-admin")])
    for thread in threads:
        thread.join(10)
    assert ended == {"sink": CANCELLED, "admin": CANCELLED}


# ---- a cluster's SQL ----


@pytest.mark.parametrize("cluster", [None, "some_cluster"])
def test_clickhouse_understands_the_sql_that_is_made_for_a_cluster(server, cluster):
    """This server keeps its users in a file and would refuse to run the statements; it can parse them."""
    policy = Policy.load()
    with server.client("admin") as admin:
        for statement in access_statements(policy, hashes(policy.users, PASSWORDS), cluster=cluster):
            root = admin.command(f"EXPLAIN AST {statement}")
            assert str(root).startswith(("Create", "Grant")), f"{statement}: {root}"


# ---- stop and crash ----


def test_it_starts_quickly_and_stops_on_sigterm_whatever_runs(own):
    assert own.start() < 15
    running = threading.Thread(
        target=own.refusal, args=("analyst", "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)")
    )
    with own.client("admin") as idle:
        running.start()
        wait_for(
            lambda: own.rows("admin", "SELECT count() FROM system.processes WHERE user = 'analyst'") == [(1,)], 20.0
        )
        assert idle.ping()
        code, seconds = own.stop()
    running.join(10)
    assert code == 0
    assert seconds < 6
    assert not own.service.ready()
    own.start()
    # What was asked before is still known, how it ended included.
    log = "SELECT exception_code FROM system.query_log WHERE user = 'analyst' AND query LIKE '%sipHash%' AND type > 2"
    assert own.rows("admin", log) == [(CANCELLED,)]
    assert own.stop()[0] == 0


def test_a_stop_during_the_start_is_a_stop(own):
    own.process = launch(own.service.argv, own.service.environment, own.directory, own.service.log)
    wait_for(lambda: "ClickHouse starts" in own.log(), 20.0)
    code, seconds = own.stop()
    assert code == 0
    assert seconds < 6
    own.start()


def test_a_second_server_on_the_same_data_ends_and_says_why(own):
    own.start()
    second = ClickHouse(own.directory)
    with pytest.raises(AssertionError, match="Another server instance"):
        second.start()
    assert second.process.poll() == 3
    assert own.service.ready()


def test_what_was_acknowledged_is_there_after_kill_9(own):
    own.start()
    own.make(TABLES)
    acknowledged: list[int] = []
    stop = threading.Event()

    def insert() -> None:
        with contextlib.suppress(Exception), own.client("sink") as sink:
            while not stop.is_set():
                first = len(acknowledged) * 1000
                rows = "".join(f'{{"kind":"k","id":{number}}}\n' for number in range(first, first + 1000))
                sink.raw_insert("store.landing_events", ["kind", "id"], rows, fmt="JSONEachRow")
                acknowledged.append(first)

    for _ in range(2):
        before = len(acknowledged)
        thread = threading.Thread(target=insert)
        thread.start()
        wait_for(lambda reached=before + 5: len(acknowledged) >= reached, 20.0)
        own.kill()
        stop.set()
        thread.join(10)
        stop.clear()
        assert (own.directory / "data" / "status").exists()
        own.start()
        held = own.rows("admin", "SELECT uniqExact(intDiv(id, 1000)), uniqExact(id) FROM store.events")[0]
        # At most the insert that was under way is there although nobody said so.
        assert held in {(count, count * 1000) for count in (len(acknowledged), len(acknowledged) + 1)}
