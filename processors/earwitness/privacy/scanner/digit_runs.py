"""Runs of number tokens: where one is, and what its classes say of it before a token of it is read."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, pattern
from earwitness.privacy.scanner.numbers import WIDTHS
from earwitness.privacy.scanner.view import View

__all__ = ["PLUS", "RUN", "SHAPES", "SHORTEST", "WHOLE", "Shape", "behind_day"]

_C = CHARACTERS
_UNIT = "<numeral|nx|digit|oh|teen|tens|hundred|thousand|multi>"
_ONE = "<n1|digit|oh|homo>"
_MARK = "<filler|comma|hyphen|period|open|close|dash|and|dot|point|stop|like|plus_mark>"
_BREAK = f"(?:{_MARK}|<you><know>|<a><know>|<let><me><know>)"
_TAKEN_BACK = (
    "<comma|hyphen|stop|filler>{0,2}+(?:<no>{1,2}<comma|filler>{0,2}(?:<wait><common|Common|UNKNOWN>?)?|<i>?<wait><common|Common|UNKNOWN|no>?"
    "<comma|filler>{0,2}(?:<wait>)?)<comma|hyphen|filler>{0,2}+"
)
_LEAD = "plus_mark|plus|open|star_mark"
_NEXT = f"{_BREAK}{{0,4}}+(?:{_TAKEN_BACK}(?={_UNIT}))?(?:{_UNIT}|<homo>|(?<={_ONE})<to|for>(?=<filler>?{_ONE}))"
# The first token is one set of classes, so that the search for it is a table look-up a token. Most runs have nothing between
# their units, or one mark: they are read without a look at what else might follow each.
RUN = pattern(
    f"<{_LEAD}|{_UNIT[1:-1]}>(?:(?<={_UNIT})|(?<=<{_LEAD}>)<{_LEAD}>?{_UNIT})"
    f"(?:{_UNIT}{{1,47}}+(?!{_NEXT})|(?<=<n3>)<solidus><n3><hyphen|period|solidus><n4>|(?:{_MARK}?{_UNIT}|{_NEXT}){{1,47}}+"
    "|(?<=<n7|n8|n9|n10|n11|n12|n13|nx>))"
)
_EDGES = characters(
    """filler comma hyphen period dash an ye dot point you know let me open no wait stop like plus_mark a ye"""
)
SHORTEST = 7
"""Digits of the shortest phone."""
_MOST = WIDTHS | dict.fromkeys(characters("wait no i common Common UNKNOWN"), 0) | {_C["hundred"]: 3, _C["thousand"]: 4}
"""How many digits a token of each class says at most; those of `multi` are a multiple of what follows."""
WHOLE = frozenset((_C["n10"], _C["n11"], _C["n13"]))
PLUS = _C["plus_mark"] + _C["plus"]


class Shape(NamedTuple):
    """What the classes of a run say of it."""

    kinds: str
    """Without what does not belong to a number at its end."""
    short: bool
    """Whether it has fewer digits than any phone."""
    whole: bool
    """Whether one of several numerals is long enough by itself."""
    plus: bool
    dated: bool
    """Whether it may begin with a day."""
    endless: bool
    """Whether it is longer than any number, or several: no look at its digits can make it one."""


_shape = partial(tuple.__new__, Shape)


class _Shapes(dict[str, Shape]):
    """Answers the classes of a run with its shape; remembers them: a class is nobody's secret."""

    def __missing__(self, kinds: str) -> Shape:
        said = _trimmed(kinds)
        plus = said[:1] != "" and said[0] in PLUS
        short = sum(map(_MOST.__getitem__, said)) < SHORTEST
        whole = len(said) - plus > 1 and not WHOLE.isdisjoint(said)
        endless = len(said) > _LONGEST and _ENDLESS.match(said) is not None
        shape = _shape((said, short, whole, plus, kinds.startswith(_DAYS), endless))
        if len(kinds) <= _REMEMBERED_LENGTH and len(self) < _REMEMBERED:
            self[kinds] = shape
        return shape


SHAPES = _Shapes()
_LONGEST = 40
"""Digits of the longest number, and of one that is said with much that is taken back."""
_ENDLESS = pattern(f"(?:<^{_UNIT[1:-1]}>*+{_UNIT}){{{_LONGEST + 1}}}")
_REMEMBERED = 8192
_REMEMBERED_LENGTH = 128


def _trimmed(kinds: str) -> str:
    said = kinds.rstrip(_EDGES)
    return said[:-1] if said[-1:] == _CLOSE and _C["open"] not in said else said


_CLOSE = _C["close"]


def behind_day(seen: View, first: int) -> int:
    """Where a run goes on behind the day that it begins with: `2026-11-24 12:00`, `24-11-2026`."""
    one, _, two, _, three = (token.rstrip(" \t") for token in seen.raw[first : first + _DAY_TOKENS])
    year, least, most = max((one, two, three), key=len), *sorted((two, one if len(three) > len(one) else three))
    is_date = year[:2] in ("19", "20") and "01" <= least <= "12" and most <= "31"
    return first + _DAY_TOKENS if is_date else first


_DAY_TOKENS = 5
_DAYS = tuple(
    mark.join(_C[name] for name in names)
    for names in (("n4", "n2", "n2"), ("n2", "n2", "n4"))
    for mark in (_C["hyphen"], _C["period"])
)
