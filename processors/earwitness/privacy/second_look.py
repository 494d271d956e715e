"""A second, cruder look at masked text: what is left in it that looks like somebody's. It shows forms, never letters.

It shares no rule with the scanner, so that it does not overlook what the scanner overlooks, and it cries wolf: job numbers,
amounts and names of products are shown too. A person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from earwitness.privacy.replacements import LOOSE, is_ours

__all__ = ["Leftover", "in_kept", "in_masked"]

_SHAPE = 24
_TOKEN = re.compile("|".join(LOOSE))
_WORD = re.compile(r"\w++")
_SPOKEN = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|double|triple|"
    "cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|doble"
)
_LEFT = re.compile(
    r"(?P<digits>[0-9](?:[ .()/-]{0,2}[0-9]){3,40})"
    rf"|(?P<spoken>\b(?:{_SPOKEN})(?:[ ,.-]{{1,2}}(?:{_SPOKEN})){{3,40}}\b)"
    r"|(?P<at>@+)"
    # In the middle of a sentence: behind a word, a number, a token or a comma.
    r"|(?<=[^\WA-Z]\s|,\s)(?P<capital>[A-ZÀ-ÖØ-Þ][\w'\u2019-]{1,40})",
)
_KEPT = re.compile(r"(?P<digits>(?<![\w:.+-])\+?[0-9](?:[ .()-]{0,2}[0-9]){9,14}(?![\w:-]))|(?P<at>@+)")


class Leftover(NamedTuple):
    """What looks unmasked.

    Attributes:
        start: its first character in the masked text.
        end: behind its last one.
        shape: its form, a letter as `X` or `x`, a digit as `9`; cut at 24 characters.
    """

    start: int
    end: int
    shape: str


def in_masked(text: str) -> Iterator[Leftover]:
    """In masked free text: four digits or more, typed or said; a capital in mid-sentence; an @."""
    return _left(_LEFT, text)


def in_kept(text: str) -> Iterator[Leftover]:
    """In a field that holds no personal data by its declaration: what has a phone number's digits, standing alone; an @."""
    return _left(_KEPT, text)


def _left(pattern: re.Pattern[str], text: str) -> Iterator[Leftover]:
    # Tokens keep their length, so that positions stay.
    plain = _TOKEN.sub(_blank, text)
    if "_" in plain:
        plain = _WORD.sub(lambda found: _blank(found) if is_ours(found[0]) else found[0], plain)
    for found in pattern.finditer(plain):
        yield Leftover(found.start(), found.end(), _shape(found[0]))


def _blank(found: re.Match[str]) -> str:
    return "_" * len(found[0])


def _shape(text: str) -> str:
    shape = "".join(map(_form, text[:_SHAPE]))
    return shape if len(text) <= _SHAPE else shape + "\u2026"


def _form(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character if character.isascii() and character.isprintable() else "?"
