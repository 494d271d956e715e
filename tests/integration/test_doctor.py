"""`earwitness doctor` on a stack of its own: quiet on a healthy one, and each thing that is broken is named."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from earwitness.clickhouse.server import Server
from earwitness.doctor import machine
from earwitness.doctor.examination import examine_embedded
from earwitness.embedded import control
from earwitness.embedded.home import Home
from earwitness.embedded.secrets import Secrets
from earwitness.runtime.kafka_admin import admin_client
from earwitness.runtime.settings import Settings
from waiting import wait_for

pytestmark = pytest.mark.stack

EVENT = {"kind": "system.api_latency", "dependency": "redis", "operation": "get", "outcome": "ok", "latency_ms": 1.5}


@pytest.fixture
def home(working_home: Path) -> Path:
    return working_home


@pytest.fixture
def problems(run, home) -> Callable[[], list[str]]:
    """What the doctor finds on the stack, as `check: line`."""

    def problems() -> list[str]:
        code, out, _ = run("doctor", "--json", "--home", str(home))
        answer = json.loads(out)
        found = [
            f"{each['check']}: {each['where']}: {each['what']}"
            for each in answer["findings"]
            if each["outcome"] == "problem"
        ]
        assert code == answer["exit_code"] == (1 if found else 0)
        assert all(each["do"] for each in answer["findings"] if each["outcome"] == "problem"), "nothing to do is said"
        return found

    return problems


def admin(home: Path) -> AdminClient:
    return admin_client(Settings.load(control.environment(home, "admin")).need_kafka())


@contextlib.contextmanager
def clickhouse(home: Path) -> Iterator[Server]:
    with contextlib.closing(Server(Settings.load(control.environment(home, "admin")).need_clickhouse())) as server:
        yield server


def privacy_process(home: Path) -> int | None:
    """The pid of the privacy worker, if it runs."""
    (found,) = [each.process for each in control.status(home).services if each.name == "privacy"]
    return None if found is None else found.pid


@contextlib.contextmanager
def holding(file: Path, text: str) -> Iterator[None]:
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)


def binding(user: str, topic: str, permission: AclPermissionType = AclPermissionType.ALLOW) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*", AclOperation.READ, permission
    )


def remove(home: Path, acl: AclBinding) -> None:
    of = AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation, acl.permission_type
    )
    client = admin(home)
    for future in client.delete_acls([of]).values():
        assert len(future.result(10)) == 1


def test_a_healthy_stack_has_no_problem(run, home):
    code, out, _ = run("doctor", "--home", str(home))
    assert (code, out.strip().splitlines()[-1][:11]) == (0, "0 problems;"), out
    assert not [line for line in out.splitlines() if line.startswith(("problem", "unknown"))]
    checks = {line.split()[1] for line in out.splitlines() if line.startswith("ok ")}
    assert checks == {
        "settings", "files", "disk", "ports", "processes", "broker", "rights", "topics", "stages", "clocks", "clickhouse",
        "tables", "registry",
    }  # fmt: skip


def test_a_wrong_kafka_password(home, problems):
    with holding(Secrets(home / "secrets").kafka_password_file("sink"), "not this one\n"):
        (found,) = [line for line in problems() if line.startswith("broker")]
    assert "as sink: refuses the login: wrong password" in found
    assert problems() == []


def test_a_wrong_clickhouse_password(home, problems):
    with holding(Secrets(home / "secrets").clickhouse_password_file("analyst"), "not this one\n"):
        found = problems()
    assert len(found) == 1
    assert "as analyst: refuses the login: wrong password" in found[0]


def test_a_secret_that_others_may_read(home, problems):
    file = Secrets(home / "secrets").kafka_password_file("producer")
    file.chmod(0o644)
    try:
        found = problems()
    finally:
        file.chmod(0o600)
    assert any(line.startswith(f"files: {file}: mode 0644 opens it to other users") for line in found)


def test_a_missing_acl_and_apply_makes_it_again(run, home, problems):
    remove(home, binding("sink", "audit.masked.call"))
    wait_for(
        lambda: (
            "rights: user sink: may not read topic audit.masked.call: an ACL is missing, or one denies it" in problems()
        )
    )
    assert any(
        "allow user sink to read topic audit.masked.call" in line for line in problems() if line.startswith("topics")
    )
    assert run("topics", "plan", "--home", str(home)) == (1, "allow user sink to read topic audit.masked.call\n", "")
    assert run("topics", "apply", "--home", str(home))[0] == 0
    wait_for(lambda: problems() == [])


def test_an_acl_that_denies_and_one_that_nobody_declared(run, home, problems):
    denies, another = binding("sink", "audit.ledger", AclPermissionType.DENY), binding("guest", "audit.raw.call")
    client = admin(home)
    for future in client.create_acls([denies, another]).values():
        future.result(10)
    try:
        wait_for(lambda: any("user sink: may not read topic audit.ledger" in line for line in problems()))
        code, out, _ = run("topics", "plan", "--home", str(home))
        assert code == 1
        assert "allow user guest to read topic audit.raw.call: not declared" in out
        assert "deny user sink to read topic audit.ledger: not declared" in out
    finally:
        remove(home, denies)
        remove(home, another)
    wait_for(lambda: problems() == [])
    assert run("topics", "plan", "--home", str(home))[0] == 0


def test_a_clock_that_is_wrong(home):
    """The machine's own clock is put forward for the doctor only: to it, both others are behind."""
    findings = [each for each in examine_embedded(home, lambda: time.time() + 90) if each.check == "clocks"]
    assert [(each.outcome, each.where) for each in findings] == [
        ("problem", "the broker's clock"),
        ("problem", "ClickHouse's clock"),
    ]
    assert all(each.what.startswith(("is -90.0", "is -89.9")) and "measured to ±0.0" in each.what for each in findings)


