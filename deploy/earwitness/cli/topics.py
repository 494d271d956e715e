"""`earwitness topics plan|apply`."""

from __future__ import annotations

from pathlib import Path

import click

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Progress, json_line
from earwitness.runtime import topics as declared_topics
from earwitness.runtime.kafka_admin import admin_client

__all__ = ["topics"]

_replication = click.option(
    "--replication-factor",
    type=click.IntRange(min=-1),
    default=-1,
    show_default="the broker's",
    help="For topics that are made.",
)


@click.group()
def topics() -> None:
    """Topics, their settings and their ACLs: shows the difference, makes it so."""


@topics.command(epilog="Example: earwitness topics plan --json")
@home
@config_file
@_replication
@as_json
def plan(*, home: Path, config: Path | None, replication_factor: int, as_json: bool) -> int:
    """Show what `apply` would change. Exit code 1 when there is something."""
    admin = admin_client(settings_for("admin", home, config).need_kafka())
    changes = declared_topics.plan(admin, replication_factor=replication_factor)
    if as_json:
        json_line([change.line for change in changes])
    elif not changes:
        click.echo("Topics and ACLs are as declared.")
    else:
        for change in changes:
            click.echo(change.line)
    return 1 if changes else 0


@topics.command(name="apply", epilog="Example: earwitness topics apply --replication-factor 3")
@home
@config_file
@_replication
def apply_(*, home: Path, config: Path | None, replication_factor: int) -> None:
    """Make topics and ACLs as declared. Never deletes a topic, never takes a partition away."""
    progress = Progress()
    admin = admin_client(settings_for("admin", home, config).need_kafka())
    changes = declared_topics.plan(admin, replication_factor=replication_factor)
    for change in changes:
        progress(change.line)
    declared_topics.apply(admin, changes)
    made = sum(change.action is not None for change in changes)
    left = len(changes) - made
    click.echo(f"{made} changes made." if made or left else "Topics and ACLs are as declared.")
    if left:
        click.echo(f"{left} differences are left to a person; see: earwitness topics plan", err=True)
