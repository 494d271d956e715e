"""Errors that an app logs, as events; and that no log can hurt the app or itself by that."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time

import pytest

from earwitness.client import AuditClient, NoopAudit
from earwitness.client.testing import CapturedAudit
from earwitness.integrations.logging import AuditHandler


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class App:
    """An app's logger with our handler."""

    def __init__(self, audit=None, name="ivr.line", **settings):
        self.audit = CapturedAudit() if audit is None else audit
        self.clock = Clock()
        self.handler = AuditHandler(self.audit, clock=self.clock, **settings)
        self.log = logging.getLogger(name)
        self.log.propagate, self.log.handlers = False, [self.handler]
        self.log.setLevel(logging.DEBUG)

    def told(self):
        return self.audit.told("security.error_pattern")


@pytest.fixture
def app():
    return App()


@pytest.fixture(autouse=True)
def errors_of_handlers(monkeypatch):
    seen = []
    monkeypatch.setattr(logging.Handler, "handleError", lambda *_: seen.append(sys.exc_info()[1]))
    return seen


def test_an_error_becomes_an_event_of_the_call_that_it_happened_in(app):
    with app.audit.call(call_sid="CA1", caller="+12025550142"):
        app.log.error("no job %s for %s", "48213", "Maria")
    (event,) = app.told()
    here = "test_an_error_becomes_an_event_of_the_call_that_it_happened_in"[:60]
    assert (event.pattern, event.count, event.window_seconds) == (f"log:ivr.line:{here}", 1, 60)
    assert (event.call_sid, event.caller, event.severity) == ("CA1", "+12025550142", "ERROR")
    assert event.detail == "no job 48213 for Maria"  # masked as a whole, as the schema says of it
    assert event.subject.startswith("test_integrations_logging:")


def test_an_exception_names_its_class_and_tells_no_traceback(app):
    app.log.error("a lookup failed", exc_info=TimeoutError("+12025550142"))
    (event,) = app.told()
    assert event.pattern == "log:ivr.line:TimeoutError"
    assert event.detail == "a lookup failed"
    assert "+1202" not in repr(event)


@pytest.mark.parametrize(
    ("level", "severities"), [("ERROR", ["ERROR", "ERROR"]), (logging.INFO, ["INFO", "WARN", "ERROR", "ERROR"])]
)
def test_the_level(level, severities):
    app = App(level=level)
    for function in ("debug", "info", "warning", "error", "critical"):
        getattr(app.log, function)("x")
        app.clock.now += 61
    assert [event.severity for event in app.told()] == severities


def test_what_is_not_masked_holds_names_of_the_code_only():
    app = App(name="ivr.+12025550142.Maria García")
    app.log.error("x")
    pattern = app.told()[0].pattern
    assert pattern.startswith("log:ivr.__.")
    assert "2025" not in pattern


def test_an_error_in_a_loop_is_told_at_its_powers_of_ten(app):
    for _ in range(1234):
        app.log.error("again")
    assert [event.count for event in app.told()] == [1, 10, 100, 1000]
    app.clock.now += 61
    app.log.error("again")
    assert app.told()[-1].count == 1


def test_ever_new_errors_are_bounded_and_what_was_left_out_is_counted():
    app = App(most_events=5)

    def log(number):
        record = logging.LogRecord(
            "ivr", logging.ERROR, "f.py", number, "x", (), None, f"function{chr(97 + number % 26)}{number // 26}x"
        )
        app.handler.handle(record)

    for number in range(1000):
        log(number)
    assert len(app.told()) == 5
    assert len(app.handler._windows) <= 256
    app.clock.now += 61
    log(1)
    assert app.told()[-1].attributes == {"left_out": "995"}


def test_our_own_log_does_not_feed_us():
    for name in ("earwitness", "earwitness.client", "earwitness.integrations"):
        app = App(name=name)
        app.log.error("the broker is away")
        assert app.told() == []
    app = App(name="earwitnesses")
    app.log.error("somebody else's")
    assert len(app.told()) == 1


