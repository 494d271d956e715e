"""Apache Kafka's jars: fetched once from Maven Central, held against the lock file, then used without a network.

`kafka.lock` names every jar and its sha256. A jar is hashed before it is first used and again whenever its size or
time of change differs from what was noted; what does not match, or is not in the lock, is never loaded. jgo fetches
in pure Python (its resolver that calls `mvn` is not used), into a directory of our own instead of `~/.m2`.

`python -m earwitness.embedded.jars --lock` resolves the coordinates anew and rewrites the lock file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earwitness.runtime.errors import EarwitnessError, UnavailableError, UsageError

__all__ = ["Jar", "default_cache", "read_lock", "resolve"]

KAFKA_VERSION = "4.3.1"
LOCK = Path(__file__).with_name("kafka.lock")

# slf4j-simple is what Kafka logs through: without a binding a broker that cannot start says nothing at all.
_ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}",
    "org.slf4j:slf4j-simple:1.7.36",
)
_FETCHERS = 4
_TIMEOUT_SECONDS = 30
_PARTS = (3, 4)  # group:artifact:version[:classifier]

Progress = Callable[[str], None]
_Stamp = tuple[str, int, int]  # sha256, bytes, time of change in ns


@dataclass(frozen=True)
class Jar:
    """One line of the lock file: `group:artifact:version[:classifier]` and the file's sha256."""

    coordinate: str
    sha256: str

    @property
    def filename(self) -> str:
        """Its name in the cache, as in a Maven repository."""
        return "-".join(self.coordinate.split(":")[1:]) + ".jar"

    @property
    def maven(self) -> str:
        """The coordinate in Maven's own order, where a classifier stands behind the packaging."""
        group, artifact, version, *classifier = self.coordinate.split(":")
        return f"{group}:{artifact}:jar:{classifier[0]}:{version}" if classifier else self.coordinate


