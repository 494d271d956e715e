"""An open SQLite file of a spool: how it is made, opened and closed, what its errors mean, and that no fork touches it.

In WAL mode a commit survives the process's death without a wait on the disk; a torn or garbage tail of the log is left out
when it is opened again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from earwitness.client.spool import places
from earwitness.client.spool.errors import SpoolDamagedError, SpoolError, SpoolFullError

__all__ = ["Database"]

_VERSION = 1
_PAGE_BYTES = 4096
_LOG_PAGES = 1000  # of the write-ahead log, before its content moves into the file
_BUSY_SECONDS = 2.0
_TABLES = f"""
CREATE TABLE IF NOT EXISTS frames (
    id INTEGER PRIMARY KEY, captured_ms INTEGER, checksum INTEGER, frame BLOB);
CREATE TABLE IF NOT EXISTS aside (
    id INTEGER PRIMARY KEY, producer_id TEXT, sequence INTEGER, kind TEXT, snapshot BLOB, error TEXT, set_ms INTEGER);
PRAGMA user_version = {_VERSION};
"""
_DAMAGE = ("malformed", "not a database", "disk image", "could not decode", "no such table", "no such column")
_OPEN: Final[weakref.WeakSet[Database]] = weakref.WeakSet()


class _Kept(msgspec.Struct, gc=False):
    """Keeps an object for ever: the garbage collector does not look into it, and it refers to itself."""

    held: object
    itself: object = None


class Database:
    """An open file.

    Args:
        file: the database; made when it is not there, but for `read_only`.
        max_bytes: how large it may grow; None: not at all looked at.
        sync: see `SpoolSettings`.
        read_only: for looking at a living process's file.

    Raises:
        SpoolDamagedError: it is no database any more.
        SpoolError: it cannot be opened.
    """

    def __init__(
        self,
        file: Path,
        max_bytes: int | None = None,
        sync: Literal["normal", "full"] = "normal",
        *,
        read_only: bool = False,
    ) -> None:
        self.file = file
        self._sync = sync
        self._connection: sqlite3.Connection | None = None
        self.is_forgotten = False
        for ending in ("-wal", "-shm", "-journal"):
            places.check_file(file.with_name(file.name + ending))
        if places.check_file(file):
            self._check_log()
        elif not read_only:
            self._create()
        with self._errors("open"):
            mode = "ro" if read_only else "rw"
            self._connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        _OPEN.add(self)
        _register()
        try:
            with self._errors("open"):
                self._prepare(max_bytes, read_only=read_only)
        except BaseException:
            self.close()
            raise

    def _create(self) -> None:
        try:
            os.close(places.create_file(self.file))
        except OSError as error:
            raise SpoolError(f"cannot make the spool's file {self.file}: {error.strerror}") from None

    def _check_log(self) -> None:
        """SQLite removes the log of an empty file (one byte is empty to it), but one that lost its bytes has its events there."""
        log = self.file.with_name(self.file.name + "-wal")
        with contextlib.suppress(OSError):
            if self.file.stat().st_size <= 1 and log.stat().st_size:
                raise SpoolDamagedError(f"the spool's file {self.file} is damaged: it is empty, and its log is not")

    def _prepare(self, max_bytes: int | None, *, read_only: bool) -> None:
        run = self._db.execute
        if read_only:
            run("PRAGMA query_only = 1")
            run("SELECT count(*) FROM sqlite_master").fetchone()
            return
        run("PRAGMA auto_vacuum = INCREMENTAL")
        (mode,) = run("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise SpoolError(
                f"the file system of {self.file} cannot share memory, which the spool needs; use a local one"
            )
        run(f"PRAGMA synchronous = {self._sync}")
        run(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        run(f"PRAGMA journal_size_limit = {_LOG_PAGES * _PAGE_BYTES}")
        run("PRAGMA temp_store = MEMORY")
        (version,) = run("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise SpoolError(f"{self.file} is of a newer release of earwitness (form {version}); let that one empty it")
        if version < _VERSION:
            self._db.executescript("BEGIN IMMEDIATE;" + _TABLES + "COMMIT;")
        if max_bytes is not None:
            (size,) = run("PRAGMA page_size").fetchone()
            run(f"PRAGMA max_page_count = {max(max_bytes // size, 16)}")

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            why = "belongs to the process that this one was forked from" if self.is_forgotten else "is closed"
            raise SpoolError(f"the spool's file {self.file} {why}")
        return self._connection

    @contextlib.contextmanager
    def _errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._undo()
            text = str(error)
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or "is full" in text:
                raise SpoolFullError(f"the spool is full, or its disk: {self.file}; events wait in memory") from None
            if any(word in text.lower() for word in _DAMAGE):
                raise SpoolDamagedError(f"the spool's file {self.file} is damaged: {text}") from None
            raise SpoolError(f"cannot {action} the spool's file {self.file}: {text}") from None
        except (OSError, OverflowError, TypeError, ValueError) as error:
            self._undo()
            raise SpoolError(f"cannot {action} the spool's file {self.file}: {type(error).__name__}") from None
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._connection.rollback()

    @contextlib.contextmanager
    def _transaction(self, action: str) -> Iterator[sqlite3.Connection]:
        with self._errors(action):
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db
            self._db.execute("COMMIT")

    def one(self, question: str, *values: object) -> Any:
        """The one value that an SQL question gives; None when there is no row."""
        with self._errors("read"):
            found = self._db.execute(question, values).fetchone()
        return None if found is None else found[0]

    @contextlib.contextmanager
    def safe_from_power_cuts(self) -> Iterator[None]:
        """Wait for the disk at every commit of the block."""
        with self._errors("write"):
            self._db.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            if self._connection is not None:
                with self._errors("write"):
                    self._connection.execute(f"PRAGMA synchronous = {self._sync}")

    def close(self) -> None:
        """Close it; never raises. May be repeated."""
        _OPEN.discard(self)
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def discard(self) -> None:
        """Close and remove a file that nobody needs any more, without a wait for the disk; never raises."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA synchronous = OFF")  # for the log, which closing writes into the file
        self.close()
        self.remove()

    def remove(self) -> None:
        """Remove the closed file and its log; never raises. A forked child leaves them: they are its parent's."""
        for ending in () if self.is_forgotten else ("-wal", "-shm", ""):
            with contextlib.suppress(OSError):
                self.file.with_name(self.file.name + ending).unlink()

    def forget(self) -> None:
        """In a forked child: let go of the parent's connection without closing it.

        Closing would take SQLite's mutex, which a thread of the parent may have held when it forked, and would write to
        the parent's file. So it must never be finalised either.
        """
        self.is_forgotten = True
        if self._connection is not None:
            kept = _Kept(self._connection)
            kept.itself = kept
            self._connection = None


@cache
def _register() -> None:
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _after_fork_in_child() -> None:
    for store in list(_OPEN):
        store.forget()
    _OPEN.clear()
