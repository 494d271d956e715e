"""What an app logs as an error becomes an event: `security.error_pattern`.

    logging.getLogger().addHandler(AuditHandler(audit))

An error that repeats is told at its 1st, 10th, 100th, … time within a window, so a loop that fails does not fill the trail.
The pattern says where and what (`log:ivr.line:TimeoutError`), and holds names of the code only. The message goes into
`detail`, which is masked as a whole, because nobody knows what is in it; a traceback is not told.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal

from earwitness.client.audit import Audit

__all__ = ["AuditHandler"]

_OURS: Final = "earwitness"
_NOT_CODE: Final = re.compile(r"[^A-Za-z0-9_.]|[0-9]{4,}")
_MOST_NAME, _MOST_DETAIL = 60, 500
_MOST_PATTERNS: Final = 256


class _Window:
    """How often one pattern has occurred since a moment."""

    __slots__ = ("count", "next_told", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.count = 0
        self.next_told = 1


class AuditHandler(logging.Handler):
    """A handler that tells the trail of errors. Never raises and never waits for another handler.

    What earwitness itself logs is left out, and so is what is logged while an event is being taken: neither can feed itself.

    Args:
        audit: where events go.
        level: from which level on; logging.ERROR.
        window_seconds: within which errors of one pattern are counted together.
        most_events: so many events a window at most, whatever is logged; what is left out then is counted in the next
            event's attribute `left_out`.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        audit: Audit,
        level: int | str = logging.ERROR,
        *,
        window_seconds: int = 60,
        most_events: int = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(level)
        self._audit = audit
        self._window_seconds = window_seconds
        self._most_events = most_events
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._told = _Window(clock())
        self._left_out = 0
        self._busy = threading.local()

    def handle(self, record: logging.LogRecord) -> bool:
        """Deal with a record, if the filters let it.

        Unlike other handlers this one does not hold its lock meanwhile: the client may have to start its thread for the event,
        and whoever else does so at the same time may be about to log.
        """
        passed: object = self.filter(record)
        if isinstance(passed, logging.LogRecord):  # from Python 3.12 on a filter may give another one
            record = passed
        if passed:
            self.emit(record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a record."""
        if not self._audit.enabled or record.name.partition(".")[0] == _OURS or getattr(self._busy, "now", False):
            return
        self._busy.now = True
        try:
            self._tell(record)
        except Exception:  # noqa: BLE001 - whoever logs an error has enough of them
            self.handleError(record)
        finally:
            self._busy.now = False

    def _tell(self, record: logging.LogRecord) -> None:
        pattern = _pattern(record)
        with self.lock or threading.RLock():  # short, reentrant, made anew in a forked child; never held while telling
            count = self._due(pattern, self._clock())
            if count == 0:
                return
            left_out, self._left_out = self._left_out, 0
        self._audit.security_error_pattern(
            pattern=pattern,
            count=count,
            window_seconds=self._window_seconds,
            subject=f"{record.module}:{record.lineno}",
            detail=_detail(record),
            severity=_severity(record.levelno),
            attributes={"left_out": str(left_out)} if left_out else None,
        )

    def _due(self, pattern: str, now: float) -> int:
        """The errors of that pattern in its window, if they are to be told now; else 0."""
        window = self._windows.get(pattern)
        if window is None or now - window.since >= self._window_seconds:
            self._windows.pop(pattern, None)
            window = self._windows[pattern] = _Window(now)
            if len(self._windows) > _MOST_PATTERNS:
                self._windows.popitem(last=False)
        window.count += 1
        if window.count < window.next_told:
            return 0
        window.next_told *= 10
        if now - self._told.since >= self._window_seconds:
            self._told = _Window(now)
        self._told.count += 1
        if self._told.count > self._most_events:
            self._left_out += 1
            return 0
        return window.count


def _pattern(record: logging.LogRecord) -> str:
    error = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
    what = error.__name__ if error is not None else record.funcName or record.module
    return f"log:{_name(record.name)}:{_name(what)}"


def _name(text: str) -> str:
    """A name of the code: nothing else may stand in a field that is not masked, such as a number that a logger is named by."""
    return _NOT_CODE.sub("_", text[:_MOST_NAME])


def _detail(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit the message, or that cannot be printed
        message = str(record.msg) if isinstance(record.msg, str) else type(record.msg).__name__
    return message[:_MOST_DETAIL].encode("utf-8", "replace").decode()  # a lone surrogate would cost the whole event


def _severity(level: int) -> Literal["INFO", "WARN", "ERROR"]:
    return "ERROR" if level >= logging.ERROR else "WARN" if level >= logging.WARNING else "INFO"
