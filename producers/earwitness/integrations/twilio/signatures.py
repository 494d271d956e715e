"""Is a webhook Twilio's? And if its signature does not hold: what happened to it on the way?

A request whose signature does not hold is refused, always. Most of them are no attack, though, but something between
Twilio and the app that changed what was signed: the operator needs to know what. So a signature that fails is tried
against the few changes that are known to happen (`variants`). Only a signature that somebody with the token made can hold
after one of them, so whoever forges webhooks cannot pass for a misconfigured proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from earwitness.integrations.twilio import signing
from earwitness.integrations.twilio.requests import SignedRequest
from earwitness.integrations.twilio.variants import Reason, Variant, variants

__all__ = ["Signatures", "SignedWith", "Verdict", "WhyNot"]

WhyNot = Literal["missing_signature", "signature_mismatch", "body_hash_mismatch"] | Reason

_MOST_TRIES: Final = 64
_MOST_BYTES: Final = 512 * 1024  # signed over and over again: about a millisecond, whatever somebody sends


@dataclass(frozen=True)
class SignedWith:
    """The secrets that Twilio signs with.

    Attributes:
        auth_token: the account's.
        subaccounts: those of its sub-accounts, by AccountSid: Twilio signs with the token of the account that is called.
        shared_keys: secrets by key id, for webhooks that X-Twilio-Webhooks-Signature-Settings says are signed with one.

    Raises:
        ValueError: one of them is empty; whoever knows that could sign anything.
    """

    auth_token: str = field(repr=False)
    subaccounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    shared_keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not all((self.auth_token, *self.subaccounts.values(), *self.shared_keys.values())):
            raise ValueError("a Twilio auth token or shared key is empty")

    def token_of(self, account_sid: str | None) -> str:
        """The token that belongs to an account; an unknown one is taken for the main account."""
        return self.subaccounts.get(account_sid or "", self.auth_token)


class Verdict(NamedTuple):
    """What came out.

    Attributes:
        valid: whether it is Twilio's.
        reason: why not; None when it is.
        variant: what exactly was changed, where that was found out: `scheme`, `host`, `port`, `path`, `sorted`, …
        signed_origin: for `proxy_url`: the scheme, host and port that Twilio did sign.
    """

    valid: bool
    reason: WhyNot | None = None
    variant: str | None = None
    signed_origin: str | None = None


class Signatures:
    """Checks signatures.

    Args:
        signed_with: the secrets.
        public_base_url: the address under which Twilio reaches the app, `https://line.example`; a path in front of the app's own
            belongs to it. It is what Twilio signs. None: the scheme and host that the server sees, which is right only
            where no proxy changes them, or where the server is told of that (uvicorn's `--proxy-headers`, werkzeug's `ProxyFix`).
    """

    def __init__(self, signed_with: SignedWith, public_base_url: str | None = None) -> None:
        self._signed_with = signed_with
        self._public_base_url = public_base_url.rstrip("/") if public_base_url else None

    def judge(self, request: SignedRequest) -> Verdict:
        """Whether a request is Twilio's; it takes a bounded time to say no."""
        signature = request.signature
        if signature is None:
            return Verdict(valid=False, reason="missing_signature")
        algorithm, key = signing.algorithm_and_key(request.signature_settings)
        secret = self._signed_with.shared_keys.get(key) if key else self._signed_with.token_of(request.account_sid)
        if secret is None or algorithm not in signing.HASHES:
            return Verdict(valid=False, reason="other", variant="shared_key" if secret is None else "algorithm")
        base = self._public_base_url or request.origin
        url = base + request.target
        fields = signing.fields_text(request.pairs or ())
        body_hash = signing.body_hash_of(request.query)
        if body_hash is None:
            if signing.holds(secret, url, fields, signature, algorithm):
                return _covered(is_covered=request.pairs is not None or not request.body, how="not_signed")
        else:
            if signing.holds(secret, url, "", signature, algorithm):
                return _covered(is_covered=signing.same_body(request.body, body_hash), how="changed")
            if fields and signing.holds(secret, url, fields, signature, algorithm):
                return Verdict(valid=True)  # a form, signed as forms are: that its address holds a hash means nothing
            fields = ""
        as_sent = Variant("signature_mismatch", "", secret, base, url, fields, algorithm)
        return self._why_not(request, as_sent, signature)

    def _why_not(self, request: SignedRequest, as_sent: Variant, signature: str) -> Verdict:
        budget = _MOST_BYTES
        for variant in _first(_MOST_TRIES, variants(request, as_sent, self._other_secrets(request, as_sent.secret))):
            budget -= 2 * (len(variant.url) + len(variant.fields))
            if budget < 0:
                break
            if signing.holds(variant.secret, variant.url, variant.fields, signature, variant.algorithm):
                origin = variant.base if variant.reason == "proxy_url" else None
                return Verdict(valid=False, reason=variant.reason, variant=variant.name, signed_origin=origin)
        return Verdict(valid=False, reason="signature_mismatch")

    def _other_secrets(self, request: SignedRequest, secret: str) -> Iterator[tuple[Reason, str, str, str]]:
        known = self._signed_with
        if secret not in known.shared_keys.values():
            for token in dict.fromkeys((known.auth_token, *known.subaccounts.values())):
                if token != secret:
                    yield "subaccount_token", "token", token, signing.HMAC_SHA1
        if request.signature_settings is None:  # a proxy may have dropped the header
            for shared in known.shared_keys.values():
                yield "other", "settings_header", shared, "HMAC_SHA256"


def _covered(*, is_covered: bool, how: str) -> Verdict:
    if is_covered:
        return Verdict(valid=True)
    return Verdict(valid=False, reason="body_hash_mismatch", variant=how)


def _first(count: int, of: Iterator[Variant]) -> Iterator[Variant]:
    for _, variant in zip(range(count), of, strict=False):
        yield variant
