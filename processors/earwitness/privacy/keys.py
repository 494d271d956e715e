"""A masking key: one root secret, and one key a kind of token derived from it.

It is written `<key id>:<base64 of at least 32 random bytes>`; `keyring` says where, and when it holds. A key that is
missing, short, of low variety or the documented example stops the start: tokens made with it could be reversed by trying
all phone numbers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from earwitness.runtime.errors import SettingsError

__all__ = ["EXAMPLE_KEY", "MaskingKey"]

EXAMPLE_KEY = "k1:ZG8tbm90LXVzZS10aGlzLWtleS1pdC1pcy1hbi1leGFtcGxlIQ=="
"""The key that the documentation shows; it is refused."""

_EXAMPLE_ROOT = base64.b64decode(EXAMPLE_KEY.partition(":")[2])
_LINE = re.compile(r"(?P<id>[a-z][a-z0-9]{0,15}):(?P<key>[A-Za-z0-9+/=_-]+)\Z")
_LEAST_BYTES = 32
_LEAST_VARIETY = 12
"""32 random bytes have fewer than 12 different values in less than one of 10^14 keys."""


@dataclass(frozen=True)
class MaskingKey:
    """The root secret and its id, which stands in every token made with it."""

    id: str
    _root: bytes

    def __repr__(self) -> str:
        return f"MaskingKey(id={self.id!r}, fingerprint={self.fingerprint!r})"

    @property
    def fingerprint(self) -> str:
        """Eight hex digits by which logs name the key; they tell nothing about it."""
        return hashlib.sha256(b"earwitness/fingerprint/" + self.derive("fingerprint")).hexdigest()[:8]

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose: HKDF-SHA256 (RFC 5869), the purpose as info."""
        return HKDF(SHA256(), 32, salt=None, info=f"earwitness/v1/{purpose}".encode()).derive(self._root)

    def has_bytes_of(self, other: MaskingKey) -> bool:
        """Whether two keys are one but for the id."""
        return hmac.compare_digest(self._root, other._root)

    @classmethod
    def parse(cls, text: str, *, where: str) -> MaskingKey:
        """A key from its line.

        Raises:
            SettingsError: it is malformed, too short, of low variety, or the documented example.
        """
        match = _LINE.match(text)
        if match is None:
            raise SettingsError(f"{where}: a masking key is one line, k1:<base64 of 32 random bytes>")
        try:
            root = base64.b64decode(
                match["key"], altchars=b"-_" if re.search("[-_]", match["key"]) else None, validate=True
            )
        except binascii.Error:
            raise SettingsError(f"{where}: the masking key is no valid base64") from None
        if root == _EXAMPLE_ROOT:
            raise SettingsError(f"{where}: this is the example key of the documentation; make your own 32 random bytes")
        if len(root) < _LEAST_BYTES:
            raise SettingsError(f"{where}: the masking key has {len(root)} bytes; at least {_LEAST_BYTES} are needed")
        if len(set(root)) < _LEAST_VARIETY:
            raise SettingsError(f"{where}: the masking key is not random; make 32 random bytes")
        return cls(match["id"], root)
