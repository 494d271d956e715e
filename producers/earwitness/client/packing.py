"""From a snapshot to a frame: what was captured becomes what is sent, but for the five bytes in front."""

from __future__ import annotations

from earwitness.client import envelope, snapshot
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.snapshot import Snapshot
from earwitness.client.spool import Frame
from earwitness.schemas import codec
from earwitness.schemas.framing import HEADER_SIZE

__all__ = ["pack", "packed", "problem_of"]

_UNFORESEEN = "cannot be encoded"


def pack(taken: bytes, origin: Origin, sequence: int) -> Frame:
    """The frame of a snapshot.

    Args:
        taken: what the caller's thread made of the event.
        origin: who publishes it.
        sequence: its number there.

    Raises:
        InvalidEventError: the event does not fit its kind.
    """
    kind = "unknown"
    try:
        captured = snapshot.decode(taken)
        kind = snapshot.kind_of(captured.event)
        return packed(captured, origin, sequence)
    except InvalidEventError:
        raise
    except Exception as error:  # noqa: BLE001 (a value that no check foresaw must not stop the others)
        raise InvalidEventError(kind, "", f"{_UNFORESEEN} ({type(error).__name__})") from None


def packed(captured: Snapshot, origin: Origin, sequence: int) -> Frame:
    """The frame of an event.

    Raises:
        InvalidEventError: a time without its zone, or out of range.
        ValueError, TypeError: a value does not fit its field.
    """
    kind = snapshot.kind_of(captured.event)
    way = envelope.route(kind)
    found = envelope.record(captured, origin, sequence)
    body = codec.encode(way.schema, found)[HEADER_SIZE:]
    captured_ms = captured.captured_ns // 1_000_000
    return Frame(origin.producer_id, sequence, kind, way.topic, envelope.key(found), way.schema.id, body, captured_ms)


def problem_of(error: InvalidEventError) -> str:
    """What may be told of it: the field's name, not its value, which may be what a caller said."""
    return error.reason if error.reason.startswith(_UNFORESEEN) else f"{error.field or 'it'} does not fit"
