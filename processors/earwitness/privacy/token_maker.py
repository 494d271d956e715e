"""How a token is made, and how it is told from one that somebody made up.

`<kind>_<key id>_<24 hex digits>`. Twenty digits are the first of HMAC-SHA256 (RFC 2104) over domain, kind and the normalised
value, each with its length in front. Two of them are always letters, so that no token has nine decimal digits in a row: then
nothing that looks for phone numbers finds one in it. The last four are the seal: keyed BLAKE2 (RFC 7693) over all that
stands before them. Who has no key makes one that fits in one of 65,536 tries, and nobody tells him which.

Equal values of one key have equal tokens; among 10^9 different values two have the same one with a chance of 3 in 10^6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from earwitness.privacy.keys import MaskingKey

__all__ = ["Seal", "maker"]

_DOMAIN = b"earwitness"
_LETTERS = dict(zip("0123456789abcdef", "abcdefabcdabcdef", strict=True))
_BLOCK = 64


class Seal:
    """The last digits of one key's tokens.

    Args:
        key: the one that the tokens are made with.
    """

    def __init__(self, key: MaskingKey) -> None:
        self.keyed = hashlib.blake2s(key=key.derive("seal"), digest_size=2)
        """To be copied; what stands before the seal goes in."""

    def fits(self, token: str) -> bool:
        """Whether a token has the right ones."""
        keyed = self.keyed.copy()
        keyed.update(token[:-4].encode())
        return keyed.hexdigest() == token[-4:]


def maker(
    key: MaskingKey,
    prefix: str,
    normal: Callable[[str], str | None],
    region: Callable[[str], str] = lambda _: "",
) -> Callable[[str], str | None]:
    """A function that makes one kind's tokens: None where there is nothing to make one of.

    Args:
        key: what they are made with.
        prefix: what they begin with.
        normal: gives a value's one form, or None.
        region: gives what of that form stays in front of the digits, with a `_` behind it, or nothing.
    """
    inner, outer = _keyed(key.derive(f"token/{prefix}"))
    inner.update(b"".join(len(part).to_bytes(4, "big") + part for part in (_DOMAIN, prefix.encode())))
    stem = f"{prefix}_{key.id}_"
    letters = _LETTERS
    unsealed = Seal(key).keyed

    def token(text: str) -> str | None:
        value = normal(text)
        if value is None:
            return None
        data = value.encode()
        first = inner.copy()
        first.update(len(data).to_bytes(4, "big") + data)
        second = outer.copy()
        second.update(first.digest())
        made = second.hexdigest()
        begun = f"{stem}{region(value)}{made[:8]}{letters[made[8]]}{made[9:16]}{letters[made[16]]}{made[17:20]}"
        seal = unsealed.copy()
        seal.update(begun.encode())
        return begun + seal.hexdigest()

    return token


def _keyed(secret: bytes) -> tuple[Any, Any]:
    """The two states of HMAC-SHA256 for a key of at most a block: copies of them are much faster than copies of `hmac`'s."""
    padded = secret.ljust(_BLOCK, b"\x00")
    return _sha256()(bytes(byte ^ 0x36 for byte in padded)), _sha256()(bytes(byte ^ 0x5C for byte in padded))


@cache
def _sha256() -> Callable[[bytes], Any]:
    """SHA-256 of the interpreter's own where it has one: a state of OpenSSL's costs three times as much to copy."""
    for name in ("_sha2", "_sha256"):  # of 3.12 and later, of 3.11
        with suppress(ImportError):
            own: Callable[[bytes], Any] = import_module(name).sha256
            return own
    return hashlib.sha256
