"""Twilio's webhooks: a bounded body, a checked signature, and a typed view of the form.

A webhook without the right signature is refused before anything that it says is believed. What the trail gets of it is
what the app knows for itself: path, address, reason. In particular no CallSid: whoever forges webhooks must not be able
to write into a real call's timeline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.datastructures import ImmutableMultiDict

from earwitness.client.methods import EventMethods
from voice_app.call_state import Asked, Heard, Stage
from voice_app.signatures import Signatures, SignedRequest
from voice_app.watch import FORGED_WEBHOOKS, Watch

__all__ = ["TwilioWebhooks", "Webhook"]

MAX_FIELDS: Final = 200
CALL_SID: Final = re.compile(r"CA[0-9a-f]{32}")
ACCOUNT_SID: Final = re.compile(r"AC[0-9a-f]{32}")
RECORDING_SID: Final = re.compile(r"RE[0-9a-f]{32}")

Direction = Literal["inbound", "outbound", "other"]


@dataclass(frozen=True)
class Webhook:
    """A webhook whose signature held.

    Attributes:
        call_sid: the call.
        form: everything that Twilio sent.
        query: what the app itself wrote into the address that Twilio called. It is signed, so it can be relied on.
    """

    call_sid: str
    form: ImmutableMultiDict[str, str]
    query: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A field's value; None when it is missing or empty."""
        return self.form.get(name) or None

    def number(self, name: str) -> int | None:
        """A field's value as a whole number; None when it is none."""
        return _count(self.text(name))

    @property
    def recording_sid(self) -> str | None:
        """The recording that the webhook is about."""
        return _matching(RECORDING_SID, self.form.get("RecordingSid"))

    @property
    def direction(self) -> Direction:
        """Who called whom; Twilio tells outbound-api from outbound-dial, the trail does not."""
        sent = self.text("Direction") or ""
        return "inbound" if sent == "inbound" else "outbound" if sent.startswith("outbound") else "other"

    @property
    def caller(self) -> str | None:
        """The other party's number, or the word that stands for a withheld one."""
        return self.text("To" if self.direction == "outbound" else "From")

    @property
    def asked(self) -> Asked:
        """Which question it answers."""
        stage = self.query.get("stage")
        return Asked(
            stage=next((one for one in get_args(Stage) if one == stage), None),
            turn=_count(self.query.get("turn")),
            began=_count(self.query.get("began"), digits=10),
            failures=_count(self.query.get("failures")) or 0,
        )

    @property
    def heard(self) -> Heard:
        """What <Gather> collected; silence when it collected nothing."""
        if digits := self.text("Digits"):
            return Heard("dtmf", digits)
        speech = self.text("SpeechResult")
        if speech is None:
            return Heard("none")
        sent = self.text("Confidence") or ""
        confidence = min(1.0, float(sent)) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", sent) else None
        return Heard("speech", speech, confidence)


class TwilioWebhooks:
    """Lets webhooks in that Twilio has signed, and tells the trail of each.

    Args:
        audit: where events go.
        signatures: checks them.
        max_body_bytes: a larger body is refused unread.
    """

    def __init__(self, *, audit: EventMethods, signatures: Signatures, max_body_bytes: int) -> None:
        self._audit = audit
        self._signatures = signatures
        self._max_body_bytes = max_body_bytes
        self._forgers = Watch(FORGED_WEBHOOKS, audit=audit)

    async def verified(self, request: Request) -> Webhook:
        """The webhook that a request carries.

        Raises:
            HTTPException: 413 for a body that is too large, 403 for one that Twilio did not sign, 400 for a signed one
                that names no call.
        """
        body = await self._body(request)
        form = self._form(body)
        why_not = self._signatures.why_not(_signed(request, form, body))
        call_sid = _matching(CALL_SID, form.get("CallSid")) if why_not is None else None
        webhook = Webhook(call_sid or "", form, request.query_params)
        source_ip = request.client.host if request.client else None
        self._audit.security_authentication(
            method="twilio_signature",
            valid=why_not is None,
            reason=why_not,
            url_path=request.url.path,
            source_ip=source_ip,
            account_sid=_matching(ACCOUNT_SID, form.get("AccountSid")),
            severity=None if why_not is None else "WARN",
            call_sid=call_sid,
            caller=webhook.caller if why_not is None else None,
        )
        if why_not is not None:
            self._forgers.erred(source_ip, f"last one: {why_not} at {request.url.path}")
            raise HTTPException(403, "this webhook is not signed by Twilio")
        if call_sid is None:
            self._malformed("CallSid", "pattern", webhook.text("CallSid"))
            raise HTTPException(400, "CallSid is missing or malformed")
        return webhook

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        declared = request.headers.get("Content-Length", "")
        too_large = declared.isdecimal() and int(declared) > self._max_body_bytes
        if not too_large:
            async for chunk in request.stream():
                body += chunk
                if too_large := len(body) > self._max_body_bytes:
                    break
        if too_large:
            self._malformed("body", "too_long", None)
            raise HTTPException(413, f"a webhook has at most {self._max_body_bytes} bytes")
        return bytes(body)

    def _form(self, body: bytes) -> ImmutableMultiDict[str, str]:
        """All pairs of the form. A name may occur twice, and Twilio signs every value: a dict would lose one."""
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except ValueError as error:
            self._malformed("body", "encoding", None)
            raise HTTPException(400, "the body is not a form") from error
        return ImmutableMultiDict(pairs)

    def _malformed(self, field: str, pattern: str, value: str | None) -> None:
        self._audit.security_input_validation(
            field=field, category="malformed", pattern=pattern, user_input=value, action="rejected"
        )


def _signed(request: Request, form: ImmutableMultiDict[str, str], body: bytes) -> SignedRequest:
    hosts = (request.headers.get("Host"), request.headers.get("X-Forwarded-Host"))
    return SignedRequest(
        path=request.url.path,
        query=request.scope["query_string"].decode("latin-1"),
        origins=tuple(f"{scheme}://{host}" for host in hosts if host for scheme in ("https", "http")),
        form=form,
        body=body,
        signature=request.headers.get("X-Twilio-Signature"),
    )


def _count(value: str | None, *, digits: int = 9) -> int | None:
    return int(value) if value is not None and re.fullmatch(rf"[0-9]{{1,{digits}}}", value) else None


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    """The value if it has its proper form: ids are not masked, so nothing else may stand in their place."""
    return value if value is not None and pattern.fullmatch(value) else None
