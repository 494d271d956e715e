"""The process behind the embedded stack: starts its parts in order, keeps them alive, stops them in reverse order.

Run as `python -m earwitness.embedded.supervisor --home DIR`. It knows nothing of Kafka or ClickHouse: what to start is
a list of steps (`earwitness.embedded.stack` makes it).
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from earwitness.embedded.home import Home
from earwitness.embedded.keeper import Keeper
from earwitness.embedded.predecessor import take_over
from earwitness.embedded.process import ProcessId, children, end
from earwitness.embedded.service import Service
from earwitness.embedded.state import Phase, Place, StackState
from earwitness.embedded.upgrades import upgrade
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["Progress", "Step", "main", "supervise"]

Progress = Callable[[str], None]

_TICK = 0.05
_BEAT_SECONDS = 0.2

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One thing to do at the stack's start, after the steps before it are done.

    Attributes:
        name: what is told while it goes on.
        run: does it, in a thread of its own, and may report on the way. When it returns a service, that one is
            started and the step is done when the service is ready. What it raises fails the whole start.
        ready_seconds: how long the service may take.
    """

    name: str
    run: Callable[[Progress], Service | None]
    ready_seconds: float = 60.0


class _StopAskedError(Exception):
    """SIGTERM or SIGINT came, or the process that wanted the stack is gone."""


class _Supervisor:
    def __init__(self, home: Home, identity: ProcessId, parent: int | None) -> None:
        self._home = home
        self._parent = parent
        self._identity = identity
        self._place = Place.of(home.path)
        self._keepers: list[Keeper] = []
        self._asked = threading.Event()
        self._phase: Phase = "starting"
        self._message = ""
        self._ports: dict[str, int] = {}
        self._beat_at = 0.0
        self._written: StackState | None = None
        self._gone = False

    def run(self, make_steps: Callable[[Home], Sequence[Step]]) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._asked.set())
        self._write()
        code = 0
        try:
            steps = make_steps(self._home)
            self._ports = self._home.read_ports()
            for step in steps:
                self._take(step)
            self._enter("ready", "")
            logger.info("the stack is ready")
            while True:
                self._tick()
        except _StopAskedError as reason:
            logger.info("stopping: %s", reason)
            self._enter("stopping", "stopping")
        except EarwitnessError as error:
            logger.error("giving up: %s", error)  # noqa: TRY400 -- the message is made to stand alone
            self._enter("failed", str(error))
            code = error.exit_code
        except Exception as error:
            logger.exception("giving up")
            self._enter("failed", f"{type(error).__name__}: {error}")
            code = 1
        self._stop_all()
        return code

    def _take(self, step: Step) -> None:
        self._say(step.name)
        logger.info("%s", step.name)
        work = _in_background(lambda: step.run(self._say))
        while not work.done():
            self._tick()
        service = work.result()
        if service is None:
            return
        keeper = Keeper(service, self._home)
        hindrance = keeper.hindrance()
        if hindrance is not None:
            raise EarwitnessError(f"{service.name} cannot be started: {hindrance}")
        self._keepers.append(keeper)
        keeper.start()
        deadline = time.monotonic() + step.ready_seconds
        while not keeper.ready:
            self._tick()
            if keeper.state.waits_for is not None:
                raise EarwitnessError(f"{service.name} cannot be started again: {keeper.state.waits_for}")
            if keeper.refused:
                last = keeper.log_tail().rpartition("\n")[2].strip().removeprefix("earwitness: ")
                raise UsageError(f"{service.name} refuses to start: {last}")
            if keeper.hopeless:
                why = f"it ended {keeper.state.restarts} times, at last with {keeper.state.last_exit}"
            elif time.monotonic() > deadline:
                why = f"it does not answer after {step.ready_seconds:g} s"
            else:
                continue
            tail = keeper.log_tail()
            raise EarwitnessError(f"{service.name} does not get ready: {why}; its log {service.log} ends with\n{tail}")

    def _tick(self) -> None:
        if self._asked.wait(_TICK):
            raise _StopAskedError("asked to")
        if self._parent is not None and os.getppid() != self._parent:
            raise _StopAskedError(f"process {self._parent}, which started the stack, is gone")
        for keeper in self._keepers:
            keeper.tick()
        self._write()
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + _BEAT_SECONDS
            self._check_place()
            self._home.beat()

    def _check_place(self) -> None:
        now = Place.of(self._home.path)
        if self._place is not None and (now is None or now.inode != self._place.inode):
            self._gone = True
            raise EarwitnessError(f"{self._home.path} was moved or deleted while its stack ran")

    def _stop_all(self) -> None:
        for keeper in reversed(self._keepers):
            if self._phase == "stopping":
                self._say(f"stopping {keeper.service.name}")
            self._write()
            keeper.stop()
        # A step that was cut off may have left a process of its own.
        end(children(), 0.0)
        if self._phase == "stopping":
            self._enter("stopped", "")
        self._write()
        logger.info("everything is stopped")

    def _say(self, message: str) -> None:
        self._message = message

    def _enter(self, phase: Phase, message: str) -> None:
        self._phase, self._message = phase, message
        self._write()

    def _write(self) -> None:
        state = StackState(
            phase=self._phase,
            message=self._message,
            supervisor=self._identity,
            ports=self._ports,
            services=tuple(keeper.state for keeper in self._keepers),
            home=self._place,
        )
        # What stands at the home's path when the home is gone is not ours to write into.
        if state == self._written or self._gone:
            return
        self._written = state
        try:
            self._home.write_state(state)
        except OSError as error:
            # A full disk must not stop what still runs; the next change tries again.
            logger.warning("cannot write the state: %s", error)


def supervise(path: Path, make_steps: Callable[[Home], Sequence[Step]], parent: int | None) -> int:
    """Run the stack in the home at `path` until SIGTERM or SIGINT comes; returns the process's exit code.

    Args:
        path: the home; it is made when it is missing.
        make_steps: says what to start; called once, when the home is this process's own.
        parent: end when this process, which has to be the parent, is gone. None: live on without it.

    Raises:
        UsageError: the path cannot be a home, or another supervisor runs there.
    """
    home = Home(path)
    home.create()
    with home.lock() as identity:
        take_over(home)
        upgrade(home)
        return _Supervisor(home, identity, parent).run(make_steps)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The command line of the supervisor's process."""
    parser = argparse.ArgumentParser(prog="python -m earwitness.embedded.supervisor", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--workers", default="", help="comma-separated, e.g. privacy,sink")
    parser.add_argument("--exit-with-parent", type=int, metavar="PID", help="end when this parent process is gone")
    options = parser.parse_args(arguments)
    workers = tuple(name for name in options.workers.split(",") if name)

    from earwitness.embedded import stack

    run(lambda: supervise(options.home, lambda home: stack.steps(home, workers), options.exit_with_parent))


def run(supervision: Callable[[], int]) -> NoReturn:
    """Run a supervision as this process's only purpose: log to stderr, say errors in one line, exit with its code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    try:
        code = supervision()
    except EarwitnessError as error:
        logger.error("%s", error)  # noqa: TRY400 -- the message is made to stand alone
        code = error.exit_code
    logging.shutdown()
    # Not sys.exit: a step that was cut off may have threads that Python would wait for.
    os._exit(code)


def _in_background(work: Callable[[], Service | None]) -> Future[Service | None]:
    future: Future[Service | None] = Future()

    def run_it() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 -- raised again by result()
            future.set_exception(error)

    threading.Thread(target=run_it, name="step", daemon=True).start()
    return future


if __name__ == "__main__":
    main()
