"""Addresses: house number and street in several countries' order, then unit, city, state and ZIP; corners; boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner import premises
from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.place_grammar import JOIN, NUMBER, SPOKEN, TAIL, TOWN, UNIT, WORD
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_LEAD = pattern(
    f"<unit|number_mark><stop|period>?<number>?(?:<n1|n2|n3|n4|house|letter|ident>|{SPOKEN}{{1,3}})?"
    f"<comma|newline>{{0,2}}$"
)
_HOUSE = pattern(f"(?:{NUMBER}){{1,2}}<comma>?<bearing>?<my>?$")
_STREET = pattern(
    f"(?P<number>{NUMBER})(?:<comma>(?!<n1|n2|n3|n4>))?(?P<words>(?:{WORD}{JOIN}){{1,5}}?)"
    "(?P<suffix><suffix|glued>|<weak_suffix>(?!<capital|weak_suffix|Common|common>{0,2}<suffix>))"
    "<suffix|bearing>?<stop|period>?"
    f"<bearing>?(?:<comma>?<n1|n2|n3|n4>(?!<measure|numeral|period|hyphen>)"
    f"|{SPOKEN}{{1,4}}+(?=<border|comma|stop|unit|newline|mark>|$))?{TAIL}"
)
_ROMANCE = pattern(
    f"(?:<prefix>|<letter><solidus>)<stop|period>?(?:<de|my|particle|a>{{0,2}}(?:{WORD}|<digit|house>)"
    f"<hyphen|quote>?){{1,5}}?"
    f"(?P<behind><comma>?<number|no>?<stop|period|number_mark>?{NUMBER}(?:<number|no>"
    f"<stop|period>?{NUMBER})?|<with|ye><my|prefix>{{0,2}}{NUMBER}|(?=<comma|newline|stop|border|in|an|for|with|is|at|ye|mark|to|from>"
    f"|$))(?:(?<=<n4|n5|n6>){TOWN})?(?:<comma>?{UNIT})?{TAIL}"
)
_FRENCH = pattern(
    "<house|n1|n2|n3|n4>(?:<bis>|(?<!<house>)<suffix>(?=<suffix|prefix>))?<comma>?<suffix|prefix>(?:<de|my|particle|period|stop|quote|letter>"
    f"{{0,3}}<Given|Surname|Surword|Ambi|Unknown|glued|Common><hyphen>?){{1,4}}{TAIL}"
)
_BEFORE_CODE = pattern(
    "<Unknown|Given|Surname|Surword|Ambi|Common><hyphen|period|stop>{0,2}(?:<Unknown|Given|Surname|Surword|Ambi|Common|my|de>"
    "<hyphen|period|stop>?){0,3}<n1|n2|n3|house><comma|newline>{1,2}<n4|n5><Unknown|Given|Surname|Surword|Ambi|glued>"
    f"{TAIL}"
)
_NUMBERED_ROUTE = pattern(
    f"<common|statename>?<suffix|weak_suffix>{SPOKEN}{{1,3}}+<number>(?:{SPOKEN}{{1,5}}+|<n1|n2|n3|n4>){TAIL}"
)
_ROUTES = words("highway hwy road route rte loop")
_GLUED = pattern(f"<glued><stop|period>?(?P<behind><n1|n2|n3|n4|house>?){TAIL}")
_GLUED_HEAD = pattern(
    f"(?:{NUMBER}<bearing>?|(?:<n1|n2|n3|n4|n5|house><comma>?){{1,2}}<capital|letter|Unknown>{{0,2}}|<Unknown|Given|Surname>{{1,2}})$"
)
_CROSS = pattern(
    "<suffix><period|stop>?<an|ye|at><bearing>?(?:<tens>?<ordinal>|<nth>|<capital|Common|common>{1,2})<suffix>"
)
_CROSS_HEAD = pattern("<bearing>?(?:<tens>?<ordinal>|<nth>|<capital>{1,2})$")
_TYPE_FIRST = pattern(
    f"<suffix|weak_suffix><stop|period>?<capital|prefix>{{1,3}}<n1|n2|n3|n4|n5>(?!<period|measure|colon>){TAIL}"
)
_HIGHWAY = pattern(f"<n1|n2|n3|n4|n5><suffix|weak_suffix><n1|n2|n3><bearing>?{TAIL}")
_CORNER = pattern(
    "<corner><of|de|my|with>{1,2}(?P<value>(?:<^newline|stop|comma|an|common>|<stop>(?=<capital>)){1,5}<an|with|de>"
    "(?:<^newline|stop|comma|an|suffix>){0,4}<suffix|weak_suffix|capital|nth|ordinal|surname|unknown>)"
)
_BOX = pattern(
    f"<box><number_mark|number>?<numeral|digit|oh|teen|tens>{{1,6}}(?:<comma|newline>{{0,2}}<box><numeral>)?{TAIL}"
)
_BOX_HEAD = pattern(
    "(?:<letter><period><oh|letter><period|stop>|<letter><period><oh|letter>|<idcue|po|oh|unit>"
    "|<unit><numeral>|<letter><oh>)$"
)
_MILITARY = pattern(
    "(?:<unit|box|UNKNOWN><capital|numeral|unknown>(?:<comma>?<box><numeral>)?)"
    "<comma|newline>{0,2}<po><state>(?:<n5>(?:<hyphen><n4>)?)?"
)
_NAMED = pattern(
    f"<at|address|lives|in|to|from><is|at|in|my|colon>{{0,2}}(?P<value><capital|bearing>{{1,3}}"
    f"(?P<suffix><suffix>){TAIL})"
)
_FOREIGN = pattern(
    f"<n1|n2|n3|n4|n5>{{1,2}}(?:<Unknown|Given|Surname|Surword|Ambi|glued|prefix>"
    f"<hyphen|period|stop>?){{1,4}}<n1|n2|n3|n4>{TAIL}"
)
_SAID = members("spoken")
_BEARING = members("bearing")
_HEAD_TOKENS = 8
_WEAK = _C["weak_suffix"]
_LOW = _C["common"] + _C["Common"]
_NUMERIC = members("numeral") + _C["house"]
_CUES = "".join(
    _C[name]
    for name in (
        "address",
        "lives",
        "at",
        "from",
        "to",
        "in",
        "colon",
        "number",
        "corner",
        "of",
        "comma",
        "border",
        "newline",
    )
)


def find(seen: View) -> Iterator[Hit]:
    """All addresses."""
    kinds = seen.kinds
    yield from premises.find(seen)
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
    for match in _CORNER.finditer(kinds):
        yield *match.span("value"), "ADDRESS", "address.corner"
    for match in _HIGHWAY.finditer(kinds):
        if seen.word(match.start() + 1) in _ROUTES and seen.raw[match.start() + 1][0].isupper():
            yield match.start(), _end(seen, match.end()), "ADDRESS", "address.highway"
    for grammar, rule in _WHOLE:
        for match in grammar.finditer(kinds):
            yield match.start(), _end(seen, match.end()), "ADDRESS", rule


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
    (_NUMBERED_ROUTE, "address.route"),
    (_BEFORE_CODE, "address.before_code"),
    (_FOREIGN, "address.foreign"),
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
