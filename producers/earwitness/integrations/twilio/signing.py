"""How Twilio signs: base64(HMAC(secret, full URL + each field's name and value, sorted)). Pure; no judgement of requests.

Source: https://www.twilio.com/docs/usage/security#validating-requests, and the `twilio` package, against which the tests
compare it. It is not needed at run time: importing it takes longer than importing this client.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import ParseResult, parse_qs, urlparse

__all__ = ["HASHES", "HMAC_SHA1", "addresses", "algorithm_and_key", "body_hash_of", "fields_text", "holds", "same_body"]

HMAC_SHA1: Final = "HMAC_SHA1"
HASHES: Final = {HMAC_SHA1: hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_PORTS: Final = {"https": 443}


def fields_text(pairs: Iterable[tuple[str, str]]) -> str:
    """A form as it is signed: sorted, each name and value once, a name as often as it has different values."""
    return "".join(name + value for name, value in sorted(set(pairs)))


def addresses(url: str) -> Iterator[str]:
    """An address without its port and with it: Twilio signs now one, now the other. None at all when it is no address."""
    try:
        parsed = urlparse(url)
        port = parsed.port
    except ValueError:  # a Host header such as a:b
        return
    if port:  # 0 is none, as in the `twilio` package
        yield _at(parsed, parsed.netloc.rpartition(":")[0])
        yield parsed.geturl()
    else:
        yield parsed.geturl()
        yield _at(parsed, f"{parsed.netloc}:{_PORTS.get(parsed.scheme, 80)}")


def holds(secret: str, url: str, fields: str, signature: str, algorithm: str = HMAC_SHA1) -> bool:
    """Whether a signature is that of an address, with or without its port, and of a form's text.

    Takes equally long wherever the signatures differ.
    """
    given, made_by = signature.encode("ascii", "replace"), HASHES[algorithm]
    key, tail = _bytes(secret), _bytes(fields)
    for address in addresses(url):
        digest = hmac.digest(key, _bytes(address) + tail, made_by)
        if hmac.compare_digest(b64encode(digest), given):
            return True
    return False


def body_hash_of(query: str) -> str | None:
    """The hash by which the address signs the body, where it does: Twilio signs JSON so."""
    if "bodySHA256" not in query:  # the usual case, spared the parsing
        return None
    try:
        return parse_qs(query).get("bodySHA256", [None])[0]
    except ValueError:
        return None


def same_body(body: bytes, body_hash: str) -> bool:
    """Whether a body is the one that was signed by its hash."""
    return hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), _bytes(body_hash))


def algorithm_and_key(settings: str | None) -> tuple[str, str | None]:
    """What X-Twilio-Webhooks-Signature-Settings says: `key=webhooks_sharedkey_…,algorithm=HMAC_SHA256`.

    Returns:
        The algorithm's name, HMAC_SHA1 when there is none, and the id of the shared key, None: signed with the auth token.
    """
    found: dict[str, str] = {}
    for part in (settings or "").split(","):
        name, _, value = part.partition("=")
        if value.strip():
            found.setdefault(name.strip(), value.strip())
    return found.get("algorithm", HMAC_SHA1).upper(), found.get("key")


def _at(parsed: ParseResult, netloc: str) -> str:
    return parsed._replace(netloc=netloc).geturl()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what cannot be sent cannot be signed either, and does not raise
