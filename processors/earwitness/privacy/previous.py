"""During a rotation: the tokens that the key before gives for a record, so that what was grouped by them goes on.

They are the ones that something is grouped by: each declared field's of its own, and the coarse ones. They come as the map
`previous_tokens`, by field. A field that is null, empty or withheld has none, and those inside of lists, maps and free text
have none either: nothing groups by them.
"""

from __future__ import annotations

from earwitness.privacy.replacements import WITHHELD
from earwitness.privacy.tokens import JOINABLE, Tokens, encoded
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.masked import HEAD_TOKENS
from earwitness.schemas.varint import encode_long
from earwitness.schemas.walker import Table, compile_finder

__all__ = ["PreviousTokens"]

_EMPTY_COLLECTION = b"\x00"
_NOTHING = frozenset((b"\x00", encoded(WITHHELD)))
_NULL = b"\x00"


class PreviousTokens:
    """Makes the map of one raw schema's records.

    Args:
        raw: the schema.
        tokens: of the key before.
    """

    def __init__(self, raw: Schema, tokens: Tokens) -> None:
        found = {
            field["name"]: str(field["pii"])
            for field in raw.fields
            if field.get("pii") in JOINABLE and _is_string(field["type"])
        }
        sources = {source: head for head, source in HEAD_TOKENS.items() if source in found}
        self._find = compile_finder(raw.definition, list(found), whole=False)
        self._entries: list[tuple[int, bytes, Table, tuple[bytes, Table] | None]] = []
        for number, (name, pii) in enumerate(found.items()):
            head = sources.get(name)
            coarse = None if head is None else (encoded(head), tokens.coarse(head))
            self._entries.append((2 * number, encoded(name), tokens.table(pii), coarse))

    def of(self, value: bytes) -> bytes:
        """The map of a framed record, encoded.

        Raises:
            DatumError: it cannot be read.
        """
        ranges = self._find(value, 5)
        made: list[bytes] = []
        for at, name, table, coarse in self._entries:
            start, end = ranges[at], ranges[at + 1]
            if start == end:
                continue
            text = value[start:end]
            token = bytes(table[text])
            if token in _NOTHING:
                continue
            made.append(name + token)
            if coarse is not None and (token := bytes(coarse[1][text])) != _NULL:
                made.append(coarse[0] + token[1:])
        return encode_long(len(made)) + b"".join(made) + b"\x00" if made else _EMPTY_COLLECTION


def _is_string(kind: object) -> bool:
    """Whether a field holds one text, or null: what the finder hands over without the union's branch."""
    return kind == "string" or (isinstance(kind, list) and set(map(str, kind)) == {"null", "string"})
