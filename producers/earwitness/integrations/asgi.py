"""ASGI middleware: a call scope around each request, filled by what its webhook says.

    app = FastAPI(lifespan=audit.lifespan())
    app.add_middleware(AuditASGI, audit=audit, signatures=Signatures(SignedWith(token), "https://line.example"))

Pure ASGI: it hands on every message as it came, one after the other, and never changes an answer. Refusing what Twilio has
not signed is the endpoint's affair, since only that knows that it is a webhook: see `fastapi`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import quote

from earwitness.client.audit import Audit
from earwitness.integrations.inbound import MAX_BODY_BYTES, PATH_SAFE, Inbound, Unread, complain, wants_body
from earwitness.integrations.otel import RequestTrace
from earwitness.integrations.twilio.signatures import Signatures

__all__ = ["AuditASGI", "inbound_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_INBOUND: Final = "earwitness.inbound"
_JOINED: Final = frozenset({"x-forwarded-host", "forwarded"})  # where several lines are one list


class AuditASGI:
    """The middleware.

    Looks at forms, and at what carries a signature, of at most `max_body_bytes`; everything else passes unread. A fault of its
    own is logged, at most once a minute, and the request goes on without it.

    Args:
        app: the app around which it is.
        audit: where events go.
        signatures: checks the signature of each request that claims to be Twilio's; the trail is told
            (`security.authentication`), and only a request whose signature holds fills the call scope. None: what a
            request says is believed.
        max_body_bytes: a larger body passes untouched, and the request belongs to no call.
    """

    def __init__(
        self,
        app: App,
        audit: Audit,
        *,
        signatures: Signatures | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._app = app
        self._audit = audit
        self._signatures = signatures
        self._max_body_bytes = max_body_bytes
        self._idle = not audit.enabled and signatures is None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, websocket or lifespan."""
        if self._idle or scope["type"] not in ("http", "websocket") or _INBOUND in scope:
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        with self._audit.call(), RequestTrace(headers.get("traceparent")):
            if scope["type"] == "http":
                receive = await self._look(scope, headers, receive)
            await self._app(scope, receive, send)

    async def _look(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Receive:
        replay = _Replay(receive)
        try:
            body: bytes | Unread = b""
            if wants_body(scope["method"], headers):
                body = await replay.body(headers.get("content-length", ""), self._max_body_bytes)
            inbound = scope[_INBOUND] = self._inbound(scope, headers, body)
            inbound.bind()
        except Exception as error:  # noqa: BLE001 - whatever it is, the app must get its request
            complain("asgi", "a request could not be looked at: %s", type(error).__name__)
        return replay

    def _inbound(self, scope: Scope, headers: Mapping[str, str], body: bytes | Unread) -> Inbound:
        raw_path: bytes | None = scope.get("raw_path")
        client = scope.get("client")
        return Inbound.of(
            self._audit,
            self._signatures,
            method=scope["method"],
            scheme=scope.get("scheme", "http"),
            path=raw_path.decode("latin-1").partition("?")[0] if raw_path else quote(scope["path"], safe=PATH_SAFE),
            query=scope.get("query_string", b"").decode("latin-1"),
            headers=headers,
            body=body,
            source_ip=client[0] if client else None,
        )


def inbound_of(scope: Mapping[str, Any]) -> Inbound:
    """What the middleware has found out of a request: for frameworks' own modules.

    Raises:
        RuntimeError: the middleware is not around the app.
    """
    found: Inbound | None = scope.get(_INBOUND)
    if found is None:
        raise RuntimeError("AuditASGI is not around this app: app.add_middleware(AuditASGI, audit=…, signatures=…)")
    return found


class _Replay:
    """Receives for the app; what was received before is given first, message for message as it came.

    Args:
        receive: the server's.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: deque[Message] = deque()
        self._error: BaseException | None = None

    async def __call__(self) -> Message:
        if self._kept:
            return self._kept.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return await self._receive()

    async def body(self, declared: str, limit: int) -> bytes | Unread:
        """The body, if it comes whole and has at most so many bytes; else it is not read any further."""
        if declared.isdecimal() and int(declared) > limit:
            return "too_long"
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            try:
                message = await self._receive()
            except Exception as error:
                self._error = error  # the app's to see, at the same place
                raise
            self._kept.append(message)
            if message["type"] != "http.request":
                return "gone"
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                return "too_long"
            more = message.get("more_body", False)
        return b"".join(chunks)


def _headers(scope: Scope) -> dict[str, str]:
    """By lower-case name; of one that comes twice the first, as most servers in front add theirs behind."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in _JOINED and name in found else found.get(name, value)
    return found
