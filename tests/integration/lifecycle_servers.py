"""The servers of the life cycle's matrix, and the signals that each of them knows."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

from lifecycle import APPS, PYTHON, Server, Trial

from waiting import wait_for

GRACEFUL = 15
"""Seconds after which gunicorn kills a worker that it has told to stop."""
TERM, INT, QUIT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP

Command = Callable[[int], Sequence[str]]


def uvicorn(*options: str) -> Command:
    return lambda port: [
        PYTHON,
        "-m",
        "uvicorn",
        "asgi_app:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
        *options,
    ]


def gunicorn(app: str, *options: str) -> Command:
    fixed = ["-w", "2", "--graceful-timeout", str(GRACEFUL)]
    return lambda port: [PYTHON, "-m", "gunicorn", app, "-b", f"127.0.0.1:{port}", *fixed, *options]


def flask(port: int) -> list[str]:
    return [PYTHON, "-m", "flask", "--app", "wsgi_app", "run", "-p", str(port)]


def own_server(port: int) -> list[str]:
    return [PYTHON, str(APPS / "own_server.py"), str(port)]


UVICORN_WORKER = ("-k", "uvicorn.workers.UvicornWorker")
GTHREAD = ("-k", "gthread", "--threads", "4")
HOOKS = ("-c", f"file:{APPS / 'gunicorn_hooks.py'}")
SERVERS: dict[str, tuple[Command, tuple[signal.Signals, ...]]] = {
    "uvicorn": (uvicorn(), (TERM, INT)),
    "uvicorn-workers": (uvicorn("--workers", "2"), (TERM, INT, HUP)),
    "gunicorn-sync": (gunicorn("wsgi_app:app"), (TERM, INT, QUIT, HUP)),
    "gunicorn-sync-preload": (gunicorn("wsgi_app:app", "--preload"), (TERM, INT, QUIT)),
    "gunicorn-gthread": (gunicorn("wsgi_app:app", *GTHREAD), (TERM, INT, QUIT, HUP)),
    "gunicorn-gthread-preload": (gunicorn("wsgi_app:app", *GTHREAD, "--preload"), (TERM, INT, QUIT)),
    "gunicorn-hooks": (gunicorn("wsgi_app:app", *HOOKS), (TERM, QUIT)),
    "gunicorn-uvicorn": (gunicorn("asgi_app:app", *UVICORN_WORKER), (TERM, HUP)),
    "gunicorn-uvicorn-preload": (gunicorn("asgi_app:app", *UVICORN_WORKER, "--preload"), (TERM,)),
    "gunicorn-asgi": (gunicorn("asgi_app:app", "-k", "asgi"), (TERM, INT, QUIT, HUP)),
    "flask": (flask, (TERM, INT)),
}
"""A UvicornWorker does not know SIGQUIT, which is what gunicorn sends to its workers on INT and QUIT: it is killed."""

WITHOUT_LIFESPAN: dict[str, tuple[Command, tuple[signal.Signals, ...]]] = {
    "own-server": (own_server, (TERM, INT)),
    "gunicorn-uvicorn-hooks": (gunicorn("asgi_app:app", *UVICORN_WORKER, *HOOKS), (TERM,)),
    "gunicorn-uvicorn-preload-hooks": (gunicorn("asgi_app:app", *UVICORN_WORKER, *HOOKS, "--preload"), (TERM,)),
    "gunicorn-asgi-hooks": (gunicorn("asgi_app:app", "-k", "asgi", *HOOKS), (TERM, QUIT)),
}
"""ASGI apps that do not use `audit.lifespan()`, where the client is closed all the same."""

ALL = SERVERS | WITHOUT_LIFESPAN


def cells(of: dict[str, tuple[Command, tuple[signal.Signals, ...]]] = ALL) -> list[tuple[str, signal.Signals]]:
    return [(name, number) for name, (_, numbers) in of.items() for number in numbers]


def lifespan_of(name: str) -> dict[str, str]:
    return {"LIFESPAN": "own"} if name in WITHOUT_LIFESPAN else {}


def name_of(value: object) -> str:
    return value.name if isinstance(value, signal.Signals) else str(value)


def stop(trial: Trial, server: Server, number: signal.Signals) -> None:
    """Give it the signal while requests are under way; after a HUP it goes on with new workers, and is then stopped."""
    if number is HUP:
        old = server.pids()
        server.process.send_signal(HUP)
        wait_for(lambda: (pids := server.pids()) and not pids & old, 60, lambda: f"new workers\n{trial.log}")
        number = TERM
    server.stop(number)


def assert_silent(trial: Trial) -> None:
    """The client itself complains of nothing; gunicorn prints a traceback of what it interrupts, which is its own."""
    assert "audit" not in trial.log, trial.log
    assert "earwitness" not in trial.log, trial.log