def test_a_column_that_is_not_there(run, home, problems):
    with clickhouse(home) as server:
        server.command("ALTER TABLE store.events DROP COLUMN stir_verstat")
    found = problems()
    assert any("tables: " in line and "add stir_verstat" in line for line in found), found
    code, out, _ = run("clickhouse", "plan", "--home", str(home))
    assert (code, "change the table store.events: add stir_verstat" in out) == (1, True)
    assert run("clickhouse", "apply", "--home", str(home))[:2] == (0, "1 changes made.\n")
    assert problems() == []


def test_a_setting_of_a_table_that_differs(run, home):
    with clickhouse(home) as server:
        server.command("ALTER TABLE store.events MODIFY SETTING min_bytes_for_wide_part = 1")
        code, out, _ = run("clickhouse", "plan", "--json", "--home", str(home))
        (change,) = json.loads(out)
        assert code == 1
        assert change["line"] == "change the table store.events: min_bytes_for_wide_part from 1 to 268435456"
        assert run("clickhouse", "apply", "--home", str(home))[0] == 0
        assert (
            "268435456"
            in server.rows("SELECT engine_full FROM system.tables WHERE name = 'events' AND database = 'store'")[0][0]
        )
    assert run("clickhouse", "plan", "--home", str(home))[0] == 0


def test_a_ttl_that_differs_is_left_to_a_person(run, home):
    ledger = "toDateTime(written_at) + toIntervalMonth"
    with clickhouse(home) as server:
        server.command(f"ALTER TABLE store.ledger MODIFY TTL {ledger}(7)")
        code, out, _ = run("clickhouse", "plan", "--home", str(home))
        assert code == 1
        assert "the table store.ledger: TTL is toDateTime(written_at) + toIntervalMonth(7)" in out
        assert run("clickhouse", "apply", "--home", str(home))[0] == 0
        assert run("clickhouse", "plan", "--home", str(home))[0] == 1
        assert run("doctor", "--home", str(home))[0] == 0
        server.command(f"ALTER TABLE store.ledger MODIFY TTL {ledger}(13)")
    assert run("clickhouse", "plan", "--home", str(home))[0] == 0


