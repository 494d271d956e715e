"""The registry client against a local server that says whatever a test wants, at whatever pace."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import RegistrySettings, Secret, Settings
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import (
    IncompatibleError,
    NotRegisteredError,
    RegistryAwayError,
    SchemaError,
    UnknownSchemaError,
)
from earwitness.schemas.registry import Registry, subject_of
from earwitness.schemas.registry_cache import RegistryCache
from earwitness.schemas.registry_ids import RegistryIds
from earwitness.schemas.wire import CONTENT_IDS, wire_ids

STARTED = catalogue.raw("call.started")
ENDED = catalogue.raw("call.ended")

Reply = Callable[[str, str, bytes], bytes]


def reply(status: int, body: object, **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Length: {len(data)}",
        *(f"{key}: {value}" for key, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


@dataclass
class Server:
    """Answers each request with what `say` gives, `pause` seconds between its bytes."""

    say: Reply
    pause: float = 0.0
    tls: ssl.SSLContext | None = None
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "http" if self.tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}/api"
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                channel, _ = self.listener.accept()
            except OSError:
                return
            try:
                with channel if self.tls is None else self.tls.wrap_socket(channel, server_side=True) as talking:
                    self._answer(talking)
            except OSError:
                continue

    def _answer(self, channel: socket.socket) -> None:
        channel.settimeout(5)
        data = b""
        while b"\r\n\r\n" not in data:
            more = channel.recv(65_536)
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(each[15:]) for each in head.split(b"\r\n") if each.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += channel.recv(65_536)
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append((method, path, head))
        answer = self.say(method, path, body)
        if not self.pause:
            channel.sendall(answer)
            return
        for byte in answer:
            if self.closing.wait(self.pause):
                return
            channel.sendall(bytes([byte]))


@dataclass
class World:
    """A registry that has what it was given: a well-behaved one, until a test replaces `say`."""

    schemas: dict[int, str]

    def __call__(self, method: str, path: str, body: bytes) -> bytes:
        if method == "GET":
            wire_id = int(path.rsplit("/", 1)[1])
            if wire_id not in self.schemas:
                return reply(404, {"error_code": 40403, "message": "no"})
            return reply(200, {"schema": self.schemas[wire_id], "schemaType": "AVRO", "references": []})
        asked = json.loads(json.loads(body)["schema"])
        for wire_id, text in self.schemas.items():
            if json.loads(text) == asked:
                return reply(200, {"id": wire_id, "version": 1})
        return reply(404, {"error_code": 40401, "message": "no"})


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(say: Reply, pause: float = 0.0) -> Server:
        servers.append(Server(say, pause))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def settings(server: Server, cache: Path) -> RegistrySettings:
    return RegistrySettings(server.url, cache)


def client(server: Server, tmp_path: Path, seconds: float = 2.0) -> Registry:
    return Registry(settings(server, tmp_path), seconds)


def ids(server: Server, cache: Path) -> RegistryIds:
    return RegistryIds(Registry(settings(server, cache), 2.0), RegistryCache(cache, server.url))


def away(server: Server, tmp_path: Path, seconds: float = 2.0) -> str:
    with pytest.raises(RegistryAwayError) as caught:
        client(server, tmp_path, seconds).schema(7)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What a registry may answer


def test_looks_up_registers_and_fetches(serve: Callable[..., Server], tmp_path: Path) -> None:
    def say(method: str, path: str, body: bytes) -> bytes:
        assert path in {
            "/api/subjects/earwitness.raw.call.CallStarted",
            "/api/subjects/earwitness.raw.call.CallStarted/versions",
            "/api/schemas/ids/7",
        }
        return reply(200, {"id": 7} if method == "POST" else {"schema": STARTED.text})

    registry = client(serve(say), tmp_path)
    assert subject_of(STARTED) == "earwitness.raw.call.CallStarted"
    assert registry.lookup(STARTED) == registry.register(STARTED) == 7
    assert registry.schema(7) == STARTED.text


def test_an_unknown_id_is_unknown_only_when_the_registry_says_so(serve: Callable[..., Server], tmp_path: Path) -> None:
    says_so = serve(lambda *_: reply(404, {"error_code": 40403, "message": "Schema not found"}))
    with pytest.raises(UnknownSchemaError, match="no schema has the id 7"):
        client(says_so, tmp_path).schema(7)
    # A wrong address gives 404 for everything, and would make every record a dead letter.
    assert "root of its Confluent API" in away(serve(lambda *_: reply(404, b"")), tmp_path)
    assert "root of its Confluent API" in away(serve(lambda *_: reply(404, {"error_code": 404})), tmp_path)


def test_what_is_not_registered_says_how_to_register_it(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(lambda *_: reply(404, {"error_code": 40401, "message": "Subject not found"}))
    with pytest.raises(NotRegisteredError, match="run: earwitness schemas register"):
        client(server, tmp_path).lookup(STARTED)


@pytest.mark.parametrize("status", [409, 422])
def test_a_refused_version_is_told_in_one_line(serve: Callable[..., Server], tmp_path: Path, status: int) -> None:
    server = serve(lambda *_: reply(status, {"message": "reader\nneeds\x1b[31m a default " + "x" * 5_000}))
    with pytest.raises(IncompatibleError) as caught:
        client(server, tmp_path).register(STARTED)
    assert "reader needs" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(401, {}), "refuses the login"),
        (reply(403, b"<html>"), "refuses the login"),
        (reply(302, b"", Location="http://127.0.0.1:1/"), "not followed"),
        (reply(500, b"oops"), "HTTP 500"),
        (reply(503, {"schema": STARTED.text}), "HTTP 503"),
        (reply(429, b""), "HTTP 429"),
        (reply(200, b"<html>hello</html>"), "not the JSON"),
        (reply(200, b"[" * 200_000), "not the JSON"),
        (reply(200, b"\xff\xfe{"), "not the JSON"),
        (reply(200, [1]), "not the JSON"),
        (reply(200, {"id": 1}), "not the JSON"),
        (reply(200, {"schema": 5}), "no Avro schema"),
        (reply(200, {"schema": None}), "no Avro schema"),
        (reply(200, {"schema": "message A {}", "schemaType": "PROTOBUF"}), "no Avro schema"),
        (reply(200, {"schema": STARTED.text, "references": [{"name": "x"}]}), "no Avro schema"),
        (reply(200, {"schema": "x" * (1 << 20)}), "more than 1048576 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n{}", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "does not answer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_nonsense_counts_as_away(serve: Callable[..., Server], tmp_path: Path, answer: bytes, told: str) -> None:
    assert told in away(serve(lambda *_: answer), tmp_path)


@pytest.mark.parametrize("wire_id", [0, -1, 2**31, "7", True, None, 1.5])
def test_an_id_that_cannot_be_one_is_refused(serve: Callable[..., Server], tmp_path: Path, wire_id: object) -> None:
    with pytest.raises(RegistryAwayError, match="id that cannot be one"):
        client(serve(lambda *_: reply(200, {"id": wire_id})), tmp_path).lookup(STARTED)


def test_a_trickle_is_cut_off_in_time(serve: Callable[..., Server], tmp_path: Path) -> None:
    for answer in (reply(200, {"schema": STARTED.text}), b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000):
        server = serve(lambda *_, answer=answer: answer, 0.05)
        began = time.monotonic()
        assert "within 0.5 s" in away(server, tmp_path, 0.5)
        assert time.monotonic() - began < 2.0


def test_nobody_there(tmp_path: Path) -> None:
    registry = Registry(RegistrySettings("http://127.0.0.1:1", tmp_path), 2.0)
    with pytest.raises(RegistryAwayError, match="refused"):
        registry.schema(7)


def test_plain_text_behind_https_is_no_safe_connection(serve: Callable[..., Server], tmp_path: Path) -> None:
    url = serve(lambda *_: b"").url.replace("http://", "https://")
    with pytest.raises(RegistryAwayError, match="registry at https://"):
        Registry(RegistrySettings(url, tmp_path), 1.0).schema(7)


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(World({7: STARTED.text}), tls=context)
    try:
        assert Registry(RegistrySettings(server.url, tmp_path, ca_file=certificate), 5.0).schema(7) == STARTED.text
        with pytest.raises(RegistryAwayError, match="no safe connection"):
            Registry(RegistrySettings(server.url, tmp_path), 5.0).schema(7)
    finally:
        server.close()


def _certificate(directory: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "registry")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = directory / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_logs_in_and_never_shows_how(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(lambda *_: reply(401, {}))
    given = RegistrySettings(server.url, tmp_path, user="ann", password=Secret("s3cret pass"))
    with pytest.raises(RegistryAwayError) as caught:
        Registry(given, 2.0).schema(7)
    assert base64.b64encode(b"ann:s3cret pass") in server.asked[0][2]
    assert "s3cret" not in str(caught.value) + repr(given)


# Ids


def test_ids_are_asked_for_once(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(World({5: STARTED.text, 9: ENDED.text}))
    found = ids(server, tmp_path)
    for _ in range(3):
        assert found.id_of(STARTED) == 5
        assert found.prefix_of(ENDED) == b"\0\0\0\0\x09"
        assert found.schema_of(5) is STARTED
    assert len(server.asked) == 4


def test_what_was_said_holds_while_the_registry_is_away(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(World({5: STARTED.text}))
    assert ids(server, tmp_path).id_of(STARTED) == 5
    server.say = lambda *_: reply(503, b"")
    again = ids(server, tmp_path)
    assert again.id_of(STARTED) == 5
    assert again.schema_of(5) is STARTED
    with pytest.raises(RegistryAwayError):
        again.id_of(ENDED)
    with pytest.raises(RegistryAwayError):
        again.schema_of(6)
    server.say = World({5: STARTED.text, 6: ENDED.text})
    assert again.id_of(ENDED) == 6


def test_a_registry_that_was_set_up_anew_is_believed(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(World({5: STARTED.text, 6: ENDED.text}))
    assert ids(server, tmp_path).id_of(STARTED) == 5
    assert ids(server, tmp_path).id_of(ENDED) == 6
    server.say = World({6: STARTED.text})
    assert ids(server, tmp_path).id_of(STARTED) == 6
    server.say = lambda *_: b""
    assert ids(server, tmp_path).id_of(STARTED) == 6, "what it said last"


def test_a_registry_that_lost_a_schema_is_believed(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(World({5: STARTED.text}))
    assert ids(server, tmp_path).id_of(STARTED) == 5
    server.say = World({})
    with pytest.raises(NotRegisteredError):
        ids(server, tmp_path).id_of(STARTED)


def test_a_wrong_schema_behind_an_id_is_refused(serve: Callable[..., Server], tmp_path: Path) -> None:
    def say(method: str, path: str, body: bytes) -> bytes:
        return reply(200, {"id": 5} if method == "POST" else {"schema": ENDED.text})

    with pytest.raises(RegistryAwayError, match="another schema for that id"):
        ids(serve(say), tmp_path).id_of(STARTED)


def test_keys_in_another_order_are_the_same_schema(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(World({5: json.dumps(STARTED.definition, sort_keys=True, indent=1)}))
    found = ids(server, tmp_path)
    assert found.id_of(STARTED) == 5
    assert ids(server, tmp_path).schema_of(5) is STARTED


def test_a_new_version_is_read_from_the_registry(serve: Callable[..., Server], tmp_path: Path) -> None:
    definition = json.loads(STARTED.text)
    definition["fields"].insert(
        -1, {"name": "shift", "type": ["null", "string"], "default": None, "pii": "none", "doc": "Which shift."}
    )
    text = json.dumps(definition)
    masked = catalogue.masked_of(catalogue.read(text))
    found = ids(serve(World({5: text, 6: masked.text})), tmp_path)
    schema = found.schema_of(5)
    assert (schema.stage, schema.kind, schema.fields[-2]["name"]) == ("raw", "call.started", "shift")
    assert found.id_of(catalogue.masked_of(schema)) == 6
    assert found.schema_of(6).id == masked.id, "the sink knows by its content whether the tables can hold it"


@pytest.mark.parametrize("text", ['"string"', "{", '{"type":"record","name":"A","fields":[]}', "[" * 100_000])
def test_somebody_elses_schema_is_none_of_ours(serve: Callable[..., Server], tmp_path: Path, text: str) -> None:
    with pytest.raises(SchemaError, match="schema 5 of the registry"):
        ids(serve(World({5: text})), tmp_path).schema_of(5)


def test_what_was_written_before_there_was_a_registry_is_read(serve: Callable[..., Server], tmp_path: Path) -> None:
    found = ids(serve(World({5: STARTED.text})), tmp_path)
    for schema in catalogue.schemas():
        assert found.schema_of(schema.id) is schema


# The disk


def kept(cache: Path) -> Path:
    (file,) = cache.glob("*/*.json")
    return file


def test_only_its_owner_may_read_the_cache(serve: Callable[..., Server], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = os.umask(0)
    try:
        ids(serve(World({5: STARTED.text})), cache).id_of(STARTED)
    finally:
        os.umask(before)
    assert stat.S_IMODE(kept(cache).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(cache).parent.stat().st_mode) == 0o700
    assert len(list(kept(cache).parent.iterdir())) == 1, "nothing half written is left"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"CallStarted", b"CallStopped"),
        lambda data: data.replace(b'"id": 5', b'"id": 6'),
        lambda data: data + b" " * (3 << 20),
        *(
            lambda _, damaged=damaged: damaged
            for damaged in (b"", b"[]", b"null", b"[" * 100_000, b"\xff" * 100, b'{"id":5,"schema":7,"sha256":"x"}')
        ),
    ],
)
def test_a_damaged_file_is_none_and_is_replaced(
    serve: Callable[..., Server], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    server = serve(World({5: STARTED.text}))
    ids(server, tmp_path).id_of(STARTED)
    file = kept(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    server.say = lambda *_: b""
    with pytest.raises(RegistryAwayError):
        ids(server, tmp_path).id_of(STARTED)
    with pytest.raises(RegistryAwayError):
        ids(server, tmp_path).schema_of(5)
    server.say = World({5: STARTED.text})
    ids(server, tmp_path).id_of(STARTED)
    assert file.read_bytes() == whole


def test_a_cache_that_others_may_write_is_not_used(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(World({5: STARTED.text}))
    ids(server, tmp_path).id_of(STARTED)
    kept(tmp_path).parent.chmod(0o777)
    server.say = lambda *_: b""
    with pytest.raises(RegistryAwayError):
        ids(server, tmp_path).id_of(STARTED)


def test_without_a_disk_it_works_all_the_same(
    serve: Callable[..., Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    server = serve(World({5: STARTED.text, 6: ENDED.text}))
    found = ids(server, tmp_path / "file")
    assert found.id_of(STARTED) == 5
    assert found.id_of(ENDED) == 6
    assert [record.getMessage().count("not kept") for record in caplog.records] == [1], "told once"


def test_registries_do_not_share_what_they_said(serve: Callable[..., Server], tmp_path: Path) -> None:
    one, other = serve(World({5: STARTED.text})), serve(lambda *_: b"")
    ids(one, tmp_path).id_of(STARTED)
    with pytest.raises(RegistryAwayError):
        ids(other, tmp_path).id_of(STARTED)


# Settings and what follows from them


def test_settings_give_the_ids(serve: Callable[..., Server], tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("pw\n")
    password.chmod(0o600)
    given = Settings.load(
        {
            "EARWITNESS_REGISTRY_URL": serve(World({5: STARTED.text})).url,
            "EARWITNESS_REGISTRY_USER": "ann",
            "EARWITNESS_REGISTRY_PASSWORD_FILE": str(password),
            "EARWITNESS_REGISTRY_CACHE": str(tmp_path / "cache"),
        }
    )
    assert given.clickhouse_registry_url is None, "its password would stand in ClickHouse's query log"
    found = wire_ids(given.registry)
    message = codec.encode(STARTED, _record(), wire_ids=found)
    assert message[:5] == b"\0\0\0\0\5"
    assert codec.decode(message, found) == codec.decode(codec.encode(STARTED, _record()))
    assert wire_ids(None) is CONTENT_IDS


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"EARWITNESS_REGISTRY_URL": "registry:8081"}, "must start with http"),
        ({"EARWITNESS_REGISTRY_URL": "http://ann:pw@registry"}, "settings of their own"),
        ({"EARWITNESS_REGISTRY_URL": "http://registry", "EARWITNESS_REGISTRY_USER": "ann"}, "go together"),
    ],
)
def test_wrong_settings_stop_the_start(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        Settings.load(environ)
    assert "pw" not in str(caught.value)


def test_wrong_addresses_and_certificates_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="REGISTRY_URL"):
        Registry(RegistrySettings("http://registry:port", tmp_path))
    with pytest.raises(SettingsError, match="REGISTRY_CA_FILE"):
        Registry(RegistrySettings("https://registry", tmp_path, ca_file=tmp_path / "none.pem"))


def test_no_http_library_without_a_registry() -> None:
    code = "import sys, earwitness.schemas.codec; sys.exit(any(name in sys.modules for name in ('http.client', 'ssl')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _record() -> dict[str, object]:
    record: dict[str, object] = {field["name"]: field.get("default") for field in STARTED.fields}
    return record | {
        "event_id": "01900000-0000-7000-8000-000000000000",
        "occurred_at": 1,
        "severity": "INFO",
        "service": "ivr",
        "environment": "dev",
        "producer_id": "p",
        "sequence": 1,
        "tenant": "default",
        "replayed": False,
        "to_number": "+1",
        "direction": "inbound",
        "language": "en",
        "attributes": {},
    }
