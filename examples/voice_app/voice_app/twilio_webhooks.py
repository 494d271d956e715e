"""Twilio's webhooks: a bounded body, a checked signature, and a typed view of the form.

A webhook without the right signature is refused before anything that it says is believed. What the trail gets of it is
what the app knows for itself: path, address, reason. In particular no CallSid: whoever forges webhooks must not be able
to write into a real call's timeline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from earwitness.client.methods import EventMethods
from voice_app.call_state import Heard

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
    """

    call_sid: str
    form: ImmutableMultiDict[str, str]

    def text(self, name: str) -> str | None:
        """A field's value; None when it is missing or empty."""
        return self.form.get(name) or None

    def number(self, name: str) -> int | None:
        """A field's value as a whole number; None when it is none."""
        value = self.text(name)
        return int(value) if value is not None and re.fullmatch(r"[0-9]{1,9}", value) else None

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
        auth_token: what Twilio signs with.
        public_base_url: the address that Twilio knows, and signs.
        max_body_bytes: a larger body is refused unread.
    """

    def __init__(self, *, audit: EventMethods, auth_token: str, public_base_url: str, max_body_bytes: int) -> None:
        self._audit = audit
        self._validator = RequestValidator(auth_token)
        self._public_base_url = public_base_url
        self._max_body_bytes = max_body_bytes

    async def verified(self, request: Request) -> Webhook:
        """The webhook that a request carries.

        Raises:
            HTTPException: 413 for a body that is too large, 403 for one that Twilio did not sign, 400 for a signed one
                that names no call.
        """
        form = self._form(await self._body(request))
        signature = request.headers.get("X-Twilio-Signature")
        valid = signature is not None and self._validator.validate(self._signed_url(request), form, signature)
        call_sid = _matching(CALL_SID, form.get("CallSid")) if valid else None
        webhook = Webhook(call_sid or "", form)
        self._audit.security_authentication(
            method="twilio_signature",
            valid=valid,
            reason=None if valid else "signature_mismatch" if signature else "missing_signature",
            url_path=request.url.path,
            source_ip=request.client.host if request.client else None,
            account_sid=_matching(ACCOUNT_SID, form.get("AccountSid")),
            severity=None if valid else "WARN",
            call_sid=call_sid,
            caller=webhook.caller if valid else None,
        )
        if not valid:
            raise HTTPException(403, "this webhook is not signed by Twilio")
        if call_sid is None:
            self._malformed("CallSid", "pattern", webhook.text("CallSid"))
            raise HTTPException(400, "CallSid is missing or malformed")
        return webhook

    def _signed_url(self, request: Request) -> str:
        query = request.scope["query_string"].decode("latin-1")  # as it came: a query that is re-encoded is another one
        return f"{self._public_base_url}{request.url.path}{'?' if query else ''}{query}"

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


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    """The value if it has its proper form: ids are not masked, so nothing else may stand in their place."""
    return value if value is not None and pattern.fullmatch(value) else None
