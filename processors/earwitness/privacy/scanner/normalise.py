"""One form a value, however it was said: what the token of a found span or of a record's field is made from.

The same person gives the same value, spoken, spelled or typed, in English and Spanish. A wrong join is worse than a missed
one only for cards and secrets, and those are never joinable by default.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import unquote

from earwitness.privacy import normalise as written
from earwitness.privacy.scanner.address_form import address
from earwitness.privacy.scanner.alphabet import CHARACTERS
from earwitness.privacy.scanner.letter_names import LETTER_NAMES
from earwitness.privacy.scanner.name_form import name
from earwitness.privacy.scanner.number_words import DIGITS, REPEATS
from earwitness.privacy.scanner.number_words import NUMBERS as NUMBERS_SAID
from earwitness.privacy.scanner.numbers import digits_of, read
from earwitness.privacy.scanner.pieces import LETTERS, LINKS, NUMBERS, SILENT, pieces, seen
from earwitness.privacy.scanner.regroup import regrouped
from earwitness.privacy.scanner.said_digits import said_digits, single_digits
from earwitness.privacy.scanner.said_mail import HEARD, said_mail
from earwitness.privacy.scanner.vocabulary import WORDS, words

__all__ = ["client", "form_of", "ip", "job", "job_block", "name", "phone", "phone_prefix", "value"]

_C = CHARACTERS
_PLUS = _C["plus"] + _C["plus_mark"]
_DOTS = _C["dot"] + _C["period"] + _C["point"]
_JOINERS = {
    **dict.fromkeys(_DOTS, "."),
    **dict.fromkeys((_C["at"], _C["arroba"], _C["at_mark"]), "@"),
    **dict.fromkeys((_C["dash"], _C["hyphen"]), "-"),
    _C["under"]: "_",
    **dict.fromkeys(_PLUS, "+"),
}
_SPACE = re.compile(r"\s")


def value(kind: str, text: str) -> str:
    """What a token of a span is made of: E.164 for phones, digits for cards, folded names and addresses.

    Args:
        kind: the span's kind.
        text: the span's text.
    """
    return form_of(kind)(text) or written.folded(text)


def form_of(kind: str) -> Callable[[str], str | None]:
    """What gives the one form of a kind's spans; its None means that a span identifies nobody."""
    made = _MAKERS.get(kind, written.folded)

    def form(text: str) -> str | None:
        return made(unquote(text) if "%" in text else text)  # as the web writes it: ann%40example.com

    return form


def phone(text: str) -> str | None:
    """A phone number in E.164, typed or said, without its extension; None when it is withheld."""
    if text[:1].isalpha() or text[-1:].isalpha():
        digits = said_digits(text)
        if digits is None or len(digits) in _SHORT_OF_A_PHONE:
            digits = single_digits(text) if text[:1].isalpha() else None
        if digits is not None:
            return written.phone_of(digits) or None
    number = written.typed_phone(text)
    return (_read_phone(text) if number is None else number) or None


def _read_phone(text: str) -> str | None:
    said = seen(text)
    kinds = said.kinds
    start = next((at for at, kind in enumerate(kinds) if kind in _PLUS or kind in NUMBERS), 0)
    extension = [at for at in (kinds.find(_C["ext"], start + 1), kinds.find(_C["xnum"], start + 1)) if at > 0]
    end = min(extension, default=len(kinds))
    digits = digits_of(said, start, end)
    if not digits:
        return written.bare_number(text)
    if len(digits) in _SHORT_OF_A_PHONE:
        digits = regrouped(said.raw[start:end], kinds[start:end]) or digits
    return written.typed_phone(f"+{digits}" if kinds[start] in _PLUS else digits)


_SHORT_OF_A_PHONE = (8, 9)


def phone_prefix(text: str) -> str | None:
    """The number without its last four digits, which neighbours share; None where there is no such number."""
    return written.prefix_of(phone(text))


def client(text: str) -> str | None:
    """A client's id: letters and digits only, case folded; numbers that were said are digits."""
    if " " not in text or _SAID.isdisjoint(written.folded(text).split()):
        return written.client(text)
    said = "".join(piece for kind, piece in pieces(seen(text)) if kind not in SILENT)
    return written.client(said) or written.client(text)


_SAID = frozenset([*DIGITS, *NUMBERS_SAID, *REPEATS, *LETTER_NAMES, *words(WORDS["filler"])])


def job(text: str) -> str | None:
    """A job's number: its digits without leading zeros, typed or said; other text folded."""
    if " " in text and any(map(str.isalpha, text)):
        said = seen(text)
        if all(kind in NUMBERS or kind in SILENT or kind in LINKS for kind in said.kinds):
            return written.job(read(said.raw, said.kinds).text)
    return written.job(text)


def job_block(text: str) -> str | None:
    """The job number's block of twenty: who walks through the numbers stays in one; None for other text."""
    return written.block_of(job(text))


def ip(text: str) -> str | None:
    """An address in its shortest form; an IPv4 address inside IPv6 is the IPv4 address."""
    if " " not in text.strip():
        return written.ip(text)
    return written.ip("".join("." if kind in _DOTS else piece for kind, piece in pieces(seen(text))))


def _digits(text: str) -> str:
    said = seen(text)
    return read(said.raw, said.kinds).text


def _email(text: str) -> str:
    if "@" in text and not _SPACE.search(text):
        return written.folded(text.strip("<>.,;:!?").removeprefix("mailto:"))
    made = said_mail(text)
    return written.folded(_read_mail(text)) if made is None else made


def _read_mail(text: str) -> str:
    made = ""
    found = pieces(seen(text))
    for (kind, piece), (_, behind) in pairwise([*found, ("", "")]):
        if kind == _C["dash"] and behind == "bajo":
            continue  # guion bajo
        if kind in _JOINERS:
            made += _JOINERS[kind]
        elif kind not in SILENT and not (made.endswith("@") and kind in _AFTER_AT):
            made += HEARD.get(piece, piece.strip("<>"))
    return made


_AFTER_AT = frozenset((_C["my"], _C["rate"], _C["of"]))


def _account(text: str) -> str:
    made = "".join(piece for kind, piece in pieces(seen(text)) if kind in LETTERS or piece.isalnum())
    return made.upper()


def _secret(text: str) -> str:
    said = seen(text)
    if all(kind in NUMBERS or kind in SILENT or kind in LINKS for kind in said.kinds):
        return read(said.raw, said.kinds).text
    return "".join(text.split())


_MAKERS: dict[str, Callable[[str], str | None]] = {
    "PHONE": phone,
    "EMAIL": _email,
    "CARD": _digits,
    "SSN": _digits,
    "ZIP": _account,
    "IBAN": _account,
    "DRIVER_ID": _account,
    "PERSON": name,
    "ADDRESS": address,
    "IP": ip,
    "SECRET": _secret,
}
