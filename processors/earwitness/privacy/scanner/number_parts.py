"""Phones whose parts are named: `area code five one two, then five five five, and the last four are oh one seven one`."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, pattern
from earwitness.privacy.scanner.numbers import size_of
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["find"]

_C = CHARACTERS
_DIGIT = "<n1|n2|n3|digit|oh|teen|tens|hundred|multi>"
_GAP = "<common|comma|stop|filler|an|ye|my|number|is|hyphen|its|like|you|know|ordinal>"
_LAST = pattern(
    "<common|ordinal|my>(?P<four><digit|n1>)<number>?<is|comma|colon|filler|common>{0,3}"
    "(?P<value><n4>|<n1|n2|digit|oh|teen|tens|hundred|multi>{1,4}+)"
)
_FIRST = pattern(
    f"(?:<area><code><is|colon|comma|filler>{{0,2}})?(?P<begin>{_DIGIT}{{1,3}})"
    f"{_GAP}{{0,6}}(?:<digit><number>?<is|comma|filler>{{1,2}})?(?P<middle>{_DIGIT}{{1,3}}){_GAP}{{0,4}}$"
)
_WINDOW = 18
_LENGTHS = (3, 3, 4)


def find(seen: View) -> Iterator[Hit]:
    """All such phones."""
    kinds = seen.kinds
    for match in seen.each(_LAST):
        at = match.start()
        if seen.word(at) not in ("last", "final", "últimos", "ultimos") or seen.word(match.start("four")) not in _FOUR:
            continue
        first = _FIRST.search(kinds, max(0, at - _WINDOW), at)
        if first is None:
            continue
        parts = (first.span("begin"), first.span("middle"), match.span("value"))
        if tuple(size_of(seen, *part) for part in parts) == _LENGTHS:
            yield first.start(), match.end("value"), "PHONE", "number.named_parts"


_FOUR = ("four", "4", "cuatro")
