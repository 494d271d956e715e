"""Space under the home directory: how much there is, and what is said when there is too little."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["LEAST_FREE", "STOP_FREE", "free_bytes", "nearly_full", "too_full"]

LEAST_FREE = 48_000_000
"""What a start takes: a broker that comes back writes its indexes anew, ClickHouse its logs."""

STOP_FREE = 24_000_000
"""Below this a service that would fail badly on a full disk is stopped in good order instead."""


def free_bytes(path: Path) -> int | None:
    """What this user may still write to the file system of `path`; None when it cannot be asked."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def too_full(path: Path) -> str | None:
    """In one line, that a service cannot start under `path` for lack of space; None when there is enough."""
    free = free_bytes(path)
    if free is None or free >= LEAST_FREE:
        return None
    return (
        f"the disk under {path} is full ({free / 1e6:.1f} MB free, a start takes {LEAST_FREE / 1e6:.0f} MB); "
        "free some space"
    )


def nearly_full(path: Path) -> bool:
    """Says whether so little is left that what writes under `path` had better stop before a write fails."""
    free = free_bytes(path)
    return free is not None and free < STOP_FREE
