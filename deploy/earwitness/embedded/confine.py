"""Keep a process, and all that it starts, from reading files outside a few directories (Linux Landlock).

The embedded ClickHouse needs it: in its kind of server `SELECT file('…')` reads whatever the process can read, and
needs no privilege. See https://docs.kernel.org/userspace-api/landlock.html; the numbers are those of its headers.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["confine_reads"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_QUERY_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE = 1 << 2
_REFER = 1 << 13
_SET_NO_NEW_PRIVILEGES = 38
# From the second version on, files may still be moved between directories.
_NEEDED_VERSION = 2


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine_reads(readable: Iterable[Path]) -> bool:
    """Let this thread, and threads and processes that it starts from now on, read files only below `readable`.

    Paths that do not exist are left out. Files that are open already stay readable; writing is not restricted.

    Returns:
        False when this system cannot do it; nothing is restricted then.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _QUERY_VERSION) < _NEEDED_VERSION:
        return False
    handled = _Ruleset(_READ_FILE | _REFER)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(ctypes.sizeof(handled)), 0)
    if ruleset < 0:
        return False
    try:
        # Moving files is denied by every ruleset that does not allow it.
        rules = [(Path("/"), _REFER), *((path, _READ_FILE) for path in readable)]
        return (
            all(_add(libc, ruleset, path, access) for path, access in rules)
            and libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
            and libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)


def _add(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> bool:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        rule = _PathBeneath(access, descriptor)
        return bool(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0) == 0)
    finally:
        os.close(descriptor)
