"""The command on a real stack: events in, the books by kind and minute, who sees what, rights compared."""
# ruff: noqa: S608 - the statements are made of names of our own

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from earwitness.cli.query import run_query
from earwitness.clickhouse import access_plan
from earwitness.clickhouse.access import Grant, Policy, User
from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvents
from earwitness.embedded import control
from earwitness.runtime.settings import Secret, Settings
from earwitness.schemas import catalogue, codec
from waiting import wait_for

pytestmark = pytest.mark.stack

ENDED = {
    "kind": "call.ended",
    "duration_seconds": 3,
    "disconnect_reason": "completed",
    "final_stage": "goodbye",
    "call_status": "completed",
}
FOUND = {"kind": "data.job_lookup", "client_id": "A1", "job_number": "7", "found": True, "latency_ms": 1.5}
COUNTS = ("stored", "duplicates", "sampled", "dead", "lost", "in_flight", "unexplained")


@pytest.fixture
def home(working_home: Path) -> Path:
    return working_home


def settings(home: Path, role: str) -> Settings:
    return Settings.load(control.environment(home, role))


@pytest.fixture
def books(run, home) -> Callable[[], dict[str, Any]]:
    def books() -> dict[str, Any]:
        code, out, _ = run("ledger", "--json", "--minutes", "--home", str(home))
        found = json.loads(out)
        assert code == (1 if found["unexplained"] else 0)
        return found

    return books


def counted(found: dict[str, Any], what: str) -> Counter[str]:
    return Counter({line["kind"]: line[what] for line in found["kinds"] if line[what]})


def test_what_goes_in_is_in_the_books_by_kind_and_minute(run, home, books, tmp_path):
    # Other tests of this module may have been here before, with records of their own that are dead.
    wait_for(lambda: books()["in_flight"] == 0)
    earlier = books()
    stored_before, dead_before = counted(earlier, "stored"), counted(earlier, "dead")
    file = tmp_path / "events.jsonl"
    bad = ['{"kind": "call.ended"}', "no json", json.dumps(ENDED | {"duration_seconds": "long"})]
    file.write_text("\n".join([*[json.dumps(ENDED)] * 5, bad[0], "", *[json.dumps(FOUND)] * 3, *bad[1:]]) + "\n")
    code, out, err = run("emit", str(file), "--home", str(home))
    assert (code, out) == (1, "8 events delivered, 3 lines refused\n")
    refused = [json.loads(line) for line in err.splitlines()]
    assert [line["line"] for line in refused] == [6, 11, 12]
    assert "duration_seconds" in refused[0]["reason"]
    assert "duration_seconds" in refused[2]["reason"]
    # Straight into Kafka: something that is no event, and one that is masked but cannot be stored. Both can only be dead.
    kafka = settings(home, "producer").need_kafka()
    producer = Producer(kafka.librdkafka())
    producer.produce("audit.raw.call", b"garbage", b"k")
    kind, record = JsonEvents(Origin.here("by-hand", "test", "default")).parse(FOUND)
    producer.produce("audit.raw.data", codec.encode(catalogue.raw(kind), record | {"event_id": "no uuid"}), b"k")
    assert producer.flush(20) == 0
    wait_for(lambda: (found := books())["in_flight"] == 0 and counted(found, "dead").total() > dead_before.total() + 1)
    found = books()
    assert counted(found, "stored") - stored_before == {"call.ended": 5, "data.job_lookup": 3}
    assert counted(found, "dead") - dead_before == {"call.?": 1, "data.?": 1}
    assert found["unexplained"] == 0
    for line in found["kinds"] + found["minutes"]:
        assert line["produced"] == sum(line[name] for name in COUNTS), line
    by_minute = sum(line["stored"] for line in found["minutes"] if line["kind"] == "call.ended")
    assert by_minute == counted(found, "stored")["call.ended"]
    dead = Counter(line["kind"] for line in found["minutes"] for _ in range(line["dead"]))
    assert dead == counted(found, "dead")
    assert not any(line["unexplained"] for line in found["minutes"])
    code, out, _ = run("ledger", "--home", str(home))
    assert code == 0
    assert "# Ledger by kind\nkind\tproduced\tstored\tduplicates\tsampled\tdead\tlost\tin flight\tunexplained\n" in out


