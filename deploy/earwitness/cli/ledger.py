"""`earwitness ledger`: do the books agree?"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import json_line, print_table
from earwitness.clickhouse.ledger import Balance, balance
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Settings

__all__ = ["ledger", "print_balance", "settled_balance"]

_POLL_SECONDS = 0.3
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_COUNTED = ("produced", "masked", "sampled", "dead", "stored", "in_flight", "unexplained")


@click.command(epilog="Example: earwitness ledger --since 24h")
@home
@config_file
@click.option("--since", help="Only what came after: a time (2026-11-24T15:00:00Z), or how long ago (90m, 24h, 7d).")
@click.option("--minutes", is_flag=True, help="Also what is stored, by minute and kind.")
@as_json
def ledger(*, home: Path, config: Path | None, since: str | None, minutes: bool, as_json: bool) -> int:
    """Check that nothing is missing: produced = stored + sampled + dead + declared lost.

    Exit code 1 when something is unexplained. What is still on its way is shown as in flight.
    """
    settings = settings_for("admin", home, config)
    found = balance(settings.need_clickhouse(), settings.kafka, since=_moment(since))
    if as_json:
        json_line({"unexplained": found.unexplained, "in_flight": found.in_flight, "balance": found})
    else:
        print_balance(found)
        if minutes:
            rows = [(datetime.fromtimestamp(minute, UTC), kind, count) for minute, kind, count in found.minutes]
            print_table(["minute (UTC)", "kind", "stored"], rows, title="Stored, by minute and kind")
    return 1 if found.unexplained else 0


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
        masked_on_the_way = each.masked - (each.stored - each.extra) - each.missing
        counts: dict[str, Any] = {
            "produced": each.last - each.first + 1 + each.in_flight - masked_on_the_way,
            "masked": each.masked,
            "sampled": each.remainder,
            "dead": each.dead,
            "stored": each.stored,
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
    if since[-1:] in _UNITS and since[:-1].isdigit():
        return datetime.now(UTC) - timedelta(**{_UNITS[since[-1]]: int(since[:-1])})
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise UsageError(f"--since {since!r} is no time; give 2026-11-24T15:00:00Z, or 90m, 24h, 7d") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
