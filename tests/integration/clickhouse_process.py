"""An embedded ClickHouse of a test's own, to be stopped and killed at will."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from earwitness.embedded import ports
from earwitness.embedded.clickhouse import clickhouse_service
from earwitness.embedded.process import launch
from earwitness.runtime.settings import Secret

PASSWORDS = {user: Secret(f"the {user}'s <password> & more") for user in ("admin", "sink", "analyst")}


class ClickHouse:
    """One data directory and the process that serves it."""

    def __init__(self, directory: Path, registry_url: str = "http://127.0.0.1:1") -> None:
        self.directory = directory
        self.port = ports.assign(["clickhouse"], {})["clickhouse"]
        self.registry_url = registry_url
        self.process: subprocess.Popen[bytes] | None = None
        self.service = clickhouse_service(directory, self.port, PASSWORDS, registry_url, directory.parent / "log")

    def start(self) -> float:
        """Start the process; returns the seconds until it served."""
        began = time.monotonic()
        service = self.service
        self.process = launch(service.argv, service.environment, service.directory, service.log)
        while not service.ready():
            assert self.process.poll() is None, f"ClickHouse ended:\n{self.log()}"
            assert time.monotonic() - began < 60, f"ClickHouse is not ready:\n{self.log()}"
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> tuple[int, float]:
        """SIGTERM; returns the exit code and how long it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(self.service.stop_seconds), time.monotonic() - began

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def log(self) -> str:
        return self.service.log.read_text()

    def request(self, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

    @contextlib.contextmanager
    def client(self, user: str, password: str | None = None) -> Iterator[Client]:
        secret = PASSWORDS[user].reveal() if password is None else password
        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=user, password=secret, autogenerate_session_id=False
        )
        with contextlib.closing(client):
            yield client

    def make(self, statements: Sequence[str]) -> None:
        with self.client("admin") as admin:
            for statement in statements:
                admin.command(statement)

    def rows(self, user: str, sql: str, settings: dict[str, object] | None = None) -> list[tuple[object, ...]]:
        with self.client(user) as client:
            return [tuple(row) for row in client.query(sql, settings=settings).result_rows]

    def refusal(self, user: str, sql: str, settings: dict[str, object] | None = None) -> int:
        """The error code with which a statement is refused; 0 when it is not."""
        try:
            with self.client(user) as client:
                client.raw_query(sql, settings=settings)
        except ClickHouseError as error:
            if error.code is None:
                raise
            return int(error.code)
        return 0

    def files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.directory / "etc"):
            yield from (Path(folder) / name for name in names)
