"""What commands print: tables on a terminal, plain columns when piped, JSON when asked; progress on standard error."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

__all__ = ["Progress", "Working", "json_line", "print_table"]

_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.1
_GAP = 3  # what a table puts between two columns

# What is stored must not be able to steer a terminal.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}


def json_line(value: object) -> None:
    """Print a value as one line of JSON."""
    click.echo(msgspec.json.encode(value, enc_hook=str).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows under their columns: with a frame on a terminal, tab-separated when piped."""
    rows = list(rows)
    texts = [[_text(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        if title:
            click.echo(f"# {title}")
        for line in [list(columns), *texts]:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    console = Console(markup=False, highlight=False)
    widest = [max(map(len, cells)) for cells in zip(columns, *texts, strict=True)]
    if sum(widest) + _GAP * len(widest) > console.width:
        _print_records(console, columns, texts, title)
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for line in texts:
        table.add_row(*line)
    console.print(table)


def _print_records(console: Console, columns: Sequence[str], texts: Sequence[Sequence[str]], title: str | None) -> None:
    """Rows that do not fit side by side: one below the other, a line a column."""
    width = max(map(len, columns), default=0)
    if title:
        console.print(title, style="bold")
    for number, line in enumerate(texts, start=1):
        console.print(f"row {number}", style="bold")
        for column, cell in zip(columns, line, strict=True):
            console.print(f"  {column:<{width}}  {cell}", soft_wrap=True)


def _text(cell: object) -> str:
    if cell is None:
        return "-" if sys.stdout.isatty() else "\\N"
    if isinstance(cell, float):
        return f"{cell:,.3f}".rstrip("0").rstrip(".")
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}" if sys.stdout.isatty() else str(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="milliseconds")
    return str(cell).translate(_VISIBLE)


class Progress:
    """Tells what is being done, with the seconds since the start; on standard error, so that output can be piped."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, line: str) -> None:
        """Tell one step."""
        click.echo(click.style(f"{time.monotonic() - self._start:6.1f} s  ", dim=True) + line, err=True)


class Working:
    """While its block runs longer than two seconds, shows on a terminal that it does, and how much is done.

    Args:
        what: what is being done.
        total: how much there is to do; None when nobody knows.
    """

    def __init__(self, what: str, total: float | None = None) -> None:
        self._what, self._total, self._done = what, total, 0.0
        self._bar: Bar | None = None
        self._told = 0.0
        self._lock = threading.Lock()
        self._timer = threading.Timer(_PATIENCE_SECONDS, self._show)
        self._timer.daemon = True

    def advance(self, amount: float) -> None:
        """So much more is done."""
        self._done += amount
        if self._bar is not None and time.monotonic() - self._told > _LOOK_SECONDS:
            self._told = time.monotonic()
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._timer.cancel()
            if self._bar is not None:
                self._bar.stop()

    def _show(self) -> None:
        with self._lock:
            if self._timer.finished.is_set():
                return
            known = [BarColumn(), TaskProgressColumn()] if self._total is not None else [BarColumn()]
            bar = Bar(
                TextColumn("{task.description}"),
                *known,
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            bar.add_task(self._what, total=self._total, completed=int(self._done))
            bar.start()
            self._bar = bar
