"""Addresses that begin with a house, a flat or a plot and go on with its neighbourhood, as in India.

`Flat 302, Sai Residency, MG Road, Pune 411001`; `H.No. 8-2-293/82, Road No. 12`; `B-14, Sector 62, Noida`; `#27, 4th Cross`.
"""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, pattern
from earwitness.privacy.scanner.place_grammar import (
    CAPITAL,
    COUNTED,
    LEAD,
    QUARTER,
    SPOKEN,
    TAIL,
    UNIT,
    ZIP,
    begins,
    ends,
)
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["SIGNS", "complexes", "find", "named_begins"]

_C = CHARACTERS
_SMALL = "<n1|n2|n3|n4|house|hexes|outward|ident>"
_VALUE = (
    f"(?:(?:<letter|compass|a|i><hyphen>?)?{_SMALL}(?:<hyphen|solidus|dash>{_SMALL}){{0,3}}"
    f"|{SPOKEN}{{1,5}}+(?:<dash>{SPOKEN}{{1,3}}+)?)"
)
_COUNT = f"(?:{_SMALL}|<letter>|{SPOKEN}{{1,3}}+)"
_ZONE = (
    f"(?:<sector><number>?<stop|period|hyphen>?{_COUNT}|<nth|ordinal><bearing>?(?:<common|Common>?<suffix>|<sector>)"
    f"|<suffix|weak_suffix><number|no><stop|period>?{_COUNT})"
)
_NAME = "<anyname|unknown|Unknown|UNKNOWN|glued|weak_suffix|bearing|letter|month|statename|particle|common|Common>"
_WORDS = f"(?:{_NAME}<hyphen|period|stop>?)"
_NAMED = f"(?!<common>){_WORDS}{_WORDS}{{0,3}}?<suffix|weak_suffix|sector|unit|ext>{{1,3}}+"
_TYPED = f"(?:(?:{CAPITAL}|<nth>)<hyphen|period|stop>?){{1,4}}"
_SAID = "<unknown|surname|given|Unknown|glued>{1,2}+(?=<border|stop|comma|newline|mark|at|in|common|phone|my|is|an>|$)"
_GAP = "<comma|newline|stop|hyphen|filler>{0,2}"
_MORE = f"(?:{_GAP}(?:{ZIP}|{_ZONE}|{_NAMED})|<comma|newline|stop>{{1,2}}{_TYPED}|<comma>?{_SAID}){{0,7}}"
_WHOLE = pattern(
    "<number|no|unit|number_mark|letter|a|compass>(?:"
    f"(?P<premise>(?:(?<=<number|no>)<stop|period>?|(?<=<unit>)<stop|period>?<number>?<stop|period>?){_VALUE})"
    f"|(?P<lot>(?<=<letter|a|compass>)<hyphen><n1|n2|n3|n4>|(?<=<number_mark>){_SMALL}(?:<solidus>{_SMALL})?))"
    f"(?P<begin>{_GAP}(?:(?P<zone>{_ZONE})|(?P<named>{_NAMED})(?!<hyphen>)|(?P<area>{_TYPED}(?=<comma>))))(?P<more>{_MORE})"
)
_CROSSES = pattern(f"(?P<value><nth|ordinal><sector>(?:<comma>?{_NAME}{{1,2}})?<comma>?<nth|ordinal><sector>{_MORE})")
_SECTOR = pattern(f"<sector><hyphen>?{_COUNT}<comma>?<unknown|Unknown|given|Given|surname|Surname>(?:{_MORE})")
_COMPLEX = pattern(f"<common|Common|weak_suffix>(?:(?=<unit>)|(?<=<sector|weak_suffix>)(?=<comma>)){UNIT}{{1,3}}{TAIL}")
_LOTS = pattern(f"<unit>{COUNTED}(?:<comma>?<unit>{COUNTED}){{0,2}}{QUARTER}{TAIL}")
_COMPLEX_HEAD = pattern("<capital|Common|unknown|surname>{1,3}$")
_COMPLEXES = words(
    "apartments apts complex condos condominiums condominio residencial residences lofts villas estates towers suites "
    "townhomes plaza"
)
SIGNS = (
    "<suffix|weak_suffix|sector|ext|quarter>",
    "<unit>(?<=<anyname|unknown|Unknown|UNKNOWN|glued|bearing|letter|month|statename|particle|common|Common|hyphen|period|stop><unit>)",
    f"<comma>(?<={CAPITAL[:-1]}|nth|hyphen|period|stop><comma>)",
)
"""One of these stands in each of these addresses, as `excerpt.signs` takes them."""
_PREMISES = words(
    "flat plot house door shop khasra survey villa bungalow quarter quarters tower wing room apt gala hno h d k"
)


