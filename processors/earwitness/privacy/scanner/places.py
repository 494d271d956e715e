"""Addresses: house number and street in several countries' order, then unit, city, state and ZIP; corners; boxes."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["find"]

_C = CHARACTERS
_SPOKEN = "<digit|oh|teen|tens|hundred|thousand|multi>"
_TYPED = "<n1|n2|n3|n4|n5|n6|house>"
_NUMBER = (
    f"(?:{_TYPED}(?:<hyphen|solidus><n1|n2|n3|n4|n5|house>)?(?:<n1|n2|n3|n4>)?"
    f"|{_SPOKEN}(?:<an|hyphen>?{_SPOKEN}|<filler>){{0,7}}+)"
)
_WORD = (
    "<anyname|unknown|Unknown|UNKNOWN|common|Common|ordinal|nth|direction|letter|a|month|statename|state|glued|particle|de|weak_suffix"
    "|tens|teen|role|title|idcue|lock|card|n1|n2|oh|suffix>"
)
_JOIN = "(?:<hyphen|period|stop|quote|filler>{0,2})"
_UNIT = (
    "(?:<comma|newline|stop|filler|mark|period>{0,3}(?:<unit>(?:<stop|period>)?<number>?|<number_mark|hash>)"
    "(?:<numeral|house|ident|outward|letter|a|hexes>(?:<hyphen><numeral|letter>)?|<digit|oh|teen|tens|letter>{1,4}+))"
)
_CAPITAL = "<capital|UNKNOWN|Common|direction|state|statename|suffix|weak_suffix|prefix|month|title|glued|particle|letter|Surword>"
_CITY = (
    f"(?:<comma|newline|filler|mark>{{1,3}}(?:{_CAPITAL}"
    f"(?:<hyphen|period|quote|stop|of|de|my|a|an>{{0,2}}(?={_CAPITAL}))?){{1,6}})"
)
_ZIP = (
    "(?:<comma|newline|filler|mark>{0,3}(?:<state|statename><comma>?)?(?:<zip><code>?)?(?:<outward><house>|<n4|n5|n6>(?:<hyphen><n4>)?(?!<measure|numeral>)"
    "|<digit|oh>(?:<filler>?<digit|oh>){4}(?!<digit|oh>)))"
)
_STATE = "(?:<comma|newline>{0,2}<state>|<comma|newline>{0,2}(?:<common|direction>?<statename>))"
_TAIL = f"(?:{_UNIT}|{_ZIP}|{_CITY}|{_STATE}){{0,7}}"
_LEAD_UNIT = (
    "(?:(?:<unit|number_mark>(?:<stop|period>)?<number>?"
    f"(?:<n1|n2|n3|n4|house|letter|ident>|{_SPOKEN}{{1,3}})<comma|newline>{{0,2}})?)"
)
_START = f"(?<!{_SPOKEN[1:-1] and _SPOKEN})(?<!<n1|n2|n3|n4|n5|n6|period|hyphen|solidus|equals|colon>)"
_STREET = pattern(
    f"(?P<lead>{_LEAD_UNIT})(?P<number>{_NUMBER})<comma>?(?P<words>(?:{_WORD}{_JOIN}){{1,5}}?)(?P<suffix><suffix|weak_suffix|glued>)"
    f"(?P<more>(?:<suffix|direction>)?)(?P<dot><stop|period>?)(?P<tail>(?:<direction>)?(?:<comma>?<n1|n2|n3|n4>(?!<measure|numeral|period|hyphen>))?{_TAIL})"
)
_ROMANCE = pattern(
    f"(?P<number>(?:{_NUMBER}<comma>?)?)(?P<prefix><prefix><stop|period>?)(?P<words>(?:(?:<de|my|particle|a|y>{{0,2}}){_WORD}<hyphen|quote>?){{1,5}}?)"
    f"(?P<behind>(?:<comma>?<number|num>?<number_mark>?{_NUMBER})|(?=<comma|newline|stop|border|in|an>|$))(?P<tail>(?:<comma>?{_UNIT})?{_TAIL})".replace(
        "<number|num>", "<number>"
    ).replace("|y>", ">")
)
_GLUED = pattern(
    f"(?P<number>(?:{_TYPED}<comma>?){{0,2}})(?P<words><capital|letter|Unknown>{{0,2}}<glued>)(?P<behind><n1|n2|n3|n4|house>?)(?P<tail>{_TAIL})"
)
_CORNER = pattern(
    "<corner><of|de|my|with>{1,2}(?P<value>(?:<^newline|stop|comma|an|common>|<stop>(?=<capital>)){1,5}<an|with|de>"
    "(?:<^newline|stop|comma|an|common|suffix>){0,4}<suffix|weak_suffix|capital|nth|ordinal|surname|unknown>)"
)
_BOX = pattern(
    "(?P<value>(?:<letter><period><oh|letter><period|stop|>?|<idcue|po|oh>|<letter><oh>)?<box><number_mark|number>?<numeral|digit|oh|teen|tens>{1,6}"
    f"(?:<comma|newline>{{0,2}}<box><numeral>)?(?P<tail>{_TAIL}))".replace("|>", ">")
)
_MILITARY = pattern(
    "(?P<value>(?:<unit|box|UNKNOWN|Unknown|unknown><capital|numeral>(?:<comma>?<box><numeral>)?)<comma|newline>{0,2}<po><state>(?:<n5>(?:<hyphen><n4>)?)?)"
)
_CUED = pattern(
    f"(?:<address|lives>|<common|called|im|put|hi>)(?:<is|at|in|to|colon|my|a|its|for|comma|from|of|mark|newline|common>{{0,5}}?)"
    f"(?P<value>{_TYPED}{{1,2}}(?P<words>(?:{_WORD}{_JOIN}){{1,6}}?)(?P<behind><n1|n2|n3|n4|house>|(?=<comma|newline>))(?P<tail>{_TAIL}))"
)
_FOREIGN = pattern(
    f"(?P<value><n1|n2|n3|n4|n5>{{1,2}}(?P<words>(?:<Unknown|Given|Surname|Surword|Ambi|glued|prefix><hyphen|period|stop>?){{1,4}})(?P<behind><n1|n2|n3|n4>)(?P<tail>{_TAIL}))"
)
_WEAK = _C["weak_suffix"]
_LOW = _C["common"] + _C["Common"]
_NUMERIC = members("numeral") + _C["house"]
_CUES = "".join(
    _C[name]
    for name in ("address", "lives", "at", "from", "to", "in", "colon", "corner", "of", "comma", "border", "newline")
)


def find(seen: View) -> Iterator[Hit]:
    """All addresses."""
    kinds = seen.kinds
    for match in _STREET.finditer(kinds):
        if _is_street(seen, match.start("number"), match.end("number"), match.start("suffix"), match.end("words")):
            yield Hit(match.start(), _end(seen, match.end()), "ADDRESS", "address.street")
    for match in _ROMANCE.finditer(kinds):
        if (
            match["number"]
            or match.end("behind") > match.start("behind")
            or seen.raw[match.start("prefix")][0].isupper()
        ):
            yield Hit(match.start(), _end(seen, match.end()), "ADDRESS", "address.romance")
    for match in _GLUED.finditer(kinds):
        if match["number"] or match["behind"]:
            yield Hit(match.start(), _end(seen, match.end()), "ADDRESS", "address.glued")
    for match in _FOREIGN.finditer(kinds):
        yield Hit(*match.span("value"), "ADDRESS", "address.foreign")
    for match in _CORNER.finditer(kinds):
        yield Hit(*match.span("value"), "ADDRESS", "address.corner")
    for match in _BOX.finditer(kinds):
        yield Hit(match.start("value"), _end(seen, match.end("value")), "ADDRESS", "address.box")
    for match in _MILITARY.finditer(kinds):
        yield Hit(*match.span("value"), "ADDRESS", "address.military")


def _is_street(seen: View, first: int, words: int, suffix: int, end: int) -> bool:
    kinds = seen.kinds
    number = kinds[first:words]
    before = kinds[first - 1] if first else _C["border"]
    names = [at for at in range(words, end) if kinds[at] not in _LOW]
    capital = any(seen.raw[at][:1].isupper() for at in range(words, suffix + 1))
    typed = any(kind in _NUMERIC for kind in number)
    if any(kind in _C["suffix"] + _WEAK for kind in kinds[words : words + 1]) and not capital:
        return False
    if kinds[suffix] == _WEAK and not (capital and (names or before in _CUES)) and not (typed and before in _CUES):
        return False
    if kinds[suffix] == _C["glued"]:
        return capital
    if typed:
        return capital or bool(names) or before in _CUES or end - words == 1
    if len(number) == 1 and not (before in _CUES and before != _C["comma"]):
        return False
    return bool(names) or len(number) >= 2


def _end(seen: View, last: int) -> int:
    while seen.kinds[last - 1] in _TRAILING:
        last -= 1
    return last


_TRAILING = "".join(
    _C[name] for name in ("comma", "newline", "stop", "filler", "mark", "an", "of", "de", "my", "hyphen", "quote")
)
