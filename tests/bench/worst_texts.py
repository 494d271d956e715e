"""Texts made to be slow: pieces that are repeated, and a word of each class of the scanner, alone and in pairs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

from earwitness.privacy.scanner.vocabulary import WORDS

__all__ = ["WORST", "Doubled", "doubled", "words_of_classes"]

WORST = {
    "spoken digits": "four one five ",
    "spoken digits, Spanish": "cuatro uno cinco ",
    "spoken tens": "forty fifty ",
    "doubles": "double triple five ",
    "hundreds": "nine hundred and ",
    "corrections": "five no wait ",
    "fillers": "one um uh you know ",
    "typed digits": "4",
    "typed digits, spaced": "4 ",
    "typed digits, dashes": "415-",
    "at dot": "at dot ",
    "arroba punto": "arroba punto ",
    "signs of mail": "a@b.",
    "one letter": "a",
    "one letter, spaced": "a ",
    "spelling": "b as in b ",
    "brackets": "([{<",
    "open brackets": "(",
    "cues": "my name is ",
    "gate codes": "the gate code is ",
    "names": "maria garcia ",
    "capitals": "Maria Garcia ",
    "addresses": "12 oak street apartment ",
    "street words": "street avenue ",
    "number and street, Spanish": "calle número ",
    "addresses of the internet": "1.1:",
    "addresses of the internet, hex": "a:",
    "addresses of the internet, short": "ab:12:",
    "digits and dots": "1.",
    "digits and commas": "1, ",
    "digits and brackets": "(1",
    "names and signs of mail": "a.b@",
    "addresses in a list": "12 Oak St, Boston, ",
    "passwords": "password is ",
    "hex": "DE89ab:",
    "quotes": "\"'=",
    "own tokens": "[tel_k1_",
    "accents": "ñ́",
    "spaces": " ",
}
"""What is repeated to fill a worst text."""

_OTHERS = {
    "given": "rosa",
    "Given": "Rosa",
    "surname": "delgado",
    "Surname": "Delgado",
    "ambi": "mark",
    "Ambi": "Mark",
    "unknown": "xyzzy",
    "Unknown": "Xyzzy",
    "UNKNOWN": "XYZZY",
    "common": "table",
    "Common": "Table",
    "letter": "b",
    "state": "TX",
    "house": "12b",
    "outward": "SW1A",
    "ident": "a1b2c3d4e5",
    "hexes": "1f",
    "nth": "4th",
    "xnum": "x12",
    **{f"n{length}": "4155550134123"[:length] for length in range(1, 14)},
    **{f"mark {mark}": mark for mark in ',.-/()+:=@#*"[]|&!\n'},
    "stop": ". ",
    "own token": "[secret]",
}
"""Words of the classes that are in no list."""
_COMMON = (
    *(
        "digit",
        "tens",
        "hundred",
        "multi",
        "filler",
        "is",
        "my",
        "a",
        "in",
        "no",
        "at",
        "dot",
        "lock",
        "name",
        "suffix",
        "unit",
    ),
    *(
        "n1",
        "n3",
        "n10",
        "given",
        "Surname",
        "unknown",
        "common",
        "letter",
        "mark ,",
        "mark .",
        "mark -",
        "mark @",
        "stop",
    ),
)
"""Classes of which each pair is tried too."""
_TOKENS = 600
_ROUNDS = 2


class Doubled(NamedTuple):
    """How much longer twice a text takes; 2 is linear."""

    words: str
    ratio: float


def words_of_classes() -> dict[str, str]:
    """A word of each class."""
    return {name: listed.split()[0] for name, listed in WORDS.items()} | _OTHERS


def doubled(scan: Callable[[str], object], *, beyond: float) -> Iterator[Doubled]:
    """Repeats the word of each class, and each pair of common ones, and doubles the text.

    Args:
        scan: what is measured.
        beyond: what takes more than so many times as long is measured again, with longer texts: the clock may have jumped.
    """
    words = words_of_classes()
    pairs = [f"{words[one]} {words[other]}" for one, other in combinations(_COMMON, 2)]
    for repeated in (*words.values(), *pairs):
        ratio = _ratio(scan, repeated, _TOKENS)
        if ratio > beyond:
            ratio = min(ratio, _ratio(scan, repeated, 4 * _TOKENS))
        yield Doubled(repeated, round(ratio, 2))


def _ratio(scan: Callable[[str], object], repeated: str, tokens: int) -> float:
    count = tokens // (1 + repeated.count(" "))
    once, twice = (f"{repeated} " * (times * count) for times in (1, 2))
    return _seconds(scan, twice) / _seconds(scan, once)


def _seconds(scan: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        scan(text)
        best = min(best, time.process_time() - started)
    return best
