"""The files of dead processes of a service: found, claimed, read a few rows at a time, removed when they are empty.

Whoever holds the lock beside a file is the only one who takes rows from it. Rows are stored by the adopter first and deleted
from the orphan then, so a kill in between leaves some in both: they carry their event id, and are stored once in the end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from earwitness.client.spool import claims, places, recovered
from earwitness.client.spool.claims import Claim
from earwitness.client.spool.errors import SpoolDamagedError, SpoolError
from earwitness.client.spool.frame import Frame, Lost
from earwitness.client.spool.journal import Journal
from earwitness.client.spool.salvage import salvage
from earwitness.client.spool.store import Aside, Row, Store

__all__ = ["Batch", "Orphans", "set_file_aside", "stems"]

_ENDINGS = (".db", ".ring", ".lock")
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


class _Source(Protocol):
    """A file of an orphan."""

    def read(self, count: int, oldest_ms: float) -> Batch | None:
        """The next rows; None when there are none left. Asked again before `taken`, it gives the same ones."""

    def taken(self) -> None:
        """What was read is safe."""

    def end(self) -> str:
        """Nothing is left in it: remove it, or set it aside; what a person should know of that."""

    def close(self) -> None:
        """Leave it as it is."""


class Orphans:
    """The orphans of one directory, one after the other. For one thread.

    Attributes:
        notices: what a person should be told; whoever reads them removes them.
    """

    def __init__(self, directory: Path, own: Path, max_days: float) -> None:
        self.notices: list[str] = []
        self._directory = directory
        self._own = own
        self._max_ms = max_days * 86_400_000
        self._found: Iterator[Path] | None = None
        self._claim: Claim | None = None
        self._sources: list[_Source] = []
        self._told: set[tuple[str, str]] = set()

    def read(self, count: int) -> Batch | None:
        """The next rows of an orphan; None when all that were found are done: the next time they are looked for anew."""
        while True:
            if not self._sources and not self._next():
                return None
            source = self._sources[0]
            try:
                batch = source.read(count, time.time() * 1000 - self._max_ms)
                if batch is not None:
                    return batch
                self._tell(source.end())
            except SpoolError as error:
                self._tell(str(error))
                source.close()
            del self._sources[0]

    def taken(self) -> None:
        """What `read` gave is stored."""
        try:
            self._sources[0].taken()
        except SpoolError as error:  # its rows come again, which is better than never
            self._tell(str(error))
            self._sources.pop(0).close()

    def close(self) -> None:
        """Leave what is not done to the next one."""
        for source in self._sources:
            source.close()
        self._sources.clear()
        self._let_go()

    def _next(self) -> bool:
        self._let_go()
        if self._found is None:
            self._found = iter([stem for stem in stems(self._directory) if stem != self._own])
        for stem in self._found:
            try:
                claim = claims.try_take(stem)
                if claim is None:
                    continue
                self._claim = claim
                self._open(claim)
            except SpoolError as error:
                self._tell(str(error))
            if self._sources:
                return True
            self._let_go()
        self._found = None
        return False

    def _open(self, claim: Claim) -> None:
        database, ring = claim.file(".db"), claim.file(".ring")
        if database.exists() or database.is_symlink():
            try:
                self._sources.append(_Database(Store(database)))
            except SpoolDamagedError as error:
                kept = set_file_aside(database)
                self._tell(f"{error}; nothing could be read of it; it is kept as {kept}")
        if ring.exists() or ring.is_symlink():
            self._sources.append(_Ring(ring))

    def _let_go(self) -> None:
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def _tell(self, notice: str) -> None:
        key = (str(self._claim and self._claim.stem), notice)
        if notice and key not in self._told:  # once, however often it is looked at
            self._told.add(key)
            self.notices.append(notice)


class _Database:
    """A dead process's spool."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._after = 0
        self._salvaged: Iterator[list[Row]] | None = None
        self._saved = 0
        self._batch: Batch | None = None
        self._ids: list[int] = []
        self._aside_ids: list[int] = []

    def read(self, count: int, oldest_ms: float) -> Batch | None:
        if self._batch is None:
            self._batch = self._rows(count, oldest_ms) or self._asides()
        return self._batch

    def _rows(self, count: int, oldest_ms: float) -> Batch | None:
        rows = self._some(count)
        if rows is None:
            return None
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
            if self._ids:
                self._store.delete(self._ids)
            if self._aside_ids:
                self._store.delete(self._aside_ids, "aside")
                self._aside_ids = []
        except SpoolDamagedError:
            self._salvaged = salvage(self._store, self._after)

    def end(self) -> str:
        self._store.close()
        if self._salvaged is None:
            self._store.remove()
            return ""
        kept = set_file_aside(self._store.file)
        return f"a spool of a dead process was damaged: {self._saved} events could be read; the file is kept as {kept}"

    def close(self) -> None:
        self._store.close()


class _Ring:
    """A dead process's journal."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ring = Journal.recover(file)
        self._events = recovered.events(self._ring)
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


def stems(directory: Path) -> list[Path]:
    """The files of a service, without their endings, sorted.

    Raises:
        SpoolError: the directory cannot be read.
    """
    try:
        names = [entry.name for entry in directory.iterdir()]
    except OSError as error:
        raise SpoolError(f"cannot read the spool's directory {directory}: {error.strerror}") from None
    return sorted({directory / name.removesuffix(end) for name in names for end in _ENDINGS if name.endswith(end)})


def set_file_aside(file: Path) -> Path:
    """Rename a damaged file, and its log, so that nobody takes it for a spool; never raises. Gives its new name."""
    number = 1
    while True:
        extra = "" if number == 1 else f".{number}"
        kept = file.with_name(f"{file.name}{extra}.damaged")
        if not kept.exists() and not kept.is_symlink():
            break
        number += 1
    for ending in ("-wal", "-shm", ""):
        source = file.with_name(file.name + ending)
        with contextlib.suppress(OSError, SpoolError):
            if places.check_file(source):
                source.rename(file.with_name(f"{file.name}{ending}{extra}.damaged"))
    return kept
