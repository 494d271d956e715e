"""A wrong use of the client is an error in mypy and pyright, and a right one is none; and what is public stays so."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [str(ROOT / each) for each in ("schemas", "producers", "deploy")]

RIGHT = """
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from earwitness.client import AirtableQuery, Audit, AuditClient, InvalidEventError, Limits, NoopAudit, Stage, Stats
from earwitness.client.testing import CapturedAudit, Events, capture
from earwitness.schemas.events import CallStarted, Change

audit: Audit = AuditClient.from_env(service="ivr")
twin: Audit = NoopAudit()
limits = Limits(events=10)


def count(query: AirtableQuery, rows: list[str]) -> None:
    query.rows = len(rows)


with audit.call(call_sid="CA1", caller="+1"), audit.stage("confirm_job", input_mode="dtmf", attempt=2) as stage:
    taken: bool = audit.call_started(direction="inbound", language="en", occurred_at=datetime.now(UTC))
    audit.data_record_update(
        table="Jobs", record_id="rec1", changes=[Change(field="Status", new_value="x")], updated_at=datetime.now(UTC)
    )
    with audit.airtable(table="Jobs", operation="select") as query:
        count(query, ["a"])
        query.retry()
    with audit.redis(operation="get", key="k") as access:
        access.outcome = "miss"
    with audit.s3(step="store", bucket="b") as step:
        step.size_bytes = 1
    with audit.timed("select", dependency="airtable") as attempt:
        attempt.status_code = 200
    stage.to("ask_action", "user_confirmation_yes")


@audit.timed("lookup")
def lookup(number: int) -> str:
    return str(number)


@audit.timed("lookup")
async def later(number: int) -> str:
    return str(number)


text: str = lookup(7)
wrapped: str = audit.wrap(lookup)(7)
stats: Stats = audit.stats()
accepted: int = stats.accepted
fixture: AbstractContextManager[Events] = capture(audit)
with capture() as ev:
    started: CallStarted = ev.one(CallStarted, language="en")
    other: list[CallStarted] = ev.all(CallStarted)
    found: str = ev.one("call.started").language
    ev.only(CallStarted, "call.ended")
    ev.none("call.ended")
