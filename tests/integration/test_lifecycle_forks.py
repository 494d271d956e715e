"""A fork happens between two turns of the worker: what SQLite and librdkafka lock for the whole process is free then."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import threading
import time

import pytest

import spooled
from earwitness.client import AuditClient, forks
from earwitness.client.spool import Spool, export
from earwitness.runtime.settings import KafkaSettings, Settings
from waiting import wait_for


def in_a_turn(turns: forks.Turns) -> tuple[threading.Thread, threading.Event]:
    """A thread that is in the middle of a turn, and what ends it."""
    inside, over = threading.Event(), threading.Event()

    def turn() -> None:
        with turns:
            inside.set()
            over.wait(30)

    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    assert inside.wait(10)
    return thread, over


def test_a_fork_waits_for_the_end_of_the_turn_and_holds_off_the_next():
    turns = forks.Turns()
    thread, over = in_a_turn(turns)
    released = []
    forker = threading.Thread(target=lambda: released.append(turns.hold(30)))
    forker.start()
    forker.join(0.2)
    assert not released
    over.set()
    forker.join(10)
    thread.join(10)
    (release,) = released
    began = threading.Event()

    def next_turn() -> None:
        with turns:
            began.set()

    threading.Thread(target=next_turn, daemon=True).start()
    assert not began.wait(0.2)
    release()
    assert began.wait(10)


def test_a_fork_does_not_wait_for_ever():
    turns = forks.Turns()
    thread, over = in_a_turn(turns)
    began = time.monotonic()
    assert turns.hold(0.2) is None
    assert 0.2 <= time.monotonic() - began < 5
    over.set()
    thread.join(10)
    with turns:
        pass


def test_a_worker_that_never_rests_lets_a_fork_in():
    turns, over = forks.Turns(), threading.Event()

    def work() -> None:
        while not over.is_set():
            with turns:
                time.sleep(0.001)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        for _ in range(50):
            began = time.monotonic()
            release = turns.hold(10)
            assert release is not None
            assert time.monotonic() - began < 5
            release()
    finally:
        over.set()
        thread.join(10)


class Busy:
    """A follower whose worker does nothing but open files of SQLite, in turns."""

    def __init__(self, path) -> None:
        self.path = path
        self.turns, self.over = forks.Turns(), threading.Event()
        self.opened = 0
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while not self.over.is_set():
            with self.turns:
                self.open("parent")
                self.opened += 1

    def open(self, name: str) -> None:
        connection = sqlite3.connect(self.path / name)
        connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
        connection.close()

    def before_fork(self):
        release = self.turns.hold(10)
        assert release is not None
        return [release]

    def after_fork_in_child(self) -> object:
        return self


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # of Python 3.12: other threads are running; that is the point
def test_children_of_a_process_that_is_busy_with_sqlite_can_use_sqlite(tmp_path):
    """Without the turns a child hung within the first twenty forks, in five runs of five."""
    busy = Busy(tmp_path)
    forks.follow(busy)
    busy.thread.start()
    wait_for(lambda: busy.opened, 10)
    try:
        for number in range(150):
            pid = os.fork()
            if not pid:
                try:
                    busy.open(str(number % 10))
                finally:
                    os._exit(0)
            status: list[int] = []

            def ended(pid: int = pid, status: list[int] = status) -> bool:
                found, code = os.waitpid(pid, os.WNOHANG)
                if found:
                    status.append(code)
                return bool(found)

            try:
                deadline = time.monotonic() + 20
                while not ended():
                    assert time.monotonic() < deadline, f"child {number} hangs"
                    time.sleep(0.0005)
            except AssertionError:
                os.kill(pid, 9)
                os.waitpid(pid, 0)
                raise
            assert status == [0]
    finally:
        busy.over.set()
        busy.thread.join(10)


@pytest.fixture
def nowhere():
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*held.getsockname())


CHILD = """
    import multiprocessing, pathlib, sys, time
    import spooled
    from earwitness.client import AuditClient
    from earwitness.client.spool.orphans import Orphans
    from earwitness.runtime.settings import KafkaSettings, Settings

    taken, first = Orphans.taken, pathlib.Path(sys.argv[3])
    Orphans.taken = lambda self: (taken(self), time.sleep(0.1))  # a disk that takes its time

    def emit(count):
        assert sum(audit.call_started(direction="inbound", language="en") for _ in range(count)) == count

    def work():
        emit(5)
        until = time.monotonic() + 10
        while first.exists() and time.monotonic() < until:
            time.sleep(0.01)
        emit(100)

    settings = Settings(kafka=KafkaSettings(sys.argv[2]), spool=spooled.settings(pathlib.Path(sys.argv[1])))
    audit = AuditClient(settings, service="ivr")
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(60)
    assert child.exitcode == 0, child.exitcode
"""


def test_a_child_that_ends_while_it_takes_over_what_others_left_loses_nothing(tmp_path, nowhere):
    """A turn had no bound of time: the close waited for it in vain, and the child ended with a hundred events in its queue."""
    directory = tmp_path / "spool" / "ivr"
    for number in range(150):
        spool = Spool.open(spooled.settings(tmp_path), "ivr", f"dead-{number:03}")
        spool.append(spooled.frames(1, producer_id="dead", first=number + 1))
        spool.close()
    process = spooled.python(CHILD, tmp_path, nowhere, directory / "dead-000.db")
    process.communicate(timeout=120)
    assert process.returncode == 0
    left = list(export.find(directory))
    assert not any(found.alive for found in left)
    assert sum(found.events for found in left) == 150 + 105 + 1, (
        "all of the dead processes', the child's, and its report"
    )


def test_what_a_worker_that_hangs_may_have_lost_is_told(tmp_path, nowhere, caplog):
    caplog.set_level(logging.WARNING)
    settings = Settings(kafka=KafkaSettings(nowhere), spool=spooled.settings(tmp_path))
    audit = AuditClient(settings, service="ivr", durability="buffered")
    try:
        assert audit.call_started(direction="inbound", language="en")
        wait_for(lambda: audit.stats().in_flight == 1, 20)
        releases = audit.before_fork()  # as good as a worker that does not come back
        assert len(releases) == 2
        try:
            assert audit.close(0.2) == 1
        finally:
            for release in reversed(releases):
                release()
        assert "did not end in time: up to 1 audit events are lost" in caplog.text
    finally:
        audit.close(1)
