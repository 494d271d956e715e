"""An event on its way through the worker: its frame, and where else it is kept meanwhile."""

from __future__ import annotations

import msgspec

from earwitness.client.capture import NO_SLOT
from earwitness.client.spool import Frame

__all__ = ["NO_ROW", "Parcel"]

NO_ROW = 0


class Parcel(msgspec.Struct, gc=False):
    """What the worker hands to the producer, and gets back if it does not arrive.

    Attributes:
        frame: what is sent, but for the five bytes in front.
        protected: its lane is.
        row: its row in the spool; `NO_ROW` when it has none.
        slot: its slot in the journal; `NO_SLOT` when it has none.
        replays: it was spooled, and comes out of there.
        reports: it is the client's own report, which no book counts.
        sent: a producer had it once, so the broker may have it.
        sent_at: when it was handed over last; monotonic seconds.
    """

    frame: Frame
    protected: bool
    row: int = NO_ROW
    slot: int = NO_SLOT
    replays: bool = False
    reports: bool = False
    sent: bool = False
    sent_at: float = 0.0
