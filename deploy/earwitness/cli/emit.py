"""`earwitness emit`: the door for everything that can write JSON."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Working, json_line
from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvents, Refused
from earwitness.client.publisher import Publisher
from earwitness.client.publisher import emit as publish
from earwitness.runtime.errors import UsageError
from earwitness.schemas.wire import wire_ids

__all__ = ["emit"]

_LONGEST_LINE = 4 << 20


@click.command(epilog="""Example: echo '{"kind": "call.ended", …}' | earwitness emit""")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@home
@config_file
@as_json
def emit(*, file: Path, home: Path, config: Path | None, as_json: bool) -> int:
    """Publish events, one JSON object a line, from FILE or standard input.

    A line that is no event is told on standard error as JSON, with its number and why; the others go on. Exit code 1 when
    there was one, 3 when the broker did not take an event.
    """
    with _opened(file) as source:
        settings = settings_for("producer", home, config)
        origin = Origin.here(settings.service, settings.environment, settings.tenant)
        ids = wire_ids(settings.registry)
        with (
            Publisher(settings.need_kafka(), wire_ids=ids) as publisher,
            Working("publishing", _size(source)) as working,
        ):
            result = publish(_lines(source, working), JsonEvents(origin), publisher, _refuse)
    if as_json:
        json_line(result)
    else:
        click.echo(f"{result.delivered} events delivered, {result.refused} lines refused")
        if result.unknown_fields:
            click.echo(f"{result.unknown_fields} unknown fields were moved to attributes", err=True)
    for reason, count in result.failed.items():
        click.echo(f"earwitness: the broker did not take {count} events: {reason}", err=True)
    if result.failed:
        return 3
    return 1 if result.refused else 0


def _opened(file: Path) -> IO[bytes]:
    if str(file) == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed; give a FILE")
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error


def _size(source: IO[bytes]) -> int | None:
    """Bytes of a file; None for what has no end that is known."""
    try:
        found = os.fstat(source.fileno())
    except OSError:  # standard input that somebody has replaced
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _lines(source: IO[bytes], working: Working) -> Iterator[bytes]:
    """The lines, none longer than 4 MiB: the rest of a longer one is skipped, and its start is refused as no JSON."""
    while line := source.readline(_LONGEST_LINE):
        working.advance(len(line))
        yield line
        while len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            line = source.readline(_LONGEST_LINE)


def _refuse(refused: Refused) -> None:
    import msgspec

    sys.stderr.write(msgspec.json.encode(refused._asdict()).decode() + "\n")
