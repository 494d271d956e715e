"""The schema catalogue over HTTP, as ClickHouse asks for it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from earwitness.embedded.catalogue_server import CatalogueServer, catalogue_service

TEXTS = {7: '{"type":"record","name":"Größe","fields":[]}'}


@pytest.fixture
def port() -> Iterator[int]:
    with CatalogueServer(0, TEXTS.__getitem__) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_schema_is_answered_by_its_id(port):
    for path in ("/schemas/ids/7", "/schemas/ids/7?fetchMaxId=false"):
        status, body = ask(port, path)
        assert status == 200
        assert json.loads(body) == {"schema": TEXTS[7]}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/schemas/ids/8", 40403),
        ("/schemas/ids/9999999999", 40403),
        ("/schemas/ids/99999999999", 404),
        ("/schemas/ids/-1", 404),
        ("/schemas/ids/7/versions", 404),
        ("/schemas/ids/%37", 404),
        ("/subjects", 404),
        ("/", 404),
    ],
)
def test_anything_else_is_not_found_in_the_registry_s_words(port, path, code):
    status, body = ask(port, path)
    assert status == 404
    assert json.loads(body)["error_code"] == code


def test_nothing_can_be_written(port):
    for method in ("POST", "PUT", "DELETE"):
        assert ask(port, "/schemas/ids/7", method)[0] == 501
    assert ask(port, "/schemas/ids/7")[0] == 200


def test_idle_connections_do_not_keep_others_from_an_answer(port):
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(15)]
    try:
        assert ask(port, "/health")[0] == 200
    finally:
        for connection in idle:
            connection.close()


def test_the_service_names_its_port_and_says_when_it_does_not_serve(tmp_path, port):
    assert catalogue_service(port, tmp_path / "log", tmp_path).ready()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = catalogue_service(unused.getsockname()[1], tmp_path / "log", tmp_path)
        assert dead.argv[-2:] == ["--port", str(unused.getsockname()[1])]
        assert not dead.ready()
