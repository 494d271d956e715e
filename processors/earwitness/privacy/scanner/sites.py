"""Places that roads tell: corners, highways with a mile marker or an exit, rural routes, houses of a grid.

`the corner of division and ashland`, `I-40 exit 12`, `r r three box two eighteen`, `4475 South 1600 West`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from earwitness.privacy.scanner import buildings
from earwitness.privacy.scanner.alphabet import characters, members, pattern
from earwitness.privacy.scanner.excerpt import only, signs
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.place_grammar import SPOKEN, TAIL, begins, ends
from earwitness.privacy.scanner.street_words import STREET_WORDS
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_TYPED = "<n1|n2|n3|n4>"
_SAID = f"{SPOKEN}{{1,4}}+"
_NAME = "<anyname|unknown|Unknown|common|Common|weak_suffix|glued|statename|direction|month>"
_NTH = "(?:<tens>?<ordinal>|<nth>)"
_STREET = f"(?:{_NTH}|<bearing>?{_NAME}<suffix>?)"
_CORNER = pattern(
    f"<corner>(?:<of|de|its|is|at|colon|comma|my|filler>){{1,3}}(?P<value>(?P<one>{_STREET})<an|at>(?P<other>{_STREET}))"
)
_BESIDE = pattern(f"<an|at>(?:(?P<nth>{_NTH})|(?<=<ordinal|nth><an|at>)(?P<name>{_NAME}))")
_NTH_HEAD = pattern(f"{_NTH}$")
_ROAD = f"(?:<number|number_mark>?(?:{_TYPED}|<house>|{_SAID})<bearing>?)"
_ALONG = pattern(
    f"(?:<suffix|weak_suffix>{_ROAD}|<i><hyphen>?(?:{_TYPED}|{_SAID})<bearing>?)"
    f"<comma|at|in|my|with|common>{{0,3}}?(?P<mark><measure><surword|common>?|<common>|<unknown>)<number>?(?P<count>{_TYPED}|<house>|{_SAID})"
    f"(?:<period|point><n1|n2|digit>)?<bearing>?(?P<tail>{TAIL})"
)
_OFF = pattern(
    f"(?P<mark><measure><surword|common>|<common>|<unknown>)<number>?(?:{_TYPED}|<house>|{_SAID})<comma|of|in|my|common>{{1,2}}?"
    f"(?P<road><suffix>{_ROAD}|<i><hyphen>?(?:{_TYPED}|{_SAID})<bearing>?)"
)
_CROSSED = pattern(
    f"<suffix|i|UNKNOWN|compass><hyphen>?(?:{_TYPED}|{_SAID})<bearing>?<an|at|solidus>(?P<other><common|Common|statename>?<suffix|i|UNKNOWN>)<hyphen>?"
    f"(?:{_TYPED}|{_SAID})<bearing>?(?P<tail>{TAIL})"
)
_BOX = pattern(
    f"<box><number_mark|number>?(?:<numeral|house>|{SPOKEN}{{1,5}}+)(?:(?<=<house>)|<letter>)?(?:<in><unknown|anyname|glued|common|weak_suffix>{{1,3}}<statename>)?{TAIL}"
)
_BOX_HEAD = pattern(
    f"(?P<route><po>|<letter><period>?<letter><period|stop>?|<letter|compass><letter>|<common|Common|unknown|weak_suffix|Surword|Unknown|surword><weak_suffix>)<number|number_mark>?"
    f"(?:{_TYPED}|{SPOKEN}{{1,3}})<comma|newline>{{0,2}}$"
)
_GRID = pattern(
    f"<direction|compass>(?:(?<=<n3|n4|n5><direction|compass>)<n3|n4>|(?<=<spoken><direction|compass>){SPOKEN}{{1,4}}+)<direction|compass>{TAIL}"
)
_GRID_HEAD = pattern(f"(?:<n3|n4|n5>|{SPOKEN}{{1,6}})$")

_ROADS = words(
    "interstate highway hwy i us route rte fm sr cr sh rm rr turnpike freeway parkway pike expressway road rd"
)
_MARKS = words("exit milepost marker post mile mm")
_ROUTES = words("rr hc rd rural star highway contract r h")
_CUES = members("at") + members("to") + members("a") + characters("its is address with from colon in border corner")
_CUE_WORDS = words("on near off around behind by outside past over")
_INDOORS = words(
    """room wall house building roof kitchen garage hallway bathroom ceiling fence yard floor closet basement attic window door
    hall lobby office bedroom table desk counter shelf page screen lot porch patio stairs building box cabinet tub shower sink
    carpet tile pipe drain unit driveway"""
)
"""What has corners inside of a house."""
_GOES_ON = words(
    "there there's that in near by over where right please so not they we i que para and the at behind across next it it's is"
)
_ENDS = members("border") + characters("stop comma newline mark in at my is its")
_KNOWN = members("surename") + characters(
    "ambi Ambi unknown Unknown Surword statename glued direction weak_suffix ordinal nth tens"
)
_NAMED = characters("surname Surname Ambi Unknown weak_suffix glued Surword")
_LETTERS = words("n s e w")
_GRID_LEAST = 3
_SIGNS = signs(
    "<corner>",
    "<ordinal|nth>(?<=<an|at><ordinal|nth>)",
    "<ordinal|nth>(?<=<an|at><tens><ordinal|nth>)",
    "<ordinal|nth>(?=<an|at>)",
    "<box>(?<=<spoken|n1|n2|n3|comma|newline><box>)",
    "<suffix|weak_suffix>(?=<n1|n2|n3|n4|spoken>)",
    "<direction|compass>(?<=<n3|n4|n5|spoken><direction|compass>)(?=<n3|n4|spoken>)",
    *buildings.SIGNS,
)
_COMMON_SIGNS = tuple(map(signs, ("<i>(?=<hyphen><n1|n2|n3>)", *buildings.COMMON_SIGNS)))
"""Signs that begin with a common word, each a grammar of its own: a search for one class is much quicker than for many."""


def find(seen: View) -> Iterable[Hit]:
    """All such places, and what `buildings` finds."""
    return only(seen, _all, _SIGNS, *_COMMON_SIGNS)


def _all(seen: View) -> Iterator[Hit]:
    yield from _boxes(seen)
    yield from _grids(seen)
    yield from _corners(seen)
    yield from _markers(seen)
    yield from buildings.find(seen)


def _boxes(seen: View) -> Iterator[Hit]:
    """Boxes of the post along a route in the country: `RR 2 Box 91C`."""
    for match in seen.each(_BOX):
        first = begins(seen.kinds, _BOX_HEAD, match.start())
        if first < match.start() and seen.word(first) in _ROUTES:
            yield first, ends(seen.kinds, match.end()), "ADDRESS", "address.rural"


def _grids(seen: View) -> Iterator[Hit]:
    """Houses of towns whose streets are numbers: `4475 South 1600 West`."""
    for match in seen.each(_GRID):
        first = begins(seen.kinds, _GRID_HEAD, match.start())
        letter = seen.word(match.start()) in _LETTERS and not seen.raw[match.start()][0].isupper()
        if first < match.start() and not letter and len(digits_of(seen, first, match.start())) >= _GRID_LEAST:
            yield first, ends(seen.kinds, match.end()), "ADDRESS", "address.grid"


def _corners(seen: View) -> Iterator[Hit]:
    """Where two streets meet: behind `corner`, or one of them a number: `mission and twenty fourth`."""
    kinds = seen.kinds
    for match in seen.each(_CORNER):
        one, other = match.span("one"), match.span("other")
        if (_known(seen, one[0]) or _known(seen, other[0])) and not (_indoors(seen, *one) or _indoors(seen, *other)):
            yield *match.span("value"), "ADDRESS", "address.corner"
    for match in seen.each(_BESIDE):
        at, last = match.start(), match.end()
        if match["nth"]:
            first = at - 1
            named = first > 0 and (seen.word(first) in STREET_WORDS or kinds[first] in _NAMED)
        else:
            first = begins(kinds, _NTH_HEAD, at)
            named = seen.word(last - 1) in STREET_WORDS or kinds[last - 1] in _NAMED
        if named and _is_cued(seen, first) and (kinds[last] in _ENDS or seen.word(last) in _GOES_ON):
            yield first, last, "ADDRESS", "address.corner"


def _known(seen: View, first: int) -> bool:
    """Whether a word can be a street's and hardly anything else."""
    return seen.word(first) in STREET_WORDS or seen.kinds[first] in _KNOWN


def _indoors(seen: View, first: int, last: int) -> bool:
    return any(seen.word(at) in _INDOORS for at in range(first, last))


def _is_cued(seen: View, first: int) -> bool:
    """Whether what stands before says that a place comes."""
    return first > 0 and (seen.kinds[first - 1] in _CUES or seen.word(first - 1) in _CUE_WORDS)


def _markers(seen: View) -> Iterator[Hit]:
    """Places along a highway, and where two highways meet: `highway ninety five mile marker one thirty two`."""
    for match in seen.each(_ALONG):
        if seen.word(match.start()) in _ROADS and seen.word(match.end("mark") - 1) in _MARKS:
            yield match.start(), ends(seen.kinds, match.end()), "ADDRESS", "address.marker"
    for match in seen.each(_OFF):
        if seen.word(match.start("road")) in _ROADS and seen.word(match.end("mark") - 1) in _MARKS:
            yield match.start(), ends(seen.kinds, match.end()), "ADDRESS", "address.marker"
    for match in seen.each(_CROSSED):
        if seen.word(match.start()) in _ROADS and seen.word(match.end("other") - 1) in _ROADS:
            yield match.start(), ends(seen.kinds, match.end()), "ADDRESS", "address.cross"
