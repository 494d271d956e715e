"""What comes out of the spool again: by row, a few hundred at a time, deleted when the broker has it.

An order across an outage is not promised by the place in a topic: `(producer_id, sequence)` gives it back.
"""

from __future__ import annotations

from collections.abc import Container

from earwitness.client.delivery import Delivery
from earwitness.client.own_log import OwnLog
from earwitness.client.parcel import Parcel
from earwitness.client.shelf import Shelf
from earwitness.client.spool import Frame, SpoolError, replayed
from earwitness.schemas.errors import RegistryAwayError

__all__ = ["Replay"]

_MOST = 500  # on their way at once
_REGISTRY_SECONDS = 15.0


class Replay:
    """Sends what waits on the shelf.

    Args:
        shelf: where it waits.
        delivery: sends it.
        log: where it complains.
    """

    def __init__(self, shelf: Shelf, delivery: Delivery, log: OwnLog) -> None:
        self._shelf = shelf
        self._delivery = delivery
        self._log = log
        self._after = 0
        self._on_the_way = 0
        self._unframed: dict[int, float] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing that it sent is on its way."""
        return not self._on_the_way

    def feed(self, most: int, now: float, missing: Container[str]) -> int:
        """Send some of it.

        Args:
            most: how many at most.
            now: monotonic seconds.
            missing: kinds that cannot be sent yet, because a registry has not said what stands in front of them.

        Returns:
            How many were sent.
        """
        sent = 0
        for row, frame in self._shelf.oldest(self._after, min(most, _MOST - self._on_the_way)):
            if frame.kind not in missing and now >= self._unframed.get(frame.schema_id, 0.0):
                self._after = row - 1  # whatever is before it need not be looked at again, if this one is not taken
                self._shelf.send(row)
                parcel = self._parcel(row, frame)
                if parcel is not None and not self._send(parcel, now):
                    break
                sent += 1
            self._after = row
        else:
            if not sent and self._shelf.waiting and not self._on_the_way:
                self._after = 0  # to what was passed over
        return sent

    def settled(self, count: int) -> None:
        """So many of them were confirmed, or refused for good."""
        self._on_the_way -= count

    def came_back(self, parcel: Parcel) -> None:
        """One of them did not arrive; it waits again."""
        self._on_the_way -= 1
        self._shelf.leave(parcel.row)
        self._after = min(self._after, parcel.row - 1)

    def forget(self) -> None:
        """Nothing is on its way, and no row is where it was."""
        self._after = 0
        self._on_the_way = 0

    def _parcel(self, row: int, frame: Frame) -> Parcel | None:
        try:
            return Parcel(replayed(frame), protected=True, row=row, replays=True)
        except SpoolError as error:
            # Written by a newer release, perhaps: it stays where it is, for a process that knows it.
            self._log.say("replay", "%s; it stays in the spool", error)
            return None

    def _send(self, parcel: Parcel, now: float) -> bool:
        self._on_the_way += 1
        try:
            if self._delivery.send(parcel, now):
                return True
        except RegistryAwayError as error:  # an older version's, which nobody asked for at the start
            self._unframed[parcel.frame.schema_id] = now + _REGISTRY_SECONDS
            self._log.say("registry", "audit events wait in the spool: %s", error)
        self.came_back(parcel)
        return False
