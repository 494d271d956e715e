"""Whose files are whose: a process holds a lock beside its files for as long as it lives.

The lock is `flock`'s, so the kernel drops it however the process ends, and two clients within one process do not take each
other's files for a dead one's. It belongs to the open file, which a forked child shares: there it is closed at once
(closed, not unlocked, which would unlock the parent's), so that a parent's death shows while its children live. What is
executed instead of forked never gets it (`O_CLOEXEC`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from functools import cache
from pathlib import Path
from typing import Final

from earwitness.client.spool import places
from earwitness.client.spool.errors import SpoolError
from earwitness.runtime.file_names import file_name

__all__ = ["Claim", "is_free", "take", "try_take", "with_ending"]

_HELD: Final[dict[Path, Claim]] = {}
"""One's own, shared within the process."""
_OPEN: Final[set[Claim]] = set()
"""Every claim that has a descriptor."""
_LOCK = threading.RLock()
_PATIENCE_SECONDS, _LOOK_SECONDS = 2.0, 0.01


class Claim:
    """The right to the files of one producer. Made by `take` and `try_take`.

    Attributes:
        stem: the files' path without an ending.
    """

    def __init__(self, stem: Path, descriptor: int) -> None:
        self.stem = stem
        self._descriptor = descriptor
        self.users = 1
        _OPEN.add(self)

    def file(self, ending: str) -> Path:
        """A file of it: `.db`, `.ring`, `.lock`."""
        return with_ending(self.stem, ending)

    def release(self) -> None:
        """Give it up, when all users have; the lock's file goes too when it guards nothing any more. May be repeated."""
        with _LOCK:
            self.users -= 1
            if self.users > 0 or self._descriptor < 0:
                return
            if _HELD.get(self.stem) is self:
                del _HELD[self.stem]
            # Removed while it is held: whoever has opened it meanwhile finds that it is another file, or none.
            if not any(self.file(ending).exists() for ending in (".db", ".ring")):
                with contextlib.suppress(OSError):
                    self.file(".lock").unlink()
            self.close()

    def close(self) -> None:
        """Close the lock's file and leave all as it is: for a forked child, to whom it does not belong."""
        _OPEN.discard(self)
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def with_ending(stem: Path, ending: str) -> Path:
    """A path with an ending put behind, dots in the name or not."""
    return stem.parent / (stem.name + ending)


def take(directory: Path, producer_id: str) -> Claim:
    """Claim one's own files; those who claim in one process share it.

    Raises:
        SpoolError: another process holds it, or the lock's file cannot be used.
    """
    stem = directory / file_name(producer_id)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with _LOCK:
        held = _HELD.get(stem)
        if held is not None:
            held.users += 1
            return held
        while True:
            # Somebody who looks for dead processes' files may hold it for a moment, and remove it.
            claim = try_take(stem, create=True)
            if claim is not None:
                _HELD[stem] = claim
                return claim
            if time.monotonic() > deadline:
                raise SpoolError(f"another process uses the spool's file {with_ending(stem, '.db')}")
            time.sleep(_LOOK_SECONDS)


def try_take(stem: Path, *, create: bool = True) -> Claim | None:
    """Claim files whose process may be dead; None when it lives, or when the lock's file is gone and not to be made.

    Raises:
        SpoolError: the lock's file cannot be used.
    """
    file = with_ending(stem, ".lock")
    descriptor = -1
    _register()
    try:
        if not places.check_file(file):
            if not create:
                return None
            with contextlib.suppress(FileExistsError):
                descriptor = places.create_file(file)
        if descriptor < 0:
            descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), file.lstat()):
            claim, descriptor = Claim(stem, descriptor), -1
            return claim
    except (BlockingIOError, FileNotFoundError):
        return None
    except OSError as error:
        raise SpoolError(f"cannot lock the spool's file {file}: {error.strerror}") from None
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return None


def is_free(stem: Path) -> bool:
    """Whether no living process holds the files.

    Raises:
        SpoolError: the lock's file cannot be used.
    """
    file = with_ending(stem, ".lock")
    try:
        if not places.check_file(file):
            return True
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise SpoolError(f"cannot look at the spool's lock {file}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


@cache
def _register() -> None:
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _after_fork_in_child() -> None:
    global _LOCK  # noqa: PLW0603 (the parent's may be held by a thread that does not exist here)
    _LOCK = threading.RLock()
    for claim in list(_OPEN):
        claim.close()
    _HELD.clear()
