"""One form a value, however it was written: what a token is made from.

Each function takes the text as it came and gives the text that is hashed; two spellings of the same number, name
or id give the same one. What was said with words is read by `scanner.normalise`, which is in front of these.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from earwitness.privacy.replacements import WITHHELD

__all__ = [
    "bare_number",
    "block_of",
    "client",
    "folded",
    "ip",
    "job",
    "number_of",
    "phone_of",
    "plain",
    "prefix_of",
    "typed_phone",
]

_WITHHELD = frozenset(
    {
        *("anonymous", "+266696687", "266696687"),
        *("unavailable", "+86282452253"),
        *("restricted", "+7378742833"),
        *("blocked", "+2562533"),
        *("unknown", "+8656696"),
        WITHHELD,
    },
)
"""What stands for a number that the caller withholds: words, and as a number what they spell on a keypad; and our own word."""

_LINE_DIGITS = 4
_BLOCK = 20
_JOB_DIGITS = 20
_NOT_DIGIT = re.compile(r"[^0-9]")
_FIRST = re.compile(r"[+0-9]")
_SIP = re.compile(r"sips?:([^@;]+)[@;]|(?:tel|whatsapp):(.+)", re.IGNORECASE | re.DOTALL)
_E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")
_NUMBER = re.compile(r"\+?[0-9]{7,}\Z")
_EXTENDED = re.compile(r" ?[0-9]{2,4}\Z")
"""What may stand behind a slash: `415-555-0134/0135`."""
_SHORTEST = 7
_IPV4 = re.compile(r"(?:(?:[1-9]?[0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?!\Z)|\Z)){4}\Z")
_GROUPS = str.maketrans("", "", " -().")
_LETTER = re.compile(r"[^\W\d_]")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("'\u2019\u02bc"),
        **dict(zip("øłđ\u0131ðħ", "oldidh", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
"""Letters that are not taken apart by Unicode, as people write them without."""


def typed_phone(text: str) -> str | None:
    """A typed phone number in E.164 where it can be told (national numbers: North American); empty when it is withheld.

    None: there are letters in it, so somebody has to read it.
    """
    if _E164.match(text):
        return "" if text in _WITHHELD else text
    bare = text.translate(_GROUPS)
    if bare.isascii() and bare.isdigit():
        return phone_of(bare)
    if bare[:1] == "+" and bare[1:].isascii() and bare[1:].isdigit() and "(0)" not in text:
        return "" if bare in _WITHHELD else bare
    bare = bare_number(text)
    if bare in _WITHHELD:
        return ""
    if _LETTER.search(bare):
        return None
    if "(0)" in bare and bare.startswith("+"):
        bare = bare.replace("(0)", "", 1)  # the zero is for those who call from within the country
    head, slash, tail = bare.rpartition("/")
    if slash and _EXTENDED.match(tail) and sum(map(str.isdigit, head)) >= _SHORTEST:
        bare = head
    number = number_of(bare)
    return "" if number in _WITHHELD else number


def phone_of(digits: str) -> str:
    """A phone number of which there are only digits in E.164 where it can be told; empty when it is withheld."""
    number = _national(digits)
    return "" if number in _WITHHELD else number


def bare_number(text: str) -> str:
    """A number's text folded, out of its `sip:…@…` or `tel:…`."""
    stripped = text.strip()
    sip = _SIP.match(stripped)
    return folded(stripped if sip is None else next(filter(None, sip.groups())))


def number_of(text: str) -> str:
    """The number that a text's digits are, in E.164 where that can be told; a text without digits is itself."""
    digits = _NOT_DIGIT.sub("", text)
    return _e164(text, digits) if digits else text


def _e164(text: str, digits: str) -> str:
    first = _FIRST.search(text)
    if first is not None and first[0] == "+":
        return f"+{digits}"
    return _national(digits)


def _national(digits: str) -> str:
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("011") and len(digits) > 11:
        return f"+{digits[3:]}"
    if len(digits) == 10:
        return f"+1{digits}"
    if len(digits) == 11 and digits.startswith("1"):
        return f"+{digits}"
    return digits


def prefix_of(number: str | None) -> str | None:
    """A number in normal form without its last four digits: what neighbours share; None where there is no such number."""
    if number is None or not _NUMBER.match(number):
        return None
    return number[:-_LINE_DIGITS]


def plain(text: str) -> str:
    """Without case, accents and apostrophes: speech recognition leaves them out."""
    latin = text if text.isascii() else text.translate(_LATIN)
    if latin.isascii():
        return latin.lower().replace("'", "").strip()
    return _without_marks(text).strip()


def _without_marks(text: str) -> str:
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).translate(_PLAIN).casefold()


_LATIN = {code: _without_marks(chr(code)) for span in ((0xC0, 0x250), (0x1E00, 0x1F00)) for code in range(*span)}
"""Each Latin letter with a mark without it."""


def folded(text: str) -> str:
    """Case folded, compatibility forms and runs of spaces unified."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding can undo the normal form, so it is made again.
    again = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(again.split())


def client(text: str) -> str | None:
    """A client's id: letters and digits only, case folded."""
    if text.isalnum() and text.isascii():
        return text.lower()
    small = folded(text)
    return "".join(character for character in small if character.isalnum()) or small or None


def job(text: str) -> str | None:
    """A job's number: its digits without leading zeros; other text folded."""
    if text.isdigit() and text.isascii():
        return text.lstrip("0") or "0"
    small = folded(text)
    digits = _NOT_DIGIT.sub("", small)
    if digits and all(not character.isalpha() for character in small):
        return digits.lstrip("0") or "0"
    return small or None


def block_of(number: str | None) -> str | None:
    """A job number's block of twenty: who walks through the numbers stays in one; None for other text."""
    if number is None or len(number) > _JOB_DIGITS or not (number.isascii() and number.isdigit()):
        return None
    return str(int(number) // _BLOCK)


def ip(text: str) -> str | None:
    """An address in its shortest form; an IPv4 address inside IPv6 is the IPv4 address."""
    if _IPV4.match(text):
        return text
    stripped = text.strip().strip("[]")
    try:
        address = ipaddress.ip_address(stripped)
    except ValueError:
        return folded(stripped) or None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
