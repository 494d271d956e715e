"""Addresses: house number and street in several countries' order, then unit, city, state and ZIP; corners; boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["find"]

_C = CHARACTERS
_SPOKEN = "<digit|oh|teen|tens|hundred|thousand|multi>"
_NUMBER = (
    "<n1|n2|n3|n4|n5|n6|house|digit|oh|teen|tens|hundred|thousand|multi>(?"
    "<!<digit|oh|teen|tens|multi|n1|n2|n3><digit|oh|teen|tens|n1|n2|n3>)"
    f"(?:(?:<and|hyphen>?{_SPOKEN}|<filler>){{1,7}}+|(?:<hyphen|solidus><n1|n2|n3|n4|n5|house>|<n1>"
    f"<solidus><n1>)?<n1|n2|n3|n4>?)"
)
_WORD = (
    "<anyname|unknown|Unknown|UNKNOWN|common|Common|ordinal|nth|bearing|lettered|month|statename|state|glued|particle|de|weak_suffix"
    "|tens|teen|role|title|idcue|lock|card|n1|n2|oh|suffix|degree|rate|digit>"
)
_JOIN = "(?:<hyphen|period|stop|quote|filler>{0,2})"
_UNIT = (
    "(?:<comma|newline|stop|filler|mark|period>{0,3}(?:<unit>(?:<stop|period>)?<number>?|<number_mark|hash>)"
    "(?:<numeral|house|ident|outward|lettered|hexes>(?:<hyphen><numeral|letter>)?"
    "|<digit|oh|teen|tens|letter>{1,4}+)|<comma>?<nth|ordinal><unit>|<comma><house|nth|ordinal>"
    "<letter|compass>)"
)
_CAPITAL = "<capital|UNKNOWN|Common|bearing|state|statename|suffix|weak_suffix|prefix|month|title|glued|particle|letter|Surword>"
_CITY = (
    f"(?:<comma|newline|filler|mark>{{1,3}}<my>?(?:{_CAPITAL}"
    f"(?:<hyphen|period|quote|stop|of|de|my|a|an>{{0,2}}(?={_CAPITAL}))?){{1,6}})"
)
_TOWN = "<Given|Surname|Ambi|Surword|Unknown|glued>"
_ZIP = (
    "(?:<comma|newline|filler|mark>{0,3}(?:<state|statename|oh|in|me|de|my|hi>(?=<comma>?<n5>)"
    "<comma>?|<state|statename><comma>?)?(?:<zip><code>?)?"
    f"(?:<outward><house>|<n4|n5|n6>(?:<hyphen><n4>)?(?!<measure|numeral>)(?:{_TOWN}(?:<of|de|hyphen>?{_TOWN}){{0,2}})?"
    "|<digit|oh>(?:<filler>?<digit|oh>){4}(?!<digit|oh>)))"
)
_STATE = "(?:<comma|newline>{0,2}<state>|<comma|newline>{0,2}(?:<common|direction>?<statename>))"
_CITY_STATE = (
    "(?:<comma>?<anyname|unknown|Unknown|bearing|weak_suffix|common|Common|glued>{1,3}<comma>?<state|statename>)"
)
_LOW_CITY = "(?:<comma><anyname|unknown|bearing|weak_suffix|glued>{1,2}(?=<border|stop|comma|an|newline|mark>|$))"
_TAIL = f"(?:{_UNIT}|{_ZIP}|{_CITY_STATE}|{_CITY}|{_STATE}|{_LOW_CITY}){{0,7}}"
_LEAD = pattern(
    f"<unit|number_mark><stop|period>?<number>?(?:<n1|n2|n3|n4|house|letter|ident>|{_SPOKEN}{{1,3}})?"
    f"<comma|newline>{{0,2}}$"
)
_HOUSE = pattern(f"(?:{_NUMBER}){{1,2}}<comma>?<bearing>?<my>?$")
_STREET = pattern(
    f"(?P<number>{_NUMBER})(?:<comma>(?!<n1|n2|n3|n4>))?(?P<words>(?:{_WORD}{_JOIN}){{1,5}}?)"
    "(?P<suffix><suffix|glued>|<weak_suffix>(?!<capital|weak_suffix|Common|common>{0,2}<suffix>))"
    "<suffix|bearing>?<stop|period>?"
    f"<bearing>?(?:<comma>?<n1|n2|n3|n4>(?!<measure|numeral|period|hyphen>))?{_TAIL}"
)
_ROMANCE = pattern(
    f"(?:<prefix>|<letter><solidus>)<stop|period>?(?:<de|my|particle|a>{{0,2}}(?:{_WORD}|<digit>)"
    f"<hyphen|quote>?){{1,5}}?"
    f"(?P<behind><comma>?<number|no>?<stop|period|number_mark>?{_NUMBER}(?:<number|no>"
    f"<stop|period>?{_NUMBER})?|(?=<comma|newline|stop|border|in|an|for|with|is|at|ye|mark|to|from>"
    f"|$))(?:(?<=<n4|n5|n6>){_TOWN})?(?:<comma>?{_UNIT})?{_TAIL}"
)
_FRENCH = pattern(f"<house|n1|n2|n3|n4><suffix><Given|Surname|Surword|Ambi|Unknown|glued>{{1,4}}{_TAIL}")
_GLUED = pattern(f"<glued><stop|period>?(?P<behind><n1|n2|n3|n4|house>?){_TAIL}")
_GLUED_HEAD = pattern(
    "(?:(?:<n1|n2|n3|n4|n5|house><comma>?){1,2}<capital|letter|Unknown>{0,2}|<Unknown|Given|Surname>{1,2})$"
)
_CROSS = pattern(
    "<suffix><period|stop>?<an|ye|at><bearing>?(?:<tens>?<ordinal>|<nth>|<capital|Common|common>{1,2})<suffix>"
)
_CROSS_HEAD = pattern("<bearing>?(?:<tens>?<ordinal>|<nth>|<capital>{1,2})$")
_TYPE_FIRST = pattern(
    f"(?P<value><suffix|weak_suffix><stop|period>?<capital|prefix>{{1,3}}<n1|n2|n3|n4|n5>"
    f"(?!<period|measure|colon>){_TAIL})"
)
_HIGHWAY = pattern(f"(?P<value><n3|n4|n5><suffix><n1|n2|n3><bearing>?{_TAIL})")
_CORNER = pattern(
    "<corner><of|de|my|with>{1,2}(?P<value>(?:<^newline|stop|comma|an|common>|<stop>(?=<capital>)){1,5}<an|with|de>"
    "(?:<^newline|stop|comma|an|suffix>){0,4}<suffix|weak_suffix|capital|nth|ordinal|surname|unknown>)"
)
_BOX = pattern(
    f"<box><number_mark|number>?<numeral|digit|oh|teen|tens>{{1,6}}(?:<comma|newline>{{0,2}}<box><numeral>)?{_TAIL}"
)
_BOX_HEAD = pattern(
    "(?:<letter><period><oh|letter><period|stop>|<letter><period><oh|letter>|<idcue|po|oh|unit>"
    "|<unit><numeral>|<letter><oh>)$"
)
_MILITARY = pattern(
    "(?P<value>(?:<unit|box|UNKNOWN><capital|numeral|unknown>(?:<comma>?<box><numeral>)?)"
    "<comma|newline>{0,2}<po><state>(?:<n5>(?:<hyphen><n4>)?)?)"
)
_NAMED = pattern(
    f"<at|address|lives|in|to|from><is|at|in|my|colon>{{0,2}}(?P<value><capital|bearing>{{1,3}}"
    f"(?P<suffix><suffix>){_TAIL})"
)
_FOREIGN = pattern(
    f"(?P<value><n1|n2|n3|n4|n5>{{1,2}}(?P<words>(?:<Unknown|Given|Surname|Surword|Ambi|glued|prefix>"
    f"<hyphen|period|stop>?){{1,4}})(?P<behind><n1|n2|n3|n4>|(?<=x))(?P<tail>{_TAIL}))"
)
_SAID = members("spoken")
_BEARING = members("bearing")
_HEAD_TOKENS = 8
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
    yield from _streets(seen)
    for match in _ROMANCE.finditer(kinds):
        if kinds[match.start()] == _C["letter"] and not _is_calle(seen, match.start()):
            continue
        first = _head(kinds, _HOUSE, match.start())
        if first < match.start() or match["behind"] or seen.raw[match.start()][0].isupper():
            yield _head(kinds, _LEAD, first), _end(seen, match.end()), "ADDRESS", "address.romance"
    for match in _FRENCH.finditer(kinds):
        yield match.start(), _end(seen, match.end()), "ADDRESS", "address.french"
    for match in _GLUED.finditer(kinds):
        first = _head(kinds, _GLUED_HEAD, match.start())
        if match["behind"] or (first < match.start() and (kinds[first] in _NUMERIC or kinds[first] in _SAID)):
            yield _head(kinds, _LEAD, first), _end(seen, match.end()), "ADDRESS", "address.glued"
    for match in _BOX.finditer(kinds):
        yield _head(kinds, _BOX_HEAD, match.start()), _end(seen, match.end()), "ADDRESS", "address.box"
    for match in _CROSS.finditer(kinds):
        first = _head(kinds, _CROSS_HEAD, match.start())
        if first < match.start():
            yield first, match.end(), "ADDRESS", "address.cross"
    yield from _named(seen)
    for grammar, rule in _WHOLE:
        for match in grammar.finditer(kinds):
            yield *match.span("value"), "ADDRESS", rule


def _is_calle(seen: View, at: int) -> bool:
    """Whether a letter and a slash stand for a street: `C/ Alcalá 200`."""
    return seen.word(at) == "c" and seen.raw[at + 2 : at + 3] != [] and seen.raw[at + 2][0].isupper()


def _streets(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    match = _STREET.search(kinds)
    while match is not None:
        at = match.end("number")
        if _is_street(seen, match.start(), at, match.start("suffix"), match.end("words")):
            at = match.end()
            yield _head(kinds, _LEAD, match.start()), _end(seen, at), "ADDRESS", "address.street"
        match = _STREET.search(kinds, at)


def _named(seen: View) -> Iterator[Hit]:
    """Streets without a number, behind a word that says where."""
    for match in _NAMED.finditer(seen.kinds):
        if seen.raw[match.start("suffix")][0].isupper():
            yield match.start("value"), _end(seen, match.end()), "ADDRESS", "address.named"


_WHOLE = (
    (_TYPE_FIRST, "address.type_first"),
    (_HIGHWAY, "address.highway"),
    (_FOREIGN, "address.foreign"),
    (_CORNER, "address.corner"),
    (_MILITARY, "address.military"),
)


def _head(kinds: str, grammar: re.Pattern[str], at: int) -> int:
    """Where what belongs before a token begins."""
    found = grammar.search(kinds, max(0, at - _HEAD_TOKENS), at)
    return at if found is None else found.start()


def _is_street(seen: View, first: int, words: int, suffix: int, end: int) -> bool:
    kinds = seen.kinds
    number = kinds[first:words]
    before = kinds[first - 1] if first else _C["border"]
    names = [at for at in range(words, end) if kinds[at] not in _LOW]
    capital = any(seen.raw[at][:1].isupper() for at in range(words, suffix + 1))
    typed = any(kind in _NUMERIC for kind in number)
    if kinds[words] == _C["suffix"] and not capital:
        return False
    if kinds[suffix] == _WEAK and not (capital and (names or before in _CUES)) and not (typed and before in _CUES):
        return False
    if kinds[suffix] == _C["glued"]:
        return capital
    if typed:
        return capital or bool(names) or before in _CUES or end - words == 1
    if len(number) == 1 and kinds[words] not in _BEARING and not (before in _CUES and before != _C["comma"]):
        return False
    return bool(names) or len(number) >= 2


def _end(seen: View, last: int) -> int:
    while seen.kinds[last - 1] in _TRAILING:
        last -= 1
    return last


_TRAILING = "".join(
    _C[name] for name in ("comma", "newline", "stop", "filler", "mark", "an", "ye", "of", "de", "my", "hyphen", "quote")
)
