"""The short way to the digits of a value that is nothing but words for numbers, pauses and commas.

No token is made and no class asked for. Most numbers are said so; `numbers.read` gives the same digits, and reads all others.
"""

from __future__ import annotations

from earwitness.privacy.scanner.number_codes import CODES, resolved
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS
from earwitness.privacy.scanner.vocabulary import WORDS, words

__all__ = ["said_digits", "single_digits"]

_LISTED = (
    *DIGITS,
    *NUMBERS,
    *REPEATS,
    *words(" ".join(WORDS[name] for name in ("to", "for", "homo", "an", "ye", "filler"))),
)
_CODES = {word: CODES[word] for word in _LISTED if word.isalpha()} | {",": ",", "": ""}
"""By word, its code in a run: what is in here is one token, and says nothing else."""
_OPENERS = frozenset((*DIGITS, *NUMBERS, *REPEATS)) - {"una", "un", "fife", "tree"}
"""Words that say a number wherever they stand."""


def said_digits(text: str) -> str | None:
    """The digits that a text says; None if it has to be read with care.

    Args:
        text: the value alone.
    """
    said = text.lower().replace(",", " , ").split(" ")
    if said[0] not in _OPENERS:
        return None
    try:
        code = "".join(map(_CODES.__getitem__, said))
    except KeyError:
        return None
    if not code.isdecimal():
        code = resolved(code).replace(",", "")
    return code if code.isdecimal() else None


def single_digits(text: str) -> str | None:
    """The digits of a text in which each word says one; None for any other."""
    try:
        return "".join(map(DIGITS.__getitem__, text.replace(",", " ").lower().split()))
    except KeyError:
        return None
