"""Twilio's webhooks: whose they are, what they say, and what of it belongs into the trail.

The frameworks' modules (`asgi` and `fastapi`, `flask`) do the reading of requests.
"""

from __future__ import annotations

from earwitness.integrations.twilio.endings import DisconnectReason, disconnect_reason
from earwitness.integrations.twilio.events import (
    Endings,
    call_ended,
    call_started,
    other_fields,
    recording_failed,
)
from earwitness.integrations.twilio.requests import SignedRequest, form_pairs
from earwitness.integrations.twilio.signatures import Signatures, SignedWith, Verdict, WhyNot
from earwitness.integrations.twilio.webhook import Heard, Webhook

__all__ = [
    "DisconnectReason",
    "Endings",
    "Heard",
    "Signatures",
    "SignedRequest",
    "SignedWith",
    "Verdict",
    "Webhook",
    "WhyNot",
    "call_ended",
    "call_started",
    "disconnect_reason",
    "form_pairs",
    "other_fields",
    "recording_failed",
]
