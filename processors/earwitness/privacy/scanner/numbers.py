"""Digits out of a run of number tokens, spoken, typed or mixed, English and Spanish, with what was taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.number_codes import CODES, PLAIN, plainly, resolved
from earwitness.privacy.scanner.view import View

__all__ = ["COUNTS", "WIDTHS", "Count", "Digits", "digits_of", "has_zero", "luhn", "read", "size_of"]

_C = CHARACTERS
_PHONE = 10


class Digits(NamedTuple):
    """Digits of a run, and the lengths of the groups that it was typed or said in."""

    text: str
    groups: tuple[int, ...]
    spoken: bool


_digits = partial(tuple.__new__, Digits)
"""Makes a `Digits` of a tuple, in a third of the time."""


class _Manner(NamedTuple):
    """What the classes of a run say of how its digits are read."""

    spoken: bool
    """Whether words say it."""
    hard: bool
    """Whether it is more than single digits."""
    typed: bool
    """Whether its groups are those of its text."""
    plain: bool
    """Whether it is said in numbers below a hundred, each as it is meant."""


class Count(NamedTuple):
    """How many digits a run has, as its classes tell."""

    length: int
    """All its digits; 0 where only its tokens tell."""
    spoken: bool
    ones: tuple[int, ...]
    """Which of its tokens are counted as ones of the tens before them: `twenty one`. A zero is none: `twenty zero`."""


def digits_of(seen: View, first: int, last: int) -> str:
    """The digits of some tokens, as `read` has them."""
    return read(seen.raw[first:last], seen.kinds[first:last]).text


def size_of(seen: View, first: int, last: int) -> int:
    """How many digits some tokens have."""
    count = COUNTS[seen.kinds[first:last]]
    if count.length and not (count.ones and has_zero(seen.raw, first, count.ones)):
        return count.length
    return len(digits_of(seen, first, last))


def has_zero(raw: Sequence[str], first: int, ones: tuple[int, ...]) -> bool:
    """Whether one of the `ones` of the run that begins with the token `first` is a zero: the run has to be read."""
    for at in ones:  # noqa: SIM110, a generator costs more than what it looks at
        if PLAIN[raw[first + at]] == "0":
            return True
    return False


def read(raw: Sequence[str], kinds: str) -> Digits:
    """The digits of a run: doubles, pairs, hundreds and corrections resolved.

    Args:
        raw: the run's tokens.
        kinds: their classes.
    """
    spoken, hard, typed, plain = _MANNERS[kinds]
    if typed:
        written = "".join(raw)
        if written.isascii() and "%" not in written:
            return _grouped(written, spoken=spoken)
    if plain or not hard:
        said = "".join(map(PLAIN.__getitem__, raw))
        return _grouped(plainly(said) if hard else said.replace("_", ""), spoken=spoken)
    code = "".join(map(CODES.__getitem__, raw)).replace("-", "").replace("_", ",")
    if "!" in code:
        text, taken_back = _with_corrections(code)
        if taken_back:
            return _digits((text, (len(text),), spoken))
    return _grouped(resolved(code), spoken=spoken)


def _grouped(said: str, *, spoken: bool) -> Digits:
    if said.isdecimal():
        return _digits((said, (len(said),), spoken))
    groups = _GROUPS.findall(said)
    return _digits(("".join(groups), tuple(map(len, groups)), spoken))


def _with_corrections(code: str) -> tuple[str, bool]:
    """The digits of a run in which something may be taken back, and whether something was."""
    *taken_back, last = ("".join(_GROUPS.findall(resolved(part))) for part in code.split("!"))
    meant = ""
    for said in filter(None, taken_back):
        meant = _corrected(meant, said) if meant else said
    return (_corrected(meant, last), True) if meant else (last, False)


def _corrected(before: str, after: str) -> str:
    """What is meant when `after` was said to mend `before`: what is said again replaces the end."""
    if not after:
        return before
    if len(after) < _PHONE:
        for whole in (_PHONE, 16, 15):
            replaced = len(before) + len(after) - whole
            if 0 <= replaced <= min(len(before), len(after)):
                return before[: len(before) - replaced] + after
    if len(after) >= 7 or len(after) >= len(before):
        return after
    return before[: -len(after)] + after


class _Manners(dict[str, _Manner]):
    """Answers the classes of a run with its manner; remembers the short ones."""

    def __missing__(self, kinds: str) -> _Manner:
        manner = _Manner(
            spoken=not _SPOKEN.isdisjoint(kinds),
            hard=not _HARD.isdisjoint(kinds),
            typed=_TYPED.issuperset(kinds) and _JOINED.search(kinds) is None,
            plain=_PLAIN.issuperset(kinds),
        )
        if len(kinds) <= _LONGEST and len(self) < _REMEMBERED:
            self[kinds] = manner
        return manner


_MANNERS = _Manners()
_LONGEST = 48
_REMEMBERED = 4096
_UNCOUNTED = 10_000
_GROUPS = re.compile("[0-9]+")
_SPOKEN = frozenset(characters("digit oh teen tens hundred thousand homo to for"))
_HARD = frozenset(characters("teen tens hundred thousand multi wait no homo to for"))
_WORDS_BETWEEN = "an ye dash dot point like you know let me a plus"
_PARTED = characters("comma hyphen period stop open close filler")
_SILENT = "filler|plus_mark|star_mark|solidus"
# Numbers from twelve digits on may be an encoded plus with what follows it.
_TYPED = frozenset(
    "".join(set(members("numeral")) - {_C["n12"], _C["nx"]}) + _PARTED + characters("plus_mark star_mark solidus")
)
_JOINED = pattern(f"<n1><{_SILENT}>*<n1>")
"""Single digits make one group, whatever stands between them."""
_PLAIN = frozenset(
    members("numeral")
    + _PARTED
    + characters(f"nx digit oh teen tens homo to for {_WORDS_BETWEEN} plus_mark star_mark solidus")
)


class _Counts(dict[str, Count]):
    """Answers the classes of a run with its count; remembers the short ones."""

    def __missing__(self, kinds: str) -> Count:
        count = _counted(kinds)
        if len(kinds) <= _LONGEST and len(self) < _REMEMBERED:
            self[kinds] = count
        return count


COUNTS = _Counts()
"""The count of a run, by its classes."""
WIDTHS = dict.fromkeys(CHARACTERS.values(), _UNCOUNTED)
WIDTHS |= dict.fromkeys(_PARTED + characters(f"{_WORDS_BETWEEN} plus_mark star_mark solidus"), 0)
WIDTHS |= dict.fromkeys(characters("digit oh homo to for"), 1) | dict.fromkeys(characters("teen tens"), 2)
WIDTHS |= {_C[f"n{length}"]: length for length in range(1, 12)}
"""How many digits a token of each class has; far too many where its class does not tell."""
_ONES = pattern("<tens><an|ye|hyphen>*(?P<one><digit|n1|homo|to|for>)")


def _counted(kinds: str) -> Count:
    length = sum(map(WIDTHS.__getitem__, kinds))
    ones: tuple[int, ...] = ()
    if not _HARD.isdisjoint(kinds):
        # A filler is nothing between two parts of a number, or one said in words that parts them: `hold on`.
        if _C["filler"] in kinds:
            length = _UNCOUNTED
        ones = tuple(found.start("one") for found in _ONES.finditer(kinds))
    return _count((length - len(ones) if length < _UNCOUNTED else 0, not _SPOKEN.isdisjoint(kinds), ones))


_count = partial(tuple.__new__, Count)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    signs = digits.encode()
    return (sum(signs[-1::-2] + signs[-2::-2].translate(_DOUBLED)) - len(signs) * _ZERO) % 10 == 0


_ZERO = ord("0")
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
"""Twice a digit, the digits of the product added."""
