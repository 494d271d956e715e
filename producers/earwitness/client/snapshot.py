"""An event as it was when the app gave it away: one immutable piece of bytes.

Bytes, because the app may change a mapping later, because the queue then holds nothing for the garbage collector to
walk, because its size is known exactly, and because what cannot be encoded shows where it was emitted. Decoding it is the
type check: a msgspec struct does not check its fields when it is built.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from types import GenericAlias
from typing import Any, Final, NamedTuple, Union

import msgspec

from earwitness.client.context import TRACE, Call
from earwitness.client.errors import InvalidEventError
from earwitness.schemas.events import EVENTS, Event

__all__ = [
    "TRACING",
    "Captured",
    "Snapshot",
    "decode",
    "decoder",
    "encode",
    "kind_of",
    "kind_within",
    "look_for_tracing",
    "problem",
    "trace_ids",
]

encode = msgspec.msgpack.Encoder().encode
"""Takes `(captured_ns, call, trace, event)`."""

TRACING: Final[list[Any]] = [None]
"""OpenTelemetry's module, where the app uses it; see `trace_ids`."""
_PATH = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>\w+)`")
_QUOTED = re.compile(r"(Invalid (?:enum )?value) .*", re.DOTALL)


Captured = tuple[int, Call | None, tuple[str, str] | None, Event]
"""The parts of a snapshot."""


class Snapshot(NamedTuple):
    """A decoded snapshot: its event fits its kind, but for what the types cannot say (a naive time)."""

    captured_ns: int
    call: Call | None
    trace: tuple[str, str] | None
    event: Event


@cache
def decoder() -> msgspec.msgpack.Decoder[Captured]:
    """Makes a snapshot's parts, for those who cannot afford `decode`; raises `msgspec.ValidationError`."""
    # Made on first use: it walks the types of all kinds, which importing the client should not pay for.
    event: Any = Union[tuple(EVENTS.values())]  # noqa: UP007 (made of a list of classes)
    parts = (int, tuple[str | None, str | None] | None, tuple[str, str] | None, event)
    return msgspec.msgpack.Decoder(GenericAlias(tuple, parts))


def decode(snapshot: bytes) -> Snapshot:
    """The event and what was stamped on it.

    Raises:
        InvalidEventError: the event does not fit its kind.
    """
    try:
        return Snapshot(*decoder().decode(snapshot))
    except msgspec.ValidationError as error:
        reason, path = problem(error)
        field = path.removeprefix("[3]").removeprefix(".") or path
        raise InvalidEventError(kind_within(snapshot), field, reason) from None


def problem(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec found wrong, and the path to it (`.changes[0].field`; empty for the whole)."""
    found = _PATH.fullmatch(str(error))
    if found is None:  # the pattern takes any text
        return "does not fit", ""
    # Of a value that is none of an enum's, the message quotes the value, which may be what a caller said.
    reason, path = _QUOTED.sub(r"\1", found["reason"]), found["path"] or ""
    missing = _MISSING.match(reason)
    return ("is required", f"{path}.{missing['field']}") if missing else (reason, path)


def kind_of(event: Event) -> str:
    """The event's kind, `call.started`; `unknown` for anything else that may have been emitted."""
    config = getattr(type(event), "__struct_config__", None)
    tag = getattr(config, "tag", None)
    return tag if isinstance(tag, str) and tag in EVENTS else "unknown"


def kind_within(snapshot: bytes) -> str:
    """The kind of a snapshot whose event may not fit it; `unknown` where that cannot be told."""
    try:
        fields = msgspec.msgpack.decode(snapshot)[3]
    except (msgspec.DecodeError, IndexError, TypeError):
        return "unknown"
    kind = fields.get("kind") if isinstance(fields, dict) else None
    return kind if isinstance(kind, str) and kind in EVENTS else "unknown"


def look_for_tracing() -> None:
    """See whether the app has imported OpenTelemetry by now: not with every event, for the table of modules is large."""
    trace = sys.modules.get("opentelemetry.trace")
    TRACING[0] = trace if hasattr(trace, "get_current_span") else None  # it may be in the middle of its import


def trace_ids() -> tuple[str, str] | None:
    """Trace and span id of the running span, where the app itself has imported OpenTelemetry; else those of the request."""
    trace = TRACING[0]
    if trace is None:
        return TRACE.get()
    span = trace.get_current_span().get_span_context()
    return (f"{span.trace_id:032x}", f"{span.span_id:016x}") if span.is_valid else TRACE.get()
