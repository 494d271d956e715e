"""Directories and files of a spool: nobody else's, open to nobody else, and no symbolic links.

There is personal data in them. So a directory that others could write, or a file that another user put there, is refused
and told; it is never made usable by changing rights that somebody has set.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from earwitness.client.spool.errors import SpoolError
from earwitness.runtime.file_names import file_name
from earwitness.runtime.settings import SpoolSettings

__all__ = ["check_file", "create_file", "inspect", "prepare", "service_directory", "set_file_aside"]

_SETTING = "EARWITNESS_SPOOL_DIR"


def service_directory(settings: SpoolSettings, service: str) -> Path:
    """Where a service's files are.

    Raises:
        SpoolError: no directory is known.
    """
    if settings.directory is None:
        raise SpoolError(f"there is no place for the spool: the user has no home; set {_SETTING}")
    return settings.directory / file_name(service)


def prepare(settings: SpoolSettings, service: str) -> Path:
    """The service's directory, made if it is not there.

    Raises:
        SpoolError: it cannot be made, is somebody else's, is open to others, or is a symbolic link.
    """
    place = service_directory(settings, service)
    top = place.parent
    try:
        _make(top)
        inspect(top, forbidden=0o022)
        _make(place)
    except OSError as error:
        raise SpoolError(f"cannot make the spool's directory {place}: {error.strerror}; set {_SETTING}") from None
    inspect(place, forbidden=0o077)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise SpoolError(f"cannot write to the spool's directory {place}; make it writable, or set {_SETTING}")
    return place


def _make(directory: Path) -> None:
    """Make a directory and those above it that are missing, all for their owner alone."""
    try:
        directory.mkdir(0o700)
    except FileNotFoundError:
        _make(directory.parent)
        _make(directory)
    except FileExistsError:
        pass


def inspect(directory: Path, forbidden: int) -> None:
    """Accept a directory that is ours alone.

    Args:
        directory: what is looked at; a symbolic link is not followed.
        forbidden: rights that group and others may not have.

    Raises:
        SpoolError: it is not, or it cannot be looked at.
    """
    try:
        found = directory.lstat()
    except OSError as error:
        raise SpoolError(f"cannot look at the spool's directory {directory}: {error.strerror}") from None
    if stat.S_ISLNK(found.st_mode):
        raise SpoolError(f"the spool's directory {directory} is a symbolic link; set {_SETTING} to where it points")
    if not stat.S_ISDIR(found.st_mode):
        raise SpoolError(f"{directory} is no directory; set {_SETTING} to one")
    if found.st_uid != os.geteuid():
        raise SpoolError(
            f"the spool's directory {directory} belongs to the user {found.st_uid}, and this is {os.geteuid()}; "
            f"set {_SETTING} to one of this user's"
        )
    if found.st_mode & forbidden:
        raise SpoolError(
            f"the spool's directory {directory} is open to other users; run: chmod 700 {directory} "
            "(or name a directory in it that is not there yet)"
        )


def create_file(file: Path) -> int:
    """Make a file that is not there, for its owner alone; gives its descriptor.

    Raises:
        FileExistsError: it is there; what it is, `check_file` says.
        OSError: it cannot be made.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(file, flags, 0o600)
    os.fchmod(descriptor, 0o600)  # whatever the app's umask is
    return descriptor


def check_file(file: Path) -> bool:
    """Accept a file that is ours alone; whether it is there.

    Raises:
        SpoolError: it is a symbolic link, no plain file, another user's, open to others, or has another name elsewhere.
    """
    try:
        found = file.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SpoolError(f"cannot look at the spool's file {file}: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no plain file"
        raise SpoolError(f"the spool's file {file} is {what}; remove it")
    if found.st_uid != os.geteuid():
        raise SpoolError(
            f"the spool's file {file} belongs to the user {found.st_uid}, and this is {os.geteuid()}; "
            "let that user's service take it, or remove it"
        )
    if found.st_mode & 0o077 or found.st_nlink != 1:
        raise SpoolError(f"the spool's file {file} is open to others; look who made it so, then run: chmod 600 {file}")
    return True


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
            if check_file(source):
                source.rename(file.with_name(f"{file.name}{ending}{extra}.damaged"))
    return kept
