"""FastAPI: an endpoint that asks for a `TwilioWebhook` gets one that Twilio has signed, or is not called at all.

    app = FastAPI(lifespan=audit.lifespan())
    app.add_middleware(AuditASGI, audit=audit, signatures=signatures)

    @app.post("/voice")
    async def voice(webhook: TwilioWebhook) -> Response:
        call_started(audit, webhook, language="en")

Whatever the endpoint, its other dependencies and its background tasks emit carries the call's id and the caller's number,
also from FastAPI's thread pool.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import Request

from earwitness.integrations.asgi import AuditASGI, inbound_of
from earwitness.integrations.inbound import WebhookRefused
from earwitness.integrations.twilio.signatures import Verdict
from earwitness.integrations.twilio.webhook import Webhook

__all__ = ["AuditASGI", "RefusedWebhook", "TwilioWebhook", "verified"]


class RefusedWebhook(HTTPException):
    """What a request gets that is no webhook; an app may have a handler for it.

    Attributes:
        verdict: what is wrong with its signature; None: it was not looked at, or it holds.
    """

    def __init__(self, status_code: int, detail: str, verdict: Verdict | None) -> None:
        super().__init__(status_code, detail)
        self.verdict = verdict


async def verified(request: Request) -> Webhook:
    """The request's webhook: as `Depends(verified)`, or called with Starlette's request.

    Raises:
        RefusedWebhook: 403 for one that Twilio did not sign, 413 for a body that is too large, 400 for one that is no form or
            names no call.
        RuntimeError: the middleware is missing, or has no `signatures`.
    """
    try:
        return inbound_of(request.scope).verified()
    except WebhookRefused as refused:
        raise RefusedWebhook(refused.status, refused.detail, refused.verdict) from None


TwilioWebhook = Annotated[Webhook, Depends(verified)]
"""The type of an endpoint's parameter."""
