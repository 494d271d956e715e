"""What a registry said, kept on disk for the time when it is away.

One file a schema, `<wire id>.json`, in a directory a registry. A file is written beside and moved into place, so it is
whole or not there; it carries a sum, and what does not hold against it is no file. Neither a missing nor an unwritable
directory stops anybody: then there is no cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["RegistryCache"]

logger = logging.getLogger(__name__)

_NAME = re.compile(r"([1-9][0-9]{0,9})\.json")
_MOST_BYTES = 1 << 21
_MOST_FILES = 10_000


class RegistryCache:
    """The texts of one registry's schemas by their ids.

    Args:
        directory: of all registries.
        url: this one's.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._complained = False

    def get(self, wire_id: int) -> str | None:
        """The text of the schema with that id, if it is kept and undamaged."""
        if not self._is_ours():
            return None
        try:
            with (self._directory / f"{wire_id}.json").open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
            found = json.loads(data)
            text = found["schema"]
            if len(data) <= _MOST_BYTES and found["id"] == wire_id and found["sha256"] == _sum(wire_id, text):
                return str(text)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        return None

    def all(self) -> Iterator[tuple[int, str]]:
        """Every undamaged schema that is kept, by its id; what the registry said last comes last."""
        try:
            files = sorted(self._directory.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        except OSError:
            return
        for file in files[-_MOST_FILES:]:
            match = _NAME.fullmatch(file.name)
            text = self.get(int(match[1])) if match else None
            if match and text is not None:
                yield int(match[1]), text

    def keep(self, wire_id: int, text: str) -> None:
        """Keep a schema's text; a disk that does not take it is told once."""
        file = self._directory / f"{wire_id}.json"
        try:
            if self.get(wire_id) == text:
                os.utime(file)
                return
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                raise PermissionError(1, "it belongs to somebody else, or others may write to it")
            body = json.dumps({"id": wire_id, "sha256": _sum(wire_id, text), "schema": text}).encode()
            _write(file, body)
        except OSError as error:
            if not self._complained:
                self._complained = True
                logger.warning("the registry's answers are not kept in %s: %s", self._directory, error.strerror)

    def _is_ours(self) -> bool:
        try:
            status = self._directory.stat()
        except OSError:
            return False
        return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _sum(wire_id: int, text: str) -> str:
    return hashlib.sha256(f"{wire_id}\n{text}".encode()).hexdigest()


def _write(path: Path, body: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
