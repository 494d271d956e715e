"""gunicorn: a worker delivers everything before it ends.

In `gunicorn.conf.py`:

    from earwitness.integrations.gunicorn import post_worker_init, worker_exit

`worker_exit` closes the clients of the worker, whatever it was that ended it, SIGKILL excepted. The synchronous workers and
gunicorn's own `asgi` worker need no more, and without it Python's `atexit` does the same for them a moment later.

A `UvicornWorker` ends itself by the signal that stops it, before gunicorn's hook and before `atexit`: there the app needs
`audit.lifespan()`. `post_worker_init` is for apps without: it closes the clients when that signal is SIGTERM.

`--preload` needs nothing: a client may be made before the fork, and each worker starts its own.

gunicorn is not imported here.
"""

from __future__ import annotations

from earwitness.client import lifecycle

__all__ = ["post_worker_init", "worker_exit"]


def post_worker_init(worker: object) -> None:  # noqa: ARG001 (gunicorn looks at the number of arguments)
    """The worker's signals are set up: look again whether nobody handles SIGTERM."""
    lifecycle.prepare()


def worker_exit(server: object, worker: object) -> None:  # noqa: ARG001 (as above)
    """The worker is about to end: deliver what is left, within 5 seconds. gunicorn waits 30 by default."""
    lifecycle.close_all()
