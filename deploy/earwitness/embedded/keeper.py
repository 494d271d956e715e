"""Keeps one service of the embedded stack alive: starts it, notices its end, starts it again after a pause."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time

import msgspec

from earwitness.embedded.disk import nearly_full, too_full
from earwitness.embedded.home import Home
from earwitness.embedded.ports import taken
from earwitness.embedded.process import ProcessId, describe_exit, launch
from earwitness.embedded.service import Service
from earwitness.embedded.state import Condition, ServiceState
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["Backoff", "Keeper"]

_READY_INTERVAL = 0.25
_HINDRANCE_INTERVAL = 0.5
_HOPELESS_ENDS = 5
_TAIL_LINES = 15
_TAIL_BYTES = 16_384

logger = logging.getLogger(__name__)


class Backoff:
    """How long to wait before the next start: doubles from `first` to `most`, back to `first` after a long life.

    All times are seconds; a life of `healthy` or more counts as long.
    """

    def __init__(self, first: float = 0.2, most: float = 5.0, healthy: float = 30.0) -> None:
        self._first = first
        self._most = most
        self._healthy = healthy
        self._next = first

    def after(self, lived: float) -> float:
        """The pause after a process that lived for so many seconds."""
        if lived >= self._healthy:
            self._next = self._first
        pause = self._next
        self._next = min(pause * 2, self._most)
        return pause


class Keeper:
    """One service and its present process. Not for use from several threads."""

    def __init__(self, service: Service, home: Home) -> None:
        self.service = service
        self._home = home
        self._backoff = Backoff()
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._ask_at = 0.0
        self._was_ready = False
        self._yielding = False
        self._ends = 0
        self._returncode: int | None = None
        self._log_start = 0
        self.state = ServiceState(name=service.name, state="stopped", since=time.time())

    @property
    def ready(self) -> bool:
        """Says whether it served when it was asked last."""
        return self.state.state == "ready"

    @property
    def refused(self) -> bool:
        """Says whether it ended without ever having been ready and said that trying again changes nothing."""
        return not self._was_ready and self._returncode == UsageError.exit_code

    @property
    def hopeless(self) -> bool:
        """Says whether it ended time and again without ever having been ready."""
        return not self._was_ready and self._ends >= _HOPELESS_ENDS

    def start(self) -> None:
        """Start the process. A start that fails counts as an end, and is tried again like one."""
        service = self.service
        self._home.ready_file(service.name).unlink(missing_ok=True)
        self._home.rotate_log(service.name)
        if not self._ends:
            with contextlib.suppress(FileNotFoundError):
                self._log_start = service.log.stat().st_size
        self._started_at = time.monotonic()
        self._ask_at = 0.0
        self._yielding = False
        try:
            self._child = launch(service.argv, service.environment, service.directory, service.log)
        except EarwitnessError as error:
            self._note_end(str(error), 0.0)
            return
        self._enter("starting", process=ProcessId.of(self._child.pid))
        logger.info("%s: started as process %d", service.name, self._child.pid)

    def tick(self) -> None:
        """Look once: note its end, start it again when that is due, ask whether it is ready."""
        now = time.monotonic()
        if self._child is None:
            if self.state.state == "restarting" and now >= self._start_at:
                self._start_again()
            return
        returncode = self._child.poll()
        if returncode is not None:
            self._returncode = returncode
            self._note_end(describe_exit(returncode), now - self._started_at)
        elif self.state.state == "starting" and now >= self._ask_at:
            self._ask_at = now + _READY_INTERVAL
            if self.service.ready():
                self._was_ready = True
                self._enter("ready")
                logger.info("%s: ready after %.1f s", self.service.name, time.monotonic() - self._started_at)
        if self._child is not None and self.service.needs_space and not self._yielding and nearly_full(self._home.path):
            self._yielding = True
            logger.warning("%s: stopping it, %s", self.service.name, too_full(self._home.path))
            self._child.terminate()

    def hindrance(self) -> str | None:
        """In one line, why a start would be in vain now; None when it would not."""
        return taken(self.service.ports) or too_full(self._home.path)

    def stop(self) -> None:
        """Ask it to end, kill it when that takes longer than the service's `stop_seconds`."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(self.service.stop_seconds)
            except subprocess.TimeoutExpired:
                logger.warning("%s: still there after %g s, killing it", self.service.name, self.service.stop_seconds)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        last_exit = describe_exit(child.returncode) if child is not None else self.state.last_exit
        self._home.ready_file(self.service.name).unlink(missing_ok=True)
        self._enter("stopped", process=None, last_exit=last_exit)
        logger.info("%s: stopped (%s)", self.service.name, last_exit)

    def log_tail(self) -> str:
        """The last lines that the service wrote since its first start here."""
        try:
            with self.service.log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start if size > self._log_start else 0, size - _TAIL_BYTES))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(f"  {line}" for line in text.splitlines()[-_TAIL_LINES:])

    def _start_again(self) -> None:
        hindrance = self.hindrance()
        if hindrance is None:
            self.start()
            return
        self._start_at = time.monotonic() + _HINDRANCE_INTERVAL
        if self.state.waits_for is None:
            logger.warning("%s: waits, %s", self.service.name, hindrance)
        self.state = msgspec.structs.replace(self.state, waits_for=hindrance)

    def _note_end(self, how: str, lived: float) -> None:
        pause = self._backoff.after(lived)
        self._child = None
        self._ends += 1
        self._start_at = time.monotonic() + pause
        self._enter("restarting", process=None, restarts=self.state.restarts + 1, last_exit=how)
        logger.warning("%s: ended after %.1f s (%s), next start in %.1f s", self.service.name, lived, how, pause)

    def _enter(self, state: Condition, **changes: object) -> None:
        self.state = msgspec.structs.replace(self.state, state=state, since=time.time(), waits_for=None, **changes)
