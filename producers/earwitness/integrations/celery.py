"""Celery: a process of the pool delivers everything before it ends.

Where the app is made:

    from earwitness.integrations.celery import connect

    connect()

A process of the prefork pool ends by `os._exit`, so that Python's `atexit` is never run there. What remains is a process
that is killed, by a hard time limit or by the system: for that there is the spool. The pools `solo`, `threads` and
`gevent` work in the main process, which needs nothing.

A worker of RQ is a fork for each job, and ends by `os._exit` too, without a hook: call `audit.flush()` at the job's end.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from earwitness.client import lifecycle

__all__ = ["connect"]

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_ENDING: Final = ("SIGHUP", "SIGQUIT", "SIGTERM", "SIGUSR1")
"""Signals by which the pool ends a process: `TERMSIGS_DEFAULT` of billiard, and that of its soft time limit."""


def connect() -> None:
    """Have the clients of each process of the pool closed when it ends, within 5 seconds; may be called more than once.

    Raises:
        ImportError: Celery is not installed.
    """
    from celery import signals

    signals.worker_process_init.connect(_begins, weak=False, dispatch_uid="earwitness")
    signals.worker_process_shutdown.connect(_ends, weak=False, dispatch_uid="earwitness")


def _begins(**_: Any) -> None:
    # Celery has just taken all handlers of SIGTERM away, ours too; it sends SIGTERM to what it revokes or stops at once.
    lifecycle.prepare()


def _ends(**_: Any) -> None:
    with _undisturbed():
        lifecycle.close_all()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Nothing of the pool's ends this process now: it ends by itself, a second after us."""
    _outlive_its_maker()
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers are the main thread's
        return
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {number: signal.signal(number, _later) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _later(_number: int, _: FrameType | None) -> None:
    # The pool's handler raises SystemExit, in the middle of our close; and it takes itself away, so that the next one kills.
    pass


def _outlive_its_maker() -> None:
    """Not be killed when the thread ends that has forked this process.

    Celery asks the kernel for a SIGKILL when the parent dies, and the kernel means the thread. With a broker that has no
    event loop (a database, a folder) it is the pool's supervisor that replaces processes, and that thread ends first
    when the worker stops, while they deliver.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)
