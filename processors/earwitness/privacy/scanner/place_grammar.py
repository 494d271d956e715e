"""What addresses of all kinds are made of: numbers, words of a street, and what follows it up to the post code."""

from __future__ import annotations

import re

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, pattern

__all__ = [
    "CAPITAL",
    "COUNTED",
    "JOIN",
    "LEAD",
    "NUMBER",
    "QUARTER",
    "SPOKEN",
    "TAIL",
    "TOWN",
    "UNIT",
    "WORD",
    "ZIP",
    "begins",
    "ends",
]

_C = CHARACTERS

SPOKEN = "<digit|oh|teen|tens|hundred|thousand|multi>"
"""A word of a number."""
_TAKEN_BACK = f"<comma>?<no|wait>{{1,2}}<comma>?(?={SPOKEN})"
NUMBER = (
    "<n1|n2|n3|n4|n5|n6|house|digit|oh|teen|tens|hundred|thousand|multi>(?"
    "<!<digit|oh|teen|tens|multi|n1|n2|n3><digit|oh|teen|tens|n1|n2|n3>)"
    f"(?:(?:<and|hyphen>?{SPOKEN}|<filler>|{_TAKEN_BACK}){{1,9}}+|(?:<hyphen|solidus><n1|n2|n3|n4|n5|house|letter>|<n1>"
    f"<solidus><n1>)?<n1|n2|n3|n4>?)"
)
"""The number of a house, typed or said; one that was taken back (`eighty, no wait, ninety`) is inside."""
WORD = (
    "<anyname|unknown|Unknown|UNKNOWN|common|Common|ordinal|nth|bearing|lettered|month|statename|state|glued|particle|de|weak_suffix"
    "|tens|teen|role|title|idcue|lock|card|put|tell|line|box|n1|n2|oh|suffix|degree|rate|digit|shift|letname|provider|code>"
)
"""A word that a street's name may hold."""
JOIN = "(?:<hyphen|period|stop|quote|filler|plus_mark>{0,2})"
_GAP = "<comma|newline|stop|filler|mark|period>"
UNIT = (
    f"(?:(?:{_GAP}{{0,3}}+|<hyphen>(?=<unit>))(?:<unit>(?:<stop|period>)?<number|number_mark|no>?<stop|period>?|<number_mark|hash>|<number>(?!<is|colon>))"
    "(?:<oh><digit|teen>{1,3}|<numeral|house|ident|outward|lettered|hexes>(?:<hyphen><numeral|letter>)?"
    "|<digit|oh|teen|tens|letter|hundred>{1,4}+)|<comma>?<nth|ordinal><unit>|<comma><house|nth|ordinal>"
    "<letter|compass|aside>)"
)
"""`Apt 4`, `suite two hundred`, `3rd floor`, `3º B`."""
CAPITAL = (
    "<capital|UNKNOWN|Common|bearing|state|statename|suffix|weak_suffix|prefix|month|title|glued|particle|letter"
    "|Surword|sector>"
)
_CITY = (
    f"(?:<comma|newline|filler|mark>{{1,3}}<my>?(?:{CAPITAL}"
    f"(?:<hyphen|period|quote|stop|of|de|my|a|an>{{0,2}}(?={CAPITAL}))?){{1,6}})"
)
TOWN = "<Given|Surname|Ambi|Surword|Unknown|glued>"
ZIP = (
    "(?:<comma|newline|filler|mark>{0,3}+(?:<state|statename|oh|in|me|de|my|hi>(?=<comma>?<n5>)"
    "<comma>?|<state|statename><comma>?)?(?:<zip><code>?|<letter><period><letter><stop|period>(?=<n5>))?"
    f"(?:<outward><house|ident>|<hyphen>?<n4|n5|n6>(?:<hyphen><n4>)?(?!<measure|numeral>)"
    f"(?:{TOWN}(?:<of|de|hyphen>?{TOWN}){{0,2}})?"
    f"|<n3><n2>(?={TOWN}){TOWN}"
    "|<digit|oh>(?:<filler>?<digit|oh>){4}(?!<digit|oh>)))"
)
"""A ZIP or post code, its state before it, its town behind it."""
_STATE = "(?:<comma|newline>{0,2}+(?:<state>|<common|direction>?<statename>))"
_CITY_STATE = (
    "(?:<comma>?<anyname|unknown|Unknown|bearing|weak_suffix|common|Common|glued|shift|my>{1,3}"
    "<comma>?<state|statename>)"
)
_LOW_CITY = (
    "(?:<comma>?<anyname|unknown|bearing|weak_suffix|glued|common|shift|my>{1,3}<comma>?"
    "<oh|in|me|de|my|hi|unknown|surname|common><comma>?<n5>(?!<measure|numeral>)|<comma><bearing><my|common><anyname|unknown|weak_suffix>"
    "(?=<border|stop|comma|newline>|$)|(?:<comma><anyname|unknown|bearing|weak_suffix|glued>|<unknown|surname|ambi>)"
    "<anyname|unknown|bearing|weak_suffix|glued>?(?=<border|stop|comma|an|newline|mark>|$))"
)
QUARTER = (
    "(?:<comma|stop>?<quarter><stop|period>?(?:<n1|n2><de><month>|(?:<my|de|particle>{0,2}<Unknown|Given|Surname|Ambi|Surword|Common|month|weak_suffix>){1,3}"
    "|<my|de|particle>{0,2}<anyname|unknown|common|month|weak_suffix>"
    "(?:<anyname|unknown|bearing>(?=<border|stop|comma|newline|mark|an|ye|in>|$))?))"
)
_ASIDE = f"(?:(?:{_GAP}|<hyphen>)?<aside>)"
"""`Rear`, `Hinterhaus`, `principal`: which part of a house."""
_SECTOR = "(?:<comma><sector><number>?<n1|n2|n3>)"
"""`, zona 10`, `, Sector 62`."""
TAIL = f"(?:{UNIT}|{ZIP}|{_SECTOR}|{QUARTER}|{_CITY_STATE}|{_CITY}|{_STATE}|{_LOW_CITY}|{_ASIDE}){{0,7}}"
"""What follows a street: unit, quarter, city, state, post code."""

COUNTED = f"(?:<n1|n2><solidus><n1|n2>|<n1|n2|n3|n4|house|letter|ident|outward|compass|a>|{SPOKEN}{{1,3}})"
LEAD = pattern(
    f"(?:(?:<unit|sector>(?:<stop|period>?<number|no>?<stop|period>?){COUNTED}<comma|newline>{{1,2}}|<unit>{COUNTED}(?=<unit>)))?"
    f"<unit|number_mark><stop|period>?<number|no>?<stop|period>?(?:{COUNTED}?<comma|newline>{{0,2}}|{COUNTED}<at|in>)$"
)
"""A unit that stands before the street: `Flat 4, 19 Kingsway`."""
_HEAD_TOKENS = 10
_TRAILING = characters("comma newline stop filler mark an ye of de my hyphen quote")


def begins(kinds: str, grammar: re.Pattern[str], at: int) -> int:
    """Where what belongs before a token begins; the token itself where nothing does."""
    found = grammar.search(kinds, max(0, at - _HEAD_TOKENS), at)
    return at if found is None else found.start()


def ends(kinds: str, last: int) -> int:
    """The end of an address without what only led to its next part."""
    while kinds[last - 1] in _TRAILING:
        last -= 1
    return last
