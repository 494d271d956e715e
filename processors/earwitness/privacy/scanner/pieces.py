"""What the tokens of a found span stand for: runs of numbers are digits, spelled letters are letters, the rest are words."""

from __future__ import annotations

import re
from functools import cache

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members
from earwitness.privacy.scanner.classes import Classes
from earwitness.privacy.scanner.letter_names import LETTER_NAMES
from earwitness.privacy.scanner.lexicon import lexicon
from earwitness.privacy.scanner.number_words import REPEATS
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.view import View, view

__all__ = ["LETTER", "LETTERS", "LINKS", "NUMBERS", "SILENT", "pieces", "seen"]

_C = CHARACTERS
NUMBERS = members("numeral") + members("spoken") + characters("multi nx homo")
"""Classes of tokens that say digits."""
LINKS = _C["an"] + _C["ye"]
"""Classes of tokens that may stand between two of them: `treinta y uno`."""
LETTER = _C["letter"]
"""What a spelled letter comes as."""
LETTERS = members("lettered") + _C["letname"]
SILENT = characters("filler comma shift quote stop newline bracket unbracket open close")
"""Classes of tokens that stand for nothing."""
_DASHED = re.compile(r"(?<![^\W_])[^\W\d_](?:-[^\W\d_]){2,}(?![^\W_])")
"""A word that is spelled as `m-a-r-i-a`."""
_SAYING = tuple(_C[name] for name in ("for", "like", "de"))
_AS_IN = _C["as"] + _C["in"]


def seen(text: str) -> View:
    """A span's tokens and their classes."""
    if "-" in text:
        text = _DASHED.sub(lambda found: found[0].replace("-", " "), text)
    return view(text, _classes())


@cache
def _classes() -> Classes:
    return Classes(lexicon())


def pieces(tokens: View, *, numbers: bool = True) -> list[tuple[str, str]]:
    """Each token's class and what it stands for; what says a letter again (`as in mary`) is left out.

    Args:
        tokens: the span.
        numbers: runs of numbers give their digits; otherwise their words stay.
    """
    kinds, raw = tokens.kinds, tokens.raw
    special = _SPELLED_OR_COUNTED if numbers else _SPELLED
    found: list[tuple[str, str]] = []
    at = 0
    repeat = 1
    before = "" if numbers else "l"
    """Whether a letter or a number stands before: `l`, `n`; where no number is read, it is as if a letter did."""
    while at < len(kinds):
        kind = kinds[at]
        word = raw[at].rstrip(" \t").lower()
        if kind not in special:
            if numbers and kind not in SILENT:
                before = ""
            found.append((kind, word))
        elif kind == _MULTI and _is_letter(tokens, at + 1, "l" if before != "n" else "n"):
            repeat, before = REPEATS[word], "l"
        elif _is_letter(tokens, at, before):
            letter = LETTER_NAMES.get(word, word[0])
            # `double u` is a letter of its own.
            found.append((LETTER, "w" if letter == "u" and repeat == _DOUBLE else letter * repeat))
            repeat, before = 1, "l"
            if kinds[at + 1 : at + 2] in _AGAIN:
                at += _said_again(tokens, at, letter)
        elif numbers:
            end = _end_of_number(kinds, at)
            found.append((kind, digits_of(tokens, at, end) or word))
            at, before = end, "n"
            continue
        else:
            found.append((kind, word))
        at += 1
    return found


_DOUBLE = 2
_MULTI = _C["multi"]
_SPELLED = frozenset(LETTERS + _MULTI)
_SPELLED_OR_COUNTED = _SPELLED.union(NUMBERS)
_AGAIN = frozenset((*_SAYING, _C["as"]))


def _is_letter(tokens: View, at: int, before: str) -> bool:
    """Whether a token says a letter. `o` and `oh` may be a zero as well: what stands around them says which."""
    kinds = tokens.kinds
    if at >= len(kinds) or kinds[at] not in LETTERS:
        return False
    if kinds[at] != _OH:
        return True
    behind = kinds[at + 1 : at + _NEAR].lstrip(_OH)[:1]
    if len(tokens.word(at)) > 1:
        return before == "l" and behind != "" and behind in LETTERS
    return before == "l" or (before != "n" and (not behind or behind not in NUMBERS))


_OH = _C["oh"]
_NEAR = 8


def _said_again(tokens: View, at: int, letter: str) -> int:
    """How many tokens behind a letter only say it again: `as in mary`, `for mary`, `de maría`."""
    kinds = tokens.kinds
    if kinds[at + 1 : at + 3] == _AS_IN and at + 3 < len(kinds):
        return 3
    if kinds[at + 1 : at + 2] in _SAYING and at + 2 < len(kinds) and tokens.word(at + 2)[0] == letter:
        return 2
    return 0


def _end_of_number(kinds: str, at: int) -> int:
    run = _NUMBER.match(kinds, at)
    return at + 1 if run is None else run.end()


_NUMBER = re.compile(
    f"[{re.escape(NUMBERS)}](?>(?:[{re.escape(NUMBERS)}]|[{re.escape(LINKS)}](?=[{re.escape(NUMBERS)}]))*)"
)
