"""Addresses: house number and street, then unit, city, state and ZIP; other forms of them have modules of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from earwitness.privacy.scanner import abroad, premises, roads, routes
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.excerpt import only, signs
from earwitness.privacy.scanner.place_grammar import JOIN, NUMBER, SPOKEN, TAIL, WORD, begins, ends
from earwitness.privacy.scanner.street_words import STREET_WORDS
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_STREET = pattern(
    f"(?P<number>{NUMBER}(?:<an><a><common>(?=<bearing|nth|ordinal|capital>))?)(?:<comma>(?!<n1|n2|n3|n4>)|<plus_mark>|<sector><of>)?(?P<words>(?:{WORD}{JOIN}|<my>|<password>(?=<suffix>)){{1,5}}?)"
    "(?P<suffix><suffix|glued>|<title>(?=<stop|period>?(?:<comma|border|newline|unit|mark|state|bearing|number_mark|quote>|$))|<weak_suffix>(?!<capital|weak_suffix|Common|common>{0,2}<suffix>|<title>))"
    "<suffix|bearing>?<stop|period>?"
    f"<bearing>?(?:<comma>?<n1|n2|n3|n4>(?!<measure|numeral|period|hyphen>)"
    f"|{SPOKEN}{{1,4}}+(?=<border|comma|stop|unit|newline|mark>|$))?{TAIL}"
)
_BEARING_STREET = pattern(f"<direction>(?P<name><unknown|anyname|glued|Unknown>{{1,2}}+|<common>)(?P<tail>{TAIL})")
_BEARING_HEAD = pattern(f"{NUMBER}(?:<an><a><common>)?$")
_TYPED_BEARING = pattern(
    f"<n2|n3|n4|n5><direction|compass><Unknown|Surname|Given|Ambi|statename|Surword>{{1,2}}(?=<comma|border|stop|newline|unit>|$){TAIL}"
)
_NUMBER_BEHIND = pattern(f"<unknown|anyname|weak_suffix|Unknown|Common><suffix><number>{NUMBER}{TAIL}")
_NUMBER_LAST = pattern(
    f"<suffix>{{1,2}}(?P<number><n1|n2|n3|n4|house>)(?=<border|comma|stop|newline|quote|close|unit|number_mark|in|mark|an>|$){TAIL}"
)
_STREET_NAME = frozenset(
    members("anyname") + members("bearing") + characters("unknown Unknown weak_suffix Common common")
)
_LONGEST_NAME = 3
_AT_CORNER = pattern(
    "<at|address>(?P<value><n1|n2|n3|n4><Unknown|Surname|Surword|Given|Ambi>{1,2})(?=<comma|border|stop|newline>|$)"
)
_SAID_NAME = pattern(
    f"<at|address><is|its|in|at|colon>{{0,2}}(?P<value>{SPOKEN}{{3,5}}+(?P<name><weak_suffix|unknown|surname|ambi|surword>{{1,2}})"
    f"(?=<border|stop|comma|newline|unit>|$){TAIL})"
)
_NO_STREETS = words(
    "side wall end door entrance wing bound corner facing and of then is are was or on in to at from by for lot room unit units"
)
_NAMED = pattern(
    f"<at|address|lives|in|to|from|common><is|at|in|my|colon>{{0,2}}(?P<value><capital|bearing|Common|weak_suffix|suffix>{{1,3}}"
    f"(?P<suffix><suffix>){TAIL})"
)
_NO_NAMES = words(
    """superior supreme district traffic county municipal circuit federal google hard disk flash level tennis monday tuesday
    wednesday thursday friday saturday sunday"""
)
_WHERE = words("on off near along behind beside around")
_BEARING = members("bearing")
_TYPED_CUES = _C["is"] + _C["its"] + _C["quote"] + _C["equals"]
_ABBREVIATION = 3
_SAID = members("spoken")
_WEAK = _C["weak_suffix"]
_LOW = frozenset((_C["common"], _C["Common"]))
_LOW_OR_WEAK = _C["common"] + _C["Common"] + _WEAK
_NUMERIC = frozenset((*members("numeral"), _C["house"]))
_CUES = characters("address lives at from to in colon number corner of comma border newline")
_SIGNS = signs(
    "<suffix|weak_suffix|glued>",
    # Before the direction that `_BEARING_STREET` begins with stands a number that is said, as `_bearings` asks.
    "<direction>(?<=<spoken><direction>)",
    "<direction>(?<=<an><a><common><direction>)",
    *abroad.SIGNS,
    *premises.SIGNS,
    "<title>(?=<stop|period>?(?:<comma|border|newline|unit|mark|state|bearing|number_mark|quote>|$))",
    "<direction|compass>(?<=<n2|n3|n4|n5><direction|compass>)",
    *routes.SIGNS,
    "<unknown|surname|ambi|surword>(?<=<spoken|multi><unknown|surname|ambi|surword>)",
)


def find(seen: View) -> Iterable[Hit]:
    """All addresses."""
    return only(seen, _all, _SIGNS)


def _all(seen: View) -> Iterator[Hit]:
    yield from premises.find(seen)
    yield from roads.find(seen)
    yield from _streets(seen)
    yield from _bearings(seen)
    yield from abroad.find(seen)
    yield from _others(seen)
    yield from _named(seen)
    yield from routes.find(seen)
    yield from premises.complexes(seen)


def _streets(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    match = _STREET.search(kinds)
    while match is not None:
        first = match.start()
        at = match.end("number")
        if _is_street(seen, first, at, match.start("suffix"), match.end("words")):
            at = match.end()
            first = premises.named_begins(seen, first)
            yield first, ends(kinds, at), "ADDRESS", "address.street"
        match = _STREET.search(kinds, at)


def _bearings(seen: View) -> Iterator[Hit]:
    """Streets that are said without a suffix: `three oh three south congress`."""
    kinds = seen.kinds
    for match in seen.each(_BEARING_STREET):
        at = match.start()
        first = begins(kinds, _BEARING_HEAD, at)
        said = sum(kind in _SAID for kind in kinds[first:at]) + 3 * (_C["a"] in kinds[first:at])
        known = kinds[match.start("name")] not in _LOW
        if said == at - first and said >= (2 if known else 3) and seen.word(match.start("name")) not in _NO_STREETS:
            yield first, ends(kinds, match.end()), "ADDRESS", "address.bearing"


def _others(seen: View) -> Iterator[Hit]:
    """`65 E Randolph, Chicago`; `rosewood avenue number four hundred`; `at 9 Elm`."""
    kinds = seen.kinds
    for match in seen.each(_TYPED_BEARING):
        yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.bearing"
    for match in seen.each(_NUMBER_BEHIND):
        yield _street_begins(seen, match.start() + 1), ends(kinds, match.end()), "ADDRESS", "address.number_behind"
    for match in seen.each(_NUMBER_LAST):
        first, suffix = _street_begins(seen, match.start()), match.start("number") - 1
        capitals = all(seen.raw[at][0].isupper() for at in range(first, suffix + 1))
        cued = first > 0 and (kinds[first - 1] in _CUES + _TYPED_CUES or seen.word(first - 1) in _WHERE)
        if seen.word(suffix - 1) in _NO_NAMES:
            continue
        if capitals and match.start() > first and (cued or match.start() - first > 1):
            yield first, ends(kinds, match.end()), "ADDRESS", "address.number_last"
    for match in seen.each(_SAID_NAME):
        if kinds[match.start()] != _C["at"] or seen.word(match.start("name")) in STREET_WORDS:
            yield match.start("value"), ends(kinds, match.end()), "ADDRESS", "address.said"
    for match in seen.each(_AT_CORNER):
        yield *match.span("value"), "ADDRESS", "address.at"


def _street_begins(seen: View, suffix: int) -> int:
    """Where the name of a street begins that ends before its suffix: at `Oak` of `on Oak Ridge Road`."""
    first = suffix
    capital = seen.raw[suffix - 1][0].isupper()
    while first > 0 and suffix - first < _LONGEST_NAME and seen.kinds[first - 1] in _STREET_NAME:
        word = seen.raw[first - 1]
        if word[0].isupper() != capital or (seen.kinds[first - 1] in _LOW and seen.word(first - 1) not in STREET_WORDS):
            break
        first -= 1
    return first


def _named(seen: View) -> Iterator[Hit]:
    """Streets without a number, behind a word that says where."""
    kinds = seen.kinds
    for match in seen.each(_NAMED):
        names = kinds[match.start("value") : match.start("suffix")]
        said = kinds[match.start()] != _C["common"] or seen.word(match.start()) in _WHERE
        known = (len(names) > 1 or names not in _LOW_OR_WEAK) and seen.word(match.start("value")) not in _NO_NAMES
        if said and known and seen.raw[match.start("suffix")][0].isupper():
            yield match.start("value"), ends(kinds, match.end()), "ADDRESS", "address.named"


def _is_street(seen: View, first: int, words: int, suffix: int, end: int) -> bool:
    kinds = seen.kinds
    raw = seen.raw
    capital = raw[words][0].isupper() or any(word[0].isupper() for word in raw[words + 1 : suffix + 1])
    if kinds[words] == _C["suffix"] and not capital:
        return False
    number, said = kinds[first:words], kinds[words:end]
    before = kinds[first - 1] if first else _C["border"]
    names = not _LOW.issuperset(said)
    typed = not _NUMERIC.isdisjoint(number)
    if first > 1 and before == _C["colon"] and kinds[first - 2] in _NUMERIC and seen.glued(first - 2):
        return False  # the seconds of a time
    if _C["my"] in said and any(kinds[at] == _C["my"] and not raw[at][0].isupper() for at in range(words, end)):
        return False
    if (
        kinds[suffix] == _WEAK
        and not (capital and (names or before in _CUES + _TYPED_CUES))
        and not ((typed or names) and before in _CUES)
        and not (names and len(number) > 1 and before in _TYPED_CUES)
    ):
        return False
    if _C["stop"] in said and any(
        kinds[at] == _C["stop"] and len(seen.word(at - 1)) > _ABBREVIATION for at in range(words, end)
    ):
        return False
    if kinds[suffix] == _C["title"] and seen.word(suffix) != "dr":
        return False
    if kinds[suffix] == _C["glued"]:
        return capital
    if typed:
        return capital or names or before in _CUES or end - words == 1
    if len(number) == 1 and kinds[words] not in _BEARING and not (before in _CUES and before != _C["comma"]):
        return False
    return names or len(number) >= 2
