"""Free text with what is personal in it replaced: each span by its token in brackets, all else as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.replacements import CONSTANTS, WITHHELD
from earwitness.privacy.scanner import Span, normalise
from earwitness.privacy.tokens import maker

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


class FreeText:
    """Replaces spans with one key's tokens.

    Args:
        key: what the tokens are made with.
    """

    def __init__(self, key: MaskingKey) -> None:
        self._makers: dict[str, Callable[[str], str | None]] = {
            kind: maker(key, prefix, partial(normalise.value, kind)) for kind, prefix in _TOKENS.items()
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
            parts += (text[at:start], self._token(kind, text[start:end]))
            at = end
        return "".join([*parts, text[at:]])

    def _token(self, kind: str, value: str) -> str:
        constant = CONSTANTS.get(kind)
        if constant is not None:
            return constant
        # A lone half of a surrogate pair is no text that a token could be made of.
        return f"[{self._makers[kind](value.encode(errors='replace').decode()) or WITHHELD}]"
