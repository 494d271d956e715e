"""Tokens: `<kind>_<key id>_<24 hex digits>`, the same for the same person, however a value was written or said.

A table answers the encoded value of a record's field with the encoded token, and keeps what it answered in a
bounded cache: the values of one call repeat. The caches hold personal data in memory and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.regions import region
from earwitness.privacy.replacements import SECRET, WITHHELD, is_ours, parts
from earwitness.privacy.scanner import normalise
from earwitness.privacy.token_maker import Seal, maker
from earwitness.schemas.errors import MalformedError, TruncatedError
from earwitness.schemas.varint import encode_long, read_long
from earwitness.schemas.walker import Table

__all__ = ["CACHE_SIZE", "JOINABLE", "Constant", "Tokens", "encoded", "text_of"]

CACHE_SIZE = 50_000
"""Values a table keeps; one that is full starts anew."""
CACHED_BYTES = 256
"""A longer value is not kept: 50,000 of those that somebody made up would fill the memory."""

_SHORT = 64
_LENGTHS = [encode_long(length) for length in range(_SHORT)]
_NULL = b"\x00"
_SOME = b"\x02"

_KINDS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "phone": ("tel", normalise.phone),
    "name": ("person", normalise.name),
    "client": ("client", normalise.client),
    "job": ("job", normalise.job),
    "ip": ("ip", normalise.ip),
}
JOINABLE = frozenset(_KINDS)
"""The `pii` of fields that have a token."""
_COARSE: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "caller_prefix": ("telprefix", normalise.phone_prefix),
    "job_block": ("jobblock", normalise.job_block),
}


def encoded(text: str) -> bytes:
    """A string as Avro writes it."""
    data = text.encode()
    length = len(data)
    return (_LENGTHS[length] if length < _SHORT else encode_long(length)) + data


def text_of(value: bytes) -> str:
    """The text of a string as Avro writes it.

    Raises:
        TruncatedError: it is shorter than it says.
        MalformedError: it is no UTF-8.
    """
    length, start = (value[0] >> 1, 1) if value[0] < 128 else read_long(value, 0)
    if start + length > len(value):
        raise TruncatedError("the data ends within a text")
    try:
        return value[start:].decode()
    except UnicodeDecodeError:
        pass  # what is raised in here would carry the text: the error that it came from knows it
    raise MalformedError("a text is no UTF-8")


class Constant:
    """Answers every text with the same one; an empty text stays empty, one that is no text is refused."""

    __slots__ = ("_value",)

    def __init__(self, text: str) -> None:
        self._value = encoded(text)

    def __getitem__(self, value: bytes, /) -> bytes:
        """The constant, encoded."""
        return self._value if text_of(value) else value


class _TokenTable(dict[bytes, bytes]):
    """Answers a text with its token: `tel_k1_9f2c…`; a withheld number with one shared word, an empty text with itself.

    A token of ours stays as it is, and so does that word: masking twice changes nothing.
    """

    def __init__(self, token: Callable[[str], str | None], prefix: str, owns: Callable[[str], bool]) -> None:
        super().__init__()
        self._token = token
        self._prefix = prefix
        self._owns = owns

    def __missing__(self, value: bytes) -> bytes:
        text = text_of(value)
        if not text or text == WITHHELD or (text.startswith(self._prefix) and self._owns(text)):
            answer = value
        else:
            answer = encoded(self._token(text) or WITHHELD)
        _keep(self, value, answer)
        return answer


class _CoarseTable(dict[bytes, bytes]):
    """Answers a text with a nullable token that its neighbours share: null where there is none."""

    def __init__(self, token: Callable[[str], str | None]) -> None:
        super().__init__()
        self._token = token

    def __missing__(self, value: bytes) -> bytes:
        token = self._token(text_of(value))
        answer = _NULL if token is None else _SOME + encoded(token)
        _keep(self, value, answer)
        return answer


def _keep(cache: dict[bytes, bytes], value: bytes, answer: bytes) -> None:
    if len(value) > CACHED_BYTES:
        return
    if len(cache) >= CACHE_SIZE:
        cache.clear()
    cache[value] = answer


class Tokens:
    """Makes tokens with one key; a table a kind, shared by all schemas.

    Args:
        key: what they are made with.
        previous: those of the key before, while a rotation lasts: their tokens are known as ours, and records carry them too.
        keep_region: a phone's token says its country and, in North America, its area code.
    """

    def __init__(self, key: MaskingKey, *, previous: Tokens | None = None, keep_region: bool = False) -> None:
        self.key = key
        self.key_id = key.id
        self.previous = previous
        self.keep_region = keep_region
        self._seal = Seal(key)
        self._tables: dict[str, Table] = {
            pii: _TokenTable(self.maker(prefix, normal), f"{prefix}_", self.owns)
            for pii, (prefix, normal) in _KINDS.items()
        }
        self._tables["secret"] = Constant(SECRET)
        self._coarse: dict[str, Table] = {
            name: _CoarseTable(maker(key, prefix, normal)) for name, (prefix, normal) in _COARSE.items()
        }

    def table(self, pii: str) -> Table:
        """The table for a `pii` of the schemas.

        Raises:
            KeyError: there is no such kind of personal data.
        """
        return self._tables[pii]

    def coarse(self, name: str) -> Table:
        """The table of a coarse token: `caller_prefix`, `job_block`."""
        return self._coarse[name]

    def maker(self, prefix: str, normal: Callable[[str], str | None]) -> Callable[[str], str | None]:
        """A function that makes one kind's tokens, as `token_maker.maker`."""
        return maker(self.key, prefix, normal, region if self.keep_region and prefix == "tel" else _no_region)

    def owns(self, text: str) -> bool:
        """Whether a text is a token that was made with one of our keys, or a constant: then it is masked already."""
        found = parts(text)
        if found is None:
            return is_ours(text)
        if found[1] == self.key_id and self._seal.fits(text.strip("[]")):
            return True
        return self.previous is not None and self.previous.owns(text)


def _no_region(_number: str) -> str:
    return ""
