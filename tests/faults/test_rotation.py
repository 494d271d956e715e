"""A masking key is changed while calls come in and workers are killed: nothing is lost, and every caller stays followable."""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pipeline import new_service, raw_record

from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

TOPIC = "audit.raw.data"
CALLERS = 20
AHEAD = 15.0
"""Seconds until the new key holds: enough for a worker to start anew with it."""


def test_a_rotation_under_way_links_every_caller_and_loses_nothing(pipeline: Any) -> None:
    service = new_service()
    key_file = Path(pipeline.environment("privacy")["EARWITNESS_MASKING_KEY_FILE"])
    written = send(pipeline, service, 0, 100)
    pipeline.wait_stored(service, written)
    turn = time.time() + AHEAD
    line = f"{new_key('k2')} from={datetime.fromtimestamp(turn, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    key_file.write_text(f"{key_file.read_text().strip()}\n{line}\n")
    pipeline.kill("privacy")
    while time.time() < turn:
        written = send(pipeline, service, written, written + 40)
        if time.time() < turn - 1:
            pipeline.wait_stored(service, written)
    written = send(pipeline, service, written, written + 200)
    pipeline.kill("privacy")  # what it had read is masked again, what came before the turn with the old key as before
    written = send(pipeline, service, written, written + 200)
    pipeline.wait_stored(service, written)
    pipeline.assert_balanced()
    turn_ms = int(turn * 1000)
    rows = pipeline.rows(
        "SELECT masking_key_id, caller, client_id, caller_prefix, job_number, previous_tokens, "
        "toUnixTimestamp64Milli(received_at) FROM store.events WHERE service = {service:String}",
        service=service,
    )
    assert len(rows) == written
    assert {(key, received >= turn_ms) for key, *_, received in rows} == {("k1", False), ("k2", True)}
    assert len({caller for key, caller, *_ in rows if key == "k1"}) == CALLERS
    old = {row[1]: row[1:5] for row in rows if row[0] == "k1"}
    linked = set()
    for key, caller, client, prefix, job, previous, _ in rows:
        if key == "k1":
            assert previous == {}
            continue
        assert caller.startswith("tel_k2_")
        linked.add(previous["caller"])
        # Each of them is, byte for byte, what the old key's records hold.
        assert [previous[name] for name in ("caller", "client_id", "caller_prefix")] == old[previous["caller"]][:3]
        assert "_k2_" not in str(previous)
        assert "_k1_" not in f"{caller}{client}{prefix}{job}"
    assert linked == set(old)
    [[hidden]] = pipeline.rows(
        "SELECT count() FROM system.columns WHERE database = 'audit' AND name = 'previous_tokens'"
    )
    assert hidden == 0
    # The overlap is over: the old line is taken out, and the new tokens are the same as before.
    key_file.write_text(f"{line}\n")
    pipeline.kill("privacy")
    last = send(pipeline, service, written, written + CALLERS)
    pipeline.wait_stored(service, last)
    after = pipeline.rows(
        "SELECT caller, previous_tokens FROM store.events WHERE service = {service:String} AND sequence > {first:UInt64}",
        service=service,
        first=written,
    )
    assert {caller for caller, _ in after} == {row[1] for row in rows if row[0] == "k2"}
    assert all(previous == {} for _, previous in after)


def test_a_key_file_that_is_wrong_stops_the_worker_and_not_the_calls(pipeline: Any) -> None:
    service = new_service()
    key_file = Path(pipeline.environment("privacy")["EARWITNESS_MASKING_KEY_FILE"])
    good = key_file.read_text()
    key_file.write_text(f"{good.strip()}\n{new_key('k3')}\n")
    pipeline.kill("privacy")
    pipeline.wait_said("privacy", r"line 2: k3 says no time behind that of k\d")
    assert good.split(":")[1][:8] not in pipeline.log("privacy")
    written = send(pipeline, service, 0, 50)
    key_file.write_text(good)
    wait_for(lambda: pipeline.restarts("privacy") > 0, 60, "the worker is tried again")
    pipeline.wait_stored(service, written)


def new_key(name: str) -> str:
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def send(pipeline: Any, service: str, first: int, end: int) -> int:
    values = [
        raw_record(
            number=number + 1,
            service=service,
            producer_id=service,
            sequence=number + 1,
            caller=f"+1415555{number % CALLERS:04}",
            client_id=f"ACME{number % CALLERS}",
            job_number=str(48_000 + number),
        )
        for number in range(first, end)
    ]
    pipeline.write(TOPIC, values, partition=4)
    return end
