"""What the caller's thread does with an event: takes it, or refuses and counts it."""

import signal
import sys
import threading
import time
from collections import deque
from types import SimpleNamespace

import pytest

from earwitness.client import snapshot
from earwitness.client.capture import Capture, Limits
from earwitness.client.errors import InvalidEventError
from earwitness.client.stats import Books
from earwitness.schemas import catalogue
from earwitness.schemas.events import EVENTS, TELEMETRY, CallEnded, CallStarted, Event, SystemApiLatency

STARTED = CallStarted(direction="inbound", language="en")
WRONG = CallEnded(duration_seconds="long", disconnect_reason="completed", call_status="completed")


class Queue:
    """A capture with books of its own and no worker."""

    def __init__(self, *, limits=None, start=lambda: True, check=None):
        self.books = Books()
        self.capture = Capture(self.books, limits or Limits(), start, check)
        self.take = self.capture.take

    def stats(self):
        return self.books.stats(len(self.capture))


@pytest.fixture
def queue():
    return Queue()


def popped(queue):
    """The oldest snapshot that waits."""
    ((slot, taken),) = queue.capture.pop(1)
    assert slot == -1, "there is no journal"
    return taken


def test_events_come_out_in_the_order_they_went_in(queue):
    for number in range(3):
        assert queue.take(CallStarted(direction="inbound", language=str(number)))
    assert [snapshot.decode(popped(queue)).event.language for _ in range(3)] == ["0", "1", "2"]
    assert queue.capture.pop(1) == []
    assert queue.stats().accepted == queue.stats().in_flight == 3


def test_what_the_app_changes_later_is_not_in_the_event(queue):
    attributes = {"a": "1"}
    queue.take(CallStarted(direction="inbound", language="en", attributes=attributes))
    attributes["a"] = "2"
    assert snapshot.decode(popped(queue)).event.attributes == {"a": "1"}


def test_more_events_than_may_wait_are_refused():
    queue = Queue(limits=Limits(events=2))
    assert [queue.take(STARTED) for _ in range(4)] == [True, True, False, False]
    assert queue.stats().refused == {"queue_full": 2}
    queue.capture.pop(1)
    assert queue.take(STARTED)


def test_more_bytes_than_may_wait_are_refused():
    queue = Queue(limits=Limits(bytes=1_000))
    taken = 0
    while queue.take(STARTED):
        taken += 1
    assert 2 <= taken <= 20
    while queue.capture.pop(10):
        pass
    assert queue.capture.filled == 0
    assert queue.take(STARTED)


TELEMETRIC = SystemApiLatency(dependency="app", operation="a", outcome="ok", latency_ms=1.0)


def test_the_client_knows_the_lane_of_each_class_as_the_schema_has_it():
    lanes = {kind for kind, event in EVENTS.items() if event in TELEMETRY}
    assert lanes == {kind for kind in catalogue.kinds() if catalogue.raw(kind).lane == "telemetry"}


PROTECTED = CallStarted(direction="inbound", language="e" * 35)
SIZE = len(snapshot.encode((time.time_ns(), None, None, TELEMETRIC)))


@pytest.mark.parametrize("limits", [Limits(events=100), Limits(bytes=100 * SIZE)], ids=["events", "bytes"])
def test_the_last_tenth_is_for_protected_events(limits):
    queue = Queue(limits=limits)
    telemetry = 0
    while queue.take(TELEMETRIC):
        telemetry += 1
    assert telemetry == pytest.approx(90, abs=1)
    assert queue.stats().refused == {"queue_full": 1}
    protected = 0
    while queue.take(PROTECTED):
        protected += 1
    assert protected == pytest.approx(10, abs=1)
    assert queue.stats().refused == {"queue_full": 2}
    queue.capture.pop(5)
    assert queue.take(STARTED)
    assert not queue.take(TELEMETRIC)
    queue.capture.pop(20)
    assert queue.take(TELEMETRIC)


def test_where_there_is_no_room_behind_the_queue_telemetry_is_refused_at_once(queue):
    queue.capture.squeeze("spool_full")
    assert not queue.take(TELEMETRIC)
    assert queue.take(STARTED)
    assert queue.stats().refused == {"spool_full": 1}
    queue.capture.squeeze(None)
    assert queue.take(TELEMETRIC)
    queue.capture.closed = True
    queue.capture.squeeze(None)
    assert not queue.take(STARTED), "closed is closed"


class Ring:
    """A journal with room for two."""

    def __init__(self):
        self.slots = {}

    def write(self, taken):
        if len(self.slots) == 2:
            return -1
        self.slots[len(self.slots)] = taken
        return len(self.slots) - 1

    def free(self, slot):
        del self.slots[slot]


