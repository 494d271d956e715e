"""IBANs: behind their name, with a right check wherever they stand, and said letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["ALPHAS", "LINK", "SPOKEN", "edges", "find"]

_C = CHARACTERS
LINK = "<is|colon|equals|number|its|filler|comma|quote|my|de|open|at|this|mark>"
"""What may stand between what names a number and the number."""
SPOKEN = "<lettered|letname|digit|teen|tens|hundred|multi|numeral|outward|house|ident|hexes>"
"""A token of a number of letters and digits, typed or said."""
_IBAN_HEAD = pattern("<outward|ident|hexes>")
_HEAD = re.compile(r"[A-Za-z]{2}[0-9]{2}")
_IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 "
    "QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
)
_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}
"""What the registry of ISO 13616 says of each country."""
_CUED_IBAN = pattern(f"<iban>{LINK}{{0,4}}(?P<value>(?:{SPOKEN}<filler|comma|hyphen|dash>{{0,2}}+){{1,40}}+)")
_SPELLED_IBAN = pattern(
    "<letter|compass|ex><lettered><digit|oh|teen|tens|n1|n2>"
    "(?:<lettered|digit|oh|teen|tens|hundred|multi|numeral><filler|comma|hyphen>{0,2}+){8,40}+"
)


def find(seen: View) -> Iterator[Hit]:
    """All of them."""
    for match in seen.each(_CUED_IBAN):
        first, last = edges(seen.kinds, *match.span("value"))
        if first and _is_country(seen, first - 1):
            first -= 1
        if len(seen.joined(first, last)) >= 8:
            yield first, last, "IBAN", "iban.cue"
    for match in seen.each(_IBAN_HEAD):
        first = match.start()
        head = seen.raw[first]
        length = _LENGTHS.get(head[:2].upper())
        if length and _HEAD.match(head):
            last = _iban_end(seen, first, length)
            if last > first:
                yield first, last, "IBAN", "iban.checked"
    yield from _spelled_ibans(seen)


def _spelled_ibans(seen: View) -> Iterator[Hit]:
    """Those said letter by letter and digit by digit, nothing before them: only the length and the check tell."""
    for match in seen.each(_SPELLED_IBAN):
        first, end = match.span()
        length = _LENGTHS.get((seen.word(first) + seen.word(first + 1)).upper())
        value, at = "", first
        while length and at < end and len(value) < length:
            last = at + 1
            if seen.kinds[at] in ALPHAS:
                value += seen.word(at)
            else:
                while last < end and seen.kinds[last] not in ALPHAS:
                    last += 1
                value += digits_of(seen, at, last)
            at = last
        if len(value) == length and value.isascii() and _mod97(value.upper()):
            yield *edges(seen.kinds, first, at), "IBAN", "iban.checked"


def _is_country(seen: View, at: int) -> bool:
    """Whether the token is a country's sign that stands apart from the digits behind it: `DE 89 37`."""
    return seen.raw[at].rstrip(" \t") in _LENGTHS and seen.kinds[at + 1] in _NUMERALS


def _iban_end(seen: View, first: int, length: int) -> int:
    """Where a number of this length with a right check begins at this token, its end; else the token itself."""
    value = ""
    for last, token in enumerate(seen.raw[first : first + length], first + 1):
        part = token.rstrip(" \t")
        if part.isalnum() and part.isascii():
            value += part
            if len(value) >= length:
                return last if len(value) == length and _mod97(value.upper()) else first
        elif part not in ("-", "."):
            break
    return first


def _mod97(value: str) -> bool:
    moved = value[4:] + value[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def edges(kinds: str, first: int, last: int) -> tuple[int, int]:
    """Such a number without the pauses behind it."""
    while last > first and kinds[last - 1] in _LOOSE:
        last -= 1
    return first, last


_LOOSE = characters("filler comma hyphen dash a i ye")
ALPHAS = "".join(sorted(set(members("lettered") + _C["letname"]) - {_C["oh"]}))
"""Classes of tokens that say a letter and no digit."""
_NUMERALS = members("numeral")
