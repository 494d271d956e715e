"""The client on the real broker: every kind arrives, and so does everything from every process, however it ends."""

import datetime as dt
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import textwrap
import time

import httpx
import pytest
from client_topics import Topics

from earwitness.client import AuditClient
from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvents
from earwitness.client.publisher import Publisher, emit
from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.settings import KafkaSettings, Secret
from earwitness.schemas import catalogue

pytestmark = pytest.mark.stack

NOW = dt.datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=dt.UTC)

EVENTS = {
    "call.started": {
        "from_number": "+15550100",
        "to_number": "+15550199",
        "caller_name": "María García",
        "direction": "inbound",
        "language": "es",
        "stir_verstat": "TN-Validation-Passed-A",
    },
    "call.ended": {
        "duration_seconds": 61,
        "disconnect_reason": "caller_hangup",
        "final_stage": "goodbye",
        "call_status": "completed",
        "sip_response_code": 200,
    },
    "call.stage_transition": {
        "from_stage": "collect_client_id",
        "to_stage": "collect_job_number",
        "trigger": "user_input_valid",
        "user_input": "A C M E twelve",
        "input_mode": "speech",
        "confidence": 0.75,
        "attempt": 1,
    },
    "call.validation_failed": {
        "stage": "collect_job_number",
        "field": "job_number",
        "rule": "pattern",
        "user_input": None,
        "input_mode": "none",
        "attempt": 3,
    },
    "call.action_attempted": {
        "action": "add_note",
        "outcome": "success",
        "error_code": None,
        "client_id": "ACME12",
        "job_number": "48213",
        "value": "gate code 1234",
        "actor": "John Smith",
        "correlation_id": "c-1",
    },
    "data.job_lookup": {"client_id": "ACME12", "job_number": "48213", "found": True, "latency_ms": 182.5},
    "data.airtable_query": {
        "table": "Jobs",
        "record_id": None,
        "operation": "select",
        "formula": "{Number}='48213'",
        "status_code": 200,
        "rows": 1,
        "retries": 0,
        "latency_ms": 91.25,
    },
    "data.record_update": {
        "table": "Jobs",
        "record_id": "rec1",
        "changes": [{"field": "status", "old_value": None, "new_value": "on_hold"}],
        "updated_at": NOW,
    },
    "data.history_append": {
        "record_id": "rec1",
        "job_number": "48213",
        "lines": ["---- | one", "---- | two"],
        "lines_added": 2,
        "total_length": 2**40,
    },
    "security.authentication": {
        "method": "twilio_signature",
        "valid": False,
        "reason": "proxy_url",
        "url_path": "/voice",
        "source_ip": "192.0.2.1",
        "account_sid": None,
    },
    "security.authorization": {
        "permission": "job:read",
        "resource": "job",
        "allowed": True,
        "reason": None,
        "subject": "+15550100",
        "client_id": None,
        "job_number": None,
    },
    "security.input_validation": {
        "field": "note",
        "category": "injection",
        "pattern": "sqli",
        "user_input": "'; drop table jobs",
        "action": "rejected",
    },
    "security.error_pattern": {"pattern": "airtable_down", "count": 4, "window_seconds": 60},
    "system.api_latency": {
        "dependency": "s3",
        "operation": "put",
        "status_code": None,
        "outcome": "timeout",
        "latency_ms": 5000.0,
    },
    "system.error_rate": {
        "dependency": "redis",
        "failed": 1,
        "total": 9,
        "retries": 2,
        "circuit_state": "half_open",
        "window_seconds": 60,
    },
    "system.state_management": {
        "operation": "get",
        "key": "call_state:CA1",
        "outcome": "miss",
        "recovered": True,
        "latency_ms": 0.5,
    },
    "system.recording_pipeline": {
        "step": "store",
        "outcome": "ok",
        "recording_sid": "RE1",
        "bucket": "calls",
        "object_key": "2026/11/24/CA1-48213.mp3",
        "url": None,
        "size_bytes": 2**33,
        "latency_ms": 3.5,
    },
    "trail.client_report": {
        "accepted": 1,
        "acknowledged": 1,
        "spooled": 0,
        "refused": {"queue_full": 2},
        "dropped": {},
        "lost": [{"first": 3, "last": 4}],
        "period_seconds": 60.0,
    },
    "trail.alert_delivered": {
        "alert_id": "a1",
        "route": "webhook",
        "attempt": 1,
        "outcome": "delivered",
        "status_code": 204,
    },
    "trail.data_read": {
        "subject": "ana",
        "views": ["audit.events"],
        "query_shape": "SELECT ?",
        "rows": 5,
        "duration_ms": 1.5,
    },
    "trail.admin_action": {
        "action": "keep_call",
        "subject": "root",
        "target": "CA1",
        "outcome": "success",
        "justification": None,
    },
}
"""One event a kind, as an app would give it."""


