"""Texts under one policy: read, and what is personal in them replaced. It never raises, and fails closed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.policy import Policy
from earwitness.privacy.replacements import TEXT
from earwitness.privacy.scanner import MAX_CHARS, Scanner, Span
from earwitness.privacy.tokens import encoded
from earwitness.schemas.walker import Part

__all__ = ["FAILED", "Answer", "TextReader"]

FAILED = "failed"
"""What is counted when reading a text failed; `TEXT` when it was masked as a whole for another reason."""
_UNQUOTED = 3
"""How often a text may be percent-encoded, one within the other, before it is masked as a whole."""


class Answer:
    """What becomes of a text.

    Attributes:
        masked: the masked text, encoded.
        found: the kinds of what was found in it, once each time.
    """

    __slots__ = ("found", "masked")

    def __init__(self, masked: Part, found: tuple[str, ...] = ()) -> None:
        self.masked = masked
        self.found = found


_WHOLE = Answer(encoded(TEXT), ("TEXT",))
_FAILED = Answer(encoded(TEXT), (FAILED,))


class TextReader:
    """Masks texts.

    Args:
        scanner: finds what is personal.
        free_text: replaces it.
        policy: says what stays.
    """

    def __init__(self, scanner: Scanner, free_text: FreeText, policy: Policy) -> None:
        self._scanner = scanner
        self._free_text = free_text
        self._policy = policy

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """What becomes of each text; many at once are read faster than one by one."""
        read = [text for text in texts if len(text) <= MAX_CHARS]
        try:
            found = iter(self._scanner.scan_all(read))
            return [_WHOLE if len(text) > MAX_CHARS else self._answer(text, next(found)) for text in texts]
        except Exception:  # noqa: BLE001 - one of them does it: each for itself
            return [self._alone(text) for text in texts]

    def spans(self, text: str) -> list[Span]:
        """What is replaced in a text; one span of the kind `TEXT` if it is masked as a whole."""
        whole = [Span(0, len(text), "TEXT", "cap")]
        if len(text) > MAX_CHARS:
            return whole
        try:
            spans = self._policy.personal(text, self._scanner.scan(text))
            is_hidden = self._is_hidden(self._free_text.replaced(text, spans))
            return [whole[0]._replace(rule="percent")] if is_hidden else spans
        except Exception:  # noqa: BLE001 - as above
            return [whole[0]._replace(rule=FAILED)]

    def _alone(self, text: str) -> Answer:
        if len(text) > MAX_CHARS:
            return _WHOLE
        try:
            return self._answer(text, self._scanner.scan(text))
        except Exception:  # noqa: BLE001 - what fails is masked; its message may quote the text
            return _FAILED

    def _answer(self, text: str, found: list[Span]) -> Answer:
        spans = self._policy.personal(text, found) if found else found
        masked = self._free_text.replaced(text, spans) if spans else text
        if self._is_hidden(masked):
            return _WHOLE
        return Answer(encoded(masked), tuple([span.kind for span in spans]) if spans else ())

    def _is_hidden(self, text: str) -> bool:
        """Whether a masked text still holds something personal that is percent-encoded, which the scanner did not read."""
        if "%" not in text:
            return False
        plain = text
        for _ in range(_UNQUOTED):
            before, plain = plain, unquote(plain)
            if plain == before:
                return plain != text and bool(self._scanner.scan(plain))
        return True
