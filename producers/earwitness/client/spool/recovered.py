"""Events from a dead process's journal, made into what its worker would have made of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from earwitness.client.errors import InvalidEventError
from earwitness.client.packing import Packer, problem_of
from earwitness.client.spool.frame import Frame
from earwitness.client.spool.ring import Ring
from earwitness.client.spool.store import Aside

__all__ = ["events"]


def events(ring: Ring) -> Iterator[Frame | Aside]:
    """The events in the order in which they were captured; an invalid one comes as what is to be kept of it.

    One that had no number yet gets one behind the highest that was given, the same one however often this is run: its event id
    is made of it. An invalid event gets none, so that none is missing.
    """
    if ring.origin is None:
        return
    origin, last = ring.origin, ring.highest
    # Without the highest number, a new one might be another event's already: so it counts under a name of its own.
    unnumbered = origin if last is not None else replace(origin, producer_id=f"{origin.producer_id}-recovered")
    last = last or 0
    # One for each, made once: what a process's events share takes longer to make than an event.
    numbered, new = Packer(origin), Packer(unnumbered)
    for sequence, snapshot in ring.entries:
        try:
            if sequence is not None:
                yield numbered.pack(snapshot, sequence)
                continue
            frame = new.pack(snapshot, last + 1)
        except InvalidEventError as error:
            now_ms = int(time.time() * 1000)
            problem = problem_of(error)
            yield Aside(0, origin.producer_id, sequence or 0, error.kind, snapshot, problem, now_ms)
        else:
            last += 1
            yield frame
