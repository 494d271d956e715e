"""`earwitness ledger`: do the books agree?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Working, json_line, print_table
from earwitness.clickhouse.ledger import Balance, balance
from earwitness.clickhouse.ledger_kinds import KindBalance, by_kind, by_minute
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Settings

__all__ = ["ledger", "print_balance", "settled_balance"]

_POLL_SECONDS = 0.3
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_OF_A_KIND = ("produced", "stored", "duplicates", "sampled", "dead", "lost", "in_flight", "unexplained")
_COUNTED = ("produced", "masked", "sampled", "dead", "stored", "duplicates", "in_flight", "unexplained")


@click.command(epilog="Example: earwitness ledger --since 24h")
@home
@config_file
@click.option("--since", help="Only what came after: a time (2026-11-24T15:00:00Z), or how long ago (90m, 24h, 7d).")
@click.option(
    "--minutes", is_flag=True, help="Also by minute and kind: the last hour, or what --since says, up to a day."
)
@as_json
def ledger(*, home: Path, config: Path | None, since: str | None, minutes: bool, as_json: bool) -> int:
    """Check that nothing is missing: produced = stored + duplicates + sampled + dead + declared lost.

    Exit code 1 when something is unexplained. Duplicates are what clients sent again out of their spools: stored already.
    What is still on its way is shown as in flight; what is not stored has no kind that anybody could read, and is shown
    under its family, as in call.?
    """
    settings, moment = settings_for("admin", home, config), _moment(since)
    clickhouse = settings.need_clickhouse()
    with Working("comparing the books"):
        found = balance(clickhouse, settings.kafka, since=moment)
        kinds = by_kind(clickhouse, found)
        now = datetime.now(UTC)
        day = now - timedelta(days=1)
        start = max(moment, day) if moment is not None else now - timedelta(hours=1)
        by_time = by_minute(clickhouse, settings.need_kafka(), found, start, now) if minutes else []
    if as_json:
        told = {"unexplained": found.unexplained, "in_flight": found.in_flight, "balance": found, "kinds": kinds}
        json_line(told | {"minutes": by_time} if minutes else told)
        return 1 if found.unexplained else 0
    print_balance(found)
    _print_kinds(kinds, "Ledger by kind")
    if minutes:
        _print_kinds(by_time, "Ledger by minute and kind")
        if moment is not None and moment < day:
            click.echo("the minutes are those of the last day", err=True)
    return 1 if found.unexplained else 0


def _print_kinds(lines: Sequence[KindBalance], title: str) -> None:
    with_minutes = any(line.minute is not None for line in lines)
    rows: list[list[Any]] = []
    for line in lines:
        begin = [f"{datetime.fromtimestamp(line.minute, UTC):%Y-%m-%dT%H:%MZ}"] if line.minute is not None else []
        rows.append([*begin, line.kind, *(getattr(line, name) for name in _OF_A_KIND)])
    columns = ["kind", *(name.replace("_", " ") for name in _OF_A_KIND)]
    print_table(["minute", *columns] if with_minutes else columns, rows, title=title)
    click.echo()


def settled_balance(settings: Settings, seconds: float) -> Balance:
    """The balance when nothing is on its way any more, or after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = balance(settings.need_clickhouse(), settings.kafka)
        if (not found.in_flight and found.partitions) or time.monotonic() > deadline:
            return found
        time.sleep(_POLL_SECONDS)


def print_balance(found: Balance) -> None:
    """Print the books: a row a topic, then each finding, then the verdict."""
    sums: dict[str, Counter[str]] = {}
    for each in found.partitions:
        masked_on_the_way = each.masked - (each.stored - each.extra) - each.duplicates - each.missing
        counts: dict[str, Any] = {
            "produced": each.last - each.first + 1 + each.in_flight - masked_on_the_way,
            "masked": each.masked,
            "sampled": each.remainder,
            "dead": each.dead,
            "stored": each.stored,
            "duplicates": each.duplicates,
            "in_flight": each.in_flight,
            "unexplained": each.unexplained,
        }
        sums.setdefault(each.topic, Counter()).update(counts)
    rows = [[topic, *(total[name] for name in _COUNTED)] for topic, total in sorted(sums.items())]
    rows.append(["all", *(sum(total[name] for total in sums.values()) for name in _COUNTED)])
    print_table(["topic", *(name.replace("_", " ") for name in _COUNTED)], rows, title="Ledger: the pipeline's book")
    lost = sum(producer.lost for producer in found.producers)
    click.echo(
        f"Producers' book: {lost} events declared lost, {found.missing_sequences} sequences missing without a word."
    )
    for line in found.findings:
        click.echo(f"  {line}")
    verdict = "nothing is missing" if not found.unexplained else f"{found.unexplained} unexplained"
    click.echo(f"Verdict: {verdict}{f'; {found.in_flight} in flight' if found.in_flight else ''}.")
    click.echo()


def _moment(since: str | None) -> datetime | None:
    if since is None:
        return None
    try:
        if since[-1:] in _UNITS and since[:-1].isdecimal():
            return datetime.now(UTC) - timedelta(**{_UNITS[since[-1]]: int(since[:-1])})
        moment = datetime.fromisoformat(since)
    except (ValueError, OverflowError):
        raise UsageError(f"--since {since!r} is no time; give 2026-11-24T15:00:00Z, or 90m, 24h, 7d") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
