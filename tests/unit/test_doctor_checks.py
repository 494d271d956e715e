"""The doctor's pure checks: what they make of what was looked at."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earwitness.doctor import clocks
from earwitness.doctor.credentials import check_files, check_settings
from earwitness.doctor.findings import Finding, exit_code, note, ok, problem, unknown
from earwitness.doctor.machine import check_disk, check_processes
from earwitness.doctor.places import own_places
from earwitness.doctor.recreated import check_recreated
from earwitness.doctor.registry import check_registry, check_schema_server
from earwitness.doctor.stages import check_stages
from earwitness.embedded.state import ServiceState, StackState
from earwitness.runtime.settings import RegistrySettings
from earwitness.runtime.stages import PartitionLag, StageLag
from earwitness.schemas import catalogue

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD, NEW = "aa" * 16, "bb" * 16


def outcomes(findings: list[Finding]) -> list[str]:
    return [finding.outcome for finding in findings]


def test_exit_codes():
    fine, worth, wrong, unseen = (
        ok("c", "w", "x"),
        note("c", "w", "x", "y"),
        problem("c", "w", "x", "y"),
        unknown("c", "w", "x", "y"),
    )
    assert exit_code([]) == exit_code([fine, worth]) == 0
    assert exit_code([fine, unseen]) == 3
    assert exit_code([fine, unseen, wrong]) == 1


def test_a_clock_is_wrong_only_beyond_what_was_measured():
    def answers(skew: float, took: float) -> list[tuple[float, float, float]]:
        return [(100.0, 100.0 + took / 2 + skew, 100.0 + took)]

    assert clocks.compare("its", answers(0.0, 0.01)).outcome == "ok"
    assert clocks.compare("its", answers(1.5, 0.01)).outcome == "problem"
    assert clocks.compare("its", answers(-1.5, 0.01)).outcome == "problem"
    # The answer took so long that the difference may as well be none.
    assert clocks.compare("its", answers(1.5, 4.0)).outcome == "ok"
    # The quickest answers bound the difference for all of them.
    assert clocks.compare("its", answers(1.5, 4.0) + answers(1.5, 0.01)).outcome == "problem"
    assert clocks.compare("its", []).outcome == "unknown"


def test_a_recreated_topic_is_a_problem_while_its_records_should_be_there():
    def check(age: timedelta, topic_id: str = OLD) -> list[Finding]:
        return check_recreated([("audit.raw.call", topic_id, (NOW - age).timestamp(), 7)], {"audit.raw.call": NEW}, NOW)

    (found,) = check(timedelta(hours=1))
    assert found.outcome == "problem"
    assert "audit.raw.call: was deleted and made again after 2026-11-24 11:00:00 UTC" in found.line
    assert outcomes(check(timedelta(days=4))) == ["note"]  # three days is what a raw topic keeps
    assert outcomes(check(timedelta(hours=1), NEW)) == ["ok"]
    # A topic that is not there at all is told by the comparison with what is declared.
    assert outcomes(check_recreated([("audit.raw.call", OLD, NOW.timestamp(), 7)], {}, NOW)) == ["ok"]


def stage(members: int, *partitions: PartitionLag) -> StageLag:
    lags = {("audit.raw.call", number): each for number, each in enumerate(partitions)}
    return StageLag("privacy", "earwitness-privacy", members, lags)


def test_stages():
    assert outcomes(check_stages([stage(1, PartitionLag(0, 10, 5))])) == ["ok"]
    assert outcomes(check_stages([stage(1, PartitionLag(0, 10, None))])) == ["ok"]
    (nobody,) = check_stages([stage(0, PartitionLag(0, 10, 4))])
    assert "no worker reads in the group earwitness-privacy, 6 records wait" in nobody.line
    (beyond,) = check_stages([stage(1, PartitionLag(0, 10, 11))])
    assert "audit.raw.call/0: earwitness-privacy has read up to 11, but it ends at 10" in beyond.line
    (removed,) = check_stages([stage(1, PartitionLag(8, 10, 5))])
    assert "3 records were removed before earwitness-privacy had read them" in removed.line


def test_files_that_others_may_read(tmp_path: Path):
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    for number in range(8):
        (secrets / f"{number}.password").touch(mode=0o600)
    assert outcomes(check_files([secrets], [secrets])) == ["ok"]
    (secrets / "3.password").chmod(0o640)
    (found,) = check_files([secrets], [secrets])
    assert found.line == f"{secrets}/3.password: mode 0640 opens it to other users; run: chmod 600 {secrets}/3.password"
    for file in secrets.iterdir():
        file.chmod(0o604)
    assert len(check_files([secrets], [secrets])) == 6


def test_settings_that_a_stage_needs(tmp_path: Path):
    password = tmp_path / "password"
    password.write_text("secret\n")
    password.chmod(0o600)
    file = tmp_path / "privacy.toml"
    file.write_text(
        f'kafka_bootstrap = "x:1"\nkafka_sasl_username = "privacy"\nkafka_sasl_password_file = "{password}"\n'
        f'masking_key_file = "{password}"\n'
    )
    places, findings = own_places([file], {})
    assert findings == []
    found = check_settings(places)
    assert outcomes(found) == ["problem", "problem"]
    assert "a masking key is one line" in found[0].line
    assert "no quarantine key is configured" in found[1].line
    words = tmp_path / "words.toml"
    words.write_text("people = 1\n")
    file.write_text(file.read_text() + f'privacy_dictionary = "{words}"\n')
    assert f"{words}, line 1: people is a list of texts" in check_settings(own_places([file], {})[0])[-1].line
    password.chmod(0o644)
    places, (unreadable,) = own_places([file], {})
    assert places == []
    assert f"{password} is open to other users" in unreadable.line
    assert "secret" not in unreadable.line.replace("put the secret", "")


def test_a_service_that_is_not_ready(tmp_path: Path):
    service = ServiceState(name="sink", state="restarting", since=0.0, last_exit="exit code 3")
    (found,) = check_processes(tmp_path, StackState(phase="ready", services=(service,)))
    assert found.line == f"sink: is restarting after exit code 3; read the end of {tmp_path}/logs/sink.log"
    (stopped,) = check_processes(tmp_path, StackState(phase="stopped"))
    assert f"run: earwitness up --home {tmp_path}" in stopped.line


def test_a_disk_that_is_not_there(tmp_path: Path):
    (found,) = check_disk(tmp_path / "gone")
    assert found.outcome == "problem"
    assert outcomes(check_disk(tmp_path)) == ["ok"]


@contextmanager
def server(answer: dict[str, object] | str, status: int = 200) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base class names it so

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{found.server_address[1]}"
        finally:
            found.shutdown()


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        ({"schema": catalogue.masked(catalogue.kinds()[0]).text}, 200, "ok"),
        ({"schema": catalogue.masked(catalogue.kinds()[1]).text}, 200, "has another schema under the id"),
        ({"error_code": 40403}, 404, "knows no schema"),
        ({}, 500, "answers with HTTP status 500"),
        ("<html>", 200, "does not answer like a schema registry"),
        ([], 200, "does not answer like a schema registry"),
    ],
)
def test_what_clickhouse_asks_for_schemas(answer, status, says):
    with server(answer, status) as url:
        found = check_schema_server(url, None)
    assert found.outcome == ("ok" if says == "ok" else "problem")
    assert says == "ok" or says in found.line


def test_a_registry_that_is_away_or_lacks_schemas(tmp_path: Path):
    gone = check_registry(RegistrySettings("http://127.0.0.1:1", cache=tmp_path))
    assert gone.outcome == "problem"
    assert "127.0.0.1:1" in gone.line
    with server({"error_code": 40401, "message": "no such subject"}, 404) as url:
        empty = check_registry(RegistrySettings(url, cache=tmp_path))
    assert "run: earwitness schemas register" in empty.line
