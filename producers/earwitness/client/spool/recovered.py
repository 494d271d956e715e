"""Events from a dead process's journal, made into what its worker would have made of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from earwitness.client import envelope, snapshot
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.spool.frame import Frame
from earwitness.client.spool.ring import Entry, Ring
from earwitness.client.spool.store import Aside
from earwitness.schemas.framing import HEADER_SIZE

__all__ = ["events"]


def events(ring: Ring) -> Iterator[Frame | Aside]:
    """The events in the order in which they were captured; an invalid one comes as what is to be kept of it.

    Who had no number yet gets one behind the highest that was given, the same one however often this is run: its event id
    is made of it. An invalid event gets none, so that none is missing.
    """
    if ring.origin is None:
        return
    origin, last = ring.origin, ring.highest
    # Without the highest number, a new one might be another event's already: so it counts under a name of its own.
    unnumbered = origin if last is not None else replace(origin, producer_id=f"{origin.producer_id}-recovered")
    last = last or 0
    for entry in ring.entries:
        whose = unnumbered if entry.sequence is None else origin
        made = _made(entry, whose, last + 1 if entry.sequence is None else entry.sequence)
        if entry.sequence is None and isinstance(made, Frame):
            last += 1
        yield made


def _made(entry: Entry, origin: Origin, sequence: int) -> Frame | Aside:
    kind = "unknown"
    try:
        captured = snapshot.decode(entry.snapshot)
        kind = snapshot.kind_of(captured.event)
        record = envelope.record(captured, origin, sequence)
        made = envelope.message(kind, record)
        schema = envelope.route(kind).schema
    except InvalidEventError as error:
        kind, problem = error.kind, f"{error.field or 'it'} does not fit"
    except Exception as error:  # noqa: BLE001 (what a damaged or foreign snapshot does to a decoder must not stop the rest)
        problem = f"cannot be encoded ({type(error).__name__})"
    else:
        captured_ms = captured.captured_ns // 1_000_000
        body = made.value[HEADER_SIZE:]
        return Frame(origin.producer_id, sequence, kind, made.topic, made.key, schema.id, body, captured_ms)
    return Aside(0, origin.producer_id, entry.sequence or 0, kind, entry.snapshot, problem, int(time.time() * 1000))