def test_nothing_since_is_nothing_on_its_way(run, home, books):
    wait_for(lambda: books()["in_flight"] == 0)
    code, out, _ = run("ledger", "--json", "--since", "0s", "--home", str(home))
    assert code == 0
    assert json.loads(out)["in_flight"] == 0


SAID = {
    "kind": "call.stage_transition",
    "from_stage": "ask_action",
    "to_stage": "goodbye",
    "trigger": "user_input_valid",
    "input_mode": "speech",
    "attempt": 1,
    "caller": "+14155550134",
}
CANARIES = ("4471", "0134", "zorblaxia", "quimby", "maria.garcia")
SPOKEN = "you can call me back at four one five, double five five, oh one three four"
LINE = "---- | 2026-11-24 12:00:00 | Event: Note | Source: IVR | Details: ask for Maria Garcia, gate code 4471"


def test_a_spoken_number_is_stored_with_the_caller_s_token_and_the_rest_stays(run, home, tmp_path):
    def rows(statement):
        return [list(row) for row in run_query(settings(home, "analyst").need_clickhouse(), statement)[1]]

    service = f"texts-{uuid.uuid4().hex[:8]}"
    events: list[dict[str, Any]] = [
        SAID | {"user_input": SPOKEN, "attributes": {"note": "caller is +14155550134", "variant": "b"}},
        SAID | {"user_input": None, "input_mode": "none"},
        {
            "kind": "data.history_append",
            "caller": "+14155550134",
            "record_id": "rec1",
            "job_number": "48213",
            "lines": [LINE, "called +14155550134"],
            "lines_added": 2,
            "total_length": 200,
        },
        {
            "kind": "data.record_update",
            "caller": "+14155550134",
            "table": "Jobs",
            "record_id": "rec1",
            "changes": [{"field": "assignee", "old_value": None, "new_value": "Maria Garcia"}],
            "updated_at": "2026-11-24T12:00:00Z",
        },
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps({"service": service} | event) + "\n" for event in events))
    code, _, err = run("emit", str(file), "--home", str(home))
    assert (code, err) == (0, "")
    where = f"WHERE service = '{service}'"
    wait_for(lambda: rows(f"SELECT count() FROM audit.events {where}") == [[4]])
    transitions = rows(
        f"SELECT caller, user_input, attributes FROM audit.call_stage_transition {where} ORDER BY sequence"
    )
    [token, said, attributes], [_, silence, _] = transitions
    assert re.fullmatch(r"tel_k1_[0-9a-f]{24}", token)
    assert said == f"you can call me back at [{token}]"
    assert dict(attributes) == {"note": f"caller is [{token}]", "variant": "b"}
    assert silence is None
    [[[line, called]]] = rows(f"SELECT lines FROM audit.data_history_append {where}")
    assert called == f"called [{token}]"
    found = re.fullmatch(
        r"---- \| 2026-11-24 12:00:00 \| Event: Note \| Source: IVR \| Details: ask for (.*), gate code \[secret\]",
        line,
    )
    assert found, line
    [[changes]] = rows(f"SELECT changes FROM audit.data_record_update {where}")
    assert [list(dict(each).values()) if isinstance(each, dict) else list(each) for each in changes] == [
        ["assignee", None, found[1]]
    ]


