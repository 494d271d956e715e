"""Free text with what is personal in it replaced: each span by its token in brackets, all else as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from earwitness.privacy.replacements import CONSTANTS, WITHHELD
from earwitness.privacy.scanner import Span, normalise
from earwitness.privacy.tokens import CACHE_SIZE, Tokens

__all__ = ["FreeText"]

_TOKENS = {
    "PHONE": "tel",
    "PERSON": "person",
    "ADDRESS": "addr",
    "EMAIL": "mail",
    "IBAN": "iban",
    "IP": "ip",
    "ZIP": "zip",
    "DRIVER_ID": "licence",
}
"""By kind, the token's; a number in a declared field has the same one."""
_REMEMBERED = 64
"""Characters of the longest value whose token is remembered."""


class FreeText:
    """Replaces spans with one key's tokens.

    Args:
        tokens: what makes them.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tables = {
            kind: _SpanTable(tokens.maker(prefix, normalise.form_of(kind))) for kind, prefix in _TOKENS.items()
        }

    def replaced(self, text: str, spans: Sequence[Span]) -> str:
        """The text with its spans replaced.

        Args:
            text: what was scanned.
            spans: what was found in it, sorted, without overlaps.
        """
        parts: list[str] = []
        at = 0
        for start, end, kind, _ in spans:
            parts += (text[at:start], CONSTANTS.get(kind) or self._tables[kind][text[start:end]])
            at = end
        parts.append(text[at:])
        return "".join(parts)


class _SpanTable(dict[str, str]):
    """Answers a span's text with its token in brackets, and remembers that, up to a bound."""

    def __init__(self, token: Callable[[str], str | None]) -> None:
        super().__init__()
        self._token = token

    def __missing__(self, value: str) -> str:
        # A lone half of a surrogate pair is no text that a token could be made of.
        text = value if value.isascii() else value.encode(errors="replace").decode()
        answer = f"[{self._token(text) or WITHHELD}]"
        if len(value) <= _REMEMBERED:
            if len(self) >= CACHE_SIZE:
                self.clear()
            self[value] = answer
        return answer
