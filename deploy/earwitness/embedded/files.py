"""Files of a home: replaced whole or not at all, and what is told when one cannot be written."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from earwitness.runtime.errors import EarwitnessError

__all__ = ["cannot_write", "owner_name", "replace_file"]


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file at once: a reader, and whoever comes after a kill, sees the old one or the new one, whole.

    Raises:
        OSError: it cannot be written; the old one stays, and the error names the file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        error.filename = str(path)
        raise


def cannot_write(error: OSError, path: Path) -> EarwitnessError:
    """The one line that is told when something under `path` cannot be written."""
    place = error.filename or path
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return EarwitnessError(f"cannot write {place}: the disk is full; free some space, or give another --home")
    return EarwitnessError(f"cannot write {place}: {error.strerror}; give another --home")


def owner_name(path: Path) -> str:
    """The user whom a file belongs to, by name where it has one."""
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)
