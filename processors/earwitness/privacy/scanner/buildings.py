"""Addresses that begin with a flat or a building, and houses whose street has no word that says so.

`Bldg 4 Apt 212, 7700 Alder Ave`, `1750 Sunrise, Bldg 12`, `N5624 County Rd E`, `twenty seven the paddocks`, `Co. Meath`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import characters, members, pattern
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.place_grammar import SPOKEN, TAIL, UNIT, begins, ends
from earwitness.privacy.scanner.street_words import STREET_WORDS
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["COMMON_SIGNS", "SIGNS", "find"]

_HOUSE = "<n1|n2|n3|n4|n5|house>"
_CAPITAL = "<capital|Common|weak_suffix|sector|letter|glued|statename|bearing|month|nth|state>"
_NAME = f"(?:{_CAPITAL}<period|quote|hyphen>?)"
_STREET = f"{_HOUSE}(?:<hyphen>{_HOUSE})?{_NAME}{{1,4}}?(?P<suffix><suffix|weak_suffix>)<bearing>?{TAIL}"
_DOOR = f"<unit><stop|period>?(?:<n1|n2|n3|n4|house|letter|compass|ident|outward>|{SPOKEN}{{1,3}}+)"
_COUNT = "<n1|n2|n3|n4|house|letter|compass|ident|outward|spoken|stop|period|number|number_mark>"
_BEFORE_UNIT = "<capital|anyname|unknown|common|Common|weak_suffix>"
_LED = pattern(f"{_DOOR}(?:<comma>?{_DOOR}|<comma>{_CAPITAL}{{1,3}}<suffix>?)<comma|newline>{{1,2}}{_STREET}")
_NAMED = pattern(f"<sector|Unknown|Common>(?=<comma>)<comma>{_STREET}")
_NAMED_HEAD = pattern("<capital|Common|weak_suffix>{1,2}$")
_INSIDE = pattern(f"(?=<unit>){UNIT}{{1,3}}+(?!<measure>){TAIL}")
_STREET_HEAD = pattern(
    f"(?P<number><n3|n4|n5>|{SPOKEN}{{2,5}})(?P<name><bearing>?<capital|anyname|unknown|common|Common|weak_suffix>{{1,2}})<comma>?$"
)
_COMPLEX_HEAD = pattern(
    "(?P<name><capital|Common|anyname|unknown|common|weak_suffix>{1,2})<common|Common|Unknown|unknown>$"
)
_LETTERED = pattern(
    f"<ident|xnum|house|outward>{_NAME}{{1,3}}?<suffix>(?:<letter|bearing>|<n1|n2|n3>(?=<border|comma|stop|newline>|$))?{TAIL}"
)
_THE = pattern(
    "<my>(?<=<n1|n2|n3|house|spoken|a><my>)(?P<name><unknown|anyname|weak_suffix|Unknown|common|Common>)"
    f"(?:<comma>?<unknown|Unknown|anyname>{{1,2}}(?=<border|an|comma|stop|newline|mark>|$))?{TAIL}"
)
_THE_HEAD = pattern(f"(?:<n1|n2|n3|house>|{SPOKEN}{{1,3}}<a>?)$")
_NUMBERED = pattern(
    f"<number>(?:<n1|n2|n3|n4>|{SPOKEN}{{1,4}}+)(?P<name><unknown|surname|given|Unknown|Surname|Given|weak_suffix|common|Common>{{1,3}})<suffix>{TAIL}"
)
_ALPHA = "<letter|compass|ex|i|a|oh|ye>"
_FAR = pattern(
    f"<suffix><unknown|anyname|weak_suffix>{{1,3}}{_ALPHA}{{1,2}}<digit|oh|teen|tens>{{1,2}}{_ALPHA}?<digit|oh>{_ALPHA}{{2}}"
)
_FAR_HEAD = pattern(f"(?:<n1|n2|n3|house>|{SPOKEN}{{1,4}})<a|letter>?<unknown|anyname|common|weak_suffix>{{1,3}}$")
_COUNTY = pattern(
    "<tld>(?<=<comma><tld>)<stop|period>?(?P<county><capital>)(?:<comma>?<outward><ident|hexes|house|xnum>)?"
)
_COUNTY_HEAD = pattern(
    f"(?:{_HOUSE}?<comma>?<my>?(?:<capital|Common|weak_suffix|glued>(?:<common|a|i|de|my>?<suffix|weak_suffix|capital|Common>){{0,3}})"
    "(?:<comma><capital|Common|weak_suffix>{1,2}){0,3})<comma>$"
)
_GAELIC = pattern(
    f"<Unknown>(?<=<n1|n2|n3|house><Unknown>)<common|Common|a|i|an|unknown|anyname>{{0,2}}<capital|Common>{{1,2}}{TAIL}"
)
SIGNS = (
    f"<unit>(?<={_BEFORE_UNIT}<unit>)(?={_COUNT})",
    f"<unit>(?<={_BEFORE_UNIT}<comma><unit>)(?={_COUNT})",
    f"<unit>(?={_COUNT}{{1,3}}(?:<comma>?<unit>|<comma>{_CAPITAL}{{1,3}}<suffix>?<comma|newline>{{1,2}}{_HOUSE}))",
    "<suffix>(?=<unknown|anyname>{1,3}<letter|compass|ex|i|a|oh|ye>)",
    "<Unknown>(?<=<n1|n2|n3|house><Unknown>)",
    "<ident|xnum|house|outward>(?=<capital|Common|statename|bearing|nth|weak_suffix>)",
)
COMMON_SIGNS = (
    "<my>(?<=<n1|n2|n3|house|spoken|a><my>)(?=<unknown|anyname|weak_suffix|Unknown|common|Common>)",
    "<number>(?=<n1|n2|n3|n4|spoken>{1,4}<unknown|surname|given|Unknown|Surname|Given|weak_suffix|common|Common>{1,3}<suffix>)",
    "<comma>(?<=<sector|Unknown|Common><comma>)(?=<n2|n3|n4|n5>)",
    "<tld>(?<=<comma><tld>)",
)
"""One of these or of those stands in each of these addresses, as `excerpt.signs` takes them; these begin with common words."""
_COMPLEXES = words(
    "apartments apts complex condos condominiums residences lofts villas estates towers townhomes townhouses"
)
_DOORS = words("apt apartment suite ste bldg building flat apto depto")
_ESTATES = words(
    """paddocks cedars willows orchards gables maltings mews meadows limes elms oaks beeches laurels poplars birches firs pines
    grange paddock orchard rectory vicarage glebe green crescent hawthorns hollies rowans chestnuts maples larches spinney
    copse dell ridings stables cloisters close mall moorings moorlands priory cottages gardens grove heath warren links"""
)
_COUNTIES = words(
    """antrim armagh carlow cavan clare cork derry donegal down dublin fermanagh galway kerry kildare kilkenny laois leitrim
    limerick longford louth mayo meath monaghan offaly roscommon sligo tipperary tyrone waterford westmeath wexford wicklow
    durham"""
)
_GAELIC_STREETS = words("sráid bóthar ascaill céide lána plás corrán páirc cearnóg")
_COORDINATES = re.compile(r"[NSEW][0-9]{2,5}(?:[NSEW][0-9]{2,5})?|[0-9]{1,2}[NSEW][0-9]{2,4}")
"""House numbers of a grid with its directions: `N5624`, `28W410`, `W156N8480`."""
_OTHERS = characters("idcue phone unit")
_CUES = characters("at in to from its is address lives colon number")
_ENDS = characters("border stop comma newline mark an")
_SURE = members("surename") + characters("ambi Ambi Unknown")
_BEARINGS = members("bearing")
_UNKNOWN = characters("unknown")
_LEAST = 3
_HEAD, _COUNTY_REACH = 8, 14


def find(seen: View) -> Iterator[Hit]:
    """All such addresses."""
    kinds = seen.kinds
    for match in seen.each(_LED):
        if seen.raw[match.start("suffix")][0].isupper():
            yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.led"
    for match in seen.each(_NAMED):
        first = begins(kinds, _NAMED_HEAD, match.start())
        if first < match.start() and seen.word(match.start()) in _COMPLEXES:
            yield first, ends(kinds, match.end()), "ADDRESS", "address.led"
    for match in seen.each(_INSIDE):
        first = _inside(seen, match.start())
        if first >= 0:
            yield first, ends(kinds, match.end()), "ADDRESS", "address.inside"
    for match in seen.each(_LETTERED):
        if _COORDINATES.fullmatch(seen.joined(match.start(), match.start() + 1)):
            yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.lettered"
    yield from _irish(seen)
    yield from _british(seen)


def _inside(seen: View, unit: int) -> int:
    """Where an address begins that goes on with a flat; -1 where none does: `1750 Sunrise, Bldg 12`."""
    kinds = seen.kinds
    head = _COMPLEX_HEAD.search(kinds, max(0, unit - _HEAD), unit)
    if head is not None and seen.word(unit - 1) in _COMPLEXES:
        first = head.start()
        while first < unit - 1 and not _names(seen, first):
            first += 1
        return first if first < unit - 1 else -1
    head = _STREET_HEAD.search(kinds, max(0, unit - _HEAD), unit)
    if head is None or seen.word(unit) not in _DOORS:
        return -1
    first, name, last = head.start(), head.start("name"), head.end("name")
    if len(digits_of(seen, first, name)) < _LEAST:
        return -1
    typed = name == first + 1 and seen.raw[first][0].isdigit()
    if typed and not all(seen.raw[at][0].isupper() for at in range(name, last)):
        return -1
    return first if all(_names(seen, at) or (typed and kinds[at] in _BEARINGS) for at in range(name, last)) else -1


def _names(seen: View, at: int) -> bool:
    return seen.word(at) in STREET_WORDS or seen.kinds[at] in _SURE


def _british(seen: View) -> Iterator[Hit]:
    """Houses as Britain and Ireland say them: `number fifty two saint marys crescent`, `eighteen a mill road … b s eight`."""
    kinds = seen.kinds
    for match in seen.each(_NUMBERED):
        named = all(_names(seen, at) or kinds[at] == _UNKNOWN for at in range(*match.span("name")))
        if named and kinds[match.start() - 1] not in _OTHERS and seen.word(match.start() - 1) != "house":
            yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.numbered"
    for match in seen.each(_THE):
        first = begins(kinds, _THE_HEAD, match.start())
        told = seen.raw[match.start("name")][0].isupper() or (first > 0 and kinds[first - 1] in _CUES)
        if (
            first < match.start()
            and told
            and kinds[match.end()] in _ENDS
            and seen.word(match.start("name")) in _ESTATES
        ):
            yield first, ends(kinds, match.end()), "ADDRESS", "address.the"
    for match in seen.each(_FAR):
        first = begins(kinds, _FAR_HEAD, match.start())
        if first < match.start():
            yield first, match.end(), "ADDRESS", "address.british"


def _irish(seen: View) -> Iterator[Hit]:
    """`Rose Cottage, Kilbride, Co. Wicklow`, `14 Sráid an Chaisleáin`."""
    kinds = seen.kinds
    for match in seen.each(_COUNTY):
        head = _COUNTY_HEAD.search(kinds, max(0, match.start() - _COUNTY_REACH), match.start())
        if head is not None and seen.word(match.start()) == "co" and seen.word(match.start("county")) in _COUNTIES:
            yield head.start(), match.end(), "ADDRESS", "address.irish"
    for match in seen.each(_GAELIC):
        if seen.word(match.start()) in _GAELIC_STREETS:
            yield match.start() - 1, ends(kinds, match.end()), "ADDRESS", "address.irish"
