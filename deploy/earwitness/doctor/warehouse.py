"""ClickHouse: does it answer, may each user do its work, are the tables those of this release."""

from __future__ import annotations

import contextlib

from earwitness.clickhouse import migrate
from earwitness.clickhouse.errors import NoAnswerError, ServerError
from earwitness.clickhouse.server import Server
from earwitness.doctor.findings import Finding, fold, note, ok, problem, unknown
from earwitness.doctor.places import Place
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.settings import ClickHouseSettings

__all__ = ["check_clickhouse", "check_disks", "check_tables"]

_SECONDS = 5.0
_OLDEST = 25
_NO_LOGIN = {192, 193, 194, 516}
_NO_TABLE = {60, 81}
_DENIED = 497
_WORK = {
    "sink": (
        "SELECT 1 FROM store.events LIMIT 0",
        "SELECT 1 FROM store.claims LIMIT 0",
        "SELECT 1 FROM system.processes LIMIT 0",
        "CHECK GRANT INSERT ON store.landing_events",
    ),
    "analyst": ("SELECT 1 FROM audit.events LIMIT 0", "SELECT 1 FROM audit.calls LIMIT 0"),
}
_LOG = "read ClickHouse's log"
_FREE_BYTES = 1 << 30


def check_clickhouse(place: Place) -> list[Finding]:
    """Whether the user of a place gets in and may do its work."""
    settings = place.settings.need_clickhouse()
    where = f"{settings.url}, as {settings.user}"
    with contextlib.closing(Server(settings, timeout=_SECONDS)) as server:
        return _look(server, place, where)


def _look(server: Server, place: Place, where: str) -> list[Finding]:
    try:
        version = str(server.rows("SELECT version()")[0][0])
    except NoAnswerError as error:
        return [problem("clickhouse", where, str(error), "start it, or correct EARWITNESS_CLICKHOUSE_URL")]
    except ServerError as error:
        if error.code in _NO_LOGIN:
            do = f"put the user's password into the file of EARWITNESS_CLICKHOUSE_PASSWORD_FILE ({place.name})"
            return [problem("clickhouse", where, "refuses the login: wrong password, or no such user", do)]
        return [problem("clickhouse", where, str(error), _LOG)]
    found = [] if int(version.partition(".")[0]) >= _OLDEST else [_old(where, version)]
    for statement in _WORK.get(place.settings.need_clickhouse().user, ()):
        try:
            answer = server.rows(statement)
        except EarwitnessError as error:
            found.append(_may_not(where, statement, error))
        else:
            if answer == [[0]]:
                found.append(_may_not(where, statement, ServerError(_DENIED, "it lacks the grant")))
    return found or [ok("clickhouse", where, f"version {version} answers, and accepts the login")]


def check_tables(settings: ClickHouseSettings) -> list[Finding]:
    """Whether tables, views and known schemas are those of this release."""
    where = f"the tables at {settings.url}"
    try:
        steps = migrate.plan(settings)
    except ServerError as error:
        if error.code == _DENIED:
            return [_not_shown("tables", where)]
        return [unknown("tables", where, str(error), _LOG)]
    except NoAnswerError as error:
        return [unknown("tables", where, str(error), "start ClickHouse")]
    found = []
    for step in steps:
        if step.statement:
            what = f"are not those of this release: it would {step.line}"
            found.append(problem("tables", where, what, "run: earwitness clickhouse apply"))
        else:
            found.append(note("tables", where, step.line, "see: earwitness clickhouse plan"))
    if not any(finding.outcome == "problem" for finding in found):
        found.append(ok("tables", where, "tables, views and schemas are those of this release"))
    return fold(found, "differences", "see: earwitness clickhouse plan")


def check_disks(server: Server, url: str) -> list[Finding]:
    """Whether there is room on ClickHouse's disks."""
    where = f"ClickHouse's disks at {url}"
    try:
        rows = server.rows("SELECT name, path, unreserved_space, total_space FROM system.disks WHERE total_space > 0")
    except ServerError as error:
        return [_not_shown("disk", where) if error.code == _DENIED else unknown("disk", where, str(error), _LOG)]
    except NoAnswerError as error:
        return [unknown("disk", where, str(error), "start ClickHouse")]
    found = []
    for name, path, free, whole in rows:
        if free < _FREE_BYTES:
            what = f"{free / 1e9:,.1f} of {whole / 1e9:,.1f} GB are free"
            do = "make room: inserts fail when it is full, the sink waits, and Kafka keeps records only for so long"
            found.append(problem("disk", f"{where}, {name} ({path})", what, do))
    return found or [ok("disk", where, f"there is room on {len(rows)}")]


def _not_shown(check: str, where: str) -> Finding:
    return unknown(check, where, "are not shown to this user", "give an administrator's settings with --config")


def _old(where: str, version: str) -> Finding:
    return problem("clickhouse", where, f"is version {version}", f"upgrade it: {_OLDEST} or newer is needed")


def _may_not(where: str, statement: str, error: EarwitnessError) -> Finding:
    if isinstance(error, ServerError) and error.code in _NO_TABLE:
        return problem("clickhouse", where, f"a table or view is missing: {error}", "run: earwitness clickhouse apply")
    what = f"it cannot do its work, `{statement}`: {error}"
    return problem("clickhouse", where, what, "give the user its role: earwitness clickhouse plan")
