"""The pipeline with a real Apicurio: the same rows as with the catalogue, and what happens when it is away.

Workers run as they do for a user, as processes with settings; `old` is a release before `trail.admin_action` had its
second version, which says how many things were `affected` (see `releases.py`).
"""
# ruff: noqa: S608 - the statements are made of names of our own

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import itertools
import json
import time
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from apicurio import Apicurio
from confluent_kafka import Producer
from releases import Release, Running, make_old_schemas

from earwitness.cli.query import run_query
from earwitness.client import AuditClient
from earwitness.embedded import control, ports
from earwitness.embedded.catalogue_server import catalogue_service
from earwitness.embedded.process import launch
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue, codec
from earwitness.schemas.events import EVENTS
from earwitness.schemas.framing import prefix
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

KIND = "trail.admin_action"
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
# What differs between two runs of the same thing.
OWN = "source_topic_id, source_partition, source_offset, received_at, inserted_at, event_id, producer_id, sequence, service"


class World:
    """A broker and a ClickHouse with tables, a registry, and two releases of everything else."""

    def __init__(self, directory: Path, registry: Apicurio) -> None:
        self.home = directory / "home"
        self.registry = registry
        self.directory = directory
        self.new = Release("new", directory)
        self.old = Release("old", directory, make_old_schemas(directory / "before"))
        self._caches = itertools.count()

    def catalogue(self, role: str) -> dict[str, str]:
        """A role's settings without a registry."""
        return control.environment(self.home, role)

    def registered(self, role: str, cache: str) -> dict[str, str]:
        """A role's settings with the registry, which ClickHouse asks itself."""
        more = {
            "URL": self.registry.url,
            "CACHE": str(self.directory / cache),
        }
        own = {f"EARWITNESS_REGISTRY_{name}": value for name, value in more.items()}
        return self.catalogue(role) | own | {"EARWITNESS_CLICKHOUSE_REGISTRY_URL": self.registry.url}

    def fresh(self) -> str:
        """A cache directory that nothing is in."""
        return f"cache-{next(self._caches)}"

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return run_query(Settings.load(self.catalogue("admin")).need_clickhouse(), sql)[1]

    def stored(self, service: str) -> int:
        return int(str(self.rows(f"SELECT count() FROM store.events WHERE service = '{service}'")[0][0]))

    def back(self) -> None:
        if self.registry.process is None:
            self.registry.start()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("registry")
    registry = Apicurio(directory / "apicurio")
    made = World(directory, registry)
    lines: list[str] = []
    try:
        registry.start()
        control.up(made.home, workers=(), progress=lines.append, foreground_child=True)
        yield made
    finally:
        registry.stop()
        control.down(made.home, lines.append)


@pytest.fixture(autouse=True)
def _registered(world: World) -> Iterator[None]:
    world.back()
    code, _, err = world.new.run(world.registered("admin", "admin"), "schemas", "register")
    assert code == 0, err
    yield
    world.back()


@contextlib.contextmanager
def workers(environment: Callable[[str], dict[str, str]], release: Release) -> Iterator[dict[str, Running]]:
    """Privacy worker and sink, stopped in order at the end."""
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(release.worker(name, environment(name))) for name in ("privacy", "sink")}
        yield running
        for each in list(running.values()):
            each.stop()


def publish(environment: Mapping[str, str], service: str, kinds: Sequence[str] = tuple(EVENTS)) -> int:
    """One event of each kind, from the client; how many."""
    client = AuditClient.from_env(service, environ=environment, strict=True)
    with client.call(call_sid="CA" + "7" * 32, caller="+12125550100"):
        for kind in kinds:
            assert client.emit(_sample(EVENTS[kind]))
    assert client.flush(60) == 0
    assert client.close(30) == 0
    return len(kinds)


def _sample(kind: type) -> typing.Any:
    hints = typing.get_type_hints(kind)
    return kind(**{name: _value(hints[name]) for name in kind.__struct_fields__})  # type: ignore[attr-defined]


