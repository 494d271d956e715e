"""The client with a registry: its worker asks, the app's threads never do, and events wait while nobody answers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from earwitness.client import AuditClient, Limits
from earwitness.client import producer as producers
from earwitness.runtime.settings import KafkaSettings, RegistrySettings, Settings, SpoolSettings
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import NotRegisteredError, RegistryAwayError
from earwitness.schemas.events import CallEnded
from earwitness.schemas.registry import Registry
from waiting import wait_for


class Told:
    """Stands in for the producer: everything is delivered at once."""

    def __init__(self):
        self.messages = []

    def produce(self, topic, value, _, on_delivery):
        self.messages.append((topic, value))
        on_delivery(None, None)

    def poll(self, _):
        return 0

    flush = poll

    def purge(self):
        pass


@pytest.fixture
def told(monkeypatch):
    made = Told()
    monkeypatch.setattr(producers, "connect", lambda *_, **__: made)
    return made


class Asked:
    """A registry's answers, and which thread asked."""

    def __init__(self, monkeypatch):
        self.problem = None
        self.unregistered = set()
        self.hang = 0.0
        self.threads = Counter()
        self.ids = {schema.id: number for number, schema in enumerate(catalogue.schemas(), start=1)}
        monkeypatch.setattr(Registry, "lookup", lambda _, schema: self.lookup(schema))
        monkeypatch.setattr(Registry, "schema", lambda _, wire_id: catalogue.schemas()[wire_id - 1].text)

    def lookup(self, schema):
        self.threads[threading.current_thread().name] += 1
        time.sleep(self.hang)
        if self.problem is not None:
            raise self.problem
        if schema.name in self.unregistered:
            raise NotRegisteredError(f"{schema.name}: run: earwitness schemas register")
        return self.ids[schema.id]


@pytest.fixture
def registry(monkeypatch):
    return Asked(monkeypatch)


@pytest.fixture
def settings(tmp_path):
    return Settings(
        kafka=KafkaSettings("127.0.0.1:1"),
        registry=RegistrySettings("http://127.0.0.1:1", tmp_path / "cache"),
        spool=SpoolSettings(directory=tmp_path / "spool"),
    )


def event():
    return CallEnded(duration_seconds=1, disconnect_reason="completed", final_stage="goodbye", call_status="completed")


def frame(registry, kind="call.ended"):
    return b"\0" + registry.ids[catalogue.raw(kind).id].to_bytes(4, "big")


def test_events_carry_the_registrys_ids_and_only_the_worker_asked(settings, registry, told):
    client = AuditClient(settings)
    for _ in range(3):
        assert client.emit(event())
    assert client.flush(10) == 0
    assert [value[:5] for topic, value in told.messages if topic == "audit.raw.call"] == [frame(registry)] * 3
    client.close()
    assert set(registry.threads) == {"earwitness-client"}
    assert sum(registry.threads.values()) == len(catalogue.kinds()), "each kind once"


def test_a_registry_that_hangs_costs_the_app_nothing(settings, registry, told):
    registry.hang = 0.5
    client = AuditClient(settings)
    began = time.monotonic()
    for _ in range(100):
        client.emit(event())
    assert time.monotonic() - began < 0.3
    registry.hang = 0.0
    assert client.close(10) == 0


def test_away_events_wait_in_the_spool_and_then_go_on_in_order(settings, registry, told, caplog):
    registry.problem = RegistryAwayError("the registry is away")
    client = AuditClient(settings, limits=Limits(events=50))
    taken = 0
    while taken < 200:
        taken += client.emit(event())
    wait_for(lambda: client.stats().registry_errors >= 2 and client.stats().spooled == taken, 10)
    assert not told.messages
    complaints = [each.getMessage() for each in caplog.records]
    assert complaints == ["audit events wait: the registry is away"], "one line a minute"
    registry.problem = None
    assert client.flush(20) == 0
    stats = client.stats()
    assert (stats.acknowledged, stats.replayed, stats.spooled) == (taken, taken, 0)
    sent = [codec.decode(value, client._outbox._worker._frames.wire_ids)[1] for _, value in told.messages]
    assert [(record["sequence"], record["replayed"]) for record in sent] == [(n, True) for n in range(1, taken + 1)]
    client.close()


def test_away_and_without_a_spool_events_wait_in_memory(settings, registry, told, tmp_path):
    (tmp_path / "spool").touch()
    registry.problem = RegistryAwayError("the registry is away")
    client = AuditClient(settings, limits=Limits(events=50))
    while client.emit(event()):
        pass
    taken = client.stats().accepted
    wait_for(lambda: client.stats().registry_errors >= 2, 10)
    assert client.stats().undelivered == taken >= 50
    assert not told.messages
    registry.problem = None
    assert client.flush(20) == 0
    assert client.stats().acknowledged == taken
    client.close()


def test_a_kind_that_is_not_registered_does_not_hold_up_the_ids_of_others(settings, registry, told, caplog):
    registry.unregistered.add("data.job_lookup")
    client = AuditClient(settings)
    client.emit(event())
    assert client.flush(10) == 0
    assert told.messages[0][1][:5] == frame(registry)
    client.close()
    assert "schemas register" in caplog.text


def test_away_at_the_end_what_waits_stays_in_the_spool(settings, registry, told):
    registry.problem = RegistryAwayError("the registry is away")
    client = AuditClient(settings)
    for _ in range(5):
        client.emit(event())
    assert client.close(0.5) == 0
    assert client.stats().spooled == 5
    registry.problem = None
    again = AuditClient(settings)
    again.emit(event())
    wait_for(lambda: again.stats().replayed == 6, 20, again.stats)
    assert again.stats().adopted == 6, "and the report of the one before"
    again.close()


def test_away_at_the_end_and_without_a_spool_what_waits_is_counted_as_lost(settings, registry, told, tmp_path):
    (tmp_path / "spool").touch()
    registry.problem = RegistryAwayError("the registry is away")
    client = AuditClient(settings)
    for _ in range(5):
        client.emit(event())
    assert client.close(0.5) == 5
    stats = client.stats()
    assert (stats.accepted, stats.dropped, stats.undelivered) == (5, {"shutdown": 5}, 0)


def test_what_the_registry_said_before_holds_while_it_is_away(settings, registry, told):
    client = AuditClient(settings)
    client.emit(event())
    assert client.flush(10) == 0
    client.close()
    registry.problem = RegistryAwayError("the registry is away")
    told.messages.clear()
    again = AuditClient(settings)
    again.emit(event())
    assert again.flush(10) == 0
    assert told.messages[0][1][:5] == frame(registry)
    again.close()


def test_without_a_registry_no_http_library_is_loaded_by_us():
    code = """
import sys
from earwitness.client import AuditClient
from earwitness.client.outbox import Outbox
client = AuditClient.from_env(environ={"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
client.call_ended(duration_seconds=1, disconnect_reason="completed", final_stage="goodbye", call_status="completed")
client.close(0.2)
sys.exit(any(name in sys.modules for name in ("http.client", "urllib.request", "earwitness.schemas.registry")))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
