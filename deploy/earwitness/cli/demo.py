"""`earwitness demo`: the whole pipeline on the embedded stack, driven by calls, and what came out of it."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import click

from earwitness.cli.demo_app import running_voice_app
from earwitness.cli.demo_report import print_report
from earwitness.cli.ledger import settled_balance
from earwitness.cli.options import home
from earwitness.cli.output import Progress
from earwitness.embedded import control
from earwitness.runtime.settings import Settings
from earwitness.simulator.driver import Driven, drive

__all__ = ["demo"]

_SETTLE_SECONDS = 90.0
_FORGED = 5
_DAMAGED = 3


@click.command(epilog="Example: earwitness demo --keep")
@home
@click.option(
    "--calls", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many calls to make."
)
@click.option("--keep", is_flag=True, help="Leave the stack running at the end.")
def demo(home: Path, calls: int, keep: bool) -> int:  # noqa: FBT001
    """Drive whole calls through the example voice app, and show what the trail holds afterwards.

    Everything is real: the app's signed webhooks over HTTP, Apache Kafka, the workers, ClickHouse. Ctrl-C stops all of it.
    """
    progress = Progress()
    was_up = control.status(home).phase == "ready"
    try:
        control.up(home, progress=progress, foreground_child=not keep and not was_up)
        driven = _drive(home, calls, progress)
        progress("waiting until ClickHouse holds every event")
        balance = settled_balance(Settings.load(control.environment(home, "admin")), seconds=_SETTLE_SECONDS)
        print_report(Settings.load(control.environment(home, "analyst")), balance, driven)
    finally:
        if not keep and not was_up:
            control.down(home, progress)
    left = "The stack is left running" if keep or was_up else "Everything is stopped; the data stays"
    click.echo(f"{left} in {home}. Start it again with: earwitness up --home {home}")
    ok = not balance.unexplained and not balance.in_flight
    click.secho(f"demo: {'passed' if ok else 'FAILED'}", bold=True, fg="green" if ok else "red")
    return 0 if ok else 1


def _drive(home: Path, calls: int, progress: Progress) -> Driven:
    progress("starting the example voice app")
    with running_voice_app(home) as app:
        progress(f"making {calls} calls to {app.url}, whose stand-ins for Airtable, Redis and S3 fail now and then")
        progress(f"among them {_FORGED} requests that Twilio did not sign, and {_DAMAGED} that a proxy damaged")
        told = 0

        def tell(done: int, of: int) -> None:
            nonlocal told
            if done * 4 // of > told:
                told = done * 4 // of
                progress(f"{done} of {of} are through")

        driven = asyncio.run(
            drive(
                app.url,
                auth_token=app.auth_token,
                calls=calls,
                forged=_FORGED,
                damaged=_DAMAGED,
                seed=secrets.randbits(32),
                progress=tell,
            ),
        )
        progress("stopping the voice app, which hands over its last events")
    return driven
