"""ClickHouse is away and back, frozen, or refuses what the sink brings: nothing is committed that is not stored."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline import emit, new_service

from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


def test_away_and_back(pipeline: Any) -> None:
    service = new_service()
    client = pipeline.client(service)
    emit(client, 500)
    with pipeline.away("clickhouse"):
        emit(client, 1_000, 500)
        assert client.flush(60) == 0, "a producer has nothing to do with ClickHouse"
        line = pipeline.wait_said("sink", "WARNING .*does not answer")
        assert "ClickHouse at http://127.0.0.1:" in line
        assert "nothing is lost, again in" in line
        ledger = pipeline.run("ledger", "--home", str(pipeline.home.path))
        assert (ledger.code, ledger.out) == (3, "")
        assert "does not answer" in ledger.err
    emit(client, 500, 1_500)
    pipeline.wait_stored(service, 2_000)
    assert client.close() == 0
    pipeline.assert_balanced()
    pipeline.assert_not_restarted("sink")
    pipeline.assert_quiet("sink", 6)


def test_killed_again_and_again_in_the_middle_of_inserts(pipeline: Any) -> None:
    service, rounds, count = new_service(), 3, 3_000
    client = pipeline.client(service)
    for number in range(rounds):
        producing = threading.Thread(target=emit, args=(client, count, number * count))
        producing.start()
        wait_for(lambda number=number: pipeline.stored_or_none(service) > number * count, 60, "an insert of this round")
        pipeline.kill("clickhouse")
        producing.join()
        wait_for(pipeline.answers, 60, "ClickHouse answers")
    pipeline.wait_stored(service, rounds * count)
    assert client.close() == 0
    pipeline.assert_balanced()
    pipeline.assert_not_restarted("sink")


def test_frozen_and_thawed(pipeline: Any) -> None:
    service = new_service()
    client = pipeline.client(service)
    with pipeline.frozen("clickhouse"):
        emit(client, 1_000)
        assert client.flush(60) == 0
        # Longer than the group would wait for a member that does not poll its heartbeat thread aside.
        wait_for(lambda: pipeline.committed_lag("earwitness-privacy", "audit.raw.data") == 0, 60, "privacy goes on")
        lag = pipeline.committed_lag("earwitness-sink", "audit.masked.data")
        assert lag >= 1_000, "what is not stored is not committed"
    pipeline.wait_stored(service, 1_000)
    assert client.close() == 0
    pipeline.assert_balanced()
    pipeline.assert_not_restarted("sink")


@contextlib.contextmanager
def setting(pipeline: Any, name: str, value: int) -> Iterator[None]:
    pipeline.command("SYSTEM STOP MERGES store.events")
    pipeline.command(f"ALTER TABLE store.events MODIFY SETTING {name} = {value}")
    try:
        yield
    finally:
        pipeline.command(f"ALTER TABLE store.events RESET SETTING {name}")
        pipeline.command("SYSTEM START MERGES store.events")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("parts_to_throw_insert", 1, r"\(code 252\): TOO_MANY_PARTS; its merges do not keep up; see system\.merges"),
        (
            "min_free_disk_bytes_to_perform_insert",
            10**17,
            r"\(code 243\): NOT_ENOUGH_SPACE; its disk is full; make room",
        ),
    ],
    ids=["too many parts", "disk full"],
)
def test_refusing_for_a_while(pipeline: Any, name: str, value: int, said: str) -> None:
    service = new_service()
    client = pipeline.client(service)
    emit(client, 100)
    pipeline.wait_stored(service, 100)
    pipeline.mark()
    with setting(pipeline, name, value):
        emit(client, 1_000, 100)
        assert client.flush(60) == 0
        line = pipeline.wait_said("sink", f"WARNING .*{said}")
        assert "nothing is lost, again in" in line
        assert pipeline.stored(service) == (100, 100)
    pipeline.wait_stored(service, 1_100)
    assert client.close() == 0
    pipeline.assert_balanced()
    assert pipeline.letters() == [], "the rows were not bad"
    pipeline.assert_not_restarted("sink")
    pipeline.assert_quiet("sink", 8)


def test_a_missing_table_ends_the_sink_until_it_is_there(pipeline: Any) -> None:
    service = new_service()
    client = pipeline.client(service)
    emit(client, 100)
    pipeline.wait_stored(service, 100)
    before = pipeline.restarts("sink")
    pipeline.command("RENAME TABLE store.events TO store.elsewhere")
    try:
        emit(client, 500, 100)
        assert client.flush(60) == 0
        line = pipeline.wait_said("sink", "earwitness: ClickHouse refuses it")
        assert "run: earwitness clickhouse apply" in line
        wait_for(lambda: pipeline.restarts("sink") > before, 30, "the supervisor starts it again")
        assert pipeline.last_exit("sink") == "exit code 3"
    finally:
        pipeline.command("RENAME TABLE store.elsewhere TO store.events")
    pipeline.wait_stored(service, 600, 120)
    assert client.close() == 0
    pipeline.assert_balanced()
