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

from typing import Any

from earwitness.client import lifecycle

__all__ = ["connect"]


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
    lifecycle.close_all()