captured: Audit = CapturedAudit()
problem: type[Exception] = InvalidEventError
staged: type[Stage] = Stage
"""

# What is wrong, mypy's code for it, pyright's rules.
WRONG = [
    ('audit.call_started(directon="inbound", direction="inbound", language="en")', "call-arg", "reportCallIssue"),
    ('audit.call_started(direction="sideways", language="en")', "arg-type", "reportArgumentType"),
    ('audit.call_started(direction="inbound", language=7)', "arg-type", "reportArgumentType"),
    ('audit.call_started(direction="inbound")', "call-arg", "reportCallIssue"),
    ('audit.call_started("inbound", direction="inbound", language="en")', "call-arg", "reportCallIssue"),
    ('audit.call_started(direction="inbound", language="en", severity="FATAL")', "arg-type", "reportArgumentType"),
    ('audit.call_started(direction="inbound", language="en", attributes={"a": 1})', "dict-item", "reportArgumentType"),
    ("audit.call_begun()", "attr-defined", "reportAttributeAccessIssue"),
    ('audit.emit("call.started")', "arg-type", "reportArgumentType"),
    ('CallStarted(direction="up", language="en")', "arg-type", "reportArgumentType"),
    ('audit.call(sid="CA1")', "call-arg", "reportCallIssue"),
    ("audit.bind(caller=1)", "arg-type", "reportArgumentType"),
    ('audit.stage("confirm", input_mode="dtmf")', "arg-type", "reportArgumentType"),
    ('audit.stage("confirm_job", input_mode="voice")', "arg-type", "reportArgumentType"),
    ('audit.stage("confirm_job", input_mode="dtmf").to("ask_action", "yes")', "arg-type", "reportArgumentType"),
    ('audit.airtable("Jobs", "select")', "call-arg", "reportCallIssue"),
    ('audit.airtable(table="Jobs", operation="select").rowz = 3', "attr-defined", "reportAttributeAccessIssue"),
    ('audit.airtable(table="Jobs", operation="select").rows = "3"', "assignment", "reportAttributeAccessIssue"),
    ('audit.redis(operation="incr", key="k")', "arg-type", "reportArgumentType"),
    ('audit.redis(operation="get", key="k").outcome = "gone"', "assignment", "reportAttributeAccessIssue"),
    ('audit.s3(step="delete", bucket="b")', "arg-type", "reportArgumentType"),
    ("audit.timed()", "call-arg", "reportCallIssue"),
    ('audit.timed("x")(7)', "type-var", "reportArgumentType"),
    ("audit.timed('x')(len)(1)", "arg-type", "reportArgumentType"),
    ("audit.wrap(len)(1)", "arg-type", "reportArgumentType"),
    ("audit.flush(timeout='1')", "arg-type", "reportArgumentType"),
    ("audit.stats().acepted", "attr-defined", "reportAttributeAccessIssue"),
    ("AuditClient.from_env(strickt=True)", "call-arg", "reportCallIssue"),
    ("Limits(events='10')", "arg-type", "reportArgumentType"),
    ("Events().one(CallStarted).lang", "attr-defined", "reportAttributeAccessIssue"),
    ("Events().one(int)", "type-var", "reportArgumentType reportCallIssue"),
    ("capture('audit')", "arg-type", "reportArgumentType"),
]
PREAMBLE = """from earwitness.client import Audit, AuditClient, Limits
from earwitness.client.testing import Events, capture
from earwitness.schemas.events import CallStarted
def check(audit: Audit) -> None:
"""
FIRST = PREAMBLE.count("\n") + 1


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    place = tmp_path_factory.mktemp("typed")
    (place / "right.py").write_text(RIGHT)
    (place / "wrong.py").write_text(PREAMBLE + "".join(f"    {code}\n" for code, _, _ in WRONG))
    return place


@pytest.fixture(scope="module")
def mypy(files):
    """The codes that mypy reports, by file and line."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--no-error-summary"]
    done = subprocess.run(
        [*command, "--cache-dir", str(files / "cache"), "right.py", "wrong.py"],
        cwd=files,
        env=os.environ | {"MYPYPATH": os.pathsep.join(SOURCES)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    found = {}
    for line in done.stdout.splitlines():
        error = re.fullmatch(r"(\w+\.py):(\d+): error: .*\[([\w-]+)\]", line)
        if error:
            found.setdefault((error[1], int(error[2])), set()).add(error[3])
        else:
            assert ": note: " in line, done.stdout + done.stderr
    return found


@pytest.fixture(scope="module")
def pyright(files):
    """The rules that pyright reports, by file and line."""
    (files / "pyrightconfig.json").write_text(
        json.dumps({"include": ["*.py"], "extraPaths": SOURCES, "typeCheckingMode": "standard"})
    )
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(files), "--outputjson", "--pythonpath", sys.executable],
        env=os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    found = {}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            place = (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
            found.setdefault(place, set()).add(each.get("rule"))
    return found


def reported(found, file):
    return {line: rules for (name, line), rules in found.items() if name == file}


def test_mypy_has_nothing_against_a_right_use(mypy):
    assert reported(mypy, "right.py") == {}


def test_pyright_has_nothing_against_a_right_use(pyright):
    assert reported(pyright, "right.py") == {}


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[code for code, _, _ in WRONG])
def test_mypy_reports_a_wrong_use(mypy, number):
    assert mypy.get(("wrong.py", FIRST + number)) == {WRONG[number][1]}


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[code for code, _, _ in WRONG])
def test_pyright_reports_a_wrong_use(pyright, number):
    assert pyright.get(("wrong.py", FIRST + number)) == set(WRONG[number][2].split())


PUBLIC = {
    "earwitness.client": [
        "AirtableQuery",
        "Audit",
        "AuditClient",
        "InvalidEventError",
        "Limits",
        "NoopAudit",
        "RecordingStep",
        "RedisAccess",
        "Stage",
        "Stats",
        "Timed",
    ],
    "earwitness.client.testing": ["CapturedAudit", "Events", "capture"],
    "earwitness.integrations.asgi": ["AuditASGI", "inbound_of"],
    "earwitness.integrations.celery": ["connect"],
    "earwitness.integrations.fastapi": ["AuditASGI", "RefusedWebhook", "TwilioWebhook", "verified"],
    "earwitness.integrations.flask": ["init_app", "webhook"],
    "earwitness.integrations.gunicorn": ["post_worker_init", "worker_exit"],
    "earwitness.integrations.logging": ["AuditHandler"],
    "earwitness.integrations.otel": ["RequestTrace", "parse_traceparent"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names(module):
    found = importlib.import_module(module)
    assert found.__all__ == PUBLIC[module]
    assert all(getattr(found, name).__doc__ for name in found.__all__)


@pytest.mark.parametrize("package", ["client", "integrations", "runtime", "schemas"])
def test_the_packages_say_that_they_are_typed(package):
    place = Path(str(importlib.import_module(f"earwitness.{package}").__file__)).parent
    assert (place / "py.typed").read_bytes() == b""


def test_the_built_package_says_so_too(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert "earwitness/client/py.typed" in listed
    assert "earwitness/client/vocabulary.py" in listed
