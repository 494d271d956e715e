"""Celery's process while it delivers at its end: no signal of the pool, and no end of the thread that made it, stops it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from earwitness.client import lifecycle
from earwitness.integrations import celery
from waiting import wait_for

KILLED = "killed"


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the clients' close went through, when the pool's signals come in the middle of it."""
    through: list[str] = []

    def close_all() -> int:
        for name in ("SIGTERM", "SIGQUIT", "SIGTERM"):
            os.kill(os.getpid(), getattr(signal, name))
            through.append(name)
        return 0

    monkeypatch.setattr(lifecycle, "close_all", close_all)
    return through


def test_a_signal_of_the_pool_does_not_interrupt_the_delivery(closing: list[str]):
    def exits(_number: int, _frame: object) -> None:  # as billiard's handler
        raise SystemExit(KILLED)

    before = {number: signal.signal(number, exits) for number in (signal.SIGTERM, signal.SIGQUIT)}
    try:
        celery._ends()
        assert closing == ["SIGTERM", "SIGQUIT", "SIGTERM"]
        assert signal.getsignal(signal.SIGTERM) is exits, "as it was"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_the_end_of_the_thread_that_forked_the_process_does_not_kill_it(monkeypatch: pytest.MonkeyPatch):
    from_parent, to_child = os.pipe()
    from_child, to_parent = os.pipe()
    children: list[int] = []

    def delivers() -> int:
        os.write(to_parent, b"begins")
        os.read(from_parent, 16)  # until the thread is gone
        os.write(to_parent, b"ends")
        return 0

    monkeypatch.setattr(lifecycle, "close_all", delivers)

    def fork() -> None:
        pid = os.fork()
        if pid == 0:
            try:
                ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # as Celery does
                celery._ends()
            finally:
                os._exit(0)
        children.append(pid)
        assert os.read(from_child, 16) == b"begins"

    supervisor = threading.Thread(target=fork)
    supervisor.start()
    supervisor.join()
    # Python is through with a thread before the kernel is, which kills its children then.
    wait_for(lambda: not Path(f"/proc/self/task/{supervisor.native_id}").exists(), 10, "the thread has ended")
    os.write(to_child, b"the thread is gone")
    _, status = os.waitpid(children[0], 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert os.read(from_child, 16) == b"ends"
    for end in (from_parent, to_child, from_child, to_parent):
        os.close(end)
