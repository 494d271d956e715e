"""Which events came before under another position: what a client replays from its spool is stored once.

A client marks what comes out of its spool (`replayed`), because it may have reached the broker before. Such a copy has a
position of its own and the same event id, so only what is marked is looked up by its id. Whichever copy comes first in
its partition is stored, the marked one or the other. Masked records that are marked have a header of Kafka's, so that all
others need not be read for it.

The other may come last: a request that a broker had taken and not worked on yet, when the client gave it up. It carries no
mark. So for some minutes behind a replay everything that the broker took is looked up; at all other times nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import methodcaller
from typing import Any, NamedTuple, TypeVar

from earwitness.clickhouse.batch import Record
from earwitness.schemas import catalogue
from earwitness.schemas.errors import DatumError, UnknownSchemaError
from earwitness.schemas.framing import HEADER_SIZE
from earwitness.schemas.varint import encode_long, read_long
from earwitness.schemas.walker import compile_finder

__all__ = ["BEHIND", "Ask", "Replays"]

BEHIND = 600_000_000
"""How long behind a replay its unmarked copy may come, by the broker's clock: microseconds.

It waits in the broker behind at most a handful of requests of its connection, each with half a minute for its acknowledgement.
"""

Ask = Callable[[Mapping[bytes, int]], Mapping[bytes, bool]]
"""Given event ids with when they happened: those that are stored, and whether a stored one is marked as replayed."""

_FIELDS = ("received_at", "occurred_at", "event_id", "replayed")
_LONG = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_EVEN = b"[%s]" % b"".join(rb"\x%02x" % each for each in range(0x80, 0x100, 2))  # no negative number starts so
_NOW = b"(" + _EVEN + rb"[\x80-\xff]{6}+[\x00-\x7f])"  # microseconds from 1987 to 2540
_NOW_BYTES = 8
_LAST = b"\xff"
_headers = methodcaller("headers")


class _Event(NamedTuple):
    received_at: int
    occurred_at: int
    event_id: bytes
    replayed: bool


class Replays:
    """Tells events that are stored already under another position from the others.

    Args:
        content_of: gives the content id of a schema by the frame in front of its records.
        ask: what is stored; nothing that was kept before may be on its way still.
    """

    def __init__(self, content_of: Callable[[bytes], int], ask: Ask) -> None:
        self._times = _Made(content_of, lambda definition: _received(definition).match)
        self._finders = _Made(content_of, lambda definition: compile_finder(definition, _FIELDS, whole=False))
        self._ask = ask
        self._until = -1
        self._until_reversed = b""

    def seen(self, received_at: int) -> None:
        """A replay is stored that the broker took at that time (microseconds since 1970)."""
        self._until = max(self._until, received_at + BEHIND)
        # Encoded, longs of the same length have the order of their numbers from their last byte to their first.
        encoded = encode_long(self._until)[::-1]
        self._until_reversed = encoded if len(encoded) == _NOW_BYTES else b"" if len(encoded) < _NOW_BYTES else _LAST

    def split(self, rows: Sequence[Record]) -> tuple[Sequence[Record], list[Record]]:
        """The rows to store and those whose event is stored, or is one of the former; both in the order they came in.

        A record that cannot be read is one to store: whoever reads it whole says what is wrong with it.
        """
        if not self._any_to_look_up(rows):
            return rows, []
        events = [self._event(row) for row in rows]
        for event in events:
            if event is not None and event.replayed:
                self.seen(event.received_at)
        wanted = {event.event_id: event.occurred_at for event in events if event and self._looked_up(event)}
        held = self._ask(wanted) if wanted else {}
        kept: list[Record] = []
        again: list[Record] = []
        marked = dict(held)
        for row, event in zip(rows, events, strict=True):
            if event is None:
                kept.append(row)
            elif event.event_id in marked and (event.replayed or marked[event.event_id]):
                again.append(row)
            else:
                kept.append(row)
                marked[event.event_id] = event.replayed or marked.get(event.event_id, False)
        return kept, again

    def _any_to_look_up(self, rows: Sequence[Record]) -> bool:
        return any(map(_headers, rows)) or (self._until >= 0 and any(map(self._came_early, rows)))

    def _came_early(self, row: Record) -> bool:
        """Whether the broker took it no later than the unmarked copy of a known replay may come; or it cannot be read."""
        value = row.value() or b""
        seen = self._times[value[:HEADER_SIZE]](value, HEADER_SIZE)
        return seen is None or seen[1][::-1] <= self._until_reversed

    def _looked_up(self, event: _Event) -> bool:
        return event.replayed or event.received_at <= self._until

    def _event(self, row: Record) -> _Event | None:
        value = row.value() or b""
        find = self._finders[value[:HEADER_SIZE]]
        try:
            received, _, occurred, _, start, end, flag, _ = find(value, HEADER_SIZE)
            event_id = bytes.fromhex(value[start:end][1:].decode().replace("-", ""))
            found = _Event(read_long(value, received)[0], read_long(value, occurred)[0], event_id, bool(value[flag]))
        except (DatumError, ValueError):
            return None
        return found if len(event_id) == 16 else None


T = TypeVar("T")


class _Made(dict[bytes, T]):
    """By frame, what is made of its schema: when it is asked for, because most of it never is."""

    def __init__(self, content_of: Callable[[bytes], int], make: Callable[[Mapping[str, Any]], T]) -> None:
        super().__init__()
        self._content_of = content_of
        self._make = make

    def __missing__(self, frame: bytes) -> T:
        try:
            schema = catalogue.by_id(self._content_of(frame))
        except UnknownSchemaError:
            # Of a newer release, whose envelope is likely ours. If not, an id comes out that nobody has ever stored.
            schema = catalogue.masked(catalogue.kinds()[0])
        made = self[frame] = self._make(schema.definition)
        return made


def _received(definition: Mapping[str, Any]) -> re.Pattern[bytes]:
    """Gives `received_at`, encoded, as its group 1: a third of what a walk to it takes. It stands among a record's first."""
    parts: list[bytes] = []
    for field in definition["fields"]:
        schema = field["type"] if isinstance(field["type"], dict) else {"type": field["type"]}
        if field["name"] == "received_at":
            return re.compile(b"".join([*parts, _NOW]), re.DOTALL)
        match schema["type"]:
            case "fixed":
                parts.append(b".{%d}" % schema["size"])
            case "int" | "long" | "enum":
                parts.append(_LONG)
            case _:
                break
    return re.compile(rb"(?!)")
