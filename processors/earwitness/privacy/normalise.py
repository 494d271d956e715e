"""One form a value, however it was written: what a token is made from.

Each function takes the text as it came and gives the text that is hashed; two spellings of the same number, name
or id give the same one. None says that the value identifies nobody.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

__all__ = ["client", "ip", "job", "job_block", "name", "phone", "phone_prefix"]

_WITHHELD = frozenset(
    {
        *("anonymous", "+266696687", "266696687"),
        *("unavailable", "+86282452253"),
        *("restricted", "+7378742833"),
        *("blocked", "+2562533"),
        *("unknown", "+8656696"),
    },
)
"""What stands for a number that the caller withholds: words, and as a number what they spell on a keypad."""

_LINE_DIGITS = 4
_BLOCK = 20
_JOB_DIGITS = 20
_NOT_DIGIT = re.compile(r"[^0-9]")
_FIRST = re.compile(r"[+0-9]")
_SIP = re.compile(r"sips?:([^@;]+)@", re.IGNORECASE)


def phone(text: str) -> str | None:
    """A phone number in E.164 where it can be told (national numbers: North American), None when it is withheld."""
    stripped = text.strip()
    sip = _SIP.match(stripped)
    if sip is not None:
        stripped = sip[1]
    folded = _folded(stripped)
    digits = _NOT_DIGIT.sub("", folded)
    number = _e164(folded, digits) if digits else folded
    return None if number in _WITHHELD or not number else number


def _e164(text: str, digits: str) -> str:
    first = _FIRST.search(text)
    if first is not None and first[0] == "+":
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("011") and len(digits) > 11:
        return f"+{digits[3:]}"
    if len(digits) == 10:
        return f"+1{digits}"
    if len(digits) == 11 and digits.startswith("1"):
        return f"+{digits}"
    return digits


def phone_prefix(text: str) -> str | None:
    """The number without its last four digits: what neighbours share; None where there is no such number."""
    number = phone(text)
    if number is None or len(_NOT_DIGIT.sub("", number)) <= _LINE_DIGITS + 2 or not number[-_LINE_DIGITS:].isdigit():
        return None
    return number[:-_LINE_DIGITS]


def name(text: str) -> str | None:
    """A person's name: case folded, compatibility forms and runs of spaces unified."""
    return _folded(text)


def client(text: str) -> str | None:
    """A client's id: letters and digits only, case folded."""
    folded = _folded(text)
    return "".join(character for character in folded if character.isalnum()) or folded


def job(text: str) -> str | None:
    """A job's number: its digits without leading zeros; other text folded."""
    folded = _folded(text)
    digits = _NOT_DIGIT.sub("", folded)
    if digits and all(not character.isalpha() for character in folded):
        return digits.lstrip("0") or "0"
    return folded


def job_block(text: str) -> str | None:
    """The job number's block of twenty: who walks through the numbers stays in one; None for other text."""
    number = job(text)
    if number is None or len(number) > _JOB_DIGITS or not (number.isascii() and number.isdigit()):
        return None
    return str(int(number) // _BLOCK)


def ip(text: str) -> str | None:
    """An address in its shortest form; an IPv4 address inside IPv6 is the IPv4 address."""
    stripped = text.strip().strip("[]")
    try:
        address = ipaddress.ip_address(stripped)
    except ValueError:
        return _folded(stripped)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _folded(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding can undo the normal form, so it is made again.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())
