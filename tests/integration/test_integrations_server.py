"""Signed webhooks through a real proxy to real servers: uvicorn with FastAPI, werkzeug with Flask."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from flask import Flask
from flask import request as flask_request
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from earwitness.client.testing import CapturedAudit
from earwitness.integrations.fastapi import AuditASGI, TwilioWebhook
from earwitness.integrations.flask import init_app, webhook
from earwitness.integrations.twilio import Signatures, SignedWith, call_started

BASE, TOKEN, CALLER = "https://line.example", "12345", "+12025550142"
PATH = "/voice?stage=a%20b&turn=1"


def form_of(number: int = 1) -> list[tuple[str, str]]:
    return [
        ("CallSid", f"CA{number:032x}"),
        ("From", CALLER),
        ("Direction", "inbound"),
        ("SipHeader_X", "zwei"),
        ("SipHeader_X", "eins"),
        ("SipHeader_X", "eins"),
        ("Empty", ""),
        ("SpeechResult", "María & 100 % sí"),
    ]


def signed(path: str, pairs: list[tuple[str, str]], base: str = BASE) -> dict[str, str]:
    signature = RequestValidator(TOKEN).compute_signature(base + path, MultiDict(pairs))
    return {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}


def fastapi_app(audit: CapturedAudit, public_base_url: str | None) -> FastAPI:
    app = FastAPI(lifespan=audit.lifespan())
    app.add_middleware(AuditASGI, audit=audit, signatures=Signatures(SignedWith(TOKEN), public_base_url))

    @app.post("/voice")
    def voice(found: TwilioWebhook) -> list[tuple[str, str]]:  # in a thread of the pool
        call_started(audit, found, language="es")
        return list(found.pairs)

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    return app


@asynccontextmanager
async def uvicorn_serves(app: FastAPI, **settings: object) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", access_log=False, **settings)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def proxied(port: int, *, keeps_host: bool) -> AsyncIterator[int]:
    """A proxy that ends TLS (which is not played): says so in X-Forwarded-…, and passes Host on or puts its own there."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            with closing(outer):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
                named = {line.partition(":")[0].lower(): line for line in head[1:]}
                host = named["host"].partition(":")[2].strip()
                named |= {"x-forwarded-host": f"X-Forwarded-Host: {host}", "connection": "Connection: close"}
                named |= {"proto": "X-Forwarded-Proto: https", "for": "X-Forwarded-For: 192.0.2.7"}
                if not keeps_host:
                    named["host"] = f"Host: 127.0.0.1:{port}"
                outer.write("\r\n".join([head[0], *named.values(), "", ""]).encode("latin-1"))
                sending = asyncio.create_task(pump(reader, outer))
                await pump(inner, writer)
                sending.cancel()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(7000):
            sink.write(data)
            await sink.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def post(port: int, path: str, content: object, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(verify=False, timeout=30) as http:  # noqa: S501 - no TLS here: spares reading certificates
        url = f"http://127.0.0.1:{port}{path}"
        return await http.post(url, content=content, headers={"Host": "line.example", **headers})


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    """Sent in chunks, without a Content-Length."""
    for start in range(0, len(body), 11):
        yield body[start : start + 11]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("keeps_host", "public_base_url", "server_trusts", "variant"),
    [
        (True, None, True, None),  # uvicorn is told of the scheme, and sees the host itself
        (False, BASE, False, None),
        (True, None, False, "scheme"),
        (False, None, True, "host"),
    ],
)
def test_a_signed_webhook_behind_a_proxy(keeps_host, public_base_url, server_trusts, variant, chunked):
    audit = CapturedAudit()
    body = urlencode(form_of()).encode()

    async def run() -> httpx.Response:
        app = fastapi_app(audit, public_base_url)
        serves = uvicorn_serves(app, proxy_headers=server_trusts, forwarded_allow_ips="127.0.0.1")
        async with serves as port, proxied(port, keeps_host=keeps_host) as proxy:
            return await post(proxy, PATH, pieces(body) if chunked else body, signed(PATH, form_of()))

    answer = asyncio.run(run())
    (event,) = audit.told("security.authentication")
    if variant is None:
        assert (answer.status_code, event.valid, event.reason) == (200, True, None)
        assert [tuple(pair) for pair in answer.json()] == form_of()
        (started,) = audit.told("call.started")
        assert (started.call_sid, started.caller, started.language) == (f"CA{1:032x}", CALLER, "es")
        assert event.source_ip == ("192.0.2.7" if server_trusts else "127.0.0.1")
    else:
        assert (answer.status_code, event.valid, event.reason) == (403, False, "proxy_url")
        assert event.attributes == {"variant": variant}
        assert audit.told("call.started") == []


def test_many_webhooks_at_once_keep_their_calls_apart_and_large_bodies_pass():
    audit = CapturedAudit()

    async def run() -> list[httpx.Response]:
        async with uvicorn_serves(fastapi_app(audit, BASE)) as port:
            hooks = [post(port, PATH, urlencode(form_of(n)).encode(), signed(PATH, form_of(n))) for n in range(1, 61)]
            large = post(port, "/raw", b"a=" + b"x" * 500_000, {"Content-Type": "application/x-www-form-urlencoded"})
            return await asyncio.gather(*hooks, large)

    *answers, large = asyncio.run(run())
    assert {answer.status_code for answer in answers} == {200}
    assert large.json() == 500_002
    for kind in ("security.authentication", "call.started"):
        assert sorted(event.call_sid for event in audit.told(kind)) == [f"CA{n:032x}" for n in range(1, 61)]


@contextmanager
def flask_serves(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


@pytest.mark.parametrize("chunked", [False, True])
def test_the_same_with_flask(chunked):
    audit, app = CapturedAudit(), Flask("line")
    init_app(app, audit, signatures=Signatures(SignedWith(TOKEN), BASE))

    @app.post("/voice")
    def voice() -> list[str]:
        call_started(audit, webhook(), language="en")
        return flask_request.form.getlist("SipHeader_X")

    body = urlencode(form_of()).encode()
    with flask_serves(app) as port:
        content = pieces(body) if chunked else body
        answer = asyncio.run(post(port, PATH, content, signed(PATH, form_of())))
        forged = asyncio.run(post(port, PATH, body, {**signed(PATH, form_of(2))}))
    assert answer.json() == ["zwei", "eins", "eins"]
    assert forged.status_code == 403
    assert [event.reason for event in audit.told("security.authentication")] == [None, "signature_mismatch"]
    assert [event.call_sid for event in audit.told("call.started")] == [f"CA{1:032x}"]
