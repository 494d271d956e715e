"""Twilio's signature: base64(HMAC-SHA1(auth token, full URL + sorted name and value pairs)), and why it does not hold.

A request whose signature does not hold is refused, always. Most of them are no attack, though, but something between
Twilio and the app that changed what was signed: the operator needs to know what. So a signature that fails is tried
against the few changes that are known to happen. Only a signature that somebody with the token made can hold after one
of them, so whoever forges webhooks cannot pass for a misconfigured proxy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Literal
from urllib.parse import parse_qs

from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

__all__ = ["Signatures", "SignedRequest", "SignedWith", "WhyNot"]

WhyNot = Literal[
    "signature_mismatch",
    "missing_signature",
    "proxy_url",
    "query_resorted",
    "duplicate_field",
    "subaccount_token",
    "body_hash_mismatch",
]
MAX_REORDERED = 4  # of so many parameters all orders are tried: 24


@dataclass(frozen=True)
class SignedWith:
    """The tokens that Twilio signs with.

    Attributes:
        auth_token: the account's.
        subaccounts: those of its sub-accounts, by AccountSid: Twilio signs with the token of the account that is called.
    """

    auth_token: str = field(repr=False)
    subaccounts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def token_of(self, account_sid: str | None) -> str:
        """The token that belongs to an account; an unknown one is taken for the main account."""
        return self.subaccounts.get(account_sid or "", self.auth_token)

    def all(self) -> tuple[str, ...]:
        """Every token."""
        return (self.auth_token, *self.subaccounts.values())


@dataclass(frozen=True)
class SignedRequest:
    """What of a request is signed.

    Attributes:
        path: the requested path.
        query: the query as it came, undecoded; a query that is re-encoded is another one.
        origins: where the request says that it went to, such as https://line.example; the proxy's word for it.
        form: all pairs of the body.
        body: the body.
        signature: the X-Twilio-Signature header; None: there was none.
    """

    path: str
    query: str
    origins: tuple[str, ...]
    form: ImmutableMultiDict[str, str]
    body: bytes
    signature: str | None


class Signatures:
    """Checks signatures.

    Args:
        signed_with: the tokens.
        public_base_url: the address that Twilio knows, and signs. Not the one of the request: a proxy may have changed
            scheme, host and port, and whoever forges a request may write any.
    """

    def __init__(self, signed_with: SignedWith, public_base_url: str) -> None:
        self._signed_with = signed_with
        self._public_base_url = public_base_url

    def why_not(self, request: SignedRequest) -> WhyNot | None:
        """Why a request is not to be believed; None when its signature holds."""
        if request.signature is None:
            return "missing_signature"
        token = self._signed_with.token_of(request.form.get("AccountSid"))
        url = _url(self._public_base_url, request)
        if "bodySHA256" in parse_qs(request.query):  # then the body is signed by its hash in the URL
            if _holds(token, url, request.body.decode(errors="replace"), request.signature):
                return None
            return "body_hash_mismatch" if _holds(token, url, {}, request.signature) else "signature_mismatch"
        if _holds(token, url, request.form, request.signature):
            return None
        return self._what_was_changed(request, token, url, request.signature)

    def _what_was_changed(self, request: SignedRequest, token: str, url: str, signature: str) -> WhyNot:
        form = request.form
        others = (other for other in self._signed_with.all() if other != token)
        if any(_holds(other, url, form, signature) for other in others):
            return "subaccount_token"
        if any(_holds(token, _url(origin, request), form, signature) for origin in request.origins):
            return "proxy_url"
        parts = request.query.split("&")
        if 1 < len(parts) <= MAX_REORDERED:
            bare = url.partition("?")[0]
            if any(_holds(token, f"{bare}?{'&'.join(order)}", form, signature) for order in permutations(parts)):
                return "query_resorted"
        pairs = form.multi_items()
        if len(form) < len(pairs):
            once: tuple[dict[str, str], ...] = (dict(pairs), dict(reversed(pairs)))  # the last of each, the first
            if any(_holds(token, url, single, signature) for single in once):
                return "duplicate_field"
        return "signature_mismatch"


def _url(origin: str, request: SignedRequest) -> str:
    return f"{origin}{request.path}{'?' if request.query else ''}{request.query}"


def _holds(token: str, url: str, signed: Mapping[str, str] | str, signature: str) -> bool:
    try:
        return bool(RequestValidator(token).validate(url, signed, signature))
    except ValueError:  # a Host header such as a:b makes no URL
        return False
