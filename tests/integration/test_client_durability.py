"""What each durability mode promises, against `kill -9` and a network that is cut in front of a real broker.

A child process tells of each event that was taken; it is killed; another process of the same service adopts what it left.
The broker's records say what was lost.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest
from client_topics import Topics

from earwitness.client import AuditClient
from earwitness.runtime.settings import Settings
from waiting import wait_for

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
from proxy import Proxy

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

TICK = 0.02
LATE = 0.4  # what a busy machine may add before the worker has its turn

TELLING = """
    import os, sys, time
    from earwitness.client import AuditClient
    audit = AuditClient.from_env(service=sys.argv[1])
    mark = int(sys.argv[2])
    if sys.argv[3] == "settled":
        audit.call_started(direction="inbound", language="en")
        while audit.stats().queued:  # until the worker has begun
            time.sleep(0.001)
    while True:
        mark += 1
        if mark % 4:
            taken = audit.call_started(direction="inbound", language="en", attributes={"mark": str(mark)})
        else:
            taken = audit.system_api_latency(
                dependency="app", operation="a", outcome="ok", latency_ms=1.0, attributes={"mark": str(mark)})
        if taken:
            os.write(1, f"{mark} {time.monotonic()} {audit.stats().spooled}\\n".encode())
        time.sleep(0.001)
"""
ADOPTING = """
    import os, pathlib, sys, time
    from earwitness.client import AuditClient
    audit = AuditClient.from_env(service=sys.argv[1])
    audit.call_started(direction="inbound", language="en")
    deadline = time.monotonic() + 40
    others = True
    while time.monotonic() < deadline and (others or stats.adopted != stats.replayed):
        time.sleep(0.05)
        others = len(list(pathlib.Path(os.environ["EARWITNESS_SPOOL_DIR"]).rglob("*.lock"))) > 1
        stats = audit.stats()
    print(stats.adopted, stats.replayed, audit.close())
"""


@pytest.fixture
def service():
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def topics(stack):
    return Topics(stack.settings("admin").kafka)


@pytest.fixture
def proxy(stack):
    with Proxy(stack.settings("producer").kafka.bootstrap) as proxy:
        yield proxy


@pytest.fixture
def environment(stack, proxy, tmp_path):
    added = {"EARWITNESS_KAFKA_BOOTSTRAP": proxy.address, "EARWITNESS_SPOOL_DIR": str(tmp_path / "spool")}
    return stack.environment("producer") | added | {"PATH": os.environ["PATH"]}


def start(script, environment, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def killed_after(seconds, service, environment, *, first=0, begins="at once", spooled=0):
    """What a child was told before it was killed so long after its first event: mark, time, events in its spool.

    It begins to emit at once, or when its worker is `settled`; and so many events are in its spool before it is killed.
    """
    child = start(TELLING, environment, service, str(first), begins)
    told, deadline = [], time.monotonic() + 60
    try:
        while not told or int(told[-1].split()[2]) < spooled:
            assert time.monotonic() < deadline, told[-1]
            told.append(child.stdout.readline())
            assert told[-1], child.stderr.read().decode()
        time.sleep(seconds)
    finally:
        child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate(timeout=30)
    lines = (b"".join(told) + rest).decode().splitlines()
    return [(int(mark), float(moment), int(spooled)) for mark, moment, spooled in map(str.split, lines)]


def adopt(service, environment):
    child = start(ADOPTING, environment, service)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err.decode()
    adopted, replayed, lost = map(int, out.split())
    assert (adopted, lost) == (replayed, 0)
    return adopted


def marks(records):
    """Each mark's event ids and how often it came unmarked; one id and at most one are what the sink can deal with."""
    ids, firsts = {}, Counter()
    for record in records:
        if mark := record["attributes"].get("mark"):
            ids.setdefault(int(mark), set()).add(record["event_id"])
            firsts[int(mark)] += not record["replayed"]
    assert all(len(each) == 1 for each in ids.values())
    assert all(count <= 1 for count in firsts.values())
    return ids.keys()


def test_buffered_loses_what_waited_in_memory_and_nothing_else(topics, service, environment, proxy):
    environment["EARWITNESS_DURABILITY"] = "buffered"
    proxy.cut()
    told = killed_after(1.0, service, environment)
    assert len(told) > 100
    longer = killed_after(0.5, service, environment, first=1_000_000, spooled=1_000)  # the breaker is open by then
    spooled = longer[-1][2]
    proxy.resume()
    adopt(service, environment)
    arrived = marks(topics.all_of(service))
    assert not arrived & {mark for mark, *_ in told}
    missing = {mark for mark, *_ in longer} - arrived
    assert len(missing) <= max(len(longer) - spooled, 0)
    last = longer[-1][1]
    assert all(last - moment < TICK + LATE for mark, moment, _ in longer if mark in missing)


@pytest.mark.parametrize("away", [True, False], ids=["broker away", "broker there"])
def test_spool_first_loses_of_protected_kinds_what_was_taken_within_the_last_tick(
    topics, service, environment, proxy, away
):
    environment["EARWITNESS_DURABILITY"] = "spool_first"
    if away:
        proxy.cut()
    moments = [random.uniform(0.2, 1.5) for _ in range(4)]
    rounds = [
        killed_after(each, service, environment, first=n * 100_000, begins="settled") for n, each in enumerate(moments)
    ]
    proxy.resume()
    adopt(service, environment)
    arrived = marks(topics.all_of(service))
    for told in rounds:
        last = told[-1][1]
        missing = {mark: moment for mark, moment, _ in told if mark not in arrived and mark % 4}
        assert all(last - moment < TICK + LATE for moment in missing.values()), missing