@pytest.fixture
def service():
    """A name of this test's own: all tests share the broker's topics."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def topics(stack):
    return Topics(stack.settings("admin").kafka)


def checked(events):
    """How many events a process delivered; its numbers have no gap, and its reports agree with what arrived."""
    numbers = sorted(record["sequence"] for _, record in events)
    assert numbers == list(range(1, len(numbers) + 1))
    reports = [record for kind, record in events if kind == "trail.client_report"]
    delivered = len(events) - len(reports)
    assert sum(report["accepted"] for report in reports) == delivered
    assert sum(report["acknowledged"] for report in reports) == delivered
    return delivered


def run(script, environment, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        **options,
    )


def test_every_kind_arrives_as_it_was_given(stack, topics, service):
    audit = AuditClient(stack.settings("producer"), service=service, strict=True)
    assert EVENTS.keys() == set(catalogue.kinds())
    with audit.call(call_sid="CA1", caller="+15550100"):
        for kind, fields in EVENTS.items():
            assert getattr(audit, kind.replace(".", "_"))(**typed(fields))
    assert audit.flush(20) == 0
    stats = audit.stats()
    assert stats.accepted == stats.acknowledged == len(EVENTS)
    assert audit.close() == 0
    found = topics.read(service, lambda records: len(records) > len(EVENTS))
    by_kind = {schema.kind: record for *_, schema, record in found if record["call_sid"] == "CA1"}
    assert by_kind.keys() == EVENTS.keys()
    for kind, given in EVENTS.items():
        record = by_kind[kind]
        assert {name: record[name] for name in given} == given
        assert (record["call_sid"], record["caller"], record["service"]) == ("CA1", "+15550100", service)
        assert abs(record["occurred_at"].timestamp() - time.time()) < 120
    assert len({record["event_id"] for *_, record in found}) == len(found)
    assert {topic for topic, *_ in found} == {f"audit.raw.{family}" for family in catalogue.FAMILIES}
    assert {key for *_, key, _, record in found if record["call_sid"]} == {b"CA1"}
    assert len({partition for _, partition, key, *_ in found if key == b"CA1"}) == 1
    assert sorted(record["sequence"] for *_, record in found) == list(range(1, len(EVENTS) + 2))


def typed(fields):
    """Items of lists as the event classes have them."""
    from earwitness.schemas.events import Change, SequenceRange

    items = {"changes": Change, "lost": SequenceRange}
    return {name: [items[name](**item) for item in value] if name in items else value for name, value in fields.items()}


def test_a_script_s_events_arrive_though_it_just_ends(stack, topics, service):
    script = f"""
        from earwitness.client import AuditClient
        audit = AuditClient.from_env(service="{service}")
        for _ in range(500):
            assert audit.call_started(direction="inbound", language="en")
    """
    run(script, stack.environment("producer"))
    (events,) = topics.processes(service, 1).values()
    assert checked(events) == 500


def test_parent_and_forked_children_deliver_each_under_its_own_name(stack, topics, service):
    script = f"""
        import os, sys
        from earwitness.client import AuditClient
        audit = AuditClient.from_env(service="{service}")
        def emit(count):
            for _ in range(count):
                assert audit.call_started(direction="inbound", language="en")
        emit(100)
        audit.flush(20)
        emit(200)  # pending at the fork: the parent's to deliver, not the child's
        children = []
        for _ in range(2):
            child = os.fork()
            if not child:
                emit(50)
                sys.exit(0)
            children.append(child)
        emit(25)
        codes = [os.waitpid(child, 0)[1] for child in children]
        assert codes == [0, 0], codes
    """
    run(script, stack.environment("producer") | {"PYTHONWARNINGS": "ignore::DeprecationWarning"})
    found = topics.processes(service, 3)
    assert sorted(checked(events) for events in found.values()) == [50, 50, 325]


APP = """
import os
from fastapi import Depends, FastAPI, Form, Request
from earwitness.client import AuditClient

audit = AuditClient.from_env(service=os.environ["SERVICE"])
app = FastAPI(lifespan=audit.lifespan())

@app.middleware("http")
async def scope(request: Request, call_next):
    with audit.call():
        return await call_next(request)

def bound(sid: str):  # sync: FastAPI runs it in a thread
    audit.bind(call_sid=sid, caller="+1" + sid)

@app.get("/voice/{sid}", dependencies=[Depends(bound)])
def voice(sid: str):
    return audit.call_started(direction="inbound", language="en")

@app.get("/status/{sid}")
async def status(sid: str):
    with audit.call(call_sid=sid, caller="+1" + sid):
        return audit.call_ended(duration_seconds=1, disconnect_reason="completed", call_status="completed")
