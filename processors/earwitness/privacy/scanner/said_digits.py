"""The short way to the digits of a value that is nothing but plain words, numbers and commas.

No token is made and no class asked for. Most numbers are said so; `numbers.read` gives the same digits, and reads all others.
A word that says no number is a pause.
"""

from __future__ import annotations

import re

from earwitness.privacy.scanner.number_codes import CODES, resolved
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS
from earwitness.privacy.scanner.vocabulary import PAUSES, WORDS, words

__all__ = ["said_digits", "single_digits"]


def _listed(names: str) -> frozenset[str]:
    return words(" ".join(WORDS[name] for name in names.split()))


class _Codes(dict[str, str]):
    """Answers a word with its code in a run; what is no plain word is a KeyError, and so is one that may say more."""

    def __missing__(self, word: str) -> str:
        if word.isascii():
            if word.isdecimal():
                return word if len(word) == 1 else f";{word};"
            if word.isalpha() and word not in _CARE:
                return ","
        raise KeyError


_CARE = _listed("wait no ext").union(*(pause.split() for pause in PAUSES))
"""What takes back, what begins an extension, and parts of pauses that are one token."""
_CODES = _Codes(
    {
        word: CODES[word]
        for word in (*DIGITS, *NUMBERS, *REPEATS, *_listed("to for homo an ye filler"))
        if word.isalpha()
    }
    | {",": ",", "": ""}
)
_OPENERS = frozenset((*DIGITS, *NUMBERS, *REPEATS)) - {"una", "un", "fife", "tree"}
"""Words that say a number wherever they stand."""


def said_digits(text: str) -> str | None:
    """The digits that a text says; None if it has to be read with care.

    Args:
        text: the value alone.
    """
    said = text.lower().replace(",", " , ").split(" ")
    if said[0] not in _OPENERS and not said[0].isdecimal():
        return None
    try:
        code = "".join(map(_CODES.__getitem__, said))
    except KeyError:
        return None
    if not code.isdecimal():
        code = "".join(_DIGITS.findall(resolved(code)))
    return code or None


_DIGITS = re.compile("[0-9]+")


def single_digits(text: str) -> str | None:
    """The digits of a text in which each word says one; None for any other."""
    try:
        return "".join(map(DIGITS.__getitem__, text.replace(",", " ").lower().split()))
    except KeyError:
        return None
