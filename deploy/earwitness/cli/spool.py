"""`earwitness spool list|export|replay`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Working, json_line, print_table
from earwitness.client.spool import SpoolError
from earwitness.client.spool.export import Refusal, SpoolFiles, environments, events, find, services
from earwitness.client.spool.publishing import Published, publish
from earwitness.runtime.errors import UsageError
from earwitness.runtime.file_names import file_name
from earwitness.runtime.settings import Settings, SpoolSettings

__all__ = ["spool"]

_directory = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The spool's directory. [default: EARWITNESS_SPOOL_DIR, or that of the user who runs this]",
)
_service = click.option("--service", help="Only this service's.")


@click.group(epilog="Example: earwitness spool list")
def spool() -> None:
    """What waits on disk because the broker was away, and the way of dead processes' events into Kafka.

    Run it as the user that the app runs as, with its EARWITNESS_ENVIRONMENT: the files are that user's alone, and each
    environment has its own. A living process delivers its own.
    """


@spool.command(name="list", epilog="Example: earwitness spool list --service ivr --json")
@_directory
@_service
@config_file
@as_json
def list_(*, directory: Path | None, service: str | None, config: Path | None, as_json: bool) -> None:
    """List each process's files: whether it lives, what is in them, how large they are, how old the oldest event is."""
    settings = _settings(directory, config)
    found = [each for place in _places(settings, service) for each in find(place)]
    if not found:
        _tell_of_others(settings)
    if as_json:
        for each in found:
            json_line({name: value for name, value in each._asdict().items() if name != "stem"})
        return
    columns = ("service", "producer", "state", "events", "invalid", "journal", "bytes", "oldest, s")
    rows = [
        (e.service, e.producer, _state(e), e.events, e.invalid, e.journal, e.bytes, e.oldest_seconds) for e in found
    ]
    print_table(columns, rows)
    for each in found:
        if each.problem is not None:
            click.echo(f"{each.producer}: {each.problem}", err=True)


@spool.command(epilog="Example: earwitness spool export --service ivr > events.jsonl")
@_directory
@_service
@click.option("--producer", help="Only this process's, as `list` names it.")
@config_file
def export(*, directory: Path | None, service: str | None, producer: str | None, config: Path | None) -> int:
    """Print the events as JSON lines, as `earwitness emit` takes them; nothing is changed.

    They hold personal data, unmasked. An invalid event, and what cannot be read, goes to standard error as JSON with the
    reason; exit code 1 when there was one.
    """
    refused = 0
    for place in _places(_settings(directory, config), service):
        for files in find(place):
            if producer is None or files.producer == producer:
                for event in _events(files):
                    if isinstance(event, Refusal):
                        refused += 1
                        sys.stderr.write(msgspec.json.encode(event._asdict(), enc_hook=str).decode() + "\n")
                    else:
                        json_line(event)
    return 1 if refused else 0


@spool.command(epilog="Example: earwitness spool replay --service ivr")
@_directory
@_service
@home
@config_file
@as_json
def replay(*, directory: Path | None, service: str | None, home: Path, config: Path | None, as_json: bool) -> int:
    """Publish what dead processes left, marked as replayed, and delete what the broker has confirmed.

    An app that starts does this by itself; this is for one that does not start again. Exit code 3 when the broker did not
    take an event, which then stays; 1 when something could not be read or was too old.
    """
    from earwitness.client.publisher import Publisher
    from earwitness.schemas.wire import wire_ids

    own = _settings(directory, config)
    places = [place for place in _places(own, service) if any(_is_left(each) for each in find(place))]
    total = Published()
    failed: dict[str, int] = {}
    if places:
        settings = settings_for("producer", home, config)
        ids = wire_ids(settings.registry)
        publisher = Publisher(settings.need_kafka(), "earwitness-spool", ids)
        with Working("publishing") as working:
            for place in places:
                _add(total, publish(place, own, publisher, ids, working.advance))
        failed = dict(publisher.failed)
    if as_json:
        json_line({"failed": failed, **msgspec.to_builtins(total)})
    else:
        click.echo(f"{total.delivered} events delivered, {total.kept} stay")
        for count, what in (
            (total.expired, "were older than EARWITNESS_SPOOL_MAX_DAYS and are dropped"),
            (total.damaged, "could not be read"),
            (total.invalid, "are invalid and stay; see: earwitness spool export"),
        ):
            if count:
                click.echo(f"{count} {what}", err=True)
    for notice in total.notices:
        click.echo(f"earwitness: {notice}", err=True)
    for reason, count in failed.items():
        click.echo(f"earwitness: the broker did not take {count} events: {reason}", err=True)
    if failed:
        return 3
    return 1 if total.kept or total.expired or total.damaged or total.notices else 0


def _settings(directory: Path | None, config: Path | None) -> SpoolSettings:
    given = {} if directory is None else {"EARWITNESS_SPOOL_DIR": str(directory.absolute())}
    return Settings.load({**os.environ, **given}, config).spool


def _places(settings: SpoolSettings, service: str | None) -> list[Path]:
    found = services(settings)
    if service is None:
        return found
    wanted = [place for place in found if place.name == file_name(service)]
    if not wanted:
        raise UsageError(f"there is no spool of a service {service!r} in {settings.directory}")
    return wanted


def _tell_of_others(settings: SpoolSettings) -> None:
    """Nothing was found; perhaps another environment was meant."""
    others = environments(settings)
    hint = f"; there are spools of: {', '.join(others)} (EARWITNESS_ENVIRONMENT chooses)" if others else ""
    click.echo(f"earwitness: nothing waits in {settings.directory}{hint}", err=True)


def _state(files: SpoolFiles) -> str:
    if files.problem is not None:
        return "damaged"
    return "alive" if files.alive else "dead"


def _is_left(files: SpoolFiles) -> bool:
    return not files.alive and bool(files.events or files.journal or files.problem)


def _events(files: SpoolFiles) -> Iterator[object]:
    try:
        yield from events(files)
    except SpoolError as error:
        yield Refusal(files.producer, files.producer, 0, "unknown", str(error), None)


def _add(total: Published, more: Published) -> None:
    total.delivered += more.delivered
    total.kept += more.kept
    total.expired += more.expired
    total.damaged += more.damaged
    total.invalid += more.invalid
    total.notices += more.notices
