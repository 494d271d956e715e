"""Places that are no house in a street: corners, crossings, highways by number, boxes of the post."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import pattern
from earwitness.privacy.scanner.place_grammar import NUMBER, SPOKEN, TAIL, begins, ends
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["SIGNS", "find"]

_NUMBERED_ROUTE = pattern(f"<suffix|weak_suffix>{SPOKEN}{{1,3}}+<number>(?:{SPOKEN}{{1,5}}+|<n1|n2|n3|n4>){TAIL}")
_ROUTE_HEAD = pattern("<common|statename>$")
_HIGHWAY = pattern(f"(?:<suffix|weak_suffix>|<i><hyphen>)<n1|n2|n3|n4><bearing>?(?:<Common|Unknown>?<suffix>)?{TAIL}")
_HIGHWAY_HEAD = pattern(f"{NUMBER}<bearing>?<capital|Common|weak_suffix>{{0,2}}$")
_ROUTES = words("highway hwy road route rte loop interstate ih fm fwy i")
_CROSS = pattern(
    "<suffix><period|stop>?<an|ye|at><bearing>?(?:(?:<tens>?<ordinal>|<nth>|<capital|Common|common>{1,2})<suffix>"
    "|<surname|unknown|ambi|given|Unknown|Surname|Ambi|Given>(?=<border|stop|comma|newline|mark>|$))"
)
_CROSS_HEAD = pattern("<bearing>?(?:<tens>?<ordinal>|<nth>|<capital>{1,2})$")
_CORNER_NAME = "<common|Common|anyname|unknown|Unknown|ordinal|nth|bearing|weak_suffix|glued>{1,2}<suffix>?"
_CORNER = pattern(
    f"<corner><of|de|my|with>{{1,2}}(?P<value>{_CORNER_NAME}<an>{_CORNER_NAME}(?=<border|stop|comma|newline|in|at>|$)"
    "|(?:<^newline|stop|comma|an|common>|<stop>(?=<capital>)){1,5}<an|with|de>"
    "(?:<^newline|stop|comma|an|suffix>){0,4}<suffix|weak_suffix|capital|nth|ordinal|surname|unknown>)"
)
_BOX = pattern(
    f"<box><number_mark|number>?<numeral|digit|oh|teen|tens>{{1,6}}(?:<comma|newline>{{0,2}}<box><numeral>)?{TAIL}"
)
_BOX_HEAD = pattern(
    "(?:<letter><period><oh|letter><period|stop>|<letter><period><oh|letter>|<idcue|po|oh|unit>"
    "|<unit|po><numeral>|<letter><oh>)$"
)
_MILITARY = pattern(
    "(?:<unit|box|UNKNOWN><capital|numeral|unknown>(?:<comma>?<box><numeral>)?)"
    "<comma|newline>{0,2}<po><state>(?:<n5>(?:<hyphen><n4>)?)?"
)
_CORNER_BEFORE = pattern("<capital|Common>{1,2}$")
_CORNER_BETWEEN = pattern(
    "<corner>(?<=<capital|Common><corner>)<with|de>?<prefix>?<my>?<capital|Common>{1,2}(?=<border|stop|comma|newline|in|an>|$)"
)
SIGNS = ("<suffix|weak_suffix|corner|box|po>", "<i>(?=<hyphen><n1|n2|n3|n4>)")
"""One of these stands in each of these places, as `excerpt.signs` takes them."""


def find(seen: View) -> Iterator[Hit]:
    """All such places."""
    kinds = seen.kinds
    for match in seen.each(_BOX):
        yield begins(kinds, _BOX_HEAD, match.start()), ends(kinds, match.end()), "ADDRESS", "address.box"
    for match in seen.each(_CROSS):
        first = begins(kinds, _CROSS_HEAD, match.start())
        if first < match.start():
            yield first, match.end(), "ADDRESS", "address.cross"
    for match in seen.each(_CORNER):
        yield *match.span("value"), "ADDRESS", "address.corner"
    for match in seen.each(_CORNER_BETWEEN):
        yield begins(kinds, _CORNER_BEFORE, match.start()), match.end(), "ADDRESS", "address.corner"
    for match in seen.each(_HIGHWAY):
        at = match.start()
        if seen.word(at) in _ROUTES and seen.raw[at][0].isupper():
            first = begins(kinds, _HIGHWAY_HEAD, at)
            if first < at:
                yield first, ends(kinds, match.end()), "ADDRESS", "address.highway"
    for match in seen.each(_NUMBERED_ROUTE):
        yield begins(kinds, _ROUTE_HEAD, match.start()), ends(kinds, match.end()), "ADDRESS", "address.route"
    for match in seen.each(_MILITARY):
        yield *match.span(), "ADDRESS", "address.military"