def default_cache() -> Path:
    """Where the jars are kept for all embedded stacks of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "earwitness" / f"kafka-{KAFKA_VERSION}"


def read_lock(file: Path = LOCK) -> tuple[Jar, ...]:
    """The jars of the lock file, in its order, which is the order of the class path.

    Raises:
        EarwitnessError: a line is not `coordinate sha256`, or two jars have one name.
    """
    jars: dict[str, Jar] = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        coordinate, _, digest = line.partition(" ")
        jar = Jar(coordinate, digest)
        if len(coordinate.split(":")) not in _PARTS or len(digest) != 64 or jar.filename in jars:
            raise EarwitnessError(f"{file}:{number} is no line of a lock file; install earwitness again")
        jars[jar.filename] = jar
    return tuple(jars.values())


def resolve(cache: Path, progress: Progress, *, lock: Sequence[Jar] | None = None) -> list[Path]:
    """The verified jars, in the order of the lock; those that are missing are fetched into `cache` first.

    Any number of processes may call this at once: one fetches, the others wait for it.

    Args:
        cache: directory of our own, made when it is missing.
        progress: is given one line each time something noteworthy happened; never called when nothing is to be done.
        lock: the jars wanted; by default those of the committed lock file.

    Raises:
        UnavailableError: a jar could not be fetched; trying again may help.
        EarwitnessError: a jar is not the locked one, or the directory holds one that is not in the lock.
    """
    jars = read_lock() if lock is None else tuple(lock)
    directory = cache / "jars"
    known = _noted(cache)
    if not all(_is_known(directory / jar.filename, jar, known) for jar in jars):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone(cache, progress):
                _complete(cache, jars, progress)
        except OSError as error:
            raise EarwitnessError(f"cannot keep Kafka's jars in {cache}: {error.strerror}; free or allow it") from error
    _refuse_strangers(directory, jars)
    return [directory / jar.filename for jar in jars]


def _complete(cache: Path, jars: Sequence[Jar], progress: Progress) -> None:
    directory = cache / "jars"
    known = _noted(cache)  # again: whoever held the lock before us may have done the work
    missing = [jar for jar in jars if not (directory / jar.filename).exists()]
    for jar in jars:
        path = directory / jar.filename
        if jar not in missing and not _is_known(path, jar, known):
            _verify(path, jar)
    if missing:
        _fetch(cache, missing, len(jars), progress)
    stamps = {jar.filename: _stamp(directory / jar.filename, jar) for jar in jars}
    note = cache / "verified.json.new"
    note.write_text(json.dumps(stamps), "utf-8")
    note.replace(cache / "verified.json")


def _fetch(cache: Path, missing: Sequence[Jar], total: int, progress: Progress) -> None:
    incoming = cache / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)  # what a killed run left half written
    fetch = _fetcher(incoming)
    arrived, size = total - len(missing), 0
    progress(f"fetching Apache Kafka {KAFKA_VERSION}: {len(missing)} of {total} jars, once")

    def one(jar: Jar) -> int:
        path = fetch(jar)
        _verify(path, jar)
        length = path.stat().st_size
        path.replace(cache / "jars" / jar.filename)
        return length

    pool = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="jars")
    try:
        pending = {pool.submit(one, jar) for jar in missing}
        while pending:
            done, pending = wait(pending, timeout=1.0, return_when=FIRST_EXCEPTION)
            for future in done:
                size += future.result()
                arrived += 1
            progress(f"Apache Kafka {KAFKA_VERSION}: {arrived} of {total} jars, {size / 1e6:.0f} MB")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(incoming, ignore_errors=True)


def _fetcher(incoming: Path) -> Callable[[Jar], Path]:
    try:
        from jgo.maven import MavenContext, PythonResolver
        from requests import RequestException
    except ImportError as error:
        raise UsageError("the embedded Kafka needs more packages; run: pip install 'earwitness[embedded]'") from error
    logging.getLogger("jgo").addHandler(logging.NullHandler())  # what it warns of, the sha256 decides
    context = MavenContext(PythonResolver(), repo_cache=incoming, local_repos=[], timeout=_TIMEOUT_SECONDS)

    def fetch(jar: Jar) -> Path:
        try:
            return Path(context.create_dependency(jar.maven).artifact.resolve())
        except (RequestException, RuntimeError) as error:
            raise UnavailableError(
                f"cannot fetch {jar.coordinate} from Maven Central ({type(error).__name__}); check the network "
                "(HTTPS_PROXY is heeded) and run the same command again: what has arrived is kept",
            ) from error

    return fetch


def _verify(path: Path, jar: Jar) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != jar.sha256:
        raise EarwitnessError(
            f"{path} is not the locked {jar.coordinate}: its sha256 is {digest}, not {jar.sha256}; "
            "delete the file and run the same command again",
        )


def _refuse_strangers(directory: Path, jars: Sequence[Jar]) -> None:
    strangers = {path.name for path in directory.glob("*.jar")} - {jar.filename for jar in jars}
    if strangers:
        raise EarwitnessError(f"{directory / min(strangers)} is not in the lock file of Kafka's jars; delete it")


def _stamp(path: Path, jar: Jar) -> _Stamp:
    status = path.stat()
    return jar.sha256, status.st_size, status.st_mtime_ns


def _is_known(path: Path, jar: Jar, known: Mapping[str, _Stamp]) -> bool:
    return path.exists() and known.get(jar.filename) == _stamp(path, jar)


def _noted(cache: Path) -> dict[str, _Stamp]:
    try:
        noted = json.loads((cache / "verified.json").read_bytes())
        return {str(name): (str(stamp[0]), int(stamp[1]), int(stamp[2])) for name, stamp in noted.items()}
    except (OSError, ValueError, AttributeError, IndexError, TypeError):
        return {}  # no note that we can read: everything is hashed again


@contextmanager
def _alone(cache: Path, progress: Progress) -> Iterator[None]:
    with (cache / "lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is fetching Apache Kafka; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_lock(file: Path = LOCK) -> int:
    """Resolve the coordinates at Maven Central and write what it holds now; a person reads the difference."""
    from jgo.maven import MavenContext, PythonResolver

    with tempfile.TemporaryDirectory() as directory:
        context = MavenContext(PythonResolver(), repo_cache=Path(directory), local_repos=[], timeout=_TIMEOUT_SECONDS)
        inputs, transitive = context.resolver.resolve([context.create_dependency(root) for root in _ROOTS])
        lines = []
        for dependency in [*inputs, *transitive]:
            parts = [dependency.groupId, dependency.artifactId, dependency.version, dependency.classifier]
            digest = hashlib.sha256(Path(dependency.artifact.resolve()).read_bytes()).hexdigest()
            lines.append(":".join(filter(None, parts)) + " " + digest)
    file.write_text("\n".join(sorted(lines)) + "\n", "ascii")
    return len(lines)


if __name__ == "__main__":
    if sys.argv[1:] != ["--lock"]:
        sys.exit("usage: python -m earwitness.embedded.jars --lock")
    sys.stderr.write(f"{LOCK.name}: {_write_lock()} jars\n")
