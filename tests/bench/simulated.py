"""The events that the example app tells while simulated callers call it, as a raw topic holds them; needs no Kafka."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "voice_app"))

from step_records import Record
from voice_app.app import create_app
from voice_app.circuit import CircuitLimits
from voice_app.settings import Settings
from voice_app.stand_ins.sample_world import sample_backends

from earwitness.client import envelope
from earwitness.client.identity import Origin
from earwitness.client.snapshot import Snapshot, kind_of
from earwitness.client.testing import CapturedAudit
from earwitness.integrations.twilio import SignedWith
from earwitness.schemas import catalogue
from earwitness.simulator.driver import drive

_TOKEN = "not-a-real-token"


def records(calls: int, seed: int = 1) -> dict[str, list[Record]]:
    """The raw records of simulated calls by family, in the order in which the app told them."""
    found: dict[str, list[Record]] = {}
    origin = Origin("ivr", "bench", "default", "bench-1", salt=7)
    for sequence, (kind, record) in enumerate(_told(calls, seed, origin), start=1):
        message = envelope.message(kind, record | {"sequence": sequence})
        family = found.setdefault(catalogue.raw(kind).family, [])
        family.append(Record(1_000_000 + len(family), message.value, message.key.encode()))
    return found


def _told(calls: int, seed: int, origin: Origin) -> Iterator[tuple[str, envelope.Record]]:
    audit = CapturedAudit()
    asyncio.run(_called(audit, calls, seed))
    now = time.time_ns()
    for number, event in enumerate(audit.events):
        yield kind_of(event), envelope.record(Snapshot(now + number, None, None, event), origin, number)


async def _called(audit: CapturedAudit, calls: int, seed: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            public_base_url=url,
            signed_with=SignedWith(_TOKEN),
            spanish_numbers=frozenset({"+12025550101"}),
            retry_waits=(0.001, 0.001, 0.001),
            circuit=CircuitLimits(open_seconds=0.2),
        )
        app = create_app(audit, settings, sample_backends(requests_a_second=100_000, drill=True))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await drive(url, auth_token=_TOKEN, calls=calls, seed=seed)
        finally:
            server.should_exit = True
            await serving
