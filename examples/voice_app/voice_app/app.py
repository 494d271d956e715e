"""The web layer: four webhooks, each of them a line around the line itself."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler

from earwitness.client import Audit
from earwitness.integrations.fastapi import AuditASGI, RefusedWebhook, TwilioWebhook
from earwitness.integrations.twilio import Signatures
from voice_app.line import Backends, PhoneLine
from voice_app.settings import Settings
from voice_app.watch import FORGED_WEBHOOKS, Watch

__all__ = ["create_app"]


def create_app(audit: Audit, settings: Settings, backends: Backends) -> FastAPI:
    """The app.

    Args:
        audit: where its events go. The app's lifespan starts the client and flushes it at the end.
        settings: its settings.
        backends: what it depends on.
    """
    # The lifespan is what flushes the last events: uvicorn runs no atexit hook when it is told to stop.
    app = FastAPI(title="Voice app", lifespan=audit.lifespan(), docs_url=None, redoc_url=None, openapi_url=None)
    # Tells whether Twilio signed a webhook. If so, every event carries the call's id and the caller's number from here on,
    # wherever it is emitted. An endpoint that asks for a TwilioWebhook is not called for any other request.
    app.add_middleware(
        AuditASGI,
        audit=audit,
        signatures=Signatures(settings.signed_with, settings.public_base_url),
        max_body_bytes=settings.max_body_bytes,
    )
    line = PhoneLine(audit, settings, backends)
    forgers = Watch(FORGED_WEBHOOKS, audit=audit)

    @app.exception_handler(RefusedWebhook)
    async def refused(request: Request, error: RefusedWebhook) -> Response:
        if error.verdict is not None and not error.verdict.valid and request.client is not None:
            forgers.erred(request.client.host, f"last one: {error.verdict.reason} at {request.url.path}")
        return await http_exception_handler(request, error)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/voice")
    async def voice(webhook: TwilioWebhook) -> Response:
        return _twiml(await line.rings(webhook))

    @app.post("/gather")
    async def gather(webhook: TwilioWebhook) -> Response:
        return _twiml(await line.hears(webhook))

    @app.post("/status", status_code=204)
    async def status(webhook: TwilioWebhook) -> None:
        await line.changes_status(webhook)

    @app.post("/recording", status_code=204)
    async def recording(webhook: TwilioWebhook) -> None:
        await line.was_recorded(webhook)

    return app


def _twiml(document: str) -> Response:
    return Response(document, media_type="application/xml")
