"""What masks a datum: which fields of a schema are replaced, and by what."""

from __future__ import annotations

import re

from earwitness.privacy.policy import policies
from earwitness.privacy.replacements import TEXT
from earwitness.privacy.texts import Texts
from earwitness.privacy.tokens import Constant, Tokens, encoded, text_of
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.masked import HEAD_TOKENS
from earwitness.schemas.rewriter import KEY, Rewriter
from earwitness.schemas.walker import Part, Splicer, Table, compile_splicer

__all__ = ["splicer"]

_SAFE_KEY = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[a-z][a-z0-9_.-]{0,63}\Z")
"""What a program would call a thing; five digits are more likely somebody's number."""
_JOINTS = re.compile(r"[_.-]")
_EMPTY_COLLECTION = b"\x00"


def splicer(raw: Schema, tokens: Tokens, texts: Texts) -> Splicer:
    """The function that masks a datum of one raw schema, and tells whether it is marked as replayed.

    Raises:
        SchemaError: the schema holds personal data in a form that cannot be masked.
    """
    treated = policies(raw)

    def table_of(pii: str, path: str) -> Table | None:
        if pii == KEY:
            return _AttributeKeys(texts.key_table(tokens, f"{raw.name}.{path}"))
        if pii == "text":
            return texts.table(tokens, f"{raw.name}.{path}", treated[path])
        return None if pii == "none" else tokens.table(pii)

    replaced: dict[str, Table] = {}
    for field in raw.fields:
        name, kind = field["name"], field["type"]
        if _is_text(kind):
            table = table_of(str(field.get("pii", "none")), name)
            if table is not None:
                replaced[name] = table
        elif _holds_pii(field):
            # The walker hands over a nullable value without its branch.
            kind = next(branch for branch in kind if branch != "null") if isinstance(kind, list) else kind
            replaced[name] = _Nested(Rewriter(field | {"type": kind}, table_of), texts)
    heads = {head: tokens.coarse(head) for head in HEAD_TOKENS}
    by_source = {source: heads[head] for head, source in HEAD_TOKENS.items()}
    return compile_splicer(raw.definition, replaced, by_source, "replayed")


class _AttributeKeys:
    """Keeps a map's key that looks like a name in a program and holds no person's: any other may be what a caller said.

    Args:
        words: masks a text.
    """

    _unknown = Constant(TEXT)

    def __init__(self, words: Table) -> None:
        self._words = words

    def __getitem__(self, value: bytes, /) -> bytes:
        key = text_of(value)
        if not _SAFE_KEY.match(key):
            return self._unknown[value]
        words = encoded(_JOINTS.sub(" ", key))
        return value if self._words[words] == words else self._unknown[value]


class _Nested:
    """An empty list or map, by far the most common, stays as it is."""

    __slots__ = ("_nested", "_rewriter")

    def __init__(self, rewriter: Rewriter, texts: Texts) -> None:
        self._rewriter = rewriter
        self._nested = texts.ahead.nested

    def __getitem__(self, value: bytes, /) -> Part:
        return value if value == _EMPTY_COLLECTION else self._nested(self._rewriter, value)


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
