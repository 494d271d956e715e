"""What the embedded stack needs to know about a process that it starts, watches and stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Service"]


@dataclass(frozen=True)
class Service:
    """One process of the embedded stack.

    Attributes:
        name: what `earwitness status` calls it, and the name of its log file.
        argv: program and arguments. No secret may stand in them.
        environment: the process's complete environment.
        directory: its working directory.
        log: the file that its output is appended to.
        ready: says whether it serves; cheap, bounded to about two seconds, never raises.
        ports: on 127.0.0.1 that it listens on. While another process has one, it is not started.
        needs_space: it must not meet a full disk: it is stopped before that.
        stop_seconds: how long a stop may take after SIGTERM before the process is killed.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    ready: Callable[[], bool]
    ports: Sequence[int] = ()
    needs_space: bool = False
    stop_seconds: float = 20.0
