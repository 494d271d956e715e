"""What a killed client's heir sends once more is stored once: real replays, through the whole pipeline into ClickHouse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pipeline import new_service
from proxy import Proxy

from earwitness.client import AuditClient
from earwitness.runtime.settings import Settings
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

CHILD = """
import sys, time
from earwitness.client import AuditClient
audit = AuditClient.from_env(service=sys.argv[1])
number = int(sys.argv[2])
while True:
    number += 1
    with audit.call(call_sid=f"CA{number // 5:032x}", caller="+14155550100"):
        if audit.data_job_lookup(client_id="ACME12", job_number=str(number), found=True, latency_ms=1.0):
            print(number, flush=True)
    time.sleep(0.001)
"""


def duplicates(pipeline: Any, service: str) -> int:
    """Copies of this service's events that the sink found stored already."""
    [[found]] = pipeline.rows("SELECT count() FROM audit.duplicates WHERE service = {service:String}", service=service)
    return int(found)


@pytest.mark.parametrize("mode", ["spool_first", "journal"])
def test_a_killed_client_s_events_are_stored_once(pipeline: Any, tmp_path: Path, mode: str) -> None:
    service = new_service()
    with Proxy(pipeline.settings("producer").need_kafka().bootstrap) as network:
        environment = pipeline.environment("producer") | {
            "EARWITNESS_KAFKA_BOOTSTRAP": network.address,
            "EARWITNESS_SPOOL_DIR": str(tmp_path / "spool"),
            "EARWITNESS_DURABILITY": mode,
        }
        told: set[int] = set()
        for life in range(3):
            with subprocess.Popen(
                [sys.executable, "-c", CHILD, service, str(life * 100_000)],
                env={"PATH": os.environ["PATH"]} | environment,
                stdout=subprocess.PIPE,
            ) as child:
                assert child.stdout is not None
                lines = [child.stdout.readline() for _ in range(500)]
                network.slow(delay=1.0)  # the broker gets what is sent, and its answers come too late
                lines += [child.stdout.readline() for _ in range(500)]
                child.send_signal(signal.SIGKILL)
                lines += child.stdout.read().splitlines()
            told |= {int(line) for line in lines if line.strip()}
            network.resume()
        heir = AuditClient(Settings.load(environment), service=service)
        assert heir.data_job_lookup(client_id="ACME12", job_number="0", found=True, latency_ms=1.0)
        wait_for(lambda: len([*tmp_path.rglob("*.lock")]) == 1, 90, heir.stats)
        wait_for(lambda: heir.stats().adopted == heir.stats().replayed > 0, 90, heir.stats)
        assert heir.close(10.0) == 0

    pipeline.assert_positions_balanced()
    [[rows, ids]] = pipeline.rows(
        "SELECT count(), uniqExact(event_id) FROM store.events WHERE service = {service:String}", service=service
    )
    assert rows == ids, "each event once"
    again = duplicates(pipeline, service)
    assert again > 0, "what was sent twice was really sent twice"
    # Killed in the middle of a line, the last ones may have been taken and not told.
    lost = len(told) + 1 - pipeline.stored(service)[1]
    # Each life may lose what came in while the disk was waited for: a tick, or an fsync long while a spool is taken over.
    assert lost <= (0 if mode == "journal" else 3 * 400)
    if mode == "journal":
        pipeline.assert_balanced()
