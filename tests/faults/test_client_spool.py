"""The whole client whose spool is in trouble, on a real broker: its disk is full, its file damaged, its place somebody else's.

And whose clock is wrong: it says when events happened, and nothing else depends on it, but for how old they may become.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
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

# ruff: noqa: PLR0917 - fixtures are what they are

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user's file, a file system of its own")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own: 40 MB, of which a journal takes 16."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m,mode=0700", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


class Service:
    """A service whose processes, one after the other, have one spool."""

    def __init__(self, address: str, spool: Path) -> None:
        self.name = f"spool-{uuid.uuid4().hex[:8]}"
        self.directory = spool
        self.settings = Settings(kafka=KafkaSettings(address), spool=SpoolSettings(directory=spool))
        self.clients: list[AuditClient] = []

    def client(self, **options: Any) -> AuditClient:
        options = {"limits": Limits(50_000, 1 << 26), "report_seconds": 1.0} | options
        self.clients.append(AuditClient(self.settings, service=self.name, **options))
        return self.clients[-1]

    def files(self, ending: str) -> list[Path]:
        return sorted(self.directory.rglob(f"*{ending}"))


@pytest.fixture
def service(network: Proxy, tmp_path: Path) -> Iterator[Service]:
    made = Service(network.address, tmp_path / "spool")
    yield made
    for each in made.clients:
        each.close(1.0)


def outage(audit: AuditClient, network: Proxy) -> None:
    network.cut()
    wait_for(lambda: audit.stats().breaker_open, 45, audit.stats)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "earwitness.client"]


@pytest.mark.parametrize("mode", ["spool_first", "journal"])
def test_the_disk_is_full(service, network, brokers, small_disk, request, caplog, mode):
    service.directory = small_disk / "spool"
    service.settings = Settings(kafka=KafkaSettings(network.address), spool=SpoolSettings(directory=service.directory))
    since, audit = brokers.ends(), service.client(durability=mode)
    app = App(audit, per_second=2_000)
    with app.running():
        app.run(0.5)
        # On a busy machine the disk could be full before there is a spool: another case, in which nothing is spooled.
        wait_for(lambda: service.files(".db-wal"), 30, audit.stats)
        with caplog.at_level(logging.WARNING, "earwitness.client"):
            (small_disk / "ballast").write_bytes(bytes(max(shutil.disk_usage(small_disk).free - 1_500_000, 0)))
            outage(audit, network)
            wait_for(lambda: audit.stats().spool_errors, 60, audit.stats)
            app.run(1.0)
        assert any("is full" in line for line in said(caplog)), said(caplog)
        network.resume()
        wait_for(lambda: not audit.stats().breaker_open, 45, audit.stats)
        app.run(0.5)
    stats = app.settle()
    assert audit.close(10.0) == 0
    app.assert_unharmed()
    # What is protected waits in memory; only telemetry may be dropped, and refused, and the stream says how much.
    assert set(stats.dropped) <= {"spool_full"}
    assert set(stats.refused) <= {"spool_full"}
    assert sum(stats.dropped.values()) + stats.acknowledged == stats.accepted == len(app.taken)
    assert all(number % 5 == 0 for number in app.refused)
    copies = brokers.read(since, {service.name})
    there = {int(each.mark) for each in copies if each.mark is not None}
    missing = set(app.taken) - there
    assert there <= set(app.taken)
    # Telemetry that was on its way when the breaker opened is given up, and the broker may have it all the same.
    assert len(missing) <= sum(stats.dropped.values()) <= len(missing) + 1_000
    assert all(number % 5 == 0 for number in missing)
    assert told(copies, "accepted") == stats.accepted
    note(request, taken=len(app.taken), dropped=len(missing), refused=len(app.refused), worst_ms=app.worst * 1e3)


def die_with_a_spool(service: Service, network: Proxy, count: int = 3_000) -> None:
    """A process of the service that spooled so many events and was killed."""
    script = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r}); sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from apps import App
from earwitness.client import AuditClient
from earwitness.runtime.settings import KafkaSettings, Settings, SpoolSettings
settings = Settings(kafka=KafkaSettings({network.address!r}), spool=SpoolSettings(directory=Path({str(service.directory)!r})))
audit = AuditClient(settings, service={service.name!r})
app = App(audit)
app.emit_many({count})
while audit.stats().spooled < {count}:
    audit.flush(0.2)
os._exit(len(app.refused) > 0)
"""
    network.cut()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    network.resume()