def test_what_is_logged_while_an_event_is_taken_does_not_feed_us():
    class Logs(CapturedAudit):
        def emit(self, event):
            app.log.error("within")
            return super().emit(event)

    app = App(Logs())
    app.log.error("without")
    assert [event.detail for event in app.told()] == ["without"]
    app.clock.now += 61
    app.log.error("again")
    assert len(app.told()) == 2


def test_a_client_that_raises_breaks_nothing(errors_of_handlers):
    class Raises(CapturedAudit):
        def emit(self, event):
            raise ZeroDivisionError(event)

    app = App(Raises())
    app.log.error("x")
    assert [type(error) for error in errors_of_handlers] == [ZeroDivisionError]


class Unprintable:
    def __str__(self):
        raise ZeroDivisionError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("message", "arguments", "detail"),
    [
        ("%d of %d", (1,), "%d of %d"),
        ("%s", (Unprintable(),), "%s"),
        (Unprintable(), (), "Unprintable"),
        ("x" * 9999, (), "x" * 500),
        ("\ud800", (), "?"),
        ({"a": 1}, (), "{'a': 1}"),
    ],
)
def test_whatever_is_logged_is_told_somehow(app, message, arguments, detail, errors_of_handlers):
    # Not through the logger: pytest's own handler minds such records.
    app.handler.handle(logging.LogRecord("ivr", logging.ERROR, "line.py", 1, message, arguments, None))
    assert [event.detail for event in app.told()] == [detail]
    assert errors_of_handlers == []


def test_filters_hold(app):
    app.handler.addFilter(lambda record: "secret" not in record.getMessage())
    app.log.error("a secret")
    assert app.told() == []


def test_a_thread_that_is_stuck_in_telling_holds_up_no_other_and_no_logging_lock():
    stuck, go_on = threading.Event(), threading.Event()

    class Stuck(CapturedAudit):
        def emit(self, event):
            if event.detail == "stuck":
                stuck.set()
                assert go_on.wait(30)
            return super().emit(event)

    app = App(Stuck())
    thread = threading.Thread(target=app.log.error, args=("stuck",))
    thread.start()
    assert stuck.wait(30)
    app.clock.now += 61
    began = time.monotonic()
    app.log.error("not stuck")
    logging.getLogger("ivr.other").setLevel(logging.INFO)
    app.handler.flush()
    assert time.monotonic() - began < 5
    assert [event.detail for event in app.told()] == ["not stuck"]
    go_on.set()
    thread.join()


def test_many_threads_count_together(app):
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(1250):
            app.log.error("same")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event.count for event in app.told()) == [1, 10, 100, 1000, 10000]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_forked_while_the_lock_is_held_can_log(app):
    held, go_on = threading.Event(), threading.Event()

    def hold():
        with app.handler.lock:
            held.set()
            go_on.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    pid = os.fork()
    if pid == 0:
        app.log.error("in the child")
        os._exit(7 if len(app.told()) == 1 else 8)
    deadline = time.monotonic() + 30
    ended = (0, 0)
    while ended[0] == 0 and time.monotonic() < deadline:
        ended = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
    go_on.set()
    thread.join()
    if ended[0] == 0:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended[1]) == 7


def test_switched_off_it_does_nothing():
    app = App(NoopAudit())
    app.log.error("x")
    assert not app.handler._windows


def test_with_a_real_client_threads_that_log_at_once_do_not_wait_for_each_other(tmp_path):
    # The first events start the client's thread; its own log about the broker that is away comes through the same handler.
    environ = {"EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:1", "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    audit = AuditClient.from_env(service="ivr", environ=environ)
    app = App(audit)
    ours, before = logging.getLogger("earwitness"), logging.getLogger("earwitness").handlers
    ours.handlers = [app.handler]
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(100):
            app.log.error("x")

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert audit.stats().accepted == 3  # the 1st, 10th and 100th
    finally:
        ours.handlers = before
        audit.close(0.5)
