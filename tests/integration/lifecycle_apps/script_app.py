"""Scripts: programs without a server, and the ways in which they end."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

if sys.argv[1] == "exit-hooks":  # before the client's own: runs after it
    atexit.register(lambda: emit(3))

from emitting import audit, emit

from earwitness.client import AuditClient, lifecycle

EVENTS = 200


def wait() -> None:
    """Until somebody ends it."""
    emit(1)
    while True:
        time.sleep(0.1)  # `signal.pause` waits for ever if the signal comes just before it


def busy() -> None:
    """Emits without a pause until it is ended."""
    while True:
        emit(1)


def ends() -> None:
    emit(EVENTS)


def raises() -> None:
    emit(EVENTS)
    raise ValueError("as intended")


def exits() -> None:
    emit(EVENTS)
    sys.exit(3)


def thread() -> None:
    """A thread that is no daemon goes on when the program is through."""

    def work() -> None:
        time.sleep(0.3)
        emit(EVENTS)

    threading.Thread(target=work).start()
    emit(1)


def exit_hooks() -> None:
    emit(EVENTS)
    atexit.register(lambda: emit(3))


def flushed() -> None:
    """`os._exit` leaves nobody time for anything: this is what the app has to do itself."""
    emit(EVENTS)
    left = audit.flush(10)
    os._exit(left)


def own_handler() -> None:
    """The app has a handler of its own, made after the client."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    emit(EVENTS)
    wait()


def ignores() -> None:
    """The app does not want to be ended by SIGTERM; the client was made before it said so."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    emit(EVENTS)
    wait()


def handler_emits() -> None:
    """Events from a signal handler in the middle of those of the code that it interrupts."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        emit(1)

    signal.signal(signal.SIGUSR1, handle)
    while True:
        emit(1)


def idle() -> None:
    """Has a client and no event."""
    (Path(os.environ["NOTES"]) / "ready").touch()
    while True:
        time.sleep(0.1)


def chained() -> None:
    """A handler of the app's that goes on to the one before it, which is the client's."""
    before = signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        emit(3)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, handle)
    wait()


def several() -> None:
    """Several clients have one deadline for all of them; the code says by how many seconds it was missed."""
    clients = [audit, *(AuditClient.from_env(service=f"{os.environ['SERVICE']}-{n}") for n in range(3))]
    for client in clients:
        for _ in range(50):
            client.call_started(direction="inbound", language="en")
    began = time.monotonic()
    lost = lifecycle.close_all(3.0)
    late = time.monotonic() - began - 3.0
    os._exit(100 if lost else max(round(late), 0))


MODES = {
    each.__name__.replace("_", "-"): each
    for each in (
        wait,
        busy,
        ends,
        raises,
        exits,
        thread,
        exit_hooks,
        flushed,
        own_handler,
        ignores,
        handler_emits,
        idle,
        chained,
        several,
    )
}
MODES[sys.argv[1]]()
