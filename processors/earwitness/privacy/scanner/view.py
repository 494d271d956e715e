"""A text as the grammar sees it: its raw tokens, and a string with a character for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from earwitness.privacy.replacements import LOOSE
from earwitness.privacy.scanner.alphabet import CHARACTERS, GATES
from earwitness.privacy.scanner.classes import Classes
from earwitness.privacy.scanner.vocabulary import PAUSES

__all__ = ["BORDER", "Hit", "View", "holding", "view", "within"]

BORDER = "\x1e"
"""Stands between joined texts; no rule crosses its class."""

# Ranges are looked up in a table; \\w asks four questions of each character. What joins letters, accents that stand alone
# among them, is inside.
_LETTER = (
    "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefc"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
)
_SPACE = " \t\n\r\x0b\x0c\x1c\x1d\x1f\x85\xa0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Each alternative begins with a character of its own, by which it is skipped.
_OWN = "|".join(f"{form}[ \t]*" for form in LOOSE)
_ENCODED = "%(?:2[0-9A-Fa-f]|3[A-Fa-f]|40|[57][BDbd]|0[ADad])"
"""A sign as an address of the web writes it: `%40` for `@`."""
_PAUSE = "|".join(f"[{each[0].upper()}{each[0]}]{each[1:]}" for each in PAUSES)
_TOKENS = re.compile(
    f"{_OWN}|(?:{_PAUSE})(?![{_LETTER}'])[ \t]*+"
    f"|[{_LETTER}]++(?:['\u2019][{_LETTER}]++)*[ \t]*+|{_ENCODED}|[^{_LETTER}{_SPACE}\x1e]{{8,}}[ \t]*"
    f"|[^{_LETTER}{_SPACE}][ \t]*|[{_SPACE}]+"
)


Hit = tuple[int, int, str, str]
"""Tokens `first` to `last - 1` are of a kind, says a rule: a plain tuple, for there are many."""


class View:
    """Tokens and classes of one text, or of several that are joined."""

    __slots__ = ("kinds", "opened", "raw", "taken")

    def __init__(self, raw: list[str], kinds: str) -> None:
        self.raw = raw
        self.kinds = kinds
        self.opened = -1
        """The bits of the grammars that may find something in it, as `Gates.opened` has them."""
        self.taken = bytearray(len(kinds))
        """1 for each token that a rule has found to be somebody's, or that is a token of ours."""

    def each(self, grammar: re.Pattern[str]) -> Iterable[re.Match[str]]:
        """What a grammar finds; nothing is searched where a class is missing that it needs."""
        return grammar.finditer(self.kinds) if self.opened & _BITS[id(grammar)] else ()

    def word(self, index: int) -> str:
        """A token in lower case without the blanks behind it."""
        return self.raw[index].rstrip(" \t").lower()

    def glued(self, index: int) -> bool:
        """Whether no blank stands between this token and the next."""
        raw = self.raw
        return index + 1 < len(raw) and not raw[index].endswith((" ", "\t")) and not raw[index + 1].isspace()

    def before(self, index: int, most: int) -> range:
        """The tokens before one, `most` of them at most, none of another text."""
        first = max(0, index - most)
        return range(max(first, self.kinds.rfind(_BORDER, first, index) + 1), index)

    def joined(self, first: int, last: int) -> str:
        """The text of some tokens."""
        return "".join(self.raw[first:last]).rstrip(" \t")


def view(text: str, classes: Classes) -> View:
    """Tokenises a text once: the tokens follow each other without a gap."""
    raw = _TOKENS.findall(text)
    return View(raw, "".join(map(classes.__getitem__, raw)))


_BITS = GATES.bits
_BORDER = CHARACTERS["border"]


def holding(kinds: str, needed: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """First and last token of each text that holds a class which a rule cannot do without; others need no search."""
    found = needed.search(kinds)
    while found is not None:
        at = found.start()
        last = kinds.find(_BORDER, at)
        last = len(kinds) if last < 0 else last
        yield kinds.rfind(_BORDER, 0, at) + 1, last
        found = needed.search(kinds, last)


def within(kinds: str, needed: re.Pattern[str], grammar: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """What a grammar finds in those texts."""
    for first, last in holding(kinds, needed):
        yield from grammar.finditer(kinds, first, last)
