"""The broker is away at the start, in the middle, and back; or it is there and does nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pipeline import emit, new_service

from earwitness.client import AuditClient
from earwitness.runtime.settings import Settings
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

WAITING = r"the broker at 127\.0\.0\.1:\d+ does not answer \(.+\); waiting for it, nothing is lost"


def test_away_in_the_middle_and_back(pipeline: Any, caplog: pytest.LogCaptureFixture) -> None:
    service = new_service()
    client = pipeline.client(service)
    emit(client, 500)
    pipeline.wait_stored(service, 500)
    with pipeline.away("broker"), caplog.at_level(logging.WARNING, "earwitness.client"):
        assert emit(client, 2_000, 500) == 2_000, "the app must not notice"
        for worker in ("privacy", "sink"):
            pipeline.wait_said(worker, WAITING)
        wait_for(lambda: caplog.records, 20, "the client complains")
        assert client.stats().undelivered == 2_000
        ledger = pipeline.run("ledger", "--home", str(pipeline.home.path))
        assert (ledger.code, ledger.out) == (3, "")
        assert "the broker cannot be reached" in ledger.err
    emit(client, 500, 2_500)
    pipeline.wait_stored(service, 3_000)
    assert client.close() == 0
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert len(caplog.records) <= 3, caplog.text
    pipeline.assert_balanced()
    for worker in ("privacy", "sink"):
        pipeline.assert_not_restarted(worker)
        pipeline.assert_quiet(worker, 5)


def test_away_for_more_events_than_memory_holds_all_of_them_wait_on_disk(pipeline: Any) -> None:
    from earwitness.client.capture import Limits

    service = new_service()
    with pipeline.away("broker"):
        client = pipeline.client(service, limits=Limits(events=1_000))
        for part in range(30):  # with what librdkafka's own queue holds, more than fits
            taken = emit(client, 1_000, part * 1_000)
            assert taken == 1_000
            wait_for(lambda: not client.stats().queued, 30, client.stats)
        wait_for(lambda: client.stats().spooled == 30_000, 30, client.stats)
        assert client.stats().refused == {}
    pipeline.wait_stored(service, 30_000)
    assert client.close() == 0
    stats = client.stats()
    assert (stats.accepted, stats.acknowledged, stats.replayed, stats.dropped) == (30_000, 30_000, 30_000, {})
    pipeline.assert_balanced()


def test_away_longer_than_a_full_queue_and_without_a_spool_refuses_and_says_so(pipeline: Any, tmp_path: Path) -> None:
    from earwitness.client.capture import Limits

    service = new_service()
    (tmp_path / "spool").touch()
    settings = Settings.load(pipeline.environment("producer") | {"EARWITNESS_SPOOL_DIR": str(tmp_path / "spool")})
    with pipeline.away("broker"):
        client = AuditClient(settings, service=service, limits=Limits(events=1_000))
        # What librdkafka's own queue holds comes on top of the client's.
        taken = emit(client, 1_000)
        while client.data_job_lookup(client_id="ACME12", job_number="1", found=True, latency_ms=1.0):
            taken += 1
            assert taken < 50_000
        refused = client.stats().refused
        assert refused == {"queue_full": 1}
    pipeline.wait_stored(service, taken)
    assert client.close() == 0
    stats = client.stats()
    assert (stats.accepted, stats.acknowledged, stats.dropped) == (taken, taken, {})
    told = "SELECT sum(accepted), sum(refused['queue_full']) FROM store.events WHERE service = {service:String}"
    wait_for(lambda: pipeline.rows(told, service=service) == [[taken, 1]], 30, "the client's report")
    pipeline.assert_balanced()


def test_away_at_the_start_of_everything_that_needs_it(pipeline: Any) -> None:
    service = new_service()
    with pipeline.away("broker"):
        client = pipeline.client(service)
        emit(client, 300)
        line = json.dumps({"kind": "call.started", "direction": "inbound", "language": "en"})
        emitted = pipeline.run("emit", "--home", str(pipeline.home.path), stdin=line)
        assert (emitted.code, emitted.out) == (3, "")
        assert "the broker at 127.0.0.1:" in emitted.err
        assert "does not answer" in emitted.err
        privacy = pipeline.run("worker", "privacy", environment=pipeline.environment("privacy"))
        assert privacy.code == 3
        assert "the broker at 127.0.0.1:" in privacy.err
        assert "start it, or check the address" in privacy.err
        pipeline.kill_stopped("privacy", "sink")  # they start again before the broker does
    pipeline.wait_ready("privacy", "sink")
    pipeline.wait_stored(service, 300)
    assert client.close() == 0
    pipeline.assert_balanced()


def test_restarted_again_and_again_under_load(pipeline: Any) -> None:
    service = new_service()
    client = pipeline.client(service)
    for part in range(3):
        emit(client, 1_000, part * 1_000)
        pipeline.kill("broker")
        emit(client, 1_000, 10_000 + part * 1_000)
        pipeline.wait_ready("broker")
    # The client takes the broker for away until something is confirmed; till then a flush does not wait.
    wait_for(lambda: client.flush(5.0) == 0, 60.0, client.stats)
    pipeline.wait_stored(service, 6_000)
    assert client.close() == 0
    pipeline.assert_balanced()
    for worker in ("privacy", "sink"):
        pipeline.assert_quiet(worker, 20)


def test_frozen_for_longer_than_a_session(pipeline: Any) -> None:
    service = new_service()
    client = pipeline.client(service)
    emit(client, 500)
    with pipeline.frozen("broker"):
        emit(client, 500, 500)
        # The session is ten seconds; the sink finds it out by itself, the broker on waking up.
        pipeline.wait_said("sink", r"36 partitions revoked", 60)
        pipeline.wait_said("privacy", r"ERROR|WARNING", 60)
    emit(client, 500, 1_000)
    pipeline.wait_stored(service, 1_500)
    assert client.close() == 0
    pipeline.assert_balanced()
    for worker in ("privacy", "sink"):
        pipeline.assert_quiet(worker, 10)