def test_a_review_shows_how_the_newest_records_are_masked_and_nothing_of_what_stood_there(run, home, tmp_path):
    texts = [f"it is zorblaxia quimby, the gate code is 4471, number {n}" for n in range(30)]
    texts += [
        "mail maria.garcia@gmail.com or four one five, five five five, oh one three four",
        "they saw Blorbington today",
    ]
    events = [SAID | {"user_input": text} for text in texts]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    words = tmp_path / "words.toml"
    words.write_text('people = ["Zorblaxia Quimby"]\n[keep]\nwords = ["Blorbington"]\n')
    words.chmod(0o600)
    assert run("emit", str(file), "--home", str(home))[0] == 0
    producer = Producer(settings(home, "producer").need_kafka().librdkafka())
    for broken in (b"4155550134 is no event", catalogue.raw("call.stage_transition").prefix + b"\x20maria.garcia"):
        producer.produce("audit.raw.call", broken, b"k")
    assert producer.flush(20) == 0
    asked = ("review", "--home", str(home), "--kind", "call.stage_transition")
    code, out, err = run(*asked, "--json", "--records", "20")
    *records, told = map(json.loads, out.splitlines())
    assert (code, err) == (0, "")
    assert len(records) == told["reviewed"] == 19, "the newest so many of a kind, but for one that cannot be read"
    assert told["unreadable"]["framing"] >= 1
    assert told["unreadable"]["truncated"] + told["unreadable"].get("malformed", 0) >= 1
    assert told["read"]["audit.raw.call"]["there"] >= told["read"]["audit.raw.call"]["records"] >= 20
    assert told["disagreements"] == 0
    assert {"SECRET", "PHONE", "EMAIL"} <= told["replaced_by_kind"].keys()
    fields = {each["masked"]: each for record in records for each in record["fields"] if each["field"] == "user_input"}
    (shown,) = (each for text, each in fields.items() if text.startswith("mail"))
    assert [each["kind"] for each in shown["replaced"]] == ["EMAIL", "PHONE"]
    for each in shown["replaced"]:
        assert shown["masked"][each["start"] : each["end"]].startswith(("[mail_", "[tel_"))
    (odd,) = (each for text, each in fields.items() if text.startswith("they saw"))
    assert odd["looks_unmasked"] == [{"start": 9, "end": 20, "shape": "Xxxxxxxxxxx"}]
    _, page, _ = run(*asked, "--records", "40")
    assert "looks unmasked: Xxxxxxxxxxx 9-20" in page
    assert "# Replaced, by rule" in page
    for said in (out, page):
        assert not any(canary in said for canary in CANARIES if canary not in {"zorblaxia", "quimby"})
    code, out, _ = run(*asked, "--json", "--dictionary", str(words), "--preset", "strict", "--records", "40")
    assert not any(canary in out for canary in CANARIES)
    assert "dictionary of 2 entries" in json.loads(out.splitlines()[-1])["site"]


def test_a_review_of_nothing_says_so_and_bounds_hold(run, home, tmp_path):
    code, out, _ = run("review", "--home", str(home), "--kind", "security.authorization")
    assert code == 0
    assert "The topics are empty" in out
    file = tmp_path / "events.jsonl"
    file.write_text((json.dumps(ENDED) + "\n") * 2_000)
    assert run("emit", str(file), "--home", str(home))[0] == 0
    code, out, _ = run("review", "--home", str(home), "--json", "--look-back", "5", "--kind", "call.started")
    assert json.loads(out)["read"]["audit.raw.call"]["records"] <= 30


def test_only_who_may_read_raw_records_may_review(run, home, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(ENDED))
    assert run("emit", str(file), "--home", str(home))[0] == 0
    for role, says in (
        ("sink", "reading audit.raw.call: this Kafka user may not read there"),
        ("producer", "may not read there"),
    ):
        kafka = settings(home, role).need_kafka()
        password, key = tmp_path / "password", settings(home, "privacy").masking.key_file
        password.write_text(kafka.password.reveal())
        password.chmod(0o600)
        config = tmp_path / f"{role}.toml"
        config.write_text(
            f'kafka_bootstrap = "{kafka.bootstrap}"\nkafka_sasl_username = "{role}"\n'
            f'kafka_sasl_password_file = "{password}"\nmasking_key_file = "{key}"\n'
        )
        code, out, err = run("review", "--config", str(config), "--kind", "call.ended")
        assert (code, out) == (3, "")
        assert says in err