def checkpointed(file: Path) -> None:
    """All is in the file itself, as in one that has grown for a while; its log is empty."""
    with contextlib.closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def torn(file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    with log.open("r+b") as handle:
        handle.truncate(log.stat().st_size - 1_000)


def garbage_tail(file: Path) -> None:
    with file.with_name(file.name + "-wal").open("ab") as handle:
        handle.write(os.urandom(20_000))


def garbage_within(file: Path) -> None:
    checkpointed(file)
    with file.open("r+b") as handle:
        handle.seek(max(file.stat().st_size // 2 // 4096 * 4096, 4096))
        handle.write(os.urandom(4096))


def no_database(file: Path) -> None:
    checkpointed(file)
    file.write_bytes(os.urandom(50_000))
    file.with_name(file.name + "-wal").unlink(missing_ok=True)


@pytest.mark.parametrize("damage", [torn, garbage_tail, garbage_within, no_database], ids=lambda each: each.__name__)
def test_a_dead_process_s_file_is_damaged(service, network, brokers, request, caplog, damage):
    since = brokers.ends()
    die_with_a_spool(service, network)
    (file,) = service.files(".db")
    damage(file)
    audit = service.client()
    app = App(audit)
    app._number = 10_000
    with app.running(), caplog.at_level(logging.WARNING, "earwitness.client"):
        wait_for(lambda: len(service.files(".lock")) == 1, 60, lambda: service.files(""))
        app.run(0.5)
    stats = app.settle()
    wait_for(lambda: audit.stats().adopted == audit.stats().replayed, 60, audit.stats)
    stats = audit.stats()
    assert audit.close(10.0) == 0
    app.assert_unharmed()
    assert (stats.accepted, stats.acknowledged) == (len(app.taken), len(app.taken))
    copies = brokers.read(since, {service.name})
    there = {int(each.mark) for each in copies if each.mark is not None}
    assert set(app.taken) <= there
    saved = len(there) - len(app.taken)
    assert saved == stats.adopted == stats.replayed
    if damage is garbage_tail:
        assert saved == 3_000
    elif damage is torn:
        assert saved >= 2_000, "what was committed before the torn part"
    if damage in (garbage_within, no_database):
        assert any("damaged" in line for line in said(caplog)), said(caplog)
        assert service.files(".damaged"), "it is kept for a person to look at"
    note(request, saved=saved, lost=dict(stats.adopted_lost))


def test_its_own_file_is_destroyed_while_it_runs(service, network, brokers, request, caplog):
    since, audit = brokers.ends(), service.client()
    app = App(audit, per_second=2_000)
    with app.running(), caplog.at_level(logging.WARNING, "earwitness.client"):
        app.run(0.5)
        outage(audit, network)
        wait_for(lambda: audit.stats().spooled > 10_000, 30, audit.stats)  # more than SQLite keeps in memory
        (file,) = service.files(".db")
        for each in (file, file.with_name(file.name + "-wal")):
            each.write_bytes(os.urandom(200_000))
        app.run(1.5)
        network.resume()
        wait_for(lambda: not audit.stats().breaker_open, 45, audit.stats)
        app.run(0.5)
    stats = app.settle()
    assert audit.close(10.0) == 0
    stats = audit.stats()
    app.assert_unharmed()
    copies = brokers.read(since, {service.name})
    there = {int(each.mark) for each in copies if each.mark is not None}
    missing = set(app.taken) - there
    assert there <= set(app.taken)
    assert stats.accepted == len(app.taken) == stats.acknowledged + sum(stats.dropped.values())
    assert stats.internal_errors == 0
    # What could still be read of it came back by adoption, so the books may call more lost than is missing, never less.
    assert len(missing) <= sum(stats.dropped.values())
    assert any("damaged" in line for line in said(caplog)), said(caplog)
    note(request, taken=len(app.taken), missing=len(missing), dropped=dict(stats.dropped), adopted=stats.adopted)


@AS_ROOT
def test_the_place_is_read_only(service, network, brokers, small_disk, request, caplog):
    service.settings = Settings(
        kafka=KafkaSettings(network.address), spool=SpoolSettings(directory=small_disk / "spool")
    )
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert_works_without_a_spool(service, network, brokers, request, caplog, "Read-only file system")


@AS_ROOT
def test_it_becomes_read_only_while_it_runs(service, network, brokers, small_disk, request, caplog):
    """A file that is open may still be written, so its own spool goes on; the next process has none, and says so."""
    service.directory = small_disk / "spool"
    service.settings = Settings(kafka=KafkaSettings(network.address), spool=SpoolSettings(directory=service.directory))
    since, audit = brokers.ends(), service.client()
    app = App(audit)
    with app.running(), caplog.at_level(logging.WARNING, "earwitness.client"):
        app.run(0.5)
        with contextlib.suppress(subprocess.CalledProcessError):
            subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, capture_output=True)
        outage(audit, network)
        app.run(1.0)
        network.resume()
        wait_for(lambda: not audit.stats().breaker_open, 45, audit.stats)
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    stats = app.settle()
    assert audit.close(10.0) == 0
    app.assert_unharmed()
    app.assert_all_arrived(brokers, since, service.name, stats)


@AS_ROOT
@pytest.mark.parametrize("what", ["directory", "service's directory"])
def test_the_place_is_another_user_s(service, network, brokers, request, caplog, what):
    place = service.directory if what == "directory" else service.directory / service.name
    place.mkdir(0o755, parents=True)
    os.chown(place, 65_534, 65_534)
    assert_works_without_a_spool(service, network, brokers, request, caplog, "belongs to the user 65534")


@AS_ROOT
def test_a_dead_process_s_file_is_another_user_s(service, network, brokers, request, caplog):
    """It is left where it is, and told; the service's own spool works."""
    die_with_a_spool(service, network, 100)
    (file,) = service.files(".db")
    os.chown(file, 65_534, 65_534)
    since, audit = brokers.ends(), service.client()
    app = App(audit)
    with app.running(), caplog.at_level(logging.WARNING, "earwitness.client"):
        app.run(0.5)
        outage(audit, network)
        assert audit.stats().spooled > 0
        network.resume()
        wait_for(lambda: not audit.stats().breaker_open, 45, audit.stats)
    stats = app.settle()
    assert audit.close(10.0) == 0
    app.assert_unharmed()
    app.assert_all_arrived(brokers, since, service.name, stats)
    assert any("belongs to the user 65534" in line for line in said(caplog)), said(caplog)
    assert file.exists()
    assert stats.adopted == 0


def assert_works_without_a_spool(
    service: Service, network: Proxy, brokers: Brokers, request: Any, caplog: pytest.LogCaptureFixture, why: str
) -> None:
    since = brokers.ends()
    with caplog.at_level(logging.WARNING, "earwitness.client"):
        audit = service.client()
        app = App(audit)
        with app.running():
            app.run(1.0)
            network.cut()
            app.run(4.0)
            assert audit.stats().spooled == 0
            network.resume()
            app.run(0.5)
        stats = app.settle()
        assert audit.close(10.0) == 0
    app.assert_unharmed()
    app.assert_all_arrived(brokers, since, service.name, stats)
    lines = [line for line in said(caplog) if why in line]
    assert len(lines) == 1, said(caplog)
    assert lines[0].startswith("audit events are kept in memory only, without a spool: ")
    assert stats.spool_errors >= 1
    note(request, events=stats.accepted, worst_ms=app.worst * 1e3)


# Clocks


class Clock:
    """`time.time` and `time.time_ns` with an offset, for caller and worker alike."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset = 0
        real, real_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: real() + self.offset)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + self.offset * 1_000_000_000)


@pytest.mark.parametrize("mode", ["spool_first", "journal"])
def test_the_clock_is_set_back_and_forth(service, network, brokers, request, monkeypatch, mode):
    clock = Clock(monkeypatch)
    since, audit = brokers.ends(), service.client(durability=mode)
    app = App(audit)
    with app.running():
        app.run(0.5)
        outage(audit, network)
        for offset in (-3_600, 3_600, -86_400, 0):
            clock.offset = offset
            app.run(0.4)
        clock.offset = -3_600
        network.resume()
        wait_for(lambda: not audit.stats().breaker_open, 45, audit.stats)
        app.run(0.5)
    stats = app.settle()
    assert audit.close(10.0) == 0
    app.assert_unharmed()
    copies = app.assert_all_arrived(brokers, since, service.name, stats)
    assert told(copies, "accepted") == stats.accepted
    numbered = {each.sequence: int(each.mark) for each in copies if each.mark is not None}
    order = [numbered[sequence] for sequence in sorted(numbered)]
    assert order == sorted(order), "the numbers give the order back, whatever the clock said"


def test_a_clock_that_is_days_ahead_makes_what_waits_too_old(service, network, brokers, request, monkeypatch):
    clock = Clock(monkeypatch)
    since, audit = brokers.ends(), service.client()
    app = App(audit)
    app.emit_many(500)
    assert audit.flush(30) == 0
    outage_began = len(app.taken)
    network.cut()
    app.emit_many(1_000)
    wait_for(lambda: audit.stats().spooled == 1_000, 45, audit.stats)
    clock.offset = 8 * 86_400
    # All but one, which is on its way: it shows whether the broker is back.
    wait_for(lambda: audit.stats().dropped.get("spool_expired", 0) >= 999, 90, audit.stats)
    clock.offset = 0
    network.resume()
    app.emit_many(500)
    stats = app.settle()
    assert audit.close(10.0) == 0
    app.assert_unharmed()
    expired = stats.dropped["spool_expired"]
    assert stats.acknowledged + expired == stats.accepted == 2_000
    copies = brokers.read(since, {service.name})
    there = {int(each.mark) for each in copies if each.mark is not None}
    missing = set(app.taken) - there
    assert missing <= set(app.taken[outage_began : outage_began + 1_000])
    lost = [each for copy in copies if copy.record is not None for each in copy.record["lost"]]
    told_lost = sum(each["last"] - each["first"] + 1 for each in lost)
    assert len(missing) == expired
    # And the stream says which, and which numbers went to reports that did not arrive.
    assert expired <= told_lost <= expired + 10