def _value(hint: typing.Any) -> typing.Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if type(None) in arguments:
        return _value(arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if origin is not None and issubclass(origin, Mapping):
        return {"key": _value(arguments[1])}
    if origin is not None and issubclass(origin, Sequence):
        return (_value(arguments[0]),)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _sample(hint)
    return {str: "text ñ", int: 7, float: 1.5, bool: True, dt.datetime: NOON}[hint]


def arrived(world: World, service: str, count: int, running: dict[str, Running], seconds: float = 120) -> None:
    # The client's own report, which comes at its close, is one more; how many it makes is its own affair.
    kinds = f"SELECT count() FROM store.events WHERE service = '{service}' AND kind != 'trail.client_report'"
    running["sink"].wait_for(
        lambda: int(str(world.rows(kinds)[0][0])) >= count, seconds, f"{count} events of {service} are stored"
    )
    assert world.rows(kinds) == [(count,)]


def named() -> str:
    return f"svc-{uuid.uuid4().hex[:8]}"


def test_the_same_rows_with_the_registry_and_with_the_catalogue(world: World) -> None:
    def way(environment: Callable[[str], dict[str, str]]) -> dict[tuple[str, str], object]:
        service = named()
        kinds = [kind for kind in EVENTS if kind != "trail.client_report"]
        with workers(environment, world.new) as running:
            count = publish(environment("producer"), service, kinds)
            arrived(world, service, count, running)
        names, rows = run_query(
            Settings.load(world.catalogue("admin")).need_clickhouse(),
            f"SELECT * EXCEPT ({OWN}) FROM store.events WHERE service = '{service}' AND kind != 'trail.client_report'",
        )
        return {(str(row[0]), name): value for row in rows for name, value in zip(names, row, strict=True)}

    # What the first workers leave unread in the topics, ledger entries say, the second ones read under the other ids.
    with_catalogue = way(world.catalogue)
    with_registry = way(lambda role: world.registered(role, "shared"))
    assert {kind for kind, _ in with_catalogue} == EVENTS.keys() - {"trail.client_report"}
    assert with_registry == with_catalogue


@contextlib.contextmanager
def bridged(world: World, directory: Path) -> Iterator[Callable[[str], dict[str, str]]]:
    """Settings as in an embedded stack: ClickHouse asks the catalogue server, which shares the workers' cache."""
    cache = world.fresh()
    port = ports.assign(["catalogue"], {})["catalogue"]
    registry = {
        name: value
        for name, value in world.registered("sink", cache).items()
        if name.startswith("EARWITNESS_REGISTRY_")
    }
    service = catalogue_service(port, directory / "catalogue.log", directory, registry)
    process = launch(service.argv, service.environment, service.directory, service.log)
    try:
        wait_for(service.ready, 60, "the catalogue answers")
        yield (
            lambda role: (
                world.registered(role, cache) | {"EARWITNESS_CLICKHOUSE_REGISTRY_URL": f"http://127.0.0.1:{port}"}
            )
        )
    finally:
        process.kill()
        process.wait(10)


def test_the_registry_is_killed_in_the_middle_and_comes_back(world: World, tmp_path: Path) -> None:
    with bridged(world, tmp_path) as environment:
        _killed_in_the_middle(world, environment)


def _killed_in_the_middle(world: World, environment: Callable[[str], dict[str, str]]) -> None:
    service = named()
    kinds = ["call.started", "call.ended", "data.job_lookup"]
    with workers(environment, world.new) as running:
        count = publish(environment("producer"), service, kinds)
        arrived(world, service, count, running)
        world.registry.stop()
        count += publish(environment("producer"), service, kinds)
        arrived(world, service, count, running)
    # Everything starts again without it, from what it said before.
    with workers(environment, world.new) as running:
        count += publish(environment("producer"), service, kinds)
        arrived(world, service, count, running)
        world.registry.start()
        count += publish(environment("producer"), service, [*kinds, "system.api_latency"])
        arrived(world, service, count, running)
    topics = f"SELECT hex(source_topic_id) FROM store.events WHERE service = '{service}'"
    dead = f"SELECT count() FROM audit.dead_letters WHERE source_topic_id IN ({topics})"
    assert world.rows(dead) == [(0,)]


def test_a_worker_of_before_masks_and_stores_a_new_version_without_a_restart(world: World) -> None:
    service, cache = named(), world.fresh()

    def environment(role: str) -> dict[str, str]:
        return world.registered(role, cache)

    with workers(environment, world.old) as running:
        events = {str(uuid.uuid4()): number for number in range(1, 6)}
        lines = [
            json.dumps(
                {"kind": KIND, "event_id": event_id, "service": service, "action": "archive", "subject": "Ann Lee"}
                | {"outcome": "success", "affected": affected}
            )
            for event_id, affected in events.items()
        ]
        code, out, err = world.new.run(environment("producer"), "emit", stdin="\n".join(lines))
        assert (code, out) == (0, "5 events delivered, 0 lines refused\n"), err
        running["sink"].wait_for(lambda: world.stored(service) == 5, 120, "the new version's events are stored")
    found = world.rows(f"SELECT toString(event_id), affected, subject FROM store.events WHERE service = '{service}'")
    assert {row[0]: row[1] for row in found} == events
    assert all(str(row[2]).startswith("person_k1_") for row in found), "masked as its schema says"


def test_an_unknown_id_waits_while_the_registry_is_away_and_then_goes_on(world: World) -> None:
    service, cache = named(), world.fresh()

    def environment(role: str) -> dict[str, str]:
        return world.registered(role, cache)

    schema = catalogue.raw("call.ended")
    wire_id = _wire_id(world, schema)
    with workers(environment, world.new) as running:
        world.registry.stop()
        _produce(world, prefix(wire_id) + _ended(service)[5:])
        privacy = running["privacy"]
        privacy.wait_for(lambda: "waits, nothing of it is lost" in privacy.log.read_text(), 60, "it says that it waits")
        began = time.monotonic()
        privacy.wait_for(lambda: time.monotonic() - began > 3, 10)
        assert world.stored(service) == 0
        assert privacy.log.read_text().count("nothing of it is lost") == 1, "one line"
        # A worker that waits holds up neither a second one nor its own end, and the second one waits for the same record.
        with world.new.worker("privacy", environment("privacy")) as second:
            running["privacy"].stop()
            second.wait_for(lambda: "waits, nothing of it is lost" in second.log.read_text(), 60, "it waits too")
            world.registry.start()
            running["sink"].wait_for(lambda: world.stored(service) == 1, 120, "it goes on")
            second.wait_for(lambda: "goes on" in second.log.read_text(), 10, "it says that it goes on")
            second.stop()
        running.pop("privacy")


def test_an_id_that_the_registry_does_not_have_is_a_dead_letter(world: World) -> None:
    cache = world.fresh()

    def environment(role: str) -> dict[str, str]:
        return world.registered(role, cache)

    with workers(environment, world.new) as running:
        service = named()
        _produce(world, prefix(999_999) + b"\0secret")
        _produce(world, prefix(_wire_id(world, catalogue.raw("call.ended"))) + _ended(service)[5:])
        running["sink"].wait_for(lambda: world.stored(service) == 1, 120, "what follows is stored")
        dead = "SELECT reason, detail FROM audit.dead_letters WHERE schema_id = 999999"
        running["sink"].wait_for(lambda: world.rows(dead), 60, "the dead letter is stored")
    assert world.rows(dead) == [("unknown_schema", "no raw schema has the id 999999")]


def test_what_nobody_registered_is_waited_for_and_told(world: World, tmp_path: Path) -> None:
    other = Apicurio(tmp_path / "empty")
    other.start()
    try:
        environment = world.registered("privacy", world.fresh()) | {"EARWITNESS_REGISTRY_URL": other.url}
        code, _, err = world.new.run(environment, "worker", "privacy")
        assert code == 3
        assert "run: earwitness schemas register" in err.splitlines()[-1]
    finally:
        other.stop()


def test_the_embedded_stacks_catalogue_asks_the_registry_for_clickhouse(world: World, tmp_path: Path) -> None:
    port = ports.assign(["catalogue"], {})["catalogue"]
    registry = {
        name: value
        for name, value in world.registered("sink", world.fresh()).items()
        if name.startswith("EARWITNESS_REGISTRY_")
    }
    service = catalogue_service(port, tmp_path / "log", tmp_path, registry)
    process = launch(service.argv, service.environment, service.directory, service.log)
    try:
        wait_for(service.ready, 60, "the catalogue answers")
        kept, later = (catalogue.masked(kind) for kind in ("call.ended", "call.started"))
        wire_id = _wire_id(world, kept)
        assert _asked(port, wire_id) == (200, kept.text)
        assert _asked(port, kept.id) == (200, kept.text), "what was written before there was a registry"
        assert _asked(port, 999_999)[0] == 404
        other = _wire_id(world, later)
        world.registry.stop()
        assert _asked(port, wire_id) == (200, kept.text)
        assert _asked(port, other)[0] == 503
        process.terminate()
        process.wait(10)
        process = launch(service.argv, service.environment, service.directory, service.log)
        wait_for(service.ready, 60, "the catalogue answers again")
        assert _asked(port, wire_id) == (200, kept.text), "kept on disk"
    finally:
        process.kill()
        process.wait(10)


def _asked(port: int, wire_id: int) -> tuple[int, str]:
    """What ClickHouse is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", f"/schemas/ids/{wire_id}")
        response = connection.getresponse()
        return response.status, json.loads(response.read()).get("schema", "")


def _wire_id(world: World, schema: catalogue.Schema) -> int:
    code, out, err = world.new.run(world.registered("admin", "admin"), "schemas", "register", "--json")
    assert code == 0, err
    subject = f"{schema.definition['namespace']}.{schema.definition['name']}"
    found = [row["id"] for row in json.loads(out) if (row["subject"], row["version"]) == (subject, schema.version)]
    return int(found[0])


def _ended(service: str) -> bytes:
    record = {field["name"]: field.get("default") for field in catalogue.raw("call.ended").fields}
    record |= {"event_id": str(uuid.uuid4()), "occurred_at": time.time_ns() // 1000, "severity": "INFO"}
    record |= {"service": service, "environment": "dev", "producer_id": "p", "sequence": 1, "tenant": "default"}
    record |= {"duration_seconds": 7, "disconnect_reason": "completed", "final_stage": "goodbye"}
    record |= {"call_status": "completed", "attributes": {}, "replayed": False}
    return codec.encode(catalogue.raw("call.ended"), record)


def _produce(world: World, value: bytes) -> None:
    producer = Producer(Settings.load(world.catalogue("producer")).need_kafka().librdkafka())
    producer.produce("audit.raw.call", value, key=b"CA1")
    assert producer.flush(30) == 0
