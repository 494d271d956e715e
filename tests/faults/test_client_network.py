"""The whole client behind a bad network: the app notices nothing, and every event is on the real broker in the end."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import App, note, told
from brokers import Brokers
from proxy import Proxy

from earwitness.client import AuditClient, Limits
from earwitness.runtime.settings import KafkaSettings, Settings, SpoolSettings
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

MODES = ["buffered", "spool_first", "journal"]


class Trial:
    """A client behind the network, its app, and what is on the broker of it."""

    def __init__(self, brokers: Brokers, address: str, spool: Path, **options: Any) -> None:
        self.brokers = brokers
        self.service = f"net-{uuid.uuid4().hex[:8]}"
        self.settings = Settings(kafka=KafkaSettings(address), spool=SpoolSettings(directory=spool))
        options = {"limits": Limits(50_000, 1 << 26), "report_seconds": 1.0} | options
        self.audit = AuditClient(self.settings, service=self.service, **options)
        self.app = App(self.audit)
        self.since = brokers.ends()

    def assert_whole(self, request: Any) -> None:
        """All is delivered, the books are right, and the stream says the same."""
        stats = self.app.settle()
        assert self.audit.close(10.0) == 0
        self.app.assert_unharmed()
        copies = self.app.assert_all_arrived(self.brokers, self.since, self.service, stats)
        repeated = sum(each.replayed for each in copies)
        assert stats.replayed <= repeated
        assert told(copies, "accepted") == stats.accepted
        assert told(copies, "acknowledged") == stats.acknowledged
        spool = self.settings.spool.directory
        assert spool is not None
        assert [each.name for each in spool.rglob("*") if each.is_file()] == [], "nothing is left on disk"
        note(
            request,
            events=stats.accepted,
            replayed=stats.replayed,
            repeats=repeated,
            worst_ms=round(self.app.worst * 1e3, 2),
        )


@pytest.fixture
def trial(brokers: Brokers, network: Proxy, tmp_path: Path) -> Iterator[Any]:
    made: list[Trial] = []

    def make(**options: Any) -> Trial:
        made.append(Trial(brokers, options.pop("address", network.address), tmp_path / "spool", **options))
        return made[-1]

    yield make
    for each in made:
        each.audit.close(1.0)


@pytest.mark.parametrize("mode", MODES)
def test_cut_and_back(trial, network, request, mode):
    it = trial(durability=mode)
    with it.app.running():
        it.app.run(1.0)
        network.cut()
        wait_for(lambda: it.audit.stats().breaker_open, 30, it.audit.stats)
        it.app.run(2.0)
        stats = it.audit.stats()
        assert stats.spooled > 0
        assert stats.spool_bytes > 0
        network.resume()
        it.app.run(1.0)
    assert it.audit.stats().breaker_openings == 1
    it.assert_whole(request)


def test_cut_again_and_again(trial, network, request):
    it = trial(durability="spool_first")
    with it.app.running():
        for seconds in (0.3, 1.0, 4.5, 0.1, 5.0, 0.5):
            it.app.run(0.7)
            network.cut()
            it.app.run(seconds)
            network.resume()
    it.assert_whole(request)


@pytest.mark.parametrize("mode", MODES)
def test_slow(trial, network, request, mode):
    it = trial(durability=mode)
    it.app.per_second = 2_000
    with it.app.running():
        it.app.run(0.5)
        network.slow(bytes_per_second=64_000)
        it.app.run(6.0)
        network.resume()
        it.app.run(0.5)
    it.assert_whole(request)


@pytest.mark.parametrize("mode", MODES)
def test_reset_in_the_middle_of_a_frame(trial, network, request, mode):
    it = trial(durability=mode)
    it.app.per_second = 1_000
    with it.app.running():
        it.app.run(0.5)
        network.slow(bytes_per_second=200_000)  # a batch passes in pieces, so most resets meet one
        for _ in range(12):
            it.app.run(0.35)
            network.reset()
        network.resume()
    assert network.accepted > 5
    it.assert_whole(request)


@pytest.mark.parametrize("mode", MODES)
def test_silent(trial, network, request, mode):
    it = trial(durability=mode)
    with it.app.running():
        it.app.run(1.0)
        network.hang()
        wait_for(lambda: it.audit.stats().breaker_open, 45, it.audit.stats)
        it.app.run(1.0)
        assert it.audit.stats().spooled > 0
        network.resume()
        it.app.run(1.0)
    it.assert_whole(request)


def test_accepts_and_never_answers_from_the_start(trial, network, request):
    network.hang()
    it = trial(durability="spool_first")
    with it.app.running():
        it.app.run(2.0)
    began = time.monotonic()
    assert it.audit.flush(0.5) == len(it.app.taken)
    assert time.monotonic() - began < 2.0
    network.resume()
    it.assert_whole(request)


def test_answers_are_lost_and_the_client_ends(trial, network, brokers, request):
    """What the broker may have is spooled at the end and comes once more, as a replay, from the next process."""
    it = trial(durability="spool_first")
    with it.app.running():
        it.app.run(1.0)
        network.slow(delay=0.4)  # what was sent is answered later than we wait
        it.app.run(1.0)
        network.cut()
        it.app.run(0.2)
    began = time.monotonic()
    assert it.audit.close(3.0) == 0, "nothing is lost: it is on disk"
    assert time.monotonic() - began < 4.0
    stats = it.audit.stats()
    assert stats.accepted == len(it.app.taken) == stats.acknowledged + stats.spooled
    assert stats.spooled > 0
    network.resume()

    heir = AuditClient(it.settings, service=it.service)
    heir.call_started(direction="inbound", language="en", attributes={"n": "0"})
    it.app.taken.append(0)

    def is_settled() -> bool:
        now = heir.stats()
        return stats.spooled <= now.adopted == now.replayed

    wait_for(lambda: heir.flush(1.0) == 0 and is_settled(), 60, heir.stats)
    found = heir.stats()
    assert (found.accepted, found.acknowledged) == (1, 1)
    # Reports were spooled too, since nobody took them: the last one, and one that was on its way.
    assert found.adopted <= stats.spooled + 2
    assert heir.close(5.0) == 0
    it.app.assert_unharmed()
    copies = it.app.assert_arrived(brokers, it.since, it.service)
    assert told(copies, "accepted") == stats.accepted + 1
    note(request, spooled=stats.spooled, copies=len(copies), worst_ms=round(it.app.worst * 1e3, 2))


def test_broker_restarted_in_order(trial, network, brokers, request):
    it = trial(durability="spool_first")
    with it.app.running():
        it.app.run(1.0)
        brokers.stop()
        brokers.start(1)
        brokers.wait_up(1)
        it.app.run(0.5)
    it.assert_whole(request)


@pytest.mark.parametrize("mode", MODES)
def test_broker_killed_and_back(trial, network, brokers, request, mode):
    it = trial(durability=mode)
    with it.app.running():
        it.app.run(1.0)
        brokers.kill()
        wait_for(lambda: it.audit.stats().breaker_open, 45, it.audit.stats)
        it.app.run(1.0)
        brokers.start(1)
        brokers.wait_up(1)
        it.app.run(0.5)
    it.assert_whole(request)


def test_broker_frozen(trial, network, brokers, request):
    it = trial(durability="spool_first")
    with it.app.running():
        it.app.run(1.0)
        brokers.freeze()
        try:
            wait_for(lambda: it.audit.stats().breaker_open, 45, it.audit.stats)
            it.app.run(1.0)
        finally:
            brokers.thaw()
        it.app.run(0.5)
    it.assert_whole(request)


def test_an_outage_is_told_in_a_few_lines(trial, network, caplog):
    it = trial(durability="spool_first")
    with it.app.running(), caplog.at_level(logging.INFO, "earwitness.client"):
        it.app.run(0.5)
        network.cut()
        wait_for(lambda: it.audit.stats().breaker_open, 30, it.audit.stats)
        it.app.run(3.0)
        network.resume()
        wait_for(lambda: not it.audit.stats().breaker_open, 30, it.audit.stats)
    it.app.settle()
    lines = [record.getMessage() for record in caplog.records if record.name == "earwitness.client"]
    assert 1 <= len(lines) <= 4, lines
    assert any("the broker confirms nothing: audit events go to the spool until it does" in line for line in lines)