def test_status_shows_processes_stages_and_the_ledger(run, home):
    code, out, _ = run("status", "--json", "--home", str(home))
    found = json.loads(out)
    assert (code, found["ready"], found["trouble"]) == (0, True, None)
    assert [service["name"] for service in found["stack"]["services"]][-2:] == ["privacy", "sink"]
    assert [(stage["stage"], stage["workers"]) for stage in found["stages"]] == [("privacy", 1), ("sink", 1)]
    assert found["ledger"]["unexplained"] == 0


def test_an_analyst_sees_views_and_nothing_else(run, home):
    code, out, _ = run("query", "--home", str(home), "SELECT count() >= 0 AS sees FROM audit.events")
    assert (code, out) == (0, "sees\nTrue\n") or (code, out) == (0, "sees\n1\n")
    for sql in ("SELECT * FROM store.events", "DROP VIEW audit.events", "SELECT * FROM file('/etc/passwd')"):
        code, _, err = run("query", "--home", str(home), sql)
        assert (code, len(err.splitlines())) == (2, 1)


def test_rights_are_compared_as_the_server_tells_them(home, monkeypatch):
    """The embedded server's users stand in its users.xml, under names without a prefix: what is read is the same."""
    admin = settings(home, "admin").need_clickhouse()
    passwords = {
        user: secret
        for user in ("sink", "analyst")
        if (secret := settings(home, user).need_clickhouse().password) is not None
    }

    def differ(prefix: str = "") -> list[tuple[str, str]]:
        return [(part.kind, part.name) for part in access_plan.plan(admin, passwords, prefix=prefix)]

    # The embedded server fixes a setting of its engine, and knows where the sink's schemas are.
    assert differ() == [("profile", "sink"), ("profile", "analyst"), ("profile", "plain")]
    url = settings(home, "sink").clickhouse_registry_url
    assert url is not None
    policy = Policy.load().with_settings("sink", {"format_avro_schema_registry_url": url})
    policy = policy.with_fixed({"allow_python_table_function": 0})
    monkeypatch.setattr(Policy, "load", lambda: policy)
    assert differ() == []
    assert access_plan.plan(admin, passwords) == []  # with its own prefix: nothing that SQL could change
    wider = replace(policy.roles["analyst"], grants=(Grant(("SELECT",), "audit.*"), Grant(("SELECT",), "store.*")))
    other = replace(policy, roles=policy.roles | {"analyst": wider})
    monkeypatch.setattr(Policy, "load", lambda: other)
    assert differ() == [("role", "analyst")]
    quota = replace(policy.quotas["analyst"], limits={"queries": 5})
    monkeypatch.setattr(Policy, "load", lambda: replace(policy, quotas={"analyst": quota}))
    assert differ() == [("quota", "analyst")]
    monkeypatch.setattr(Policy, "load", lambda: policy)
    passwords["sink"] = Secret("another one")
    assert differ() == [("user", "sink")]
    del passwords["sink"]
    assert differ() == []
    ghost = User("ghost", "analyst", "analyst")
    monkeypatch.setattr(Policy, "load", lambda: replace(policy, users=policy.users | {"ghost": ghost}))
    (missing,) = access_plan.plan(admin, passwords, prefix="")
    assert (missing.name, missing.statements) == ("ghost", ())  # nobody has said its password
    passwords["ghost"] = Secret("boo")
    (missing,) = access_plan.plan(admin, passwords, prefix="")
    assert missing.statements[0].startswith("CREATE USER IF NOT EXISTS `ghost`")
