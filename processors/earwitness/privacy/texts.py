"""Free text of records: what is personal in it becomes tokens, the rest stays.

It fails closed: a text that is too long, or that the scanner fails on, is masked as a whole. What was answered is
remembered, for the values of one call repeat; the memory holds personal data and is written nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.scanner import MAX_CHARS, Scanner
from earwitness.privacy.site import USUAL, Site
from earwitness.privacy.tokens import Constant, encoded, text_of
from earwitness.schemas.walker import Table

__all__ = ["WHOLE", "Texts"]

WHOLE = "[text]"
"""What a text becomes that is masked as a whole."""
_CACHED = 50_000
_CACHED_BYTES = 256


class Texts:
    """The tables that mask free text, for all schemas to share.

    Args:
        free_text: replaces what was found.
        site: what the installation says about its texts.
    """

    def __init__(self, free_text: FreeText, site: Site = USUAL) -> None:
        self.counts: Counter[str] = Counter()
        """How often each kind was found; `whole` and `failed`: texts masked as a whole because of length or a fault."""
        self._free_text = free_text
        self._scanner = None if site.preset == "whole" else Scanner(site.preset, dictionary=site.dictionary)
        self.table: Table = Constant(WHOLE) if self._scanner is None else _TextTable(self.masked)
        """What a record's free text is looked up in."""

    def masked(self, text: str) -> str:
        """A text with what is personal replaced; as a whole if it cannot be read."""
        if self._scanner is None or len(text) > MAX_CHARS:
            self.counts["whole"] += 1
            return WHOLE
        try:
            spans = self._scanner.scan(text)
            answer = self._free_text.replaced(text, spans) if spans else text
        except Exception:  # noqa: BLE001 - what fails is masked; its message may quote the text
            self.counts["failed"] += 1
            return WHOLE
        for span in spans:
            self.counts[span.kind] += 1
        return answer


class _TextTable(dict[bytes, bytes]):
    """Answers a text with the masked one; an empty text with itself."""

    def __init__(self, masked: Callable[[str], str]) -> None:
        super().__init__()
        self._masked = masked

    def __missing__(self, value: bytes) -> bytes:
        text = text_of(value)
        answer = encoded(self._masked(text)) if text else value
        if len(value) <= _CACHED_BYTES:
            if len(self) >= _CACHED:
                self.clear()
            self[value] = answer
        return answer
