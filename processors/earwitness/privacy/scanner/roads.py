"""Roads whose name is a number, and places along a road: `county road one eighteen`, `FM 1826`, `carretera a Saltillo km 9`."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, pattern
from earwitness.privacy.scanner.place_grammar import NUMBER, SPOKEN, TAIL, begins, ends
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_NUMBERED = pattern(
    f"<suffix|weak_suffix>(?:<number|number_mark><stop|period>?)?(?:<n1|n2|n3|n4|house>|{SPOKEN}{{1,4}}+)"
    f"(?!<measure|numeral|spoken|colon|suffix|weak_suffix|hyphen|solidus|idcue|phone>|<period><numeral>)"
    f"(?:<bearing>(?=<border|comma|stop|newline|in|unit>|$))?{TAIL}"
)
_HOUSE = pattern(f"(?:<n1|n2|n3|n4|n5|house>(?:<hyphen><letter|compass|n1|n2|n3|house>)?|{SPOKEN}{{2,5}}+)<bearing>?$")
_ALONG = pattern(
    "<prefix>(?:<de|my|a|particle|capital|Common|common|unknown|anyname|statename|bearing|hyphen|n1|n2|n3|spoken>){0,5}?"
    f"<comma>?(?P<unit><measure|unknown>)<stop|period>?{NUMBER}(?:<period|point|dot|plus_mark><n1|n2|n3|digit>)?{TAIL}"
)
_ROADS = words("road rd route rte highway hwy fm ih interstate")
_OWNERS = words("county state ranch federal rural forest us provincial township farm market parish")
"""Whose a road is: `county road`, `farm to market road`."""
_OWNER_WORDS = 3
_ALONE = words("fm ih interstate")
"""What is a road's name with its number alone, when it is typed in capitals."""
_ON = words("on off along down near")
_THERE = words("i'm we're they're he's she's it's is are live lives living house place shop site barn trailer located")
"""What stands before `on highway nine` where somebody is to be found there."""
_KILOMETRES = words("km kilómetro kilometro kms")
_BORDER = CHARACTERS["border"]
_THE = CHARACTERS["my"]
_ONE = CHARACTERS["n1"]
"""A number that seldom is a house's: `press 1 route 2`."""


def find(seen: View) -> Iterator[Hit]:
    """All such places."""
    kinds = seen.kinds
    for match in seen.each(_NUMBERED):
        road = match.start()
        if seen.word(road) not in _ROADS:
            continue
        owner = _owner(seen, road)
        first = begins(kinds, _HOUSE, owner)
        spoken_of = first == owner and kinds[first - 1 : first] == _THE  # `the state road 120 is closed`
        typed = seen.word(road) in _ALONE and seen.raw[road].rstrip().isupper()
        counted = kinds[first] == _ONE and owner == road and not seen.raw[road][0].isupper()
        if (first < road and not counted and not spoken_of) or typed or _is_there(seen, road):
            yield first, ends(kinds, match.end()), "ADDRESS", "address.road"
    for match in seen.each(_ALONG):
        if seen.word(match.start("unit")) in _KILOMETRES:
            yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.along"


def _owner(seen: View, road: int) -> int:
    """Where `county` of `county road` stands, `farm` of `farm to market road`; the road itself where nothing does."""
    first = road
    for at in range(road - 1, max(0, road - 1 - _OWNER_WORDS), -1):
        word = seen.word(at)
        if word in _OWNERS:
            first = at
        elif word != "to" or first != at + 1:
            break
    return first


def _is_there(seen: View, road: int) -> bool:
    """Whether somebody or something is said to be on a road: `we live on route nine`."""
    kinds = seen.kinds
    return (
        road > 2
        and seen.word(road - 1) in _ON
        and kinds[road - 2] != _BORDER
        and any(seen.word(at) in _THERE for at in range(max(1, road - 3), road - 1))
    )
