"""The short way to a mail address that is said or spelled in plain words: `j o h n dot reyes nine five at gmail dot com`.

No token is made and no class asked for. `normalise` gives the same address the long way, and reads all others.
"""

from __future__ import annotations

from itertools import pairwise
from string import ascii_lowercase

from earwitness.privacy.scanner.letter_names import LETTER_NAMES
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS
from earwitness.privacy.scanner.said_digits import said_digits
from earwitness.privacy.scanner.vocabulary import PAUSES, WORDS, words

__all__ = ["HEARD", "said_mail"]


HEARD = {"jimeil": "gmail"}
"""What speech recognition makes of a provider's name."""


def _listed(names: str) -> frozenset[str]:
    return words(" ".join(WORDS[name] for name in names.split()))


_SIGNS = {
    **dict.fromkeys(_listed("dot point"), "."),
    **dict.fromkeys(_listed("at arroba"), "@"),
    **dict.fromkeys(_listed("dash"), "-"),
    **dict.fromkeys(_listed("under"), "_"),
    **HEARD,
}
_LETTERS = frozenset(ascii_lowercase)
_AFTER_AT = _listed("my rate of")
"""Words that say nothing behind an `at`: `at the rate of`."""
_LINKS = _listed("an ye")
_NUMBERS = frozenset((*DIGITS, *NUMBERS)) - {"una", "un", "fife", "tree"}
"""Words that say digits wherever they stand; `o` may say a letter instead."""
_ZEROS = _listed("oh")
_CARE = frozenset(LETTER_NAMES).union(REPEATS, {"mi"}, _listed("filler homo shift plus letname"))
"""Words that mean more than a part of an address."""
_CARE_IN_SPELLING = _listed("as for like de").union(*(pause.split() for pause in PAUSES)) - _NUMBERS
"""And those that may where not all is plain words."""
_NOT_PLAIN = _NUMBERS | _LETTERS | _AFTER_AT | {"un", "una", "fife", "tree", "guion", "bajo"}


def said_mail(text: str) -> str | None:
    """The address that a text says; None if it has to be read with care.

    Args:
        text: the value alone.
    """
    said = text.lower().split()
    if not (text.isascii() and "".join(said).isalpha() and _CARE.isdisjoint(said)):
        return None
    if _NOT_PLAIN.isdisjoint(said):
        return "".join([_SIGNS.get(word, word) for word in said])
    if not _CARE_IN_SPELLING.isdisjoint(said):
        return None
    return _spelled(said)


def _spelled(said: list[str]) -> str | None:
    made = ""
    before = ""
    at = 0
    while at < len(said):
        word = said[at]
        end = at + 1
        if word in _SIGNS:
            if word != "guion" or said[end : end + 1] != ["bajo"]:
                made += _SIGNS[word]
        elif word in _NUMBERS and not (word == "o" and before in _LETTERS):
            end = _end_of_number(said, at)
            number = _number(said[at:end])
            if number is None:
                return None
            made += number
        elif word not in _AFTER_AT or made[-1:] != "@":
            made += word
        before = word
        at = end
    return made


def _number(run: list[str]) -> str | None:
    """The digits of a run, or its letter: an `o` alone. What begins with a zero is read with care."""
    if run == ["o"]:
        return "o"
    return None if run[0] in _ZEROS else said_digits(" ".join(run))


def _end_of_number(said: list[str], at: int) -> int:
    end = at + 1
    for word, behind in pairwise([*said[end:], ""]):
        if word not in _NUMBERS and not (word in _LINKS and behind in _NUMBERS):
            break
        end += 1
    return end