def test_in_journal_mode_an_event_is_taken_when_it_is_in_the_journal(queue):
    ring = queue.capture.ring = Ring()
    assert [queue.take(STARTED) for _ in range(3)] == [True, True, False]
    assert queue.stats().refused == {"journal_full": 1}
    assert queue.capture.pop(5) == list(ring.slots.items())


def test_what_comes_in_during_the_close_leaves_the_journal_again():
    def closed_meanwhile():
        queue.capture.closed = True
        return True

    queue = Queue(start=closed_meanwhile)
    ring = queue.capture.ring = Ring()
    assert not queue.take(STARTED)
    assert ring.slots == {}


def test_an_event_that_kafka_would_refuse_is_refused_at_once(queue):
    assert not queue.take(CallStarted(direction="inbound", language="x" * 600_000))
    assert queue.stats().refused == {"too_large": 1}


def loop():
    endless = {}
    endless["a"] = endless
    return endless


@pytest.mark.parametrize(
    "event",
    [
        CallStarted(direction="inbound", language="\ud800"),
        CallStarted(direction="inbound", language=object()),
        CallStarted(direction="inbound", language=2**70),
        CallStarted(direction="inbound", language="en", attributes=loop()),
        CallStarted(direction="inbound", language="en", attributes=SimpleNamespace(a=1)),
    ],
    ids=["lone surrogate", "object", "huge number", "circular", "no mapping"],
)
def test_what_cannot_be_encoded_is_refused_and_raises_only_in_strict_mode(queue, event):
    assert queue.take(event) is False
    assert queue.stats().refused == {"unencodable": 1}
    with pytest.raises(InvalidEventError, match=r"call\.started: cannot be encoded"):
        Queue(check=lambda _: None).take(event)


@pytest.mark.parametrize("wrong", ["text", None, 5, {}, Event()])
def test_what_is_no_event_raises_nothing(queue, wrong):
    queue.take(wrong)  # it may be taken: the worker finds out


def test_strict_mode_raises_where_the_event_is_emitted():
    strict = Queue(check=snapshot.decode)
    with pytest.raises(InvalidEventError, match=r"^call\.ended: duration_seconds: Expected `int`, got `str`$"):
        strict.take(WRONG)
    assert strict.stats().accepted == 0
    assert strict.take(STARTED)


def test_without_a_worker_nothing_is_taken():
    queue = Queue(start=lambda: False)
    assert not queue.take(STARTED)
    assert queue.stats().refused == {"no_worker": 1}


def test_nothing_is_taken_after_the_close(queue):
    queue.capture.closed = True
    assert not queue.take(STARTED)
    assert queue.stats().refused == {"closed": 1}


@pytest.mark.parametrize("worker_takes_it", [True, False])
def test_an_event_that_comes_in_during_the_close_is_either_sent_or_refused(worker_takes_it):
    class SwiftWorker(deque):
        """Its events are taken as soon as they are in."""

        def append(self, taken):
            super().append(taken)
            queue.capture.pop(1)

    def closed_meanwhile():
        queue.capture.closed = True
        return True

    queue = Queue(start=closed_meanwhile)
    if worker_takes_it:
        queue.capture._queue = SwiftWorker()
        queue.take = queue.capture._taker()
    assert queue.take(STARTED) is worker_takes_it
    stats = queue.stats()
    assert (stats.accepted, stats.refused) == ((1, {}) if worker_takes_it else (0, {"closed": 1}))


def test_many_threads_lose_nothing(queue):
    def work():
        for _ in range(500):
            assert queue.take(STARTED)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queue.stats().accepted == 4_000
    sizes = sum(len(popped(queue)) for _ in range(4_000))
    assert sizes == queue.capture._bytes_in == queue.capture._bytes_out


def test_a_signal_handler_may_emit_while_the_code_it_interrupts_does():
    queue = Queue(limits=Limits(events=1))
    previous = signal.signal(signal.SIGUSR1, lambda *_: queue.take(STARTED))
    try:
        with queue.books.lock:  # the same thread, in the middle of counting
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert queue.stats().accepted == 1
    assert queue.stats().refused == {"queue_full": 1}


def test_trace_ids_come_from_the_app_s_own_opentelemetry(queue, monkeypatch):
    span = SimpleNamespace(trace_id=0xABC, span_id=0xDEF, is_valid=True)
    module = SimpleNamespace(get_current_span=lambda: SimpleNamespace(get_span_context=lambda: span))
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)
    snapshot.look_for_tracing()
    queue.take(STARTED)
    assert snapshot.decode(popped(queue)).trace == (f"{0xABC:032x}", f"{0xDEF:016x}")
    span.is_valid = False
    queue.take(STARTED)
    assert snapshot.decode(popped(queue)).trace is None
    monkeypatch.undo()
    snapshot.look_for_tracing()


def test_limits_are_positive():
    with pytest.raises(ValueError, match="at least 1"):
        Limits(events=0)
