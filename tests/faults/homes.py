"""Homes as a person uses them: started, given events, asked for what is stored, stopped."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

from earwitness.cli.ledger import settled_balance
from earwitness.cli.query import run_query
from earwitness.embedded import control
from earwitness.runtime.settings import Settings


def run(home: Path, command: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """`earwitness COMMAND --home …` as a person runs it."""
    return subprocess.run(
        [python, "-m", "earwitness.cli", command, "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def up(home: Path, workers: tuple[str, ...] = ("privacy", "sink")) -> dict[str, int]:
    return control.up(home, workers=workers, progress=lambda _: None, foreground_child=True).ports


def down(*homes: Path) -> None:
    for home in homes:
        with contextlib.suppress(Exception):
            control.down(home, lambda _: None)


def emit(home: Path, service: str, events: int, python: str = sys.executable) -> None:
    lines = [
        json.dumps({"kind": "call.ended", "call_sid": f"CA{number:032x}", "service": service, "sequence": number,
                    "producer_id": service, "disconnect_reason": "completed", "duration_seconds": 7,
                    "final_stage": "goodbye", "call_status": "completed"})
        for number in range(1, events + 1)
    ]  # fmt: skip
    told = subprocess.run(
        [python, "-m", "earwitness.cli", "emit", "--home", str(home)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def stored(home: Path) -> dict[str, int]:
    """Events by service, once nothing is on its way; nothing may be unexplained."""
    settings = Settings.load(control.environment(home, "admin"))
    books = settled_balance(settings, 60.0)
    assert (books.in_flight, books.unexplained) == (0, 0), books.lines
    return counted(home)


def counted(home: Path) -> dict[str, int]:
    settings = Settings.load(control.environment(home, "admin")).need_clickhouse()
    _, rows = run_query(settings, "SELECT service, count() FROM store.events WHERE service != '' GROUP BY service")
    return {str(service): int(str(count)) for service, count in rows}


def distinct(home: Path, service: str) -> int:
    settings = Settings.load(control.environment(home, "admin")).need_clickhouse()
    _, rows = run_query(
        settings,
        f"SELECT uniqExact(event_id) FROM store.events WHERE service = '{service}' AND kind = 'call.ended'",
    )
    return int(str(rows[0][0]))
