"""The web layer: four webhooks, each of them a few lines around the line itself."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from earwitness.client import Audit
from voice_app.line import Backends, PhoneLine
from voice_app.settings import Settings
from voice_app.signatures import Signatures
from voice_app.twilio_webhooks import TwilioWebhooks

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
    webhooks = TwilioWebhooks(
        audit=audit,
        signatures=Signatures(settings.signed_with, settings.public_base_url),
        max_body_bytes=settings.max_body_bytes,
    )
    line = PhoneLine(audit, settings, backends)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/voice")
    async def voice(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        # Inside this block every event carries the call's id and the caller's number, wherever it is emitted.
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            return _twiml(await line.rings(webhook))

    @app.post("/gather")
    async def gather(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            return _twiml(await line.hears(webhook))

    @app.post("/status")
    async def status(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            await line.changes_status(webhook)
        return Response(status_code=204)

    @app.post("/recording")
    async def recording(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            await line.was_recorded(webhook)
        return Response(status_code=204)

    return app


def _twiml(document: str) -> Response:
    return Response(document, media_type="application/xml")
