"""The end of a process: whatever way Python gives us to notice it, all clients are closed by one deadline.

How a process ends        | what closes the clients
--------------------------|------------------------------------------------------------------------------------------
the program is through    | `atexit`, after all threads that are no daemons
SIGINT                    | the same, since Python makes an exception of it
SIGTERM, nobody's handler | the handler here: closes, then ends the process by the signal as if there were no handler
SIGTERM, a server's       | the server's hooks: `Audit.lifespan`, `earwitness.integrations.gunicorn` and `.celery`
multiprocessing's child   | its finalizers; such a child runs no `atexit`
`os._exit`, SIGKILL       | nothing can: see `flush`, and the durability of the spool

A handler in Python runs when the main thread is back from C code, which may be later than the kernel would have ended it.
In a child that a thread has forked, the interpreter does not end with that thread: such a child calls `close`, and `os._exit`.

Nothing here runs when an event is taken.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import signal
import sys
import time
from functools import cache
from types import FrameType
from typing import Final, Protocol

__all__ = ["CLOSE_SECONDS", "Closing", "close_all", "ended", "prepare", "started"]

CLOSE_SECONDS: Final = 5.0
"""What the end of a process may take, however many clients it has. Servers wait longer: gunicorn and Kubernetes 30 s."""

_SOON_SECONDS = 0.001  # until a signal is tried again that came at a bad moment


class Closing(Protocol):
    """A client, as far as its end is concerned."""

    def close(self, timeout: float) -> int:
        """Close within so many seconds; how many events were lost."""

    def flush(self, timeout: float) -> int:
        """Deliver within so many seconds, and go on."""

    def is_interrupted(self) -> bool:
        """Whether this thread holds one of its locks: asked by a signal handler, for the code that it interrupted."""


_STARTED: Final[dict[int, Closing]] = {}
"""Clients with a worker, by id: whoever drops his client expects its events to arrive all the same."""


def prepare() -> None:
    """Have all clients closed at the end of this process. Called when a client is made, and again in a server's worker.

    The handler of SIGTERM is set in the main thread only, and only if there is none: a server that has its own keeps it.
    """
    _register()
    with contextlib.suppress(ValueError):  # not in the main thread, or not in the main interpreter
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_sigterm)


def started(client: Closing) -> None:
    """A client has a worker from now on."""
    _STARTED[id(client)] = client
    _finalize_in(os.getpid())


def ended(client: Closing) -> None:
    """A client was closed."""
    _STARTED.pop(id(client), None)


def close_all(timeout: float = CLOSE_SECONDS) -> int:
    """Close all clients of this process that have a worker; for a hook of a server that runs when its worker ends.

    Args:
        timeout: seconds for all of them together.

    Returns:
        How many events were lost by that.
    """
    deadline = time.monotonic() + timeout
    clients, lost = list(_STARTED.values()), 0
    for index, client in enumerate(clients):
        # A broker that is away for one must not take the time of the next.
        share = max(deadline - time.monotonic(), 0.0) / (len(clients) - index)
        lost += client.close(share)
    return lost


def _on_sigterm(number: int, _: FrameType | None) -> None:
    if any(client.is_interrupted() for client in list(_STARTED.values())):
        # The code that the signal interrupted holds a lock that the worker needs: let it go on for a moment.
        _thread.start_new_thread(_again, (number,))
        return
    if os.getpid() == 1:
        # The kernel does not end the first process of a container by a signal: without us it would just go on.
        for client in list(_STARTED.values()):
            client.flush(CLOSE_SECONDS)
        return
    signal.signal(number, _not_again)  # supervisors like to send it twice
    try:
        close_all()
    finally:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _not_again(_number: int, _: FrameType | None) -> None:
    # Unlike SIG_IGN it is not inherited by a program that another thread starts meanwhile.
    pass


def _again(number: int) -> None:
    time.sleep(_SOON_SECONDS)
    os.kill(os.getpid(), number)


@cache
def _register() -> None:
    atexit.register(close_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_STARTED.clear)


@cache
def _finalize_in(_pid: int) -> None:
    process, util = (sys.modules.get(f"multiprocessing.{name}") for name in ("process", "util"))
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, close_all, exitpriority=-100)  # after all others, which may still emit
