"""Sealing what could not be read, so that it can be kept without being readable.

AES-256-GCM (NIST SP 800-38D) under a key of its own, with a random nonce. A sealed value is::

    "EWS2"  key id's length (1)  key id  topic id (16)  partition (4)  offset (8)  nonce (12)  ciphertext and tag

with big-endian numbers. What is encrypted is the length of the record's key (4, -1 without one), the key and the value.
"EWS1", of the first release, had the value alone; it opens too. Everything before the nonce is authenticated with the
content: a value that was moved to another position, or whose key id was changed, does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from earwitness.runtime.errors import SettingsError, UsageError
from earwitness.runtime.settings import Secret

__all__ = ["Opened", "QuarantineKey", "SealError", "key_id_of", "open_sealed", "place_of", "seal"]

_MAGIC, _WITHOUT_RECORD_KEY = b"EWS2", b"EWS1"
_POSITION = struct.Struct(">16siq")
_LENGTH = struct.Struct(">i")
_NONCE_SIZE = 12
_TAG_SIZE = 16
_KEY = re.compile(r"([a-z][a-z0-9-]{0,31}):([A-Za-z0-9+/_=-]+)")


class SealError(UsageError):
    """A sealed value is damaged, or the key does not fit."""


@dataclass(frozen=True, slots=True)
class QuarantineKey:
    """The key of the quarantine: `id` says which one it is, as key material it is never shown."""

    id: str
    key: bytes = field(repr=False)

    @classmethod
    def from_file(cls, path: Path | None) -> QuarantineKey:
        """Read `<id>:<base64 of 32 bytes>` from a file that only its owner may read.

        Raises:
            SettingsError: none is configured, or the file is missing, open to others, or does not hold such a key.
        """
        if path is None:
            raise SettingsError("no quarantine key is configured; set EARWITNESS_QUARANTINE_KEY_FILE to its file")
        return cls.parse(Secret.from_file(path, setting="quarantine_key_file"))

    @classmethod
    def parse(cls, text: Secret) -> QuarantineKey:
        """The key that a text stands for.

        Raises:
            SettingsError: it does not have the form, or is no key that anybody should use.
        """
        form = "EARWITNESS_QUARANTINE_KEY_FILE must hold <id>:<base64 of 32 random bytes>, as in q1:…"
        match = _KEY.fullmatch(text.reveal())
        if match is None:
            raise SettingsError(form)
        try:
            key = base64.b64decode(match[2].translate({45: 43, 95: 47}), validate=True)
        except binascii.Error:
            raise SettingsError(form) from None
        if len(key) != 32 or len(set(key)) < 8:
            raise SettingsError(f"{form}; this one is too short or not random")
        return cls(match[1], key)


@dataclass(frozen=True, slots=True)
class Opened:
    """A record's value and key, and where they were read."""

    topic_id: bytes
    partition: int
    offset: int
    value: bytes = field(repr=False)
    key: bytes | None = field(default=None, repr=False)


def seal(
    key: QuarantineKey, topic_id: bytes, partition: int, offset: int, value: bytes, *, record_key: bytes | None = None
) -> bytes:
    """Seal the value and the key of the record at a position."""
    name = key.id.encode()
    size = -1 if record_key is None else len(record_key)
    content = b"".join((_LENGTH.pack(size), record_key or b"", value))
    header = b"".join((_MAGIC, bytes((len(name),)), name, _POSITION.pack(topic_id, partition, offset)))
    nonce = os.urandom(_NONCE_SIZE)
    return header + nonce + AESGCM(key.key).encrypt(nonce, content, header)


def key_id_of(sealed: bytes) -> str:
    """The id of the key that opens a sealed value.

    Raises:
        SealError: it is none.
    """
    return _split(sealed)[0]


def place_of(sealed: bytes) -> tuple[bytes, int, int]:
    """Topic id, partition and offset of a sealed value, as they stand on it; whether that is true shows when it opens.

    Raises:
        SealError: it is none.
    """
    _, header_size = _split(sealed)
    topic_id, partition, offset = _POSITION.unpack(sealed[header_size - _POSITION.size : header_size])
    return topic_id, partition, offset


def open_sealed(key: QuarantineKey, sealed: bytes) -> Opened:
    """Open a sealed value.

    Raises:
        SealError: another key sealed it, or it was changed.
    """
    name, header_size = _split(sealed)
    if name != key.id:
        raise SealError(f"this value was sealed with the key {name!r}; the key given is {key.id!r}")
    header, rest = sealed[:header_size], sealed[header_size:]
    topic_id, partition, offset = _POSITION.unpack(header[-_POSITION.size :])
    try:
        content = AESGCM(key.key).decrypt(rest[:_NONCE_SIZE], rest[_NONCE_SIZE:], header)
    except InvalidTag:
        raise SealError("this value was changed after it was sealed, or the key has another content") from None
    if sealed.startswith(_WITHOUT_RECORD_KEY):
        return Opened(topic_id, partition, offset, content)
    (size,) = _LENGTH.unpack_from(content)
    value_at = _LENGTH.size + max(size, 0)
    record_key = None if size < 0 else content[_LENGTH.size : value_at]
    return Opened(topic_id, partition, offset, content[value_at:], record_key)


def _split(sealed: bytes) -> tuple[str, int]:
    """The key's id and the header's size."""
    if sealed[:4] not in {_MAGIC, _WITHOUT_RECORD_KEY} or len(sealed) < 5:
        raise SealError("this is no sealed value")
    size = 5 + sealed[4] + _POSITION.size
    if len(sealed) < size + _NONCE_SIZE + _TAG_SIZE:
        raise SealError("this sealed value is cut off")
    return sealed[5 : 5 + sealed[4]].decode("ascii", "replace"), size
