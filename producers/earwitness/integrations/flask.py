"""Flask: a call scope around each request, and the webhook that it carries.

    init_app(app, audit, signatures=Signatures(SignedWith(token), "https://line.example"))

    @app.post("/voice")
    def voice():
        call_started(audit, webhook(), language="en")

Works with Flask 3. Call `init_app` before other `before_request` functions are registered that emit or read the body: Flask
runs them in that order. What a streamed answer emits is outside of the scope, since Flask ends the request before it; give
it one of its own: `with audit.call(call_sid=…)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from io import BufferedReader, BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import Flask, abort, g, request

from earwitness.client.audit import Audit
from earwitness.integrations.inbound import (
    MAX_BODY_BYTES,
    PATH_SAFE,
    Inbound,
    Unread,
    WebhookRefused,
    complain,
    wants_body,
)
from earwitness.integrations.otel import RequestTrace
from earwitness.integrations.twilio.signatures import Signatures
from earwitness.integrations.twilio.webhook import Webhook

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["init_app", "webhook"]

_INBOUND: Final = "earwitness_inbound"
_SCOPE: Final = "earwitness_scope"


def init_app(
    app: Flask,
    audit: Audit,
    *,
    signatures: Signatures | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> None:
    """Join a client to an app. That its last events are delivered when the process ends is the client's own affair.

    Args:
        app: the app.
        audit: where events go.
        signatures: checks the signature of each request that claims to be Twilio's; the trail is told
            (`security.authentication`), and only a request whose signature holds fills the call scope. None: what a
            request says is believed.
        max_body_bytes: a larger body is not looked at, and the request belongs to no call.
    """
    if not audit.enabled and signatures is None:
        return

    def open_scope() -> None:
        try:
            scope = ExitStack()
            scope.enter_context(audit.call())
            scope.enter_context(RequestTrace(request.headers.get("traceparent")))
            setattr(g, _SCOPE, scope)
            inbound = _inbound(audit, signatures, max_body_bytes)
            setattr(g, _INBOUND, inbound)
            inbound.bind()
        except Exception as error:  # noqa: BLE001 - whatever it is, the app must get its request
            complain("flask", "a request could not be looked at: %s", type(error).__name__)

    def close_scope(_: BaseException | None) -> None:
        scope = g.pop(_SCOPE, None)
        if scope is not None:
            scope.close()

    app.before_request(open_scope)
    app.teardown_request(close_scope)


def webhook() -> Webhook:
    """The webhook of the running request; a request that is none is answered 403, 413 or 400, and goes no further.

    Raises:
        RuntimeError: the app was not given to `init_app`, or without `signatures`.
    """
    inbound = g.get(_INBOUND)
    if inbound is None:
        raise RuntimeError("this app is not joined to a client: init_app(app, audit, signatures=…)")
    try:
        found: Webhook = inbound.verified()
    except WebhookRefused as refused:
        abort(refused.status, refused.detail)
    return found


def _inbound(audit: Audit, signatures: Signatures | None, limit: int) -> Inbound:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Inbound.of(
        audit,
        signatures,
        method=request.method,
        scheme=request.scheme,
        path=_path(request.environ),
        query=request.query_string.decode("latin-1"),
        headers=headers,
        body=_body(request.environ, limit) if wants_body(request.method, headers) else b"",
        source_ip=request.remote_addr,
    )


def _body(environ: dict[str, Any], limit: int) -> bytes | Unread:
    """The body, if it has at most so many bytes; the app can read it all the same."""
    if request.content_length is not None:
        return "too_long" if request.content_length > limit else request.get_data(cache=True)
    if not environ.get("wsgi.input_terminated"):
        return b""  # as the app sees it: without a length there is no body
    stream, start = environ["wsgi.input"], bytearray()
    while len(start) <= limit and (chunk := stream.read(limit + 1 - len(start))):
        start += chunk
    environ["wsgi.input"] = BufferedReader(_Again(bytes(start), stream))
    return "too_long" if len(start) > limit else bytes(start)


def _path(environ: Mapping[str, Any]) -> str:
    """The path as it came; servers give it in one of these, and only where they do not is it encoded anew."""
    raw = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "").partition("?")[0]
    if raw.startswith("/"):
        return raw
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    return quote(path.encode("latin-1", "replace"), safe=PATH_SAFE)


class _Again(RawIOBase):
    """A stream whose start was read already."""

    def __init__(self, start: bytes, rest: Any) -> None:
        super().__init__()
        self._start = BytesIO(start)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        found = self._start.read(len(view)) or self._rest.read(len(view))
        view[: len(found)] = found
        return len(found)