@pytest.mark.parametrize("away", [True, False], ids=["broker away", "broker there"])
def test_journal_loses_nothing_whose_emit_returned_true(topics, service, environment, proxy, away):
    environment["EARWITNESS_DURABILITY"] = "journal"
    if away:
        proxy.cut()
    rounds = [killed_after(random.uniform(0.0, 1.5), service, environment, first=n * 100_000) for n in range(4)]
    proxy.resume()
    adopt(service, environment)
    arrived = marks(topics.all_of(service))
    for told in rounds:
        assert {mark for mark, *_ in told} <= arrived
    numbers = Counter((r["producer_id"], r["sequence"], r["event_id"]) for r in topics.all_of(service))
    assert len(numbers) == len({number[:2] for number in numbers}), "no number is given twice"


@pytest.fixture
def client(environment, service):
    made = []

    def client(**options):
        made.append(AuditClient(Settings.load(environment), service=service, **options))
        return made[-1]

    yield client
    for audit in made:
        audit.close(5)


def test_an_outage_goes_to_the_spool_costs_the_caller_nothing_and_comes_back_in_order(
    topics, service, client, proxy, environment
):
    audit = client()
    for mark in range(100):
        audit.call_started(direction="inbound", language="en", call_sid="CA1", attributes={"mark": str(mark)})
    assert audit.flush(20) == 0
    proxy.cut()
    mark, slowest, fullest = 100, 0.0, 0
    end = time.monotonic() + 6
    while time.monotonic() < end:
        for _ in range(10):
            began = time.perf_counter()
            taken = audit.call_started(
                direction="inbound", language="en", call_sid="CA1", attributes={"mark": str(mark)}
            )
            slowest = max(slowest, time.perf_counter() - began)
            assert taken
            mark += 1
        fullest = max(fullest, audit.stats().queued)
        time.sleep(0.005)
    wait_for(lambda: audit.stats().spooled == mark - 100, 20, audit.stats)
    stats = audit.stats()
    assert (stats.breaker_open, stats.breaker_openings, stats.refused) == (True, 1, {})
    assert slowest < 0.5
    assert fullest < 5_000
    began = time.monotonic()
    assert audit.flush(20) == mark - 100, "not delivered, and safe: nobody waits"
    assert time.monotonic() - began < 5
    proxy.resume()
    wait_for(lambda: not audit.stats().spooled, 30, audit.stats)
    assert audit.call_started(direction="inbound", language="en", call_sid="CA1", attributes={"mark": str(mark)})
    assert audit.flush(20) == 0
    stats = audit.stats()
    assert stats.acknowledged == stats.accepted == mark + 1
    assert stats.replayed == mark - 100
    assert not stats.breaker_open
    assert audit.close() == 0
    records = topics.all_of(service)
    assert marks(records) == set(range(mark + 1))
    events = {r["sequence"]: int(r["attributes"]["mark"]) for r in records if "mark" in r["attributes"]}
    assert [events[number] for number in sorted(events)] == list(range(mark + 1)), "the numbers give the order back"
    reports = [record for record in records if "period_seconds" in record]
    assert sum(report["spooled"] for report in reports) == mark - 100
    assert sum(report["acknowledged"] for report in reports) == mark + 1
    assert not list(Path(environment["EARWITNESS_SPOOL_DIR"]).rglob("*.db")), "nothing is left"


def test_what_a_process_could_not_deliver_is_delivered_by_the_next_one(topics, service, client, proxy, environment):
    proxy.cut()
    audit = client()
    for mark in range(500):
        assert audit.call_started(direction="inbound", language="en", attributes={"mark": str(mark)})
    began = time.monotonic()
    assert audit.close(5) == 0, "none is lost"
    assert time.monotonic() - began < 5.5
    assert audit.stats().spooled == 500
    proxy.resume()
    assert adopt(service, environment) == 501, "and the last report"
    records = topics.all_of(service)
    assert marks(records) == set(range(500))
    (report,) = [r for r in records if "period_seconds" in r and r["accepted"] == 500]
    assert (report["acknowledged"], report["spooled"], report["replayed"]) == (0, 500, True)


def test_a_full_spool_refuses_telemetry_first_and_recovers_by_itself(topics, service, client, proxy, environment):
    environment["EARWITNESS_SPOOL_MAX_BYTES"] = "1M"
    proxy.cut()
    audit = client()
    fill = "x" * 2_000
    mark = 0

    def emit(number, telemetry):
        attributes = {"mark": str(number), "fill": fill}
        if telemetry:
            return audit.system_api_latency(
                dependency="app", operation="a", outcome="ok", latency_ms=1.0, attributes=attributes
            )
        return audit.call_started(direction="inbound", language="en", attributes=attributes)

    taken = {False: set(), True: set()}
    while "spool_full" not in audit.stats().refused:
        mark += 1
        assert mark < 5_000
        if emit(mark, mark % 2 == 0):
            taken[mark % 2 == 0].add(mark)
        time.sleep(0.002)
    for number in range(mark + 1, mark + 201):
        assert emit(number, telemetry=False), "what is protected is still taken"
        taken[False].add(number)
    assert not emit(0, telemetry=True)
    proxy.resume()
    assert audit.flush(30) == 0 or audit.flush(30) == 0
    wait_for(lambda: emit(-1, telemetry=True), 10, "telemetry is taken again")
    assert audit.flush(30) == 0
    stats = audit.stats()
    arrived = marks(topics.all_of(service))
    assert taken[False] <= arrived
    assert len(taken[True] - arrived) == sum(stats.dropped.values()) == stats.dropped.get("spool_full", 0)
    assert stats.acknowledged + sum(stats.dropped.values()) == stats.accepted
