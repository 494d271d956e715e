"""What an app does wrong is a count in production, and a clear error in strict mode; it is never an exception in production."""

from __future__ import annotations

import datetime as dt
import gc
import logging
import math
import signal
import socket
import sys
import threading
from types import SimpleNamespace

import pytest

from earwitness.client import AuditClient, InvalidEventError
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import KafkaSettings, Settings, SpoolSettings
from earwitness.schemas.events import CallStarted
from waiting import wait_for

STARTED = {"direction": "inbound", "language": "en"}


@pytest.fixture(scope="module")
def nowhere():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*taken.getsockname())


@pytest.fixture
def make(nowhere, tmp_path):
    made = []

    def make(**options):
        settings = Settings(kafka=KafkaSettings(nowhere), spool=SpoolSettings(directory=tmp_path / "spool"))
        made.append(AuditClient(settings, service="ivr", **options))
        return made[-1]

    yield make
    for audit in made:
        audit.close(0.1)


def endless():
    found = {}
    found["a"] = found
    return found


def deep():
    found = {}
    for _ in range(100_000):
        found = {"a": found}
    return found


UNENCODABLE = {
    "object": {"language": object()},
    "lone surrogate": {"language": "\ud800"},
    "number of 70 bits": {"language": 2**70},
    "circular": {"attributes": endless()},
    "deep": {"attributes": deep()},
    "no mapping": {"attributes": SimpleNamespace(a=1)},
    "lone surrogate in a mapping": {"attributes": {"a": "\udfff"}},
    "generator": {"attributes": (each for each in "ab")},
    "class": {"language": str},
}
MISFITS = {
    "number for text": {"language": 5},
    "text outside of an enum": {"direction": "sideways"},
    "list for a mapping": {"attributes": ["a"]},
    "number in a mapping of texts": {"attributes": {"a": 1}},
    "None for what is required": {"language": None},
    "NaN for text": {"language": math.nan},
    "naive time": {"occurred_at": dt.datetime(2026, 1, 1)},  # noqa: DTZ001
    "time before 1970": {"occurred_at": dt.datetime(1, 1, 2, tzinfo=dt.UTC)},
    "bytes for text": {"language": b"en"},
}


@pytest.mark.parametrize("wrong", UNENCODABLE.values(), ids=UNENCODABLE)
def test_what_cannot_be_encoded_is_refused(make, wrong):
    audit = make()
    assert audit.call_started(**STARTED | wrong) is False
    stats = audit.stats()
    assert (stats.accepted, stats.refused) == (0, {"unencodable": 1})
    with pytest.raises(InvalidEventError, match=r"^call\.started: .*cannot be encoded"):
        make(strict=True).call_started(**STARTED | wrong)


@pytest.mark.parametrize("wrong", MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_counted_by_kind(make, wrong):
    audit = make()
    assert audit.call_started(**STARTED | wrong) is True
    wait_for(lambda: audit.stats().invalid == {"call.started": 1}, 20, audit.stats)
    (field,) = wrong
    with pytest.raises(InvalidEventError, match=rf"^call\.started: {field}"):
        make(strict=True).call_started(**STARTED | wrong)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308])
def test_a_number_that_is_none_is_taken_as_it_is(make, value):
    audit = make(strict=True)
    assert audit.system_api_latency(dependency="app", operation="a", outcome="ok", latency_ms=value)
    assert audit.stats().invalid == {}


def test_a_huge_value_is_refused_at_once(make):
    audit = make()
    assert audit.call_started(**STARTED | {"language": "x" * 10_000_000}) is False
    assert audit.stats().refused == {"too_large": 1}


@pytest.mark.parametrize("wrong", [None, "text", 5, {}, [], object, CallStarted], ids=repr)
def test_what_is_no_event_is_counted(make, wrong):
    audit = make()
    taken = audit.emit(wrong)
    wait_for(lambda: sum(audit.stats().invalid.values()) == taken, 20, audit.stats)
    assert sum(audit.stats().refused.values()) == (not taken)
    with pytest.raises(InvalidEventError, match=r"^unknown"):
        make(strict=True).emit(wrong)


def test_events_from_finalizers_are_taken(make):
    audit = make()

    class Late:
        def __del__(self):
            audit.call_started(**STARTED)

    for _ in range(50):
        late = Late()
        late.itself = late  # collected whenever it pleases the collector, in whatever thread, the client's too
    del late
    gc.collect()
    assert audit.stats().accepted == 50


def test_a_strict_error_in_a_finalizer_disturbs_nobody(make, monkeypatch):
    audit = make(strict=True)
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)

    class Late:
        def __del__(self):
            audit.call_started(direction="inbound", language=5)

    Late()
    assert [type(each.exc_value) for each in seen] == [InvalidEventError]


def test_events_from_a_signal_handler_are_taken(make):
    audit = make()
    taken = []
    previous = signal.signal(signal.SIGUSR1, lambda *_: taken.append(audit.call_started(**STARTED)))
    try:
        stop = threading.Event()

        def disturb():
            while not stop.wait(0.001):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

        thread = threading.Thread(target=disturb)
        thread.start()
        mine = sum(audit.call_started(**STARTED) for _ in range(2_000))
        audit.flush(0.2)
        stop.set()
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert audit.stats().accepted == mine + sum(taken)
    assert taken


class Sending(logging.Handler):
    """An app's log handler that puts every line into the trail."""

    def __init__(self, audit):
        super().__init__()
        self._audit = audit
        self.lines = []

    def emit(self, record):
        self.lines.append((record.getMessage(), self._audit.call_started(**STARTED)))


def test_a_line_of_the_clients_own_log_does_not_come_back_as_an_event(make):
    audit = make()
    handler = Sending(audit)
    logger = logging.getLogger("earwitness.client")
    logger.addHandler(handler)
    try:
        audit.call_started(direction="inbound", language=5)
        wait_for(lambda: handler.lines, 20, "the worker complains")
        logging.getLogger("earwitness.client.else").warning("the app's thread: that is an event")
    finally:
        logger.removeHandler(handler)
    told = dict(handler.lines)
    assert told.pop("the app's thread: that is an event") is True
    assert set(told.values()) == {False}
    assert audit.stats().refused == {"own_log": len(told)}
    assert audit.stats().accepted == 2


def test_a_log_handler_that_raises_does_not_stop_the_worker(make):
    class Broken(logging.Handler):
        def emit(self, _):
            raise RuntimeError("the app's own mistake")

    audit = make()
    logger = logging.getLogger("earwitness.client")
    handler = Broken()
    logger.addHandler(handler)
    try:
        for _ in range(3):
            audit.call_started(direction="inbound", language=5)
        wait_for(lambda: audit.stats().invalid == {"call.started": 3}, 20, audit.stats)
    finally:
        logger.removeHandler(handler)
    assert audit.stats().internal_errors == 0


@pytest.mark.parametrize("strict", [False, True])
def test_an_event_after_the_close_is_counted_and_raises_nothing(make, strict):
    audit = make(strict=strict)
    audit.call_started(**STARTED)
    audit.close(0.1)
    assert audit.call_started(**STARTED) is False
    assert audit.stats().refused == {"closed": 1}


@pytest.mark.parametrize("durability", ["bufferd", ""])
def test_a_durability_that_does_not_exist_stops_the_start(make, durability):
    with pytest.raises(SettingsError, match="buffered, spool_first or journal"):
        make(durability=durability)
