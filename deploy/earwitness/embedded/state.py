"""What the supervisor writes down about the stack, for `status`, `down` and the next `up` to read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from earwitness.embedded.process import ProcessId

__all__ = ["Condition", "Phase", "Place", "ServiceState", "StackState", "read"]

Phase = Literal["starting", "ready", "stopping", "stopped", "failed", "crashed"]
Condition = Literal["starting", "ready", "restarting", "stopped"]


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """One service as the supervisor saw it last.

    Attributes:
        name: its name, also of its log file.
        state: starting (alive, does not serve yet), ready, restarting (ended, waits for its next start) or stopped.
        since: when it came into this state, in seconds since the epoch.
        process: its process while there is one.
        restarts: how often it was started again since the stack's start.
        last_exit: how it ended the last time, in words.
        waits_for: why it is not started again now, in one line; None when nothing stands in its way.
        uptime_seconds: how long its process lives; filled in by `status`.
        rss_bytes: memory of its process; filled in by `status`.
        cpu_seconds: CPU time its process has used; filled in by `status`.
    """

    name: str
    state: Condition
    since: float
    process: ProcessId | None = None
    restarts: int = 0
    last_exit: str | None = None
    waits_for: str | None = None
    uptime_seconds: float | None = None
    rss_bytes: int | None = None
    cpu_seconds: float | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a home stood when this was written: a moved or copied one is told by it.

    Attributes:
        path: its real path.
        device: of its directory, see stat(2).
        inode: of its directory.
    """

    path: str
    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Place | None:
        """Where `path` stands now; None when there is no such directory."""
        try:
            status = path.stat()
        except OSError:
            return None
        return cls(os.path.realpath(path), status.st_dev, status.st_ino)

    def is_same(self, other: Place | None) -> bool:
        """Says whether both are one directory.

        Renamed, it keeps its inode; restored from a backup, its path; mounted elsewhere (a container), its inode.
        """
        if other is None:
            return False
        return self.path == other.path or (self.device, self.inode) == (other.device, other.inode)


class StackState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole stack.

    Attributes:
        phase: starting, ready, stopping, stopped, failed (gave up and stopped everything), or crashed (the
            supervisor was gone without having stopped the stack; only `status` says so, it is never written).
        message: what is being done, or why it failed.
        supervisor: the supervisor's process.
        ports: ports on 127.0.0.1 by service name.
        services: in the order of their start.
        home: where the home stands; None in what an earlier version wrote.
        disk_free_bytes: what this user may still write to the home's file system; filled in by `status`.
    """

    phase: Phase
    message: str = ""
    supervisor: ProcessId | None = None
    ports: dict[str, int] = {}
    services: tuple[ServiceState, ...] = ()
    home: Place | None = None
    disk_free_bytes: int | None = None


def read(path: Path) -> StackState | None:
    """The state in `path`; None when nothing was ever written there.

    A file that is no state (cut off, edited, of another format) reads as a crashed stack whose message says so.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=StackState)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        return StackState(phase="crashed", message=f"{path} is not readable ({error}); it will be written anew")