def find(seen: View) -> Iterator[Hit]:
    """All such addresses."""
    kinds = seen.kinds
    for match in seen.each(_WHOLE):
        first = match.start()
        if kinds[first] in _NUMBERED:
            named = _premise(seen, first)
            if named < 0 and not (match["zone"] and (first == 0 or kinds[first - 1] in _OPENS)):
                continue
            first = named if named >= 0 else first
        elif match["lot"] is not None:
            if kinds[match.end("lot")] == _C["stop"] or not (
                match["zone"] or (match["named"] and seen.raw[match.start("named")][0].isupper())
            ):
                continue
        elif match["area"] and not match["more"]:
            continue
        if not match["zone"] and seen.word(first) in _OTHER_UNITS:
            continue
        yield first, ends(kinds, match.end()), "ADDRESS", "address.premise"
    for match in seen.each(_CROSSES):
        yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.crosses"
    for match in seen.each(_SECTOR):
        if seen.word(match.start()) == "sector":
            yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.sector"


def complexes(seen: View) -> Iterator[Hit]:
    """Flats of a complex with a name and no street: `Oakwood Apartments, building 4 unit 212`."""
    for match in seen.each(_LOTS):
        yield match.start(), ends(seen.kinds, match.end()), "ADDRESS", "address.lot"
    for match in seen.each(_COMPLEX):
        first = begins(seen.kinds, _COMPLEX_HEAD, match.start())
        if first < match.start() and seen.word(match.start()) in _COMPLEXES:
            yield first, ends(seen.kinds, match.end()), "ADDRESS", "address.complex"


def named_begins(seen: View, first: int) -> int:
    """Where an address begins with what leads to its street and a house with a name: `The Old Forge, 3 Church Lane`."""
    first = begins(seen.kinds, LEAD, first)
    found = _NAMED_HOUSE.search(seen.kinds, max(0, first - _NAME_TOKENS), first)
    if found is None or seen.word(first - 2) not in _HOUSES:
        return first
    at = found.start()
    while at < first - 1 and not seen.raw[at][0].isupper():
        at += 1
    return at if at < first - 2 else first


_NAMED_HOUSE = pattern(
    "<my|capital|Common|weak_suffix|bearing|month>{1,3}(?:<unit|prefix|common|line>|<sector>)?<comma|newline>$"
)
_NAME_TOKENS = 6
_HOUSES = words(
    "cottage house farm lodge barn forge manor hall vicarage rectory mill villa croft grange farmhouse cottages mansions"
)


def _premise(seen: View, number: int) -> int:
    """Where `house` of `house number …` stands, `H` of `H.No. …`; -1 where there is none."""
    at = number - 1
    while at >= 0 and number - at <= 2 and seen.kinds[at] in _DOTS:
        at -= 1
    return at if at >= 0 and seen.word(at) in _PREMISES else -1


_NUMBERED = _C["number"] + _C["no"]
_DOTS = _C["period"] + _C["stop"]
_OPENS = characters("border colon is at comma newline quote equals stop")
_OTHER_UNITS = words("floor fl room rm")
