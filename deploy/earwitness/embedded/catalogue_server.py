"""The process that serves the schema catalogue: `python -m earwitness.embedded.catalogue_server --port N`.

ClickHouse asks for the Avro schema of an id as it would ask a schema registry (Confluent's API):
`GET /schemas/ids/N` answers `{"schema": "…"}`. Read-only, on the loopback interface, bounded in threads and time.

With a registry of the user's configured (`EARWITNESS_REGISTRY_…`), ids are the registry's: it is asked for them here, so
that its password does not have to go to ClickHouse, and what it said holds while it is away.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import signal
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from earwitness.embedded.ports import HOST
from earwitness.embedded.service import Service
from earwitness.runtime.settings import Settings
from earwitness.schemas.errors import RegistryAwayError, SchemaError

__all__ = ["CatalogueServer", "catalogue_service", "main"]

Lookup = Callable[[int], str]

_ID = re.compile(r"/schemas/ids/([0-9]{1,10})(?:\?.*)?")
_THREADS = 16
_NOT_FOUND, _SCHEMA_NOT_FOUND, _AWAY = 404, 40403, 50302  # Confluent's error codes


class CatalogueServer(ThreadingHTTPServer):
    """Answers from `lookup`, which gives the text of a schema or raises KeyError or RegistryAwayError."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, lookup: Lookup) -> None:
        self.lookup = lookup
        self._slots = threading.BoundedSemaphore(_THREADS)
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's search for the host's name, which can wait for a name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take no further connection before one of the threads is free."""
        self._slots.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()


class _Handler(BaseHTTPRequestHandler):
    """One request a connection; its line and headers are bounded by the base class, its waits by `timeout`."""

    server: CatalogueServer
    timeout = 5.0
    server_version, sys_version = "earwitness", ""

    def do_GET(self) -> None:
        """Answer `/health` and `/schemas/ids/N`."""
        if self.path == "/health":
            self._answer(HTTPStatus.OK, {"status": "ok"})
        elif (match := _ID.fullmatch(self.path)) is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error_code": _NOT_FOUND, "message": "HTTP 404 Not Found"})
        else:
            try:
                text = self.server.lookup(int(match[1]))
            except (KeyError, SchemaError):
                message = f"Schema {match[1]} not found"
                self._answer(HTTPStatus.NOT_FOUND, {"error_code": _SCHEMA_NOT_FOUND, "message": message})
            except RegistryAwayError as error:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error_code": _AWAY, "message": str(error)})
            else:
                self._answer(HTTPStatus.OK, {"schema": text})

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log what was not answered with success only: the rest is every start's routine."""
        if code != HTTPStatus.OK:
            super().log_request(code, size)

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def catalogue_service(port: int, log: Path, directory: Path, registry: Mapping[str, str] | None = None) -> Service:
    """How to run the server on `port` of 127.0.0.1, with `directory` as its working directory.

    Args:
        port: its own.
        log: what its output is appended to.
        directory: of its start.
        registry: the `EARWITNESS_REGISTRY_…` variables, if the user has a registry.
    """
    return Service(
        name="catalogue",
        argv=[sys.executable, "-m", "earwitness.embedded.catalogue_server", "--port", str(port)],
        environment={"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **(registry or {})},
        directory=directory,
        log=log,
        ports=(port,),
        ready=lambda: _healthy(port),
        stop_seconds=5.0,
    )


def main(argv: list[str] | None = None) -> int:
    """Serve the catalogue until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="catalogue_server", description="Serve the schema catalogue on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args(argv).port

    from earwitness.schemas import catalogue
    from earwitness.schemas.wire import wire_ids

    catalogue.schemas()  # a catalogue that does not agree with itself stops the start, not the first question
    ids = wire_ids(Settings.load().registry)
    with CatalogueServer(port, lambda wire_id: ids.schema_of(wire_id).text) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            # `shutdown` waits for the loop that this very thread runs.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
    return 0


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2.0)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    sys.exit(main())
