"""`earwitness query`: SQL as the analyst."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import click
import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from earwitness.cli.completion import views_in
from earwitness.cli.options import as_json, config_file, home, settings_for
from earwitness.cli.output import Working, json_line, print_table
from earwitness.runtime.errors import UnavailableError, UsageError
from earwitness.runtime.settings import ClickHouseSettings

__all__ = ["query", "run_query"]

_NOISE = re.compile(
    r"(?:Received ClickHouse exception, code: \d+, server response: )?Code: (\d+)\. DB::Exception: (.*?)(?: \(for url .*)?\Z",
    re.DOTALL,
)
_CAUSE = re.compile(
    r"(?:Errno -?\d+\] |: )((?:Connection|Name|Temporary failure|No route|timed out|Read timed out)[^\"')]*)"
)

_ADDED = "FORMAT Native"  # by clickhouse-connect, and nobody's mistake


def run_query(settings: ClickHouseSettings, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Run one statement; returns the columns' names and the rows.

    Raises:
        UsageError: ClickHouse refuses the statement.
        UnavailableError: ClickHouse does not answer.
    """
    # It logs what it raises, to standard error when nobody has said where to.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL + 1)
    try:
        client = clickhouse_connect.get_client(
            dsn=settings.url,
            username=settings.user,
            password=settings.password.reveal() if settings.password else "",
            connect_timeout=5,
            send_receive_timeout=120,
            autogenerate_session_id=False,
        )
        try:
            result = client.query(sql)
        finally:
            client.close()
    except (OperationalError, DatabaseError) as error:
        text = str(error)
        known = _NOISE.search(text)
        if known is None:
            why = _CAUSE.search(text)
            reason = why[1] if why is not None else text.splitlines()[0]
            raise UnavailableError(f"ClickHouse at {settings.url} does not answer: {reason}; is it up?") from None
        if known[1] == "516":
            raise UsageError(
                f"ClickHouse refuses the login of {settings.user}; check EARWITNESS_CLICKHOUSE_PASSWORD_FILE"
            ) from None
        raise UsageError(f"ClickHouse refuses it: {' '.join(known[2].replace(_ADDED, '').split())}") from None
    except ClickHouseError as error:
        raise UnavailableError(f"ClickHouse at {settings.url}: {error}") from None
    return list(result.column_names), [tuple(row) for row in result.result_rows]


@click.command(epilog='Example: earwitness query "SELECT kind, count() FROM audit.events GROUP BY kind ORDER BY kind"')
@click.argument("sql", shell_complete=views_in)
@home
@config_file
@as_json
def query(*, sql: str, home: Path, config: Path | None, as_json: bool) -> None:
    """Run one SQL statement as the analyst, who sees the masked views of the database `audit` and nothing else."""
    if not sql.strip():
        raise UsageError("the SQL is empty; try: earwitness query 'SHOW TABLES FROM audit'")
    try:
        sql = os.fsencode(sql).decode("utf-8")  # whatever the locale says that arguments are
    except UnicodeError:
        raise UsageError("the SQL is no valid UTF-8") from None
    settings = settings_for("analyst", home, config).need_clickhouse()
    with Working("ClickHouse is at it"):
        columns, rows = run_query(settings, sql)
    if as_json:
        for row in rows:
            json_line(dict(zip(columns, row, strict=True)))
        return
    print_table(columns, rows)
