"""The pace of taking over what dead processes left: a turn at a time, in batches that suit the disk."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from earwitness.client.spool.errors import SpoolFullError
from earwitness.client.spool.orphans import Orphans
from earwitness.client.spool.sources import Batch

__all__ = ["Adoption"]

_AT_ONCE = 64  # rows of a batch when it is to be over soon: fewer take as long, which is the wait for the disk
_SHORT = 0.25  # of the time allowed: a batch that took less need not be as long the next time


class Adoption:
    """Moves batches of rows from orphans to where they are kept.

    Batches are small ones when time is short; on a slow disk they become longer, since each waits for it once, however
    many rows it has.

    Args:
        orphans: where they come from.

    Attributes:
        is_under_way: whether there is more.
    """

    def __init__(self, orphans: Orphans) -> None:
        self.is_under_way = False
        self._orphans = orphans
        self._at_once = _AT_ONCE

    def step(self, limit: int, seconds: float, keep: Callable[[Batch], None]) -> int:
        """Move some: how many.

        Args:
            limit: rows that are looked at; a damaged file may give a few more.
            seconds: when they are over no other file is begun, and no other batch; infinite: one batch is as long as it may be.
            keep: stores a batch, so that its rows may be deleted where they were; raises `SpoolFullError` to have it again later.
        """
        began = time.monotonic()
        until = began + seconds
        moved = examined = 0
        self.is_under_way = False
        while examined < limit:
            most = limit if seconds == math.inf else self._at_once
            batch = self._orphans.read(min(limit - examined, most), until)
            if batch is None:
                return moved
            if not batch.examined:
                break
            examined += batch.examined
            try:
                keep(batch)
            except SpoolFullError:
                return moved
            moved += len(batch.frames)
            self._orphans.taken()
            now = time.monotonic()
            self._suit(now - began, seconds, limit)
            if now >= until:
                break
            began = now
        self.is_under_way = True
        return moved

    def _suit(self, took: float, seconds: float, limit: int) -> None:
        if took > seconds:
            self._at_once = min(2 * self._at_once, limit)
        elif took < _SHORT * seconds:
            self._at_once = max(self._at_once // 2, _AT_ONCE)
