"""The directory that holds everything of one embedded stack, and the lock that keeps two supervisors out of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from earwitness.embedded.process import ProcessId
from earwitness.embedded.state import StackState, read, write
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["FORMAT", "Home"]

FORMAT = 1

_LOG_LIMIT = 20_000_000
_DIRECTORIES = ("secrets", "broker", "clickhouse", "logs", "run")


class Home:
    """Paths and files of one embedded stack.

    Attributes:
        path: the home itself, absolute.
        secrets: passwords and keys.
        broker: what the broker stores.
        clickhouse: what ClickHouse stores.
        logs: one log file a service, and the supervisor's.
        run: state, lock, and the files by which workers say that they are ready.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.secrets, self.broker, self.clickhouse, self.logs, self.run = (self.path / name for name in _DIRECTORIES)

    def create(self) -> None:
        """Make the directories (0700) that are missing.

        Raises:
            UsageError: the path holds something else, or a home that a newer version made.
            EarwitnessError: it cannot be written.
        """
        self.check()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The marker comes first: a home whose making was cut off is a home all the same.
            if not self._marker.exists():
                self._marker.write_text(f"{FORMAT}\n", "ascii")
            for directory in (self.path, self.secrets, self.broker, self.clickhouse, self.logs, self.run):
                directory.mkdir(mode=0o700, exist_ok=True)
                directory.chmod(0o700)
        except OSError as error:
            raise EarwitnessError(f"cannot write {error.filename}: {error.strerror}; give another --home") from error

    def check(self) -> None:
        """Refuse what is no home of this version; a path where nothing is yet is fine.

        Raises:
            UsageError: see `create`.
        """
        try:
            made_by = int(self._marker.read_text("ascii"))
        except (FileNotFoundError, NotADirectoryError):
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                message = f"{self.path} is no home of earwitness and not empty; give a new or an empty directory"
                raise UsageError(message) from None
            return
        except (OSError, ValueError) as error:
            raise UsageError(f"{self._marker} is not readable ({error}); give another --home") from error
        if made_by > FORMAT:
            raise UsageError(
                f"{self.path} was made by a newer earwitness (format {made_by}, this one knows {FORMAT}); "
                "upgrade earwitness, or give another --home",
            )

    @contextlib.contextmanager
    def lock(self, seconds: float = 1.0) -> Iterator[ProcessId]:
        """Keep this home for this process as long as the block runs; the system releases it when the process dies.

        Yields this process, as `owner` names it to others.

        Raises:
            UsageError: another supervisor still holds it after `seconds`.
        """
        # Waiting a little, because `locked` takes the lock for a moment too.
        deadline = time.monotonic() + seconds
        with self._lock_file.open("a+b") as file:
            while not _flock(file.fileno(), fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise UsageError(
                        f"another supervisor runs on {self.path}; see: earwitness status --home {self.path}"
                    )
                time.sleep(0.02)
            holder = ProcessId.of(os.getpid()) or ProcessId(os.getpid(), time.time())
            file.truncate(0)
            file.write(msgspec.json.encode(holder))
            file.flush()
            yield holder

    def locked(self) -> bool:
        """Says whether a supervisor runs on this home."""
        try:
            with self._lock_file.open("rb") as file:
                return not _flock(file.fileno(), fcntl.LOCK_SH)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def owner(self, seconds: float = 2.0) -> ProcessId | None:
        """The supervisor that runs on this home, or None.

        Raises:
            EarwitnessError: the lock is held by a process that does not say within `seconds` who it is.
        """
        deadline = time.monotonic() + seconds
        while self.locked():
            # Taken a moment ago, it may still name the one before.
            with contextlib.suppress(OSError, msgspec.DecodeError):
                found = msgspec.json.decode(self._lock_file.read_bytes(), type=ProcessId)
                if found.alive():
                    return found
            if time.monotonic() > deadline:
                raise EarwitnessError(
                    f"an unknown process holds {self._lock_file}; find it with: lsof {self._lock_file}"
                )
            time.sleep(0.02)
        return None

    def beat(self) -> None:
        """Called again and again by the supervisor, to show that it is not one that was killed a moment ago."""
        with contextlib.suppress(OSError):
            os.utime(self._lock_file)

    def heartbeat(self) -> int:
        """A number that changes with each beat, and when a supervisor takes the lock; 0 before the first."""
        try:
            return self._lock_file.stat().st_mtime_ns
        except OSError:
            return 0

    def read_state(self) -> StackState | None:
        """What the last supervisor wrote, see `state.read`."""
        return read(self._state_file)

    def write_state(self, state: StackState) -> None:
        """Replace the written state; only the supervisor that holds the lock may."""
        write(self._state_file, state)

    def read_ports(self) -> dict[str, int]:
        """The ports of the last start, by name; empty before the first, or when the file is damaged."""
        try:
            return msgspec.json.decode(self._ports_file.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.DecodeError):
            return {}

    def write_ports(self, ports: dict[str, int]) -> None:
        """Remember ports for the next start."""
        temporary = self._ports_file.with_name(f".ports.{os.getpid()}")
        temporary.write_bytes(msgspec.json.encode(ports))
        temporary.replace(self._ports_file)

    def log(self, name: str) -> Path:
        """The log file of a service."""
        return self.logs / f"{name}.log"

    def rotate_log(self, name: str) -> None:
        """Put a log that has grown large aside, as `<name>.log.1`, over the one put aside before."""
        log = self.log(name)
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > _LOG_LIMIT:
                log.replace(log.with_name(f"{log.name}.1"))

    def say_ready(self, worker: str) -> None:
        """Called by a worker once it serves: writes its pid into `run/<worker>.ready`. Without a home, nothing happens."""
        file = self.ready_file(worker)
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            temporary.write_text(f"{os.getpid()}\n", "ascii")
            temporary.replace(file)

    def ready_file(self, worker: str) -> Path:
        """Where a worker says that it is ready. The supervisor removes it before each start of the worker."""
        return self.run / f"{worker}.ready"

    @property
    def _marker(self) -> Path:
        return self.path / "format"

    @property
    def _lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def _state_file(self) -> Path:
        return self.run / "stack.json"

    @property
    def _ports_file(self) -> Path:
        return self.path / "ports.json"


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