def test_a_topic_that_was_deleted_and_made_again(run, home, problems, tmp_path):
    topic = "audit.raw.system"
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(EVENT) + "\n")
    assert run("emit", str(file), "--home", str(home))[0] == 0
    ids = "SELECT DISTINCT hex(source_topic_id) FROM store.ledger WHERE source_topic = 'audit.raw.system'"
    before = privacy_process(home)
    with clickhouse(home) as server:
        wait_for(lambda: server.rows(ids))
        client = admin(home)
        client.delete_topics([topic])[topic].result(10)
        wait_for(lambda: topic not in client.list_topics(timeout=10).topics)
        assert any(f"create topic {topic}" in line for line in problems())
        assert run("topics", "apply", "--home", str(home))[0] == 0
        (found,) = [line for line in problems() if line.startswith("topics")]
        assert f"{topic}: was deleted and made again after" in found
        # What the ledger knows of the old one is removed, for the other tests.
        server.command("ALTER TABLE store.ledger DELETE WHERE source_topic = 'audit.raw.system'", mutations_sync=1)
    # The worker that knew the old topic ends as soon as it notices, and another one takes over.
    wait_for(lambda: privacy_process(home) not in {None, before})
    wait_for(lambda: problems() == [])


def test_a_port_that_somebody_else_has(run, tmp_path):
    place = Home(tmp_path / "home")
    place.create()
    Secrets(place.secrets).make()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        others = {"controller": 1025, "catalogue": 1026, "clickhouse": 1027}
        place.write_ports({"broker": port} | others)
        code, out, _ = run("doctor", "--home", str(place.path))
    assert code == 1
    (line,) = [line for line in out.splitlines() if " ports " in line]
    assert f"port {port} of 127.0.0.1, the broker's: is taken by process" in line
    assert f"run: earwitness up --home {place.path}" in out


def test_a_disk_that_is_full(tmp_path, monkeypatch):
    """A file system of one megabyte, mounted in a namespace of its own.

    Where the system allows no such thing, what counts as full is raised above what is free here: then only the last step,
    the kernel's own figure for a small file system, is not looked at.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    look = (
        "from pathlib import Path; from earwitness.doctor.machine import check_disk;"
        f"print(*(f'{{each.outcome}} {{each.line}}' for each in check_disk(Path({str(disk)!r}))))"
    )
    script = f'mount -t tmpfs -o size=1m tmpfs {disk} && exec {sys.executable} -c "$0"'
    own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, look]
    done = subprocess.run(own, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        assert done.stdout.startswith(f"problem {disk}: 0.0 of 0.0 GB are free; make room")
    else:
        monkeypatch.setattr(machine, "FREE_BYTES", 1 << 62)
        (found,) = machine.check_disk(disk)
        assert (found.outcome, found.do[:9]) == ("problem", "make room")


def test_settings_that_may_not_look_everywhere_are_3(run, home, tmp_path):
    environment = control.environment(home, "sink")
    file = tmp_path / "sink.toml"
    file.write_text(
        "".join(f'{name.removeprefix("EARWITNESS_").lower()} = "{value}"\n' for name, value in environment.items())
    )
    code, out, _ = run("doctor", "--config", str(file))
    assert code == 3
    assert not [line for line in out.splitlines() if line.startswith("problem")]
    assert "give the settings of" in out
    # With an administrator's beside it, everything is looked at.
    second = tmp_path / "admin.toml"
    environment = control.environment(home, "admin")
    second.write_text(
        "".join(f'{name.removeprefix("EARWITNESS_").lower()} = "{value}"\n' for name, value in environment.items())
    )
    assert run("doctor", "--config", str(file), "--config", str(second))[0] == 0


def test_a_broker_and_a_clickhouse_that_are_away(run, tmp_path):
    file = tmp_path / "nobody.toml"
    file.write_text('kafka_bootstrap = "127.0.0.1:1"\nclickhouse_url = "http://127.0.0.1:1"\n')
    code, out, _ = run("doctor", "--config", str(file))
    assert code == 1
    assert "127.0.0.1:1, without a login: does not answer" in out
    assert "ClickHouse at http://127.0.0.1:1 does not answer" in out
