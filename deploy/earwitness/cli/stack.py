"""`earwitness up`, `down`, `status`: the embedded stack."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import msgspec

from earwitness.cli.options import as_json, config_file, home, own_settings, settings_for
from earwitness.cli.output import Progress, Working, json_line, print_table
from earwitness.cli.rates import StageRate, stage_rates
from earwitness.clickhouse.ledger import Balance, balance
from earwitness.embedded import control
from earwitness.embedded.state import StackState
from earwitness.runtime.errors import EarwitnessError

__all__ = ["down", "status", "up"]


@click.command(epilog="Example: earwitness up --home /var/lib/earwitness")
@home
def up(*, home: Path) -> None:
    """Start Apache Kafka, ClickHouse and one worker of each stage, and wait until all of them serve.

    The first time, 56 MB of Kafka are fetched and passwords and keys are made. What is up already stays as it is.
    """
    state = control.up(home, progress=Progress())
    click.echo(
        f"The stack is up: Kafka on 127.0.0.1:{state.ports['broker']}, ClickHouse on {state.ports['clickhouse']}."
    )
    click.echo(f"Next: earwitness status --home {home}; stop it with: earwitness down --home {home}")


@click.command(epilog="Example: earwitness down")
@home
def down(*, home: Path) -> None:
    """Stop everything that `up` started; the data stays."""
    stopped = control.down(home, Progress())
    click.echo("The stack is stopped." if stopped else f"Nothing runs in {home}.")


@click.command(epilog="Example: earwitness status --json")
@home
@config_file
@as_json
def status(*, home: Path, config: Path | None, as_json: bool) -> int:
    """Show the embedded stack's processes, how far each stage is behind, and the ledger's sum.

    With settings of your own (`--config`, environment) there are no processes to show: the stages and the ledger are.
    Exit code 1 when not all of the stack is ready, or no worker reads for a stage; 3 when a part does not answer.
    """
    own = own_settings(config)
    state = None if own else control.status(home)
    ready = state is None or (state.phase == "ready" and all(service.state == "ready" for service in state.services))
    rates: list[StageRate] = []
    books: Balance | None = None
    trouble: EarwitnessError | None = None
    if ready:
        settings = settings_for("admin", home, config)
        try:
            with Working("looking twice"):
                rates = stage_rates(settings.need_kafka())
                books = balance(settings.need_clickhouse(), settings.kafka)
        except EarwitnessError as error:
            trouble = error
    if as_json:
        told = None if books is None else {"unexplained": books.unexplained, "in_flight": books.in_flight}
        why = None if trouble is None else str(trouble)
        json_line({"ready": ready, "stack": state, "stages": rates, "ledger": told, "trouble": why})
    else:
        if state is not None:
            _print(state)
        if rates:
            columns = ["stage", "workers", "waiting", "records/s"]
            print_table(columns, [list(msgspec.structs.astuple(rate)) for rate in rates])
        if books is not None:
            click.echo(f"ledger: {books.lines[-1]}")
        if trouble is not None:
            click.echo(f"earwitness: {trouble}", err=True)
    if trouble is not None:
        return trouble.exit_code
    return 0 if ready and (not own or all(rate.workers for rate in rates)) else 1


def _print(state: StackState) -> None:
    click.echo(f"{state.phase}{': ' + state.message if state.message else ''}")
    if state.services:
        columns = ["process", "state", "pid", "port", "up for", "restarts", "memory MB", "CPU s", "last exit"]
        print_table(columns, [_row(service, state.ports) for service in state.services])


def _row(service: Any, ports: dict[str, int]) -> list[Any]:
    return [
        service.name,
        service.state,
        str(service.process.pid) if service.process else None,
        str(ports[service.name]) if service.name in ports else None,
        time.strftime("%H:%M:%S", time.gmtime(service.uptime_seconds)) if service.uptime_seconds is not None else None,
        service.restarts,
        round(service.rss_bytes / 1e6) if service.rss_bytes is not None else None,
        service.cpu_seconds,
        service.last_exit,
    ]
