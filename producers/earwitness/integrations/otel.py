"""A request's W3C trace context, for where OpenTelemetry is not running.

Where the app has imported OpenTelemetry, the client takes trace and span id from the running span by itself
(`snapshot.trace_ids`), and nothing in here is needed. Elsewhere the ids are those that a caller sent: the span is then the
caller's, the last one that anybody knows of.

Source: https://www.w3.org/TR/trace-context/#traceparent-header.
"""

from __future__ import annotations

import re
from contextvars import Token
from types import TracebackType
from typing import Final

from earwitness.client.context import TRACE

__all__ = ["RequestTrace", "parse_traceparent"]

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_LONGEST: Final = 512  # a later version may be longer than the 55 characters of version 00


def parse_traceparent(header: str | None) -> tuple[str, str] | None:
    """Trace and span id, 32 and 16 hex digits; None when there is no header, or none that may be used."""
    if header is None or len(header) > _LONGEST:
        return None
    found = _TRACEPARENT.fullmatch(header.strip())
    if found is None or (header.strip().startswith("00") and found[3]):
        return None
    return found[1], found[2]


class RequestTrace:
    """The time in which events get a request's trace and span id, unless a span of OpenTelemetry runs.

    For servers that neither `asgi` nor `flask` serves: `with RequestTrace(headers.get("traceparent")): …`.

    Args:
        traceparent: the header; None, or a malformed one: there is none, and that of a request around does not hold.
    """

    __slots__ = ("_ids", "_token")

    def __init__(self, traceparent: str | None) -> None:
        self._ids = parse_traceparent(traceparent)
        self._token: Token[tuple[str, str] | None] | None = None

    def __enter__(self) -> None:
        self._token = TRACE.set(self._ids)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is None:
            return
        try:
            TRACE.reset(self._token)
        except ValueError:  # left in another context than it was entered in; that one keeps no trace of it
            return
