"""The client on three brokers whose leaders move: by an election, because their broker ends, because it is killed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import App, note, told
from brokers import RAW, Brokers
from confluent_kafka import ElectionType, TopicPartition

from earwitness.client import AuditClient, Limits
from earwitness.runtime.settings import Settings, SpoolSettings
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


BROKERS = 3


@pytest.fixture
def audit(brokers: Brokers, tmp_path: Path) -> Iterator[AuditClient]:
    settings = Settings(kafka=brokers.kafka, spool=SpoolSettings(directory=tmp_path / "spool"))
    service = f"leaders-{uuid.uuid4().hex[:8]}"
    made = AuditClient(settings, service=service, limits=Limits(50_000, 1 << 26), report_seconds=1.0)
    yield made
    made.close(1.0)


def wait_whole(brokers: Brokers) -> None:
    """All replicas are in sync, and each broker leads what it led at first."""
    wait_for(lambda: brokers.in_sync() == 3, 120, "all replicas are in sync")
    places = [TopicPartition(each.name, number) for each in RAW for number in range(each.partitions)]
    brokers.admin.elect_leaders(ElectionType.PREFERRED, places).result(60)
    wait_for(lambda: {*brokers.leaders().values()} == {1, 2, 3}, 60, brokers.leaders)


def assert_whole(app: App, brokers: Brokers, since: Any, request: Any) -> None:
    stats = app.settle()
    assert app.audit.close(10.0) == 0
    app.assert_unharmed()
    service = app.audit._service
    copies = app.assert_all_arrived(brokers, since, service, stats)
    assert told(copies, "accepted") == stats.accepted
    repeats = len(copies) - len({each.event_id for each in copies})
    note(request, events=stats.accepted, repeats=repeats, opened=stats.breaker_openings, worst_ms=app.worst * 1e3)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_leader_goes_and_comes_back(brokers, audit, request, how):
    wait_whole(brokers)
    since, app = brokers.ends(), App(audit)
    victims = (2, 3) if how == "kill" else (2,)
    with app.running():
        app.run(1.0)
        for node in victims:
            getattr(brokers, how)(node)
            wait_for(
                lambda node=node: len(brokers.leaders()) == 30 and node not in brokers.leaders().values(),
                60,
                "new leaders",
            )
            app.run(1.0)
            brokers.start(node)
            brokers.wait_up(node)
            wait_whole(brokers)  # it leads again
            app.run(0.5)
    assert_whole(app, brokers, since, request)


def test_too_few_replicas_are_in_sync(brokers, audit, request):
    """Nobody confirms anything while two of three are away; that is an outage like any other."""
    wait_whole(brokers)
    since, app = brokers.ends(), App(audit)
    with app.running():
        app.run(1.0)
        for node in (2, 3):
            brokers.kill(node)
        wait_for(lambda: audit.stats().breaker_open, 60, audit.stats)
        app.run(1.0)
        assert audit.stats().spooled > 0
        for node in (2, 3):
            brokers.start(node)
        for node in (2, 3):
            brokers.wait_up(node)
        wait_for(lambda: not audit.stats().breaker_open, 60, audit.stats)
        app.run(1.0)
    assert_whole(app, brokers, since, request)
