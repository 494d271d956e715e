"""`earwitness clickhouse plan|apply`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import click

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Progress, json_line
from earwitness.clickhouse import access_plan, migrate
from earwitness.clickhouse.access import Policy
from earwitness.clickhouse.access_sql import Part
from earwitness.clickhouse.server import Server
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import ClickHouseSettings, Secret

__all__ = ["clickhouse"]

_passwords = click.option(
    "--passwords",
    type=click.Path(path_type=Path, file_okay=False),
    help="A directory with sink.password and analyst.password (mode 0600), for users that are to be made.",
)
_cluster = click.option("--cluster", help="For users, roles and rights: make them ON CLUSTER of this name.")


@click.group(epilog="Example: earwitness clickhouse plan")
def clickhouse() -> None:
    """Tables, views, users and rights in ClickHouse: shows the difference, makes it so."""


@clickhouse.command(epilog="Example: earwitness clickhouse plan --sql")
@home
@config_file
@_passwords
@_cluster
@click.option("--sql", is_flag=True, help="Show the statements too; those that hold a password's sum without it.")
@as_json
def plan(
    *,
    home: Path,
    config: Path | None,
    passwords: Path | None,
    cluster: str | None,
    sql: bool,
    as_json: bool,
) -> int:
    """Show what `apply` would do. Exit code 1 when there is something."""
    settings = settings_for("admin", home, config).need_clickhouse()
    steps = migrate.plan(settings)  # first: it says best what is wrong with a login
    changes = [
        *(
            (_line(part), ";\n".join(map(_without_sum, part.statements)))
            for part in _parts(settings, passwords, cluster)
        ),
        *((step.line, step.statement) for step in steps),
    ]
    if as_json:
        json_line([{"line": line, "statement": statement or None} for line, statement in changes])
    for line, statement in () if as_json else changes:
        click.echo(f"-- {line}\n{statement};\n" if sql and statement else f"-- {line}\n" if sql else line)
    if not changes and not as_json:
        click.echo("-- nothing to do" if sql else "Tables, views and rights are as declared.")
    return 1 if changes else 0


@clickhouse.command(name="apply", epilog="Example: earwitness clickhouse apply --passwords /etc/earwitness/passwords")
@home
@config_file
@_passwords
@_cluster
def apply_(*, home: Path, config: Path | None, passwords: Path | None, cluster: str | None) -> None:
    """Make tables, views, users and rights as declared. Takes no table, no column and no row away.

    Users and rights come first: the views run with the rights of the user `owner`.
    """
    settings, progress = settings_for("admin", home, config).need_clickhouse(), Progress()
    parts = _parts(settings, passwords, cluster)
    with contextlib.closing(Server(settings, timeout=60.0)) as server:
        for part in parts:
            if part.statements:
                progress(_line(part))
            for statement in part.statements:
                server.command(statement)
    left = [_line(part) for part in parts if not part.statements]
    done = len(parts) - len(left) + len(migrate.apply(settings, progress))
    left += [step.line for step in migrate.plan(settings)]
    click.echo(f"{done} changes made." if done or left else "Tables, views and rights are as declared.")
    for line in left:
        click.echo(f"left to a person: {line}", err=True)


def _parts(settings: ClickHouseSettings, directory: Path | None, cluster: str | None) -> list[Part]:
    return access_plan.plan(settings, _read(directory), cluster=cluster)


def _read(directory: Path | None) -> Mapping[str, Secret]:
    """The passwords that stand in the directory, by user.

    Raises:
        UsageError: there is none, or one that is open to others.
    """
    if directory is None:
        return {}
    users = [user.name for user in Policy.load().users.values() if user.login == "password" and not user.embedded_only]
    files = {user: directory / f"{user}.password" for user in users}
    found = {
        user: Secret.from_file(file, setting="clickhouse_password_file")
        for user, file in files.items()
        if file.exists()
    }
    if not found:
        raise UsageError(f"{directory} holds none of {', '.join(file.name for file in files.values())}")
    return found


def _line(part: Part) -> str:
    if not part.statements:
        return f"the {part.kind} {part.name} is missing: give its password with --passwords"
    return f"make the {part.kind} {part.name} as the access policy has it"


def _without_sum(statement: str) -> str:
    before, found, after = statement.partition("sha256_hash BY '")
    return f"{before}{found}<sum of the password>{after[64:]}" if found else statement
