# ruff: noqa: D102 (as the protocol says)
"""What a dead process left, read a few rows at a time: its spool, its journal.

A row is deleted when whoever takes it has stored it, so a kill in between leaves it in both places: it carries its event
id, and is stored once in the end. In a damaged file nothing is changed; it is set aside when all is read that can be.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from earwitness.client.spool.errors import SpoolDamagedError, SpoolError
from earwitness.client.spool.frame import Frame, Lost
from earwitness.client.spool.journal import Journal
from earwitness.client.spool.places import set_file_aside
from earwitness.client.spool.salvage import salvage
from earwitness.client.spool.store import Aside, Row, Store

__all__ = ["Batch", "DatabaseSource", "RingSource", "Source"]

_ASIDES = 100
_NOBODY = "unknown"


@dataclass
class Batch:
    """What was read in one step; `Orphans.taken` removes it where it came from.

    Attributes:
        frames: to be stored.
        asides: invalid events, and rows that are not what was stored, to be kept.
        lost: what was too old.
        examined: rows that were looked at.
    """

    frames: list[Frame] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    examined: int = 0


class Source(Protocol):
    """A file of an orphan."""

    def read(self, count: int, oldest_ms: float) -> Batch | None:
        """The next rows; None when there are none left. Asked again before `taken`, it gives the same ones."""

    def taken(self) -> None:
        """What was read is safe."""

    def end(self) -> str:
        """Nothing is left in it: remove it, or set it aside; what a person should know of that."""

    def close(self) -> None:
        """Leave it as it is."""


class DatabaseSource:
    """A dead process's spool."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._after = 0
        self._salvaged: Iterator[list[Row]] | None = None
        self._saved = 0
        self._is_rest = False
        self._batch: Batch | None = None
        self._ids: list[int] = []
        self._aside_ids: list[int] = []
        self._rest: list[int] = []  # taken, the last ones: they go with the file

    def read(self, count: int, oldest_ms: float) -> Batch | None:
        if self._batch is None:
            self._batch = self._rows(count, oldest_ms) or self._asides()
        return self._batch

    def _rows(self, count: int, oldest_ms: float) -> Batch | None:
        rows = self._some(count) if not self._rest else None
        if rows is None:
            return None
        self._is_rest = len(rows) < count
        batch = Batch(examined=max(1, len(rows)))
        for row in rows:
            frame = row.frame
            if frame is None:
                reason = "the row is damaged"
                batch.asides.append(Aside(0, "", 0, _NOBODY, row.packed, reason, int(time.time() * 1000)))
                batch.lost.append(Lost(0, "", 0, _NOBODY, "spool_damaged"))
            elif frame.captured_ms < oldest_ms:
                batch.lost.append(Lost(0, frame.producer_id, frame.sequence, frame.kind, "spool_expired"))
            else:
                batch.frames.append(frame)
        self._ids = [row.id for row in rows]
        self._after = self._ids[-1] if self._ids else self._after
        return batch

    def _some(self, count: int) -> list[Row] | None:
        """The next rows; maybe none at this step of a damaged file; None at the end."""
        if self._salvaged is None:
            try:
                return self._store.rows(self._after, count) or None
            except SpoolDamagedError:
                self._salvaged = salvage(self._store, self._after)
        return next(self._salvaged, None)

    def _asides(self) -> Batch | None:
        try:
            rows = self._store.asides(self._aside_ids[-1] if self._aside_ids else 0, _ASIDES)
        except SpoolError:
            if self._salvaged is None:
                self._salvaged = iter(())
            return None
        self._ids, self._aside_ids = [], [row.id for row in rows]
        return Batch(asides=rows, examined=len(rows)) if rows else None

    def taken(self) -> None:
        batch, self._batch = self._batch, None
        self._saved += len(batch.frames) if batch is not None else 0
        if self._salvaged is not None:
            return  # nothing is changed in a damaged file
        try:
            if self._is_rest and self._ids:
                self._rest = self._ids  # a file that is only removed need not wait for the disk
            elif self._ids:
                self._store.delete(self._ids)
            if self._aside_ids:
                self._store.delete(self._aside_ids, "aside")
                self._aside_ids = []
        except SpoolDamagedError:
            self._salvaged = salvage(self._store, self._after)

    def end(self) -> str:
        if self._salvaged is None:
            self._store.discard()
            return ""
        self._store.close()
        kept = set_file_aside(self._store.file)
        return f"a spool of a dead process was damaged: {self._saved} events could be read; the file is kept as {kept}"

    def close(self) -> None:
        if self._rest and self._salvaged is None:
            with contextlib.suppress(SpoolError):  # they come again, which is better than never
                self._store.delete(self._rest)
        self._store.close()


class RingSource:
    """A dead process's journal."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # What encodes events is imported when there is something to encode: it imports this package too.
        from earwitness.client.spool.recovered import events

        self._ring = Journal.recover(file)
        self._events = events(self._ring)
        self._at = 0
        self._batch: Batch | None = None

    def read(self, count: int, oldest_ms: float) -> Batch | None:
        if self._batch is None:
            batch = Batch()
            for event in self._events:
                batch.examined += 1
                if isinstance(event, Aside):
                    batch.asides.append(event)
                elif event.captured_ms < oldest_ms:
                    batch.lost.append(Lost(0, event.producer_id, event.sequence, event.kind, "spool_expired"))
                else:
                    batch.frames.append(event)
                if batch.examined == count:
                    break
            self._batch = batch if batch.examined else None
        return self._batch

    def taken(self) -> None:
        self._batch = None

    def end(self) -> str:
        if not self._ring.torn and self._ring.origin is not None:
            with contextlib.suppress(OSError):
                self._file.unlink()
            return ""
        kept = set_file_aside(self._file)
        return (
            f"a journal of a dead process was damaged: {len(self._ring.entries)} events could be read, "
            f"{self._ring.torn} could not; the file is kept as {kept}"
        )

    def close(self) -> None:
        pass
