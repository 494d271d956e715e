"""From a snapshot to a frame: what was captured becomes what is sent, but for the five bytes in front."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from earwitness.client import envelope, snapshot
from earwitness.client.encoder import Encode, encoder
from earwitness.client.errors import InvalidEventError
from earwitness.client.heading import Heading
from earwitness.client.identity import Origin
from earwitness.client.snapshot import Captured
from earwitness.client.spool import Frame
from earwitness.schemas.events import Event, SecurityAuthentication

__all__ = ["Packer", "problem_of"]

_UNFORESEEN = "cannot be encoded"


class _Way(NamedTuple):
    """What is known of a kind before any event of it; its severity is None where that depends on the event."""

    kind: str
    topic: str
    schema_id: int
    severity: str | None
    encode: Encode


class Packer:
    """Makes the frames of one process.

    Args:
        origin: who publishes.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._decode = snapshot.decoder().decode
        self._heading = Heading(origin)
        self._key = f"{origin.service}:{origin.producer_id}"
        self._ways: dict[type[Event], _Way] = {}

    def pack(self, taken: bytes, sequence: int) -> Frame:
        """The frame of a snapshot.

        Args:
            taken: what the caller's thread made of the event.
            sequence: its number in this process.

        Raises:
            InvalidEventError: the event does not fit its kind.
        """
        try:
            return self.packed(self._decode(taken), sequence)
        except InvalidEventError:
            raise
        except msgspec.ValidationError:
            snapshot.decode(taken)  # says it in our words
            raise
        except Exception as error:  # noqa: BLE001 (a value that no check foresaw must not stop the others)
            kind = snapshot.kind_within(taken)
            raise InvalidEventError(kind, "", f"{_UNFORESEEN} ({type(error).__name__})") from None

    def packed(self, captured: Captured, sequence: int) -> Frame:
        """The frame of an event.

        Raises:
            InvalidEventError: a time without its zone, or out of range.
        """
        captured_ns, call, trace, event = captured
        way = self._ways.get(type(event)) or self._way(event)
        if call is not None and event.call_sid is None and event.caller is None and call[0] and call[1] is not None:
            whose = call  # as nearly all
        else:
            whose = envelope.whose(event, call)
        call_sid, caller = whose
        if event.occurred_at is None:
            occurred = captured_ns // 1000
        else:
            occurred = envelope.microseconds(way.kind, "occurred_at", event.occurred_at)
        severity = event.severity or way.severity or envelope.severity(event)
        head = self._heading.bytes_of(captured_ns, sequence, occurred, severity, (call_sid, caller, trace))
        return Frame(
            self._origin.producer_id,
            sequence,
            way.kind,
            way.topic,
            call_sid or self._key,
            way.schema_id,
            way.encode(event, head),
            captured_ns // 1_000_000,
        )

    def _way(self, event: Event) -> _Way:
        kind = snapshot.kind_of(event)
        route = envelope.route(kind)
        severity = None if isinstance(event, SecurityAuthentication) else route.schema.severity
        way = self._ways[type(event)] = _Way(kind, route.topic, route.schema.id, severity, encoder(kind))
        return way


def problem_of(error: InvalidEventError) -> str:
    """What may be told of it: the field's name, not its value, which may be what a caller said."""
    return error.reason if error.reason.startswith(_UNFORESEEN) else f"{error.field or 'it'} does not fit"
