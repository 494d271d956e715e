"""What is in the files of spools, for a person: which there are, whose, how much, and the events in them as JSON.

Only looks: neither a living process's file nor a dead one's is changed by it.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from earwitness.client.spool import claims, places
from earwitness.client.spool.claims import with_ending
from earwitness.client.spool.errors import SpoolError
from earwitness.client.spool.frame import Frame, replayed
from earwitness.client.spool.journal import Journal
from earwitness.client.spool.orphans import stems
from earwitness.client.spool.ring import Ring
from earwitness.client.spool.store import Aside, Row, Store
from earwitness.runtime.settings import SpoolSettings

__all__ = ["Refusal", "SpoolFiles", "environments", "events", "find", "services"]

_AT_ONCE = 500


class SpoolFiles(NamedTuple):
    """The files of one process.

    Attributes:
        service: the service's directory.
        producer: the files' name without endings.
        alive: whether the process lives, so that it delivers them itself.
        events: how many wait in the spool; None when it cannot be read.
        invalid: how many invalid ones are kept.
        journal: how many are in the journal; those that have been spooled too are counted twice.
        bytes: all files together.
        oldest_seconds: the age of the event that is delivered next; None without one.
        problem: why it cannot be read, or that it was set aside as damaged.
        stem: the files' path without endings; a damaged file's whole path.
    """

    service: str
    producer: str
    alive: bool
    events: int | None
    invalid: int | None
    journal: int | None
    bytes: int
    oldest_seconds: float | None
    problem: str | None
    stem: Path


class Refusal(NamedTuple):
    """What is in a file and is no event that could be published: an invalid one, or a row that cannot be read.

    Attributes:
        captured: what the app gave, as far as it can be read: a JSON value, or a text of base64.
    """

    file: str
    producer_id: str
    sequence: int
    kind: str
    reason: str
    captured: Any


def environments(settings: SpoolSettings) -> list[str]:
    """The names of all environments that have, or had, a spool of this user's beside the settings' own; raises nothing."""
    if settings.directory is None:
        return []
    try:
        found = [each.name for each in settings.directory.parent.iterdir() if each.is_dir() and not each.is_symlink()]
    except OSError:
        return []
    return sorted(unquote(name) for name in found)


def services(settings: SpoolSettings) -> list[Path]:
    """The directories of all services that have, or had, a spool here.

    Raises:
        SpoolError: the spool's directory cannot be read, or is not this user's.
    """
    top = places.service_directory(settings, "any").parent
    if not top.exists() and not top.is_symlink():
        return []
    places.inspect(top, forbidden=0o022)
    try:
        return sorted(each for each in top.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError as error:
        raise SpoolError(f"cannot read the spool's directory {top}: {error.strerror}") from None


def find(directory: Path) -> Iterator[SpoolFiles]:
    """The files in a service's directory, damaged ones that were set aside last.

    Raises:
        SpoolError: the directory cannot be read, or is not this user's alone.
    """
    places.inspect(directory, forbidden=0o077)
    for stem in stems(directory):
        yield _look(directory, stem)
    for file in sorted(directory.glob("*.damaged")):
        if not file.name.endswith(("-wal.damaged", "-shm.damaged")):
            size = _size(file)
            problem = "damaged and set aside; remove it when you need it no longer"
            yield SpoolFiles(directory.name, file.name, False, None, None, None, size, None, problem, file)


def events(found: SpoolFiles) -> Iterator[dict[str, Any] | Refusal]:
    """The events of one process as JSON objects, marked as replayed; what is none of them as a refusal.

    Raises:
        SpoolError: its files cannot be read.
    """
    if found.problem is not None:
        raise SpoolError(found.problem)
    database, ring = with_ending(found.stem, ".db"), with_ending(found.stem, ".ring")
    if places.check_file(database):
        yield from _of_database(database)
    if places.check_file(ring):
        yield from _of_ring(ring)


def _look(directory: Path, stem: Path) -> SpoolFiles:
    events = invalid = journal = oldest = None
    problem = None
    alive = False
    database, ring = with_ending(stem, ".db"), with_ending(stem, ".ring")
    try:
        alive = not claims.is_free(stem)
        if places.check_file(database):
            store = Store(database, read_only=True)
            try:
                events, invalid = (store.one(f"SELECT count(*) FROM {each}") for each in ("frames", "aside"))  # noqa: S608
                oldest = store.one("SELECT captured_ms FROM frames ORDER BY id LIMIT 1")
            finally:
                store.close()
        if places.check_file(ring):
            journal = len(Journal.recover(ring).entries)
    except SpoolError as error:
        problem = str(error)
    size = sum(_size(with_ending(stem, ending)) for ending in (".db", ".db-wal", ".db-shm", ".ring"))
    age = None if oldest is None else max(0.0, time.time() - oldest / 1000)
    return SpoolFiles(directory.name, stem.name, alive, events, invalid, journal, size, age, problem, stem)


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def _of_database(file: Path) -> Iterator[dict[str, Any] | Refusal]:
    store = Store(file, read_only=True)
    try:
        after = 0
        while rows := store.rows(after, _AT_ONCE):
            after = rows[-1].id
            for row in rows:
                yield _event(file, row)
        after = 0
        while asides := store.asides(after, _AT_ONCE):
            after = asides[-1].id
            for aside in asides:
                yield _refusal(file, aside)
    finally:
        store.close()


def _of_ring(file: Path) -> Iterator[dict[str, Any] | Refusal]:
    from earwitness.client.spool.recovered import events as recovered

    ring: Ring = Journal.recover(file)
    for made in recovered(ring):
        yield _event(file, Row(0, made, b"")) if isinstance(made, Frame) else _refusal(file, made)
    if ring.torn:
        yield Refusal(file.name, "", 0, "unknown", f"{ring.torn} events of the journal are damaged", None)


def _event(file: Path, row: Row) -> dict[str, Any] | Refusal:
    from earwitness.schemas import codec
    from earwitness.schemas.errors import DatumError, SchemaError
    from earwitness.schemas.framing import prefix

    frame = row.frame
    if frame is None:
        return Refusal(file.name, "", 0, "unknown", "the row is damaged", _readable(row.packed))
    try:
        schema, record = codec.decode(prefix(frame.schema_id) + replayed(frame).body)
    except (DatumError, SchemaError, SpoolError, ValueError) as error:
        body = base64.b64encode(frame.body).decode()
        return Refusal(file.name, frame.producer_id, frame.sequence, frame.kind, f"cannot be decoded: {error}", body)
    return {"kind": schema.kind, **record}


def _refusal(file: Path, aside: Aside) -> Refusal:
    captured = _readable(aside.snapshot)
    return Refusal(file.name, aside.producer_id, aside.sequence, aside.kind, aside.error, captured)


def _readable(snapshot: bytes) -> Any:
    """The event in a snapshot; base64 of what is none."""
    try:
        found = msgspec.msgpack.decode(snapshot)
        msgspec.json.encode(found)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return base64.b64encode(snapshot).decode()
    return found[3] if isinstance(found, list) and len(found) == 4 else found