"""


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one process", "two workers"])
def test_a_server_that_is_told_to_stop_delivers_everything_first(stack, topics, service, tmp_path, options):
    (tmp_path / "app.py").write_text(APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning", *options]
    environment = stack.environment("producer") | {"PATH": os.environ["PATH"], "SERVICE": service}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        calls = 30
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and server.poll() is None:
                try:
                    http.get("/none")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
        for number in range(calls):
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
                assert http.get(f"/voice/{number}").json() is True
                assert http.get(f"/status/{number}").json() is True
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log, log
    records = [r for *_, r in topics.read(service, lambda found: ended(found) == 2 * calls)]
    assert {(r["call_sid"], r["caller"]) for r in records if "language" in r} == {
        (str(number), f"+1{number}") for number in range(calls)
    }
    assert {(r["call_sid"], r["caller"]) for r in records if "duration_seconds" in r} == {
        (str(number), f"+1{number}") for number in range(calls)
    }
    assert sum(checked(events) for events in topics.processes(service, 1).values()) == 2 * calls


def ended(records):
    """How many events the reports of the processes acknowledge."""
    return sum(record["acknowledged"] for record in records if "period_seconds" in record)


def test_invalid_events_leave_a_gap_that_the_report_declares(stack, topics, service):
    audit = AuditClient(stack.settings("producer"), service=service)
    for number in range(10):
        audit.call_started(direction="inbound", language="en" if number % 5 else number)
    assert audit.flush(20) == 0
    assert audit.stats().invalid == {"call.started": 2}
    assert audit.close() == 0
    ((_, events),) = topics.processes(service, 1).items()
    ((_, report),) = [event for event in events if event[0] == "trail.client_report"]
    assert (report["accepted"], report["acknowledged"], report["dropped"]) == (10, 8, {"invalid": 2})
    lost = {n for part in report["lost"] for n in range(part["first"], part["last"] + 1)}
    assert lost | {record["sequence"] for _, record in events} == set(range(1, 12))


def test_a_client_reports_while_it_runs_and_each_report_counts_from_the_last(stack, topics, service):
    audit = AuditClient(stack.settings("producer"), service=service, report_seconds=0.2)
    for round_ in range(3):
        for _ in range(round_ + 1):
            audit.call_started(direction="inbound", language="en")
        goal = sum(range(round_ + 2))
        topics.read(service, lambda found, goal=goal: ended(found) == goal)
    audit.close()
    ((_, events),) = topics.processes(service, 3).items()
    assert checked(events) == 6


def test_a_topic_that_may_not_be_written_is_a_counted_loss(stack, service):
    sink = stack.settings("sink")  # may write the ledger only
    audit = AuditClient(sink, service=service)
    audit.call_started(direction="inbound", language="en")
    assert audit.flush(20) == 0
    stats = audit.stats()
    assert stats.accepted == sum(stats.dropped.values()) == 1
    assert "authorization" in next(iter(stats.dropped))
    assert audit.close() == 0, "it was lost before the close"


def test_json_lines_are_published_and_bad_ones_named(stack, topics, service):
    door = JsonEvents(Origin.here(service, "test", "default"))
    started = {"kind": "call.started", "call_sid": "CA9", "direction": "inbound", "language": "en"}
    lookup = {"kind": "data.job_lookup", "call_sid": "CA9", "found": True, "latency_ms": 1}
    lines = [
        started | {"from_number": "+15550100"},
        lookup | {"client_id": "ACME12", "job_number": "48213", "region": "us"},
        lookup | {"client_id": "ACME12"},
        {"event": lookup | {"client_id": "ACME12", "job_number": "5"}, "partition": 3, "arrived_at": "…"},
    ]
    refused = []
    with Publisher(stack.settings("producer").need_kafka()) as publisher:
        done = emit([json.dumps(line).encode() for line in lines], door, publisher, refused.append)
    assert (done.delivered, done.refused, done.failed, done.unknown_fields) == (3, 1, {}, 1)
    assert [tuple(one) for one in refused] == [(3, "data.job_lookup: job_number: is required")]
    records = [record for *_, record in topics.read(service, lambda found: len(found) == 3)]
    assert {record["caller"] for record in records} == {"+15550100"}
    assert sorted(record["sequence"] for record in records) == [1, 2, 3]


def test_a_wrong_password_is_a_clear_error_for_whoever_waits(stack):
    kafka = stack.settings("producer").need_kafka()
    wrong = KafkaSettings(
        kafka.bootstrap, kafka.security_protocol, kafka.sasl_mechanism, kafka.username, Secret("wrong-Password_1")
    )
    with pytest.raises(UnavailableError) as caught:
        Publisher(wrong)
    assert re.search("refuses the login.*[Aa]uthentication", str(caught.value))
    assert "wrong-Password_1" not in str(caught.value)
