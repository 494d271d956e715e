"""Dead processes of a service: their files are found, claimed one after the other, and read to their end.

Whoever holds the lock beside a file is the only one who takes rows from it.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

from earwitness.client.spool import claims
from earwitness.client.spool.claims import Claim
from earwitness.client.spool.errors import SpoolDamagedError, SpoolError
from earwitness.client.spool.places import set_file_aside
from earwitness.client.spool.sources import Batch, DatabaseSource, RingSource, Source
from earwitness.client.spool.store import Store

__all__ = ["Orphans", "stems"]

_ENDINGS = (".db", ".ring", ".lock")


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
        self._names: Iterator[str] | None = None  # while they are looked for
        self._stems: set[Path] = set()
        self._found: Iterator[Path] | None = None
        self._claim: Claim | None = None
        self._sources: list[Source] = []
        self._told: set[tuple[str, str]] = set()

    def read(self, count: int, until: float = math.inf) -> Batch | None:
        """The next rows of an orphan; None when all that were found are done: the next time they are looked for anew.

        Looking and opening take time too: when it is `until` (monotonic seconds) before there is a row, the batch is empty.
        """
        while True:
            if not self._sources and not self._next(until):
                return None if self._found is None and self._names is None else Batch()
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
            if not self._sources and time.monotonic() >= until:
                return Batch()

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
        self._names = self._found = None
        self._let_go()

    def _next(self, until: float) -> bool:
        self._let_go()
        if self._found is None:
            self._found = self._look(until)
        for stem in self._found or ():
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
            if time.monotonic() >= until:
                return False
        self._found = None
        return False

    def _look(self, until: float) -> Iterator[Path] | None:
        """All that there are; None: not yet. The interpreter is let go of at every name, and there may be thousands."""
        if self._names is None:
            self._names, self._stems = _names(self._directory), set()
        try:
            for name in self._names:
                self._stems.update(_stem(self._directory, name))
                if time.monotonic() >= until:
                    return None
        except SpoolError:
            self._names = None
            raise
        self._names = None
        return iter(sorted(self._stems - {self._own}))

    def _open(self, claim: Claim) -> None:
        database, ring = claim.file(".db"), claim.file(".ring")
        if database.exists() or database.is_symlink():
            try:
                self._sources.append(DatabaseSource(Store(database)))
            except SpoolDamagedError as error:
                kept = set_file_aside(database)
                self._tell(f"{error}; nothing could be read of it; it is kept as {kept}")
        if ring.exists() or ring.is_symlink():
            self._sources.append(RingSource(ring))

    def _let_go(self) -> None:
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def _tell(self, notice: str) -> None:
        key = (str(self._claim and self._claim.stem), notice)
        if notice and key not in self._told:  # once, however often it is looked at
            self._told.add(key)
            self.notices.append(notice)


def stems(directory: Path) -> list[Path]:
    """The files of a service, without their endings, sorted.

    Raises:
        SpoolError: the directory cannot be read.
    """
    return sorted({stem for name in _names(directory) for stem in _stem(directory, name)})


def _names(directory: Path) -> Iterator[str]:
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                yield entry.name
    except OSError as error:
        raise SpoolError(f"cannot read the spool's directory {directory}: {error.strerror}") from None


def _stem(directory: Path, name: str) -> Iterator[Path]:
    for ending in _ENDINGS:
        if name.endswith(ending):
            yield directory / name.removesuffix(ending)
