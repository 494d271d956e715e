"""The client with no broker to talk to: the caller notices nothing, and every event is accounted for."""

import asyncio
import logging
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from earwitness.client import AuditClient, InvalidEventError, Limits
from earwitness.runtime.settings import KafkaSettings, Settings, SpoolSettings
from waiting import wait_for

STARTED = {"direction": "inbound", "language": "en"}


@pytest.fixture(scope="module")
def nowhere():
    """An address where nobody listens, and nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*taken.getsockname())


@pytest.fixture
def settings(nowhere, tmp_path):
    """No broker, and no spool either: its directory would lie below a file."""
    (tmp_path / "file").touch()
    return Settings(kafka=KafkaSettings(nowhere), spool=SpoolSettings(directory=tmp_path / "file" / "spool"))


@pytest.fixture
def make(settings):
    made = []

    def make(**options):
        made.append(AuditClient(settings, service="ivr", **options))
        return made[-1]

    yield make
    for audit in made:
        audit.close(0.1)


def balanced(stats):
    lost = sum(stats.dropped.values()) + sum(stats.invalid.values())
    return stats.accepted == stats.acknowledged + stats.spooled + stats.queued + stats.in_flight + lost


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "earwitness-client"]


def test_no_thread_runs_before_the_first_event_and_none_after_the_close(make):
    audit = make()
    assert audit.flush(1) == 0
    assert workers() == []
    audit.call_started(**STARTED)
    assert len(workers()) == 1
    audit.close(0.3)
    assert workers() == []
    assert audit.close(0.3) == 1, "a second close changes nothing"
    assert audit.flush(0.3) == 0
    assert workers() == []


def test_when_the_broker_is_away_events_wait_and_then_are_refused_and_nothing_is_lost_in_silence(make):
    audit = make(limits=Limits(events=500))
    taken = sum(audit.call_started(**STARTED) for _ in range(600))
    stats = audit.stats()
    assert taken == stats.accepted >= 500
    assert stats.refused.get("queue_full", 0) == 600 - taken
    assert balanced(stats)
    assert audit.flush(0.2) == taken, "they are still on their way"
    assert audit.close(0.5) == taken
    stats = audit.stats()
    assert stats.dropped == {"shutdown": taken}
    assert stats.undelivered == 0
    assert balanced(stats)


def test_what_librdkafka_has_no_room_for_waits_in_front_of_it(nowhere, settings):
    kafka = KafkaSettings(nowhere, extra={"queue.buffering.max.messages": "50"})
    audit = AuditClient(replace(settings, kafka=kafka), service="ivr", limits=Limits(events=100))
    taken = 0
    deadline = time.monotonic() + 30
    while taken <= 150 or audit.stats().refused.get("queue_full", 0) < 1_000:
        taken += audit.call_started(**STARTED)
        assert taken < 500, "50 in librdkafka's queue, a handful with the worker, 100 in front"
        assert time.monotonic() < deadline, taken
    assert audit.flush(0.2) == taken > 150
    assert audit.close(0.5) == taken
    assert audit.stats().dropped == {"shutdown": taken}


def test_closing_keeps_to_its_time(make):
    audit = make()
    for _ in range(1_000):
        audit.call_started(**STARTED)
    began = time.monotonic()
    audit.close(0.5)
    assert time.monotonic() - began < 5, "the broker never answers, the close ends all the same"


def test_invalid_events_are_counted_by_kind_and_logged_without_their_values(make, caplog):
    audit = make()
    with caplog.at_level(logging.WARNING, "earwitness.client"):
        assert audit.call_ended(duration_seconds="secret", disconnect_reason="completed", call_status="completed")
        assert audit.call_ended(duration_seconds=1, disconnect_reason="secret", call_status="completed")
        assert audit.emit(None)
        audit.flush(20)
    assert audit.stats().invalid == {"call.ended": 2, "unknown": 1}
    assert balanced(audit.stats())
    assert "a call.ended event is invalid and lost: duration_seconds does not fit" in caplog.text
    assert "secret" not in caplog.text
    assert sum("call.ended" in line for line in caplog.messages) == 1, "one line a minute"


def test_strict_mode_raises_in_the_caller(make):
    audit = make(strict=True)
    with pytest.raises(InvalidEventError, match="duration_seconds"):
        audit.call_ended(duration_seconds="1", disconnect_reason="completed", call_status="completed")
    assert audit.stats().accepted == 0


def test_the_log_says_once_that_the_broker_is_away(make, caplog):
    with caplog.at_level(logging.WARNING, "earwitness.client"):
        audit = make()
        audit.call_started(**STARTED)
        deadline = time.monotonic() + 20
        while "audit events wait" not in caplog.text and time.monotonic() < deadline:
            audit.flush(0.1)
    assert "Kafka: " in caplog.text


def test_the_event_loop_runs_while_something_waits(make):
    audit = make()

    async def main():
        audit.call_started(**STARTED)
        beats = 0
        waiting = asyncio.create_task(audit.aflush(0.3))
        while not waiting.done():
            await asyncio.sleep(0.01)
            beats += 1
        closing = asyncio.create_task(audit.aclose(0.3))
        while not closing.done():
            await asyncio.sleep(0.01)
            beats += 1
        return waiting.result(), closing.result(), beats

    waited, lost, beats = asyncio.run(main())
    assert (waited, lost) == (1, 1)
    assert beats >= 10


def test_a_lifespan_closes_and_the_next_one_opens_again(make):
    audit = make()

    async def serve():
        async with audit.lifespan(timeout=0.1)("app"):
            return audit.call_started(**STARTED)

    assert asyncio.run(serve())
    first = audit.stats()
    assert first.dropped == {"shutdown": 1}
    assert not audit.call_started(**STARTED)
    assert audit.stats().refused == {"closed": 1}
    assert asyncio.run(serve())
    assert audit.stats().accepted == 1


def test_a_lifespan_goes_around_the_app_s_own_and_hands_on_its_state(make):
    audit = make()
    steps = []

    @asynccontextmanager
    async def own(app):
        steps.append(("start", app))
        yield {"jobs": 1}
        steps.append(("stop", audit.call_started(**STARTED)))

    async def serve():
        async with audit.lifespan(own, timeout=0.1)("app") as state:
            return state

    assert asyncio.run(serve()) == {"jobs": 1}
    assert steps == [("start", "app"), ("stop", True)], "the app's own end may still emit"


def test_a_worker_that_died_is_replaced_when_the_queue_is_full(make, monkeypatch):
    audit = make(limits=Limits(events=5))
    worker = audit._outbox._worker
    run = worker.run
    monkeypatch.setattr(worker, "run", lambda: None)
    while audit.call_started(**STARTED):
        pass
    audit._outbox._thread.join(5)  # Python 3.13 lists a thread no more a little before it says that it is dead
    assert workers() == []
    monkeypatch.setattr(worker, "run", run)
    assert not audit.call_started(**STARTED)
    assert len(workers()) == 1
    audit.flush(0.3)
    assert audit.call_started(**STARTED), "it has made room"


def test_a_signal_handler_that_emits_while_the_worker_starts_starts_no_second_one(make, monkeypatch):
    audit = make()
    start = threading.Thread.start
    emitted = []

    def interrupted(thread):
        if not emitted:
            emitted.append(audit.call_started(**STARTED))
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    assert audit.call_started(**STARTED)
    assert emitted == [True]
    assert len(workers()) == 1
    assert audit.stats().accepted == 2


def test_an_event_emitted_while_the_interpreter_ends_is_refused_or_counted(nowhere):
    script = f"""
        import atexit
        from earwitness.client import AuditClient
        audit = AuditClient.from_env(environ={{"EARWITNESS_KAFKA_BOOTSTRAP": "{nowhere}"}})
        class Late:
            def __del__(self):
                audit.call_started(direction="inbound", language="en")
        late = Late()
        atexit.register(lambda: print(audit.call_started(direction="inbound", language="en"), flush=True))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() in {"True", "False"}


@pytest.mark.parametrize("durability", ["buffered", "spool_first", "journal"])
def test_without_a_place_for_a_spool_it_goes_on_in_memory_and_says_so_once(make, caplog, durability):
    with caplog.at_level(logging.WARNING, "earwitness.client"):
        audit = make(durability=durability)
        for _ in range(100):
            assert audit.call_started(**STARTED)
        wait_for(lambda: audit.stats().in_flight == 100, 20, audit.stats)
        assert audit.close(0.3) == 100
    assert caplog.text.count("without a spool") == 1
    assert caplog.text.count("without a journal") == (durability == "journal")
    assert audit.stats().spool_errors == 1 + (durability == "journal")


def test_what_cannot_be_delivered_before_the_end_is_on_disk(settings, tmp_path):
    placed = replace(settings, spool=SpoolSettings(directory=tmp_path / "spool"))
    audit = AuditClient(placed, service="ivr")
    for _ in range(100):
        audit.call_started(**STARTED)
    assert audit.close(0.5) == 0
    stats = audit.stats()
    assert (stats.spooled, stats.dropped) == (100, {})
    assert balanced(stats)
    assert len(list(tmp_path.rglob("*.db"))) == 1
