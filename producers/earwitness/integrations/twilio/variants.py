"""What is known to happen to a webhook between Twilio and an app, as requests that Twilio may have signed instead.

Reported again and again: a proxy ends TLS, so that the app sees http (twilio-python#751); a port comes or goes
(twilio-python#392, twilio-node#411); a query is sorted (twilio-php#790, twilio-node#1079); a sub-account signs with its
own token (twilio-php#436); a field that occurs twice was signed once, or the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import Final, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from earwitness.integrations.twilio import signing
from earwitness.integrations.twilio.requests import SignedRequest

__all__ = ["Reason", "Variant", "variants"]

Reason = Literal["proxy_url", "query_resorted", "duplicate_field", "subaccount_token", "other"]

_MOST_PERMUTED: Final = 4  # of so many parameters all orders are tried: 24
_HOST_HEADERS: Final = ("host", "x-forwarded-host", "x-original-host")
_FORWARDED_HOST: Final = re.compile(r'\bhost="?([^;,"\s]+)', re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z0-9._\[\]:-]{1,253}")
_PORT: Final = re.compile(r"[0-9]{1,5}")


class Variant(NamedTuple):
    """A request that Twilio may have signed.

    Attributes:
        reason: what it would mean if it did.
        name: more precisely.
        secret: what it would be signed with.
        base: scheme, host and port, with the path in front of the app's own.
        url: the whole address.
        fields: the form's text.
        algorithm: of the signature.
    """

    reason: Reason | Literal["signature_mismatch"]
    name: str
    secret: str
    base: str
    url: str
    fields: str
    algorithm: str


def variants(
    request: SignedRequest, as_sent: Variant, other_secrets: Iterator[tuple[Reason, str, str, str]]
) -> Iterator[Variant]:
    """What may have been signed instead of what came, the likeliest first.

    Args:
        request: what came.
        as_sent: how it should have been signed.
        other_secrets: reason, name, secret and algorithm of what else may have signed it.
    """
    for base, path, name in _places(request, as_sent.base):
        url = base + path + as_sent.url[len(as_sent.base) + len(request.path) :]
        yield as_sent._replace(reason="proxy_url", name=name, base=base, url=url)
    for reason, name, secret, algorithm in other_secrets:
        yield as_sent._replace(reason=reason, name=name, secret=secret, algorithm=algorithm)
    for query, name in _orders(request.query):
        yield as_sent._replace(reason="query_resorted", name=name, url=f"{as_sent.base}{request.path}?{query}")
    for fields, name in _once(request):
        yield as_sent._replace(reason="duplicate_field", name=name, fields=fields)


def _places(request: SignedRequest, base: str) -> Iterator[tuple[str, str, str]]:
    """Other bases and paths, and in what they differ from the app's own."""
    own = _split(base)
    if own is None:
        return
    seen = {(base, request.path)}
    for host in dict.fromkeys((own.netloc, *_hosts(request, own))):
        for scheme in ("https", "http"):
            for prefix in dict.fromkeys((own.path, "", request.headers.get("x-forwarded-prefix", "").rstrip("/"))):
                place = (f"{scheme}://{host}{prefix}", request.path)
                if place not in seen:
                    seen.add(place)
                    yield *place, _difference(own, scheme, host)
    yield base, request.path.removesuffix("/") if request.path.endswith("/") else f"{request.path}/", "path"


def _hosts(request: SignedRequest, own: SplitResult) -> Iterator[str]:
    """The hosts that the request's headers name, and the app's own with the ports that they name."""
    named = [host for header in _HOST_HEADERS for host in request.headers.get(header, "").split(",")]
    named += _FORWARDED_HOST.findall(request.headers.get("forwarded", ""))
    hosts = [host.strip() for host in named if _HOST.fullmatch(host.strip())][:6]
    yield from hosts
    ports = [request.headers.get("x-forwarded-port", ""), *(host.rpartition(":")[2] for host in hosts)]
    for port in dict.fromkeys(port.strip() for port in ports):
        if _PORT.fullmatch(port):
            yield f"{own.hostname}:{port}"


def _difference(own: SplitResult, scheme: str, host: str) -> str:
    other = _split(f"{scheme}://{host}")
    if other is None or other.hostname != own.hostname:
        return "host"
    if scheme != own.scheme:
        return "scheme"
    return "port" if host != own.netloc else "path"


def _split(base: str) -> SplitResult | None:
    try:
        split = urlsplit(base)
        split.port  # noqa: B018 - asked for the error
    except ValueError:
        return None
    return split if split.hostname else None


def _orders(query: str) -> Iterator[tuple[str, str]]:
    parts = query.split("&")
    if len(parts) < 2:
        return
    by_name = sorted(parts, key=lambda part: part.partition("=")[0])
    for order, name in ((sorted(parts), "sorted"), (by_name, "sorted"), (parts[::-1], "reversed")):
        yield "&".join(order), name
    if len(parts) <= _MOST_PERMUTED:
        for permuted in permutations(parts):
            yield "&".join(permuted), "reordered"


def _once(request: SignedRequest) -> Iterator[tuple[str, str]]:
    pairs = request.pairs or ()
    if len(request.form) < len(pairs):
        yield signing.fields_text(dict(pairs).items()), "last"
        yield signing.fields_text(dict(reversed(pairs)).items()), "first"
