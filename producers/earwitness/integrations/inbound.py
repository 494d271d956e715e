"""A request as an audit trail sees it, whatever framework took it: is it Twilio's, of which call, and who is told.

A webhook without the right signature is refused before anything that it says is believed. What the trail gets of it is
what the app knows for itself: path, address, reason. In particular no CallSid: whoever forges webhooks must not be able
to write into a real call's timeline.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Final, Literal, Self

from earwitness.client.audit import Audit
from earwitness.integrations.twilio.requests import NotAFormError, Pairs, SignedRequest, form_pairs
from earwitness.integrations.twilio.signatures import Signatures, Verdict
from earwitness.integrations.twilio.webhook import Webhook
from earwitness.runtime.complaints import Complaints

__all__ = ["MAX_BODY_BYTES", "PATH_SAFE", "Inbound", "Unread", "WebhookRefused", "complain", "wants_body"]

MAX_BODY_BYTES: Final = 64 * 1024
PATH_SAFE: Final = "/:@!$&'()*+,;=~"
"""What a path may hold as it is, for servers that give it decoded only (RFC 3986, section 3.3)."""
_MOST_PATH: Final = 200
_BODILESS: Final = frozenset({"GET", "HEAD"})

complaints: Final = Complaints(logging.getLogger("earwitness.integrations"))

Unread = Literal["too_long", "encoding", "gone"]
"""Why a body could not be read: it is too large, it is no form, or whoever sent it broke off."""

_ADVICE: Final = {
    "proxy_url": "Twilio signs another address (%s) than this app checks: set public_base_url to the one that Twilio calls",
    "query_resorted": "something in front of the app puts the query in another order (%s); let it pass queries as they are",
    "duplicate_field": "something in front of the app doubles form fields (%s); let it pass bodies as they are",
    "subaccount_token": "Twilio signs with the token of another account (%s); give each sub-account's token by its AccountSid",
    "body_hash_mismatch": "a body is not the one that Twilio signed (%s); let what is in front of the app pass it as it is",
    "other": "a webhook is signed with a key or an algorithm that is not known here (%s); see SignedWith.shared_keys",
}


class WebhookRefused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request is no webhook that may be believed.

    Attributes:
        status: the HTTP status that it deserves: 403 for one that Twilio did not sign, 413 for one that is too large, 400 for
            one that is no form or names no call.
        detail: what to answer.
        verdict: what is wrong with its signature; None: that was not looked at.
    """

    def __init__(self, status: int, detail: str, verdict: Verdict | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.verdict = verdict


class Inbound:
    """One request. Tells the trail once, however often it is asked.

    Args:
        audit: where events go.
        signatures: checks signatures; None: what the request says is believed, for apps that check it themselves.
        request: the request.
        source_ip: the peer's address.
        unread: why its body could not be read, if so.
    """

    def __init__(
        self,
        audit: Audit,
        signatures: Signatures | None,
        request: SignedRequest,
        source_ip: str | None,
        unread: Unread | None = None,
    ) -> None:
        self._audit = audit
        self._signatures = signatures
        self._request = request
        self._source_ip = source_ip
        self._unread = unread
        self._verdict: Verdict | None = None
        self._outcome: Webhook | WebhookRefused | None = None

    @classmethod
    def of(
        cls,
        audit: Audit,
        signatures: Signatures | None,
        *,
        method: str,
        scheme: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes | Unread,
        source_ip: str | None,
    ) -> Self:
        """Make it of a request's parts, as `SignedRequest` has them.

        Args:
            audit: see the class.
            signatures: see the class.
            method: GET, POST, …
            scheme: http or https.
            path: as it came, percent-encoded.
            query: as it came.
            headers: by lower-case name.
            body: what `wants_body` asked for, or why it could not be read.
            source_ip: the peer's address.
        """
        pairs: Pairs | None = None
        unread: Unread | None = None
        if not isinstance(body, bytes):
            unread, body = body, b""
        elif method not in _BODILESS and _is_form(headers):
            try:
                pairs = form_pairs(body)
            except NotAFormError:
                unread = "encoding"
        request = SignedRequest(scheme, path, query, headers, body, pairs)
        return cls(audit, signatures, request, source_ip, unread)

    def bind(self) -> None:
        """Fill the call scope around with the call that the request belongs to, if it says so and is believed.

        A request that claims to be Twilio's, by a signature or by naming a call, is judged for that, and the trail told.
        """
        form = self._request.form
        if self._unread is not None or (self._request.signature is None and "CallSid" not in form):
            return
        if self._signatures is None or self.verdict.valid:
            webhook = self._webhook()
            self._audit.bind(call_sid=webhook.call_sid or None, caller=webhook.caller)

    @property
    def verdict(self) -> Verdict:
        """Whether it is Twilio's."""
        if self._verdict is None:
            if self._signatures is None:
                raise RuntimeError("no webhook can be checked: give `signatures` to the middleware, or to init_app")
            self._verdict = self._signatures.judge(self._request)
            self._tell(self._verdict)
        return self._verdict

    def verified(self) -> Webhook:
        """The webhook, if Twilio signed it.

        Raises:
            WebhookRefused: it did not, or the request is no webhook of a call.
            RuntimeError: there is nothing to check it with.
        """
        if self._outcome is None:
            self._outcome = self._look()
        if isinstance(self._outcome, WebhookRefused):
            raise self._outcome.with_traceback(None)
        return self._outcome

    def _look(self) -> Webhook | WebhookRefused:
        if self._unread == "too_long":
            self._malformed("body", "too_long", None)
            return WebhookRefused(413, "this body is too large for a webhook")
        if self._unread == "gone":
            return WebhookRefused(400, "the request was broken off")
        if self._unread is not None:
            self._malformed("body", self._unread, None)
            return WebhookRefused(400, "the body is not a form")
        if not self.verdict.valid:
            return WebhookRefused(403, "this webhook is not signed by Twilio", self.verdict)
        webhook = self._webhook()
        if not webhook.call_sid:
            self._malformed("CallSid", "pattern", webhook.text("CallSid"))
            return WebhookRefused(400, "CallSid is missing or malformed", self.verdict)
        return webhook

    def _webhook(self) -> Webhook:
        return Webhook(self._request.fields, self._request.query_pairs)

    def _tell(self, verdict: Verdict) -> None:
        webhook = self._webhook()
        self._audit.security_authentication(
            method="twilio_signature",
            valid=verdict.valid,
            reason=verdict.reason,
            url_path=self._request.path[:_MOST_PATH],
            source_ip=self._source_ip,
            account_sid=webhook.account_sid,
            severity=None if verdict.valid else "WARN",
            call_sid=(webhook.call_sid or None) if verdict.valid else None,
            caller=webhook.caller if verdict.valid else None,
            attributes={"variant": verdict.variant} if verdict.variant else None,
        )
        if verdict.reason in _ADVICE:
            what = verdict.signed_origin or verdict.variant or "?"
            complain(f"signature {verdict.reason}", f"webhooks are refused: {_ADVICE[verdict.reason]}", what)

    def _malformed(self, field: str, pattern: str, value: str | None) -> None:
        self._audit.security_input_validation(
            field=field, category="malformed", pattern=pattern, user_input=value, action="rejected"
        )


def complain(sort: str, message: str, *values: object) -> None:
    """Log a warning, at most one a minute of each sort. Never raises, whatever the app's handlers do."""
    with contextlib.suppress(Exception):
        complaints.say(sort, message, *values)


def wants_body(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request's body is to be looked at: a form may be a webhook, and a signature may cover any body."""
    return method not in _BODILESS and (_is_form(headers) or "x-twilio-signature" in headers)


def _is_form(headers: Mapping[str, str]) -> bool:
    content_type = headers.get("content-type", "").partition(";")[0]
    return content_type.strip().lower() == "application/x-www-form-urlencoded"
