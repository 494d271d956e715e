"""The directory that holds everything of one embedded stack, and the lock that keeps two supervisors out of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import msgspec

from earwitness.embedded.files import cannot_write, owner_name, replace_file
from earwitness.embedded.process import ProcessId
from earwitness.embedded.state import StackState, read
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["FORMAT", "Home"]

FORMAT = 2
"""Of the directory: `upgrades` says how one of an earlier format becomes one of this."""

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
            UsageError: the path holds something else, a home that a newer version made, or another user's.
            EarwitnessError: it cannot be written.
        """
        made_by = self.check()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The marker comes first: a home whose making was cut off is a home all the same.
            if made_by is None:
                self.write_format(FORMAT)
            elif self._marker.stat().st_uid != os.geteuid():
                raise UsageError(f"{self.path} belongs to user {owner_name(self._marker)}; run this as that user")
            for directory in (self.path, self.secrets, self.broker, self.clickhouse, self.logs, self.run):
                directory.mkdir(mode=0o700, exist_ok=True)
                directory.chmod(0o700)
        except OSError as error:
            raise cannot_write(error, self.path) from error

    def check(self) -> int | None:
        """The format of the home, None where nothing is yet; refuse what is no home, or one of a newer version.

        Raises:
            UsageError: see `create`.
        """
        try:
            text = self._marker.read_text("ascii")
            if not text.strip() and self._only_marker():
                return None  # cut off while it was being made
            made_by = int(text)
        except (FileNotFoundError, NotADirectoryError):
            self._refuse_strange()
            return None
        except OSError as error:
            raise UsageError(f"cannot read {self._marker}: {error.strerror}; give another --home") from error
        except ValueError:
            raise UsageError(
                f"{self._marker} does not hold the number of a format; if this is a home of yours, put {FORMAT} into it"
            ) from None
        if made_by > FORMAT:
            raise UsageError(
                f"{self.path} was made by a newer earwitness (format {made_by}, this one knows {FORMAT}); "
                "upgrade earwitness, or give another --home",
            )
        return made_by

    def exists(self) -> bool:
        """Says whether there is a home, of whatever version."""
        return self._marker.exists()

    def write_format(self, number: int) -> None:
        """Stamp the home as one of this format.

        Raises:
            EarwitnessError: it cannot be written.
        """
        try:
            replace_file(self._marker, f"{number}\n".encode("ascii"))
        except OSError as error:
            raise cannot_write(error, self.path) from error

    @contextlib.contextmanager
    def lock(self, seconds: float = 1.0) -> Iterator[ProcessId]:
        """Keep this home for this process as long as the block runs; the system releases it when the process dies.

        Yields this process, as `owner` names it to others.

        Raises:
            UsageError: another supervisor still holds it after `seconds`.
        """
        # Waiting a little, because `locked` takes the lock for a moment too.
        deadline = time.monotonic() + seconds
        with self._opened_lock() as file:
            while not _flock(file.fileno(), fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise UsageError(
                        f"another supervisor runs on {self.path}; see: earwitness status --home {self.path}"
                    )
                time.sleep(0.02)
            holder = ProcessId.of(os.getpid()) or ProcessId(os.getpid(), time.time())
            try:
                file.truncate(0)
                file.write(msgspec.json.encode(holder))
            except OSError as error:
                raise cannot_write(error, self._lock_file) from error
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
        return read(self.state_file)

    def write_state(self, state: StackState) -> None:
        """Replace the written state; only the supervisor that holds the lock may."""
        replace_file(self.state_file, msgspec.json.encode(state))

    def read_ports(self) -> dict[str, int]:
        """The ports of the last start, by name; empty before the first, or when the file is damaged."""
        try:
            return msgspec.json.decode(self._ports_file.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.DecodeError):
            return {}

    def write_ports(self, ports: dict[str, int]) -> None:
        """Remember ports for the next start."""
        replace_file(self._ports_file, msgspec.json.encode(ports))

    def forget_ports(self) -> None:
        """Let the next start choose others."""
        self._ports_file.unlink(missing_ok=True)

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
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            replace_file(self.ready_file(worker), f"{os.getpid()}\n".encode("ascii"))

    def ready_file(self, worker: str) -> Path:
        """Where a worker says that it is ready. The supervisor removes it before each start of the worker."""
        return self.run / f"{worker}.ready"

    @property
    def state_file(self) -> Path:
        """What the last supervisor wrote about the stack."""
        return self.run / "stack.json"

    def _only_marker(self) -> bool:
        return all(path.name.lstrip(".").startswith(self._marker.name) for path in self.path.iterdir())

    def _refuse_strange(self) -> None:
        try:
            strange = self.path.exists() and (not self.path.is_dir() or not self._only_marker())
        except OSError as error:
            raise UsageError(f"cannot look into {self.path}: {error.strerror}; give another --home") from error
        if strange:
            raise UsageError(f"{self.path} is no home of earwitness and not empty; give a new or an empty directory")

    def _opened_lock(self) -> FileIO:
        try:
            return FileIO(self._lock_file, "a+")
        except OSError as error:
            raise cannot_write(error, self._lock_file) from error

    @property
    def _marker(self) -> Path:
        return self.path / "format"

    @property
    def _lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def _ports_file(self) -> Path:
        return self.path / "ports.json"


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
