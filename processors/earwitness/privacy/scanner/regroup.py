"""A phone number that was said in pairs and can be read in two ways: `seven seventy five fifty five` is 775 55 or 7 70 5 55.

Where the usual reading lacks digits, the one that gives ten of them in groups of three, three and four is meant. Spanish groups
otherwise, but it says `y` within a number: `noventa y ocho` is 98, `noventa ocho` 90 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.privacy.scanner.alphabet import CHARACTERS
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS

__all__ = ["regrouped"]

_C = CHARACTERS
_WHOLE = 10
_BORDERS = (3, 6)
_LINKS = _C["an"] + _C["ye"]
_PAUSES = _C["filler"] + _C["hyphen"]
_MOST_WORDS = 16

_SPANISH_TENS = frozenset(("treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"))

_Way = tuple[int, str]
"""What a reading costs, and its digits."""
_Word = tuple[str, str, bool]
"""A word's digits, the word, and whether `y` or `and` joins it to the one before."""


def regrouped(raw: Sequence[str], kinds: str) -> str | None:
    """The ten digits that a run says, when there is one best way to read them so; otherwise None.

    Args:
        raw: the run's tokens.
        kinds: their classes.
    """
    said = _said(raw, kinds)
    if said is None or len(said) > _MOST_WORDS:
        return None
    spanish = not _SPANISH_TENS.isdisjoint(word for _, word, _ in said)
    ways = sorted(_Readings(said, () if spanish else _BORDERS).ways())
    if not ways or (len(ways) > 1 and ways[1][0] == ways[0][0] and ways[1][1] != ways[0][1]):
        return None
    return ways[0][1]


def _said(raw: Sequence[str], kinds: str) -> list[_Word] | None:
    """The words with their digits; None when there is more than words for numbers."""
    said: list[_Word] = []
    linked = False
    repeat = 1
    for token, kind in zip(raw, kinds, strict=True):
        word = token.strip(" \t").lower()
        digits = DIGITS.get(word) or NUMBERS.get(word)
        if word in REPEATS:
            repeat = REPEATS[word]
        elif kind in _LINKS:
            linked = True
        elif digits is not None:
            said.append((digits * repeat, word, linked))
            linked, repeat = False, 1
        elif kind not in _PAUSES:
            return None
    return said


@dataclass(frozen=True)
class _Readings:
    """All ways to read some words; no group crosses a border."""

    said: list[_Word]
    borders: Sequence[int]

    def ways(self, at: int = 0, made: str = "", start: int = 0, cost: int = 0) -> list[_Way]:
        """All readings from the word `at` on; `made` is read already, and its last group begins at `start`."""
        said = self.said
        if len(made) > _WHOLE or any(start < border < len(made) for border in self.borders):
            return []
        if at == len(said):
            return [(cost, made)] if len(made) == _WHOLE else []
        digits, _, linked = said[at]
        group = made[start:]
        found: list[_Way] = []
        if digits in ("100", "1000") and group and group.strip("0"):
            return self.ways(at + 1, made + digits[1:], start, cost)
        apart_only = at > 0 and not linked and said[at - 1][1] in _SPANISH_TENS
        joined = None if apart_only else _joined(group, digits)
        if joined is not None:
            found += self.ways(at + 1, made[:start] + joined, start, cost)
        if not linked or joined is None:
            apart = cost + (0 if joined is None else _APART_HUNDRED if len(group) > _PAIR else _APART_TENS)
            # In a group of three, one digit and a pair are usual, a pair and one digit are not.
            odd = len(digits) == 1 and len(group) == _PAIR and start in (0, *self.borders[:1])
            found += self.ways(at + 1, made + digits, len(made), apart + odd)
        return found


_PAIR = 2
_APART_HUNDRED = 1
_APART_TENS = 2


def _joined(group: str, digits: str) -> str | None:
    """`seventy` and `five`, `eight hundred` and `five`; None when they do not go together."""
    if len(group) == _PAIR and group[1] == "0" and group[0] not in "01" and len(digits) == 1 and digits != "0":
        return group[0] + digits
    if len(group) > _PAIR and group.endswith("00") and len(digits) <= _PAIR and digits != "0":
        return group[: -len(digits)] + digits
    return None
