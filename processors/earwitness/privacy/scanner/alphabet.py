"""The alphabet of the grammars: one character a class of tokens, so that a sentence is a short string that a grammar reads.

`pattern("<given><surname>?")` compiles a grammar over class names.
"""

from __future__ import annotations

import re
from functools import cache

from earwitness.privacy.scanner.gates import Gates, needs, portable
from earwitness.privacy.scanner.vocabulary import WORDS

__all__ = ["CHARACTERS", "GATES", "characters", "members", "pattern"]

_NAMES = ("given", "Given", "surname", "Surname", "ambi", "Ambi", "surword", "Surword")
_OTHERS = ("common", "Common", "unknown", "Unknown", "UNKNOWN", "letter", "word_letter")
_DIGITS = (*(f"n{length}" for length in range(1, 13)), "n13", "n20", "nx")
_MIXED = ("house", "outward", "xnum", "ident", "nth", "state", "own", "hexes")
_MARKS = """comma stop period hyphen solidus open close plus_mark colon equals at_mark number_mark star_mark quote bracket
    unbracket newline border mark"""

_TYPES = (*WORDS, *_NAMES, *_OTHERS, *_DIGITS, *_MIXED, *_MARKS.split())

CHARACTERS: dict[str, str] = {name: chr(0x21 + n) if n < 94 else chr(0xA1 + n - 94) for n, name in enumerate(_TYPES)}
"""The character of each class."""

_GROUPS = {
    "numeral": (*_DIGITS,),
    "spoken": ("digit", "oh", "teen", "tens", "hundred", "thousand"),
    "anyname": _NAMES,
    "surename": ("given", "Given", "surname", "Surname"),
    "lettered": ("letter", "a", "i", "oh", "ye", "compass", "ex"),
    "common": ("common", "sector", "aside", "press", "acts", "answer"),
    "and": ("an", "ye"),
    "bearing": ("direction", "compass"),
    "capital": ("Given", "Surname", "Ambi", "Surword", "Unknown"),
}


def characters(names: str) -> str:
    """The characters of several classes, whose names are given with blanks between them."""
    return "".join(CHARACTERS[name] for name in names.split())


@cache
def members(name: str) -> str:
    """The characters of a class or of a group of classes."""
    return "".join(CHARACTERS[part] for part in _GROUPS.get(name, (name,)))


def pattern(text: str) -> re.Pattern[str]:
    """Compiles a grammar: `<a|b>` is a token of one of these classes, `<^a|b>` one of any other but the border."""

    def charset(found: re.Match[str]) -> str:
        negated, names = found[1], found[2].split("|")
        if negated:
            names += ["border", "own"]
        characters = "".join(members(name) for name in names)
        return f"[{negated}{re.escape(characters)}]"

    needed = needs(text, members)
    grammar = re.compile(re.sub(r"(?<!\?P)<(\^?)([A-Za-z0-9_|]+)>", charset, portable(text)))
    GATES.add(grammar, needed)
    return grammar


GATES = Gates()
"""Tells which grammars are worth a search in a text."""
