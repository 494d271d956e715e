"""A text as the grammar sees it: its raw tokens, a string with a character for each, and where each begins."""

from __future__ import annotations

import re
from itertools import accumulate

from earwitness.privacy.scanner.classes import Classes

__all__ = ["BORDER", "Hit", "View", "view"]

BORDER = "\x1e"
"""Stands between joined texts; no rule crosses its class."""

_TOKENS = re.compile("\\w+(?:['\u2019]\\w+|[\u0300-\u036f]+\\w*)*[ \t]*|[^\\w\\s][ \t]*|\\s")


Hit = tuple[int, int, str, str]
"""Tokens `first` to `last - 1` are of a kind, says a rule: a plain tuple, for there are many."""


class View:
    """Tokens, classes and positions of one text, or of several that are joined."""

    __slots__ = ("kinds", "raw", "starts")

    def __init__(self, raw: list[str], kinds: str, starts: list[int]) -> None:
        self.raw = raw
        self.kinds = kinds
        self.starts = starts

    def word(self, index: int) -> str:
        """A token in lower case without the blanks behind it."""
        return self.raw[index].rstrip(" \t").lower()

    def glued(self, index: int) -> bool:
        """Whether no blank stands between this token and the next."""
        raw = self.raw
        return index + 1 < len(raw) and not raw[index].endswith((" ", "\t")) and not raw[index + 1].isspace()

    def joined(self, first: int, last: int) -> str:
        """The text of some tokens."""
        return "".join(self.raw[first:last]).rstrip(" \t")


def view(text: str, classes: Classes) -> View:
    """Tokenises a text once: the tokens follow each other without a gap."""
    raw = _TOKENS.findall(text)
    kinds = "".join(map(classes.__getitem__, raw))
    return View(raw, kinds, list(accumulate(map(len, raw), initial=0)))
