"""Licence numbers, ZIP and post codes, network addresses, and what `ibans` finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from earwitness.privacy.scanner import ibans
from earwitness.privacy.scanner.alphabet import CHARACTERS, members, pattern
from earwitness.privacy.scanner.excerpt import only, signs
from earwitness.privacy.scanner.ibans import ALPHAS, LINK, SPOKEN, edges
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["find", "zips"]

_C = CHARACTERS
_IDENTS = pattern("<ident>")
_KEYED = re.compile(
    r"(?:user|caller|phone|tel|from|to|contact|customer|number|callback|cell|mobile|whatsapp)_+1?[2-9][0-9]{9}(?:_|\Z)",
    re.IGNORECASE,
)
"""A number that is glued to what it is: `user_4155550134`."""
_LICENCE = pattern(
    f"(?:<driver><de>?<my>?<licence>|<title><stop|period>?<de><driver>|<licence><de>{{0,2}}<driver>|<licence>)"
    f"(?:<number|plus|number_mark|common|no>|<de><statename|state>?|<statename|state>|<from|of|in|for><my>?(?:<common|unknown><of>)?<statename|state>){{0,2}}<stop|period>?{LINK}{{0,6}}"
    f"(?P<value>(?:{SPOKEN}(?:<as><in><^border|newline|own>)?<filler|comma|hyphen|dash>{{0,3}}+){{1,20}}+)"
)
_ALPHA = "<lettered|letname>"
_ONE = "<digit|oh|n1>"
_POST_CODE = f"(?:{_ALPHA}{_ONE}{_ALPHA}{_ONE}{_ALPHA}{_ONE}|{_ALPHA}{{1,2}}{_ONE}{{1,2}}{_ALPHA}?{_ONE}{_ALPHA}{{2}})"
"""Canada's and Britain's, spelled: `m five v two t six`, `s w one a one a a`."""
_POST_CODES = re.compile(r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}", re.IGNORECASE)
_NAMED_POST = pattern(f"<code>{LINK}{{0,4}}(?P<value><outward><house|ident|hexes>|{_POST_CODE})")
_ZIP = pattern(
    f"(?:<zip>|<code><zip>)(?:<filler>?<code>)?(?:<number>)?{LINK}{{0,4}}(?P<value><outward><house|ident|hexes>|<ident>|{_POST_CODE}|<n5|n4|n6>(?:<hyphen><n4>)?"
    "|(?:<digit|oh|teen|tens|hundred|multi|n1|n2|n3><filler|comma|hyphen>{0,2}+){2,10}+)"
)
_POSTAL = pattern("<letter><period><letter><stop|period>(?P<value><n5>)")
_LAST_FOUR = pattern(f"<ssn><number>?{LINK}{{0,3}}(?P<value><n4>)(?!<hyphen|numeral|period|solidus>)")
_STATE_ZIP = pattern("<state><comma>?(?P<value><n5>(?:<hyphen><n4>)?)(?!<numeral>)")
_V4 = pattern("<n1|n2|n3>(?:<period><n1|n2|n3>){3}(?!<period><numeral>)")
_OCTET = "<digit|oh|teen|tens|hundred|n1|n2|n3|and|multi>"
_V4_SPOKEN = pattern(f"<dot|point>(?:{_OCTET}{{1,5}}<dot|point>){{2}}{_OCTET}{{1,4}}")
_FIRST_OCTET = pattern(f"{_OCTET}{{1,5}}$")
_HEX = "<numeral|hexes|house|outward|letter|a|unknown|Unknown|UNKNOWN|common|given|surname|ambi>"
_V6 = pattern(f"<colon>(?:{_HEX}?<colon>){{1,6}}{_HEX}?")
_V6_WHOLE = re.compile("(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}", re.IGNORECASE)
_V6_PARTS = "(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?"
_V6_SHORT = re.compile(f"{_V6_PARTS}::{_V6_PARTS}", re.IGNORECASE)
_SHORTEST_V6 = 6
_MOST_PARTS = 7
_HEX_BEFORE = frozenset("".join(map(members, _HEX[1:-1].split("|"))))
_ZIP_SIGNS = signs("<zip|state>", "<n5>(?<=<stop|period><n5>)", f"<code>(?={LINK[:-1]}|lettered|letname|outward>)")
_SIGNS = signs(
    "<iban|outward|ident|hexes|driver|licence|ssn>",
    "<letter|compass|ex>(?=<lettered><digit|oh|teen|tens|n1|n2>)",
    f"<colon>(?={_HEX}?<colon>)",
    f"<dot|point>(?={_OCTET})",
    "<period>(?<=<n1|n2|n3><period>)(?=<n1|n2|n3><period>)",
)


def find(seen: View) -> Iterable[Hit]:
    """All but the ZIP codes."""
    return only(seen, _all, _SIGNS)


def _all(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    yield from ibans.find(seen)
    yield from _addresses(seen)
    for match in seen.each(_IDENTS):
        token = seen.raw[match.start()]
        if "_" in token and _KEYED.match(token.rstrip(" \t")):
            yield *match.span(), "PHONE", "number.keyed"
    for match in seen.each(_LICENCE):
        first, last = edges(kinds, *match.span("value"))
        value = seen.joined(first, last)
        cued = (
            seen.word(match.start()) == "dl"
            or kinds[match.start()] == _C["driver"]
            or _C["driver"] in match[0]
            or _C["number"] in match[0]
        )
        digits = sum(character.isdigit() for character in value) + sum(kind in _SAID for kind in kinds[first:last])
        lettered = cued and kinds[first] == _C["ident"] and len(value) >= _LETTERED_LICENCE
        if lettered or digits >= (4 if cued else 6):
            yield first, last, "DRIVER_ID", "licence"
    for match in seen.each(_LAST_FOUR):
        yield *match.span("value"), "SSN", "ssn.last_four"


def zips(seen: View) -> Iterable[Hit]:
    """ZIP and post codes that stand without a street."""
    return only(seen, _zips, _ZIP_SIGNS)


def _zips(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_ZIP):
        first, last = edges(kinds, *match.span("value"))
        written = _C["outward"] in kinds[first:last] or kinds[first] == _C["ident"]
        if (
            _POST_CODES.fullmatch(seen.joined(first, last))
            if written
            else 4 <= len(digits_of(seen, first, last)) <= 9 or kinds[first] in ALPHAS
        ):
            yield first, last, "ZIP", "zip.cue"
    for match in seen.each(_NAMED_POST):
        if match.start() and seen.word(match.start() - 1) == "post":
            yield *match.span("value"), "ZIP", "zip.cue"
    for match in seen.each(_POSTAL):
        if (seen.word(match.start()), seen.word(match.start() + 2)) == ("c", "p"):
            yield *match.span("value"), "ZIP", "zip.cue"
    for match in seen.each(_STATE_ZIP):
        yield *match.span("value"), "ZIP", "zip.state"


def _addresses(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_V4):
        first, last = match.span()
        previous = seen.word(first - 1) if first else ""
        if all(int(part) <= 255 for part in seen.joined(first, last).split(".")) and previous not in (
            "version",
            "v",
            "ver",
        ):
            yield first, last, "IP", "ip.v4"
    for match in seen.each(_V4_SPOKEN):
        octet = _FIRST_OCTET.search(kinds, max(0, match.start() - 5), match.start())
        if octet is not None:
            parts = _split(seen, octet.start(), match.end())
            if all(part and int(part) <= 255 for part in parts):
                yield octet.start(), match.end(), "IP", "ip.spoken"
    for match in seen.each(_V6):
        first, last = match.span()
        if first and kinds[first - 1] in _HEX_BEFORE and seen.glued(first - 1):
            first -= 1
        if last - first >= 4 and _is_v6(seen.joined(first, last)):
            yield first, last, "IP", "ip.v6"


def _is_v6(text: str) -> bool:
    """Whether this is an address, whole or with `::` for some of its zeros, and not too short to be one in a text."""
    # The standard library's own reader takes ten times as long.
    if _V6_WHOLE.fullmatch(text):
        return True
    return (
        len(text) >= _SHORTEST_V6
        and _V6_SHORT.fullmatch(text) is not None
        and sum(map(bool, text.split(":"))) <= _MOST_PARTS
    )


def _split(seen: View, first: int, last: int) -> list[str]:
    parts: list[str] = []
    start = first
    for at in range(first, last + 1):
        if at == last or seen.kinds[at] in _DOTS:
            parts.append(digits_of(seen, start, at))
            start = at + 1
    return parts


_LETTERED_LICENCE = 9
_DOTS = _C["dot"] + _C["point"]
_SAID = _C["digit"] + _C["oh"] + _C["teen"] + _C["tens"]
