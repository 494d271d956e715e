"""From a raw record's bytes to the masked record's: walk, replace, put the front before it.

A `Masker` knows every raw schema of one topic's family and masks one record after the other; it holds no
connection and no clock. What it cannot read raises an error that says why, without a byte of the content.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from earwitness.privacy.tokens import Constant, Tokens, encoded, text_of
from earwitness.schemas import framing
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import DatumError, FramingError, MalformedError, UnknownSchemaError
from earwitness.schemas.masked import HEAD_TOKENS
from earwitness.schemas.rewriter import KEY, Rewriter
from earwitness.schemas.varint import encode_long
from earwitness.schemas.walker import Splicer, Table, compile_splicer

__all__ = ["Masker", "WrongTopicError"]

_SAFE_KEY = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[a-z][a-z0-9_.-]{0,63}\Z")
"""What a program would call a thing; five digits are more likely somebody's number."""
_EMPTY_COLLECTION = b"\x00"
_KEPT = struct.pack("<d", 1.0)


class WrongTopicError(DatumError):
    """An event of one family came on another family's topic."""


@dataclass(frozen=True, slots=True)
class _Plan:
    lead: bytes
    splice: Splicer


class Masker:
    """Masks the records of one raw partition.

    Args:
        pairs: raw and masked schema of each kind that may come.
        family: the topic's family; an event of another one is refused.
        tokens: what personal data is replaced by.
        splicer_of: gives a raw schema's splicer, for the maskers of several partitions to share; None makes new ones.
        topic_id: Kafka's id of the raw topic, 16 bytes.
        partition: the raw partition.
    """

    def __init__(
        self,
        pairs: Iterable[tuple[Schema, Schema]],
        *,
        family: str,
        tokens: Tokens,
        topic_id: bytes,
        partition: int,
        splicer_of: Callable[[Schema], Splicer] | None = None,
    ) -> None:
        if len(topic_id) != 16:
            raise ValueError(f"a topic id has 16 bytes, not {len(topic_id)}")
        self._family = family
        self._other_family: set[bytes] = set()
        self._plans: dict[bytes, _Plan] = {}
        position = b"\x00" + topic_id + encode_long(partition)
        for raw, masked in pairs:
            if raw.family != family:
                self._other_family.add(raw.prefix)
                continue
            splice = splicer(raw, tokens) if splicer_of is None else splicer_of(raw)
            self._plans[raw.prefix] = _Plan(masked.prefix + position, splice)
        # sample rate, key id, no verdict, category or field, no previous tokens; then the coarse tokens
        self._tail = _KEPT + encoded(tokens.key_id) + b"\x00\x00\x00" + _EMPTY_COLLECTION
        self._received_ms: int | None = None
        self._received = b""

    def mask(self, value: bytes | None, offset: int, received_ms: int) -> bytes:
        """The masked record of a raw record, both framed.

        Args:
            value: the raw record's value.
            offset: its offset.
            received_ms: when the broker took it, milliseconds since 1970-01-01 UTC.

        Raises:
            DatumError, UnknownSchemaError: it cannot be read; the message holds nothing of its content.
        """
        if value is None:
            raise FramingError("the record has no value")
        plan = self._plans.get(value[:5])
        if plan is None:
            raise self._unreadable(value)
        if received_ms != self._received_ms:
            self._received = _micros(received_ms)
            self._received_ms = received_ms
        front = plan.lead + encode_long(offset) + self._received + self._tail
        return plan.splice(value, 5, front)

    def _unreadable(self, value: bytes) -> DatumError | UnknownSchemaError:
        try:
            schema_id = framing.schema_id(value)
        except FramingError as error:
            return error
        if value[:5] in self._other_family:
            return WrongTopicError(f"schema {schema_id} is not of the family {self._family!r} of this topic")
        return UnknownSchemaError(f"no raw schema has the id {schema_id}")


def _micros(milliseconds: int) -> bytes:
    try:
        return encode_long(milliseconds * 1000)
    except ValueError:
        raise MalformedError("the record's timestamp is outside of what microseconds can say") from None


def splicer(raw: Schema, tokens: Tokens) -> Splicer:
    """The function that masks a datum of one raw schema.

    Raises:
        SchemaError: the schema holds personal data in a form that cannot be masked.
    """
    replaced: dict[str, Table] = {}
    for field in raw.fields:
        kind = field["type"]
        pii = str(field.get("pii", "none"))
        if _is_text(kind):
            if pii != "none":
                replaced[field["name"]] = tokens.table(pii)
        elif _holds_pii(field):
            # The walker hands over a nullable value without its branch.
            kind = next(branch for branch in kind if branch != "null") if isinstance(kind, list) else kind
            replaced[field["name"]] = _Nested(Rewriter(field | {"type": kind}, _nested_tables(tokens)))
    heads = {head: tokens.coarse(head) for head in HEAD_TOKENS}
    by_source = {source: heads[head] for head, source in HEAD_TOKENS.items()}
    return compile_splicer(raw.definition, replaced, by_source)


def _nested_tables(tokens: Tokens) -> Callable[[str], Table | None]:
    keys = _AttributeKeys()

    def table_of(pii: str) -> Table | None:
        if pii == KEY:
            return keys
        return None if pii == "none" else tokens.table(pii)

    return table_of


class _AttributeKeys:
    """Keeps a map's key that looks like a name in a program; any other may be something that a caller said."""

    _unknown = Constant("[text]")

    def __getitem__(self, value: bytes, /) -> bytes:
        return value if _SAFE_KEY.match(text_of(value)) else self._unknown[value]


class _Nested:
    """An empty list or map, by far the most common, stays as it is."""

    __slots__ = ("_rewriter",)

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def __getitem__(self, value: bytes, /) -> bytes:
        return value if value == _EMPTY_COLLECTION else self._rewriter[value]


def _is_text(kind: object) -> bool:
    if isinstance(kind, list):
        return any(_is_text(branch) for branch in kind)
    return kind == "string" or (isinstance(kind, dict) and kind["type"] == "string")


def _holds_pii(field: dict[str, object]) -> bool:
    if field.get("pii", "none") != "none":
        return True
    kind = field["type"]
    branches = kind if isinstance(kind, list) else [kind]
    for branch in branches:
        if isinstance(branch, dict):
            if branch["type"] == "record" and any(_holds_pii(inner) for inner in branch["fields"]):
                return True
            if branch["type"] == "array" and _holds_pii({"type": branch["items"]}):
                return True
            if branch["type"] == "map" and _holds_pii({"type": branch["values"]}):
                return True
    return False
