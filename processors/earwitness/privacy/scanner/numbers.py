"""Digits out of a run of number tokens, spoken, typed or mixed, English and Spanish, with what was taken back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from earwitness.privacy.scanner.classes import CHARACTERS, members
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS

__all__ = ["Digits", "luhn", "read"]

_NUMERAL = members("numeral")
_C = CHARACTERS
_SINGLE = _C["digit"] + _C["oh"]
_TWO = _C["teen"]
_CORRECTION = _C["wait"] + _C["no"]
_HOMOPHONES = {"won": "1", "to": "2", "too": "2", "for": "4", "ate": "8"}
"""What speech recognition writes for a digit in a row of them."""
_PHONE = 10


class Digits(NamedTuple):
    """Digits of a run, and the lengths of the groups that it was typed or said in."""

    text: str
    groups: tuple[int, ...]
    spoken: bool


def read(raw: Sequence[str], kinds: str) -> Digits:
    """The digits of a run: doubles, pairs, hundreds and corrections resolved.

    Args:
        raw: the run's tokens.
        kinds: their classes.
    """
    if _HARD.isdisjoint(kinds):
        return _plain(raw, kinds)
    reader = _Reader()
    for token, kind in zip(raw, kinds, strict=True):
        reader.take(token, kind)
    return reader.result()


def _plain(raw: Sequence[str], kinds: str) -> Digits:
    """The same for a run of single digits and numerals, by far the most common."""
    if _SPLITS.isdisjoint(kinds):
        text = "".join(filter(None, map(_DIGITS_OF.__getitem__, raw)))
        return Digits(text, (len(text),), not _SPOKEN.isdisjoint(kinds))
    groups: list[str] = []
    group = ""
    spoken = False
    for token, kind in zip(raw, kinds, strict=True):
        digits = _DIGITS_OF[token]
        if digits is None:
            if kind in _PAUSES and group:
                groups.append(group)
                group = ""
        elif len(digits) == 1:
            group += digits
            spoken = spoken or kind in _SINGLE
        else:
            if group:
                groups.append(group)
                group = ""
            groups.append(digits)
    if group:
        groups.append(group)
    return Digits("".join(groups), tuple(map(len, groups)), spoken)


class _DigitsOf(dict[str, str | None]):
    """Answers a token with its digits, None when it is none; remembers the tokens of one or two digits."""

    def __missing__(self, token: str) -> str | None:
        word = token.strip(" \t").lower()
        if word.startswith("2b") and len(word) > _PHONE:
            word = word[2:]
        digits = DIGITS.get(word)
        if digits is None and word.isdecimal():
            digits = "".join(str(unicodedata.decimal(digit)) for digit in word)
        if digits is None and "x" in word and word.replace("x", "").isdecimal():
            digits = word.partition("x")[0]
        if len(token) <= _REMEMBERED and len(self) < _REMEMBERED_TOKENS:
            self[token] = digits
        return digits


_REMEMBERED = 7
_REMEMBERED_TOKENS = 4096
_DIGITS_OF = _DigitsOf()
_HARD = frozenset(
    _C[name] for name in ("teen", "tens", "hundred", "thousand", "multi", "wait", "no", "homo", "to", "for")
)
_PAUSES = "".join(_C[name] for name in ("comma", "period", "open", "close", "dash", "dot", "point", "stop", "hyphen"))

_SPLITS = frozenset(_PAUSES + _NUMERAL + _C["nx"]) - {_C["n1"]}
_SPOKEN = frozenset(_SINGLE)


class _Reader:
    def __init__(self) -> None:
        self._groups: list[str] = [""]
        self._before: str | None = None
        self._open = 0
        """What the last spoken number still takes: 1 for a digit or hundreds after tens, 2 for a number below 100 after
        hundreds, 3 for hundreds alone after ten."""
        self._repeat = 1
        self._spoken = False
        self._spanish = False

    def take(self, token: str, kind: str) -> None:
        word = token.strip(" \t").lower()
        if kind in _NUMERAL:
            self._numeral(word)
        elif kind in _SINGLE:
            self._digit(DIGITS[word])
        elif word in REPEATS and kind == _C["multi"]:
            self._repeat, self._open = REPEATS[word], 0
        elif word in NUMBERS:
            self._number(NUMBERS[word])
        elif word in _HOMOPHONES:
            self._digit(_HOMOPHONES[word])
        elif kind in _CORRECTION:
            self._take_back()
        elif kind == _C["nx"]:
            self._numeral(word.partition("x")[0])
        elif kind not in (_C["an"], _C["ye"], _C["hyphen"], _C["filler"]):
            self._open = 0
            self._pause()

    def result(self) -> Digits:
        groups = tuple(len(group) for group in self._groups if group)
        text = "".join(self._groups)
        if self._before is not None:
            text = _corrected(self._before, text)
            groups = (len(text),)
        return Digits(text, groups, self._spoken)

    def _pause(self) -> None:
        if self._groups[-1]:
            self._groups.append("")

    def _add(self, digits: str) -> None:
        self._groups[-1] += digits * self._repeat
        self._repeat = 1

    def _numeral(self, word: str) -> None:
        word = word.removeprefix("2b") if len(word) > _PHONE else word
        digits = word if word.isascii() else unicodedata.normalize("NFKC", word)
        if len(digits) > 1 or self._spoken:
            self._pause()
        self._add("".join(str(unicodedata.decimal(digit, 0)) for digit in digits))
        if len(digits) > 1:
            self._pause()
        self._open = 0

    def _digit(self, digit: str) -> None:
        self._spoken = True
        if self._open in (1, 2) and digit != "0" and self._repeat == 1:
            group = self._groups[-1]
            self._groups[-1] = group[:-1] + digit
            self._open = 0
            return
        self._add(digit)
        self._open = 0

    def _number(self, digits: str) -> None:
        self._spoken = True
        if digits == "100" and not self._groups[-1] and len(self._groups) > 1:
            self._groups[-1] = digits[1:]
            return
        said = self._groups[-1]
        if digits in ("100", "1000") and said and (said[-1] != "0" or self._open in (1, 3)):
            self._groups[-1] += digits[1:]
            self._open = 2
            return
        if len(digits) == 2 and self._open == 2 and self._groups[-1].endswith("00"):
            self._groups[-1] = self._groups[-1][:-2] + digits
        else:
            self._add(digits)
        if digits == "100" or len(digits) == 3:
            self._open = 2
        elif len(digits) == 2 and digits[1] == "0" and digits != "10":
            self._open = 1
        else:
            self._open = 3 if digits == "10" else 0

    def _take_back(self) -> None:
        text = "".join(self._groups)
        if text:
            self._before = text if self._before is None else _corrected(self._before, text)
            self._groups = [""]
        self._open = 0


def _corrected(before: str, after: str) -> str:
    """What is meant when `after` was said to mend `before`: what is said again replaces the end."""
    if not after:
        return before
    if len(after) < _PHONE:
        for whole in (_PHONE, 16, 15):
            replaced = len(before) + len(after) - whole
            if 0 < replaced <= min(len(before), len(after)):
                return before[:-replaced] + after
    if len(after) >= 7 or len(after) >= len(before):
        return after
    return before[: -len(after)] + after


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
