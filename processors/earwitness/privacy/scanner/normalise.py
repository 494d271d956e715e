"""One form a value, however it was said: what the token of a found span or of a record's field is made from.

The same person gives the same value, spoken, spelled or typed, in English and Spanish. A wrong join is worse than a missed
one only for cards and secrets, and those are never joinable by default.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from string import ascii_lowercase
from urllib.parse import unquote

from earwitness.privacy import normalise as written
from earwitness.privacy.scanner.address_form import address
from earwitness.privacy.scanner.alphabet import CHARACTERS
from earwitness.privacy.scanner.letter_names import LETTER_NAMES
from earwitness.privacy.scanner.number_words import DIGITS, REPEATS
from earwitness.privacy.scanner.number_words import NUMBERS as NUMBERS_SAID
from earwitness.privacy.scanner.numbers import digits_of, read
from earwitness.privacy.scanner.pieces import LETTER, LETTERS, LINKS, NUMBERS, SILENT, pieces, seen
from earwitness.privacy.scanner.regroup import regrouped
from earwitness.privacy.scanner.said_digits import said_digits, single_digits
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
_HEARD = {"jimeil": "gmail"}
"""What speech recognition makes of a provider's name."""


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
    if text[:1].isalpha():
        digits = said_digits(text)
        if digits is None or len(digits) in _SHORT_OF_A_PHONE:
            digits = single_digits(text)
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


def name(text: str) -> str | None:
    """A person's name in small letters, spelled or not, without titles, accents, apostrophes and hyphens; None if empty."""
    text = _in_order(text)
    plain = written.plain(text)
    listed = plain.replace("-", " ").split()
    if (
        "".join(listed).isalpha()
        and _READ.isdisjoint(listed)
        and len(set(listed)) == len(listed)
        and "'s" not in text
        and "\u2019s" not in text
    ):
        return " ".join(listed)
    return _read_name(text) or " ".join(listed) or None


def _in_order(text: str) -> str:
    """A name that a list has with its surname first, as it is spoken: `DELGADO, ROSA` is `ROSA DELGADO`."""
    found = _REVERSED.match(text)
    return (
        text if found is None or found["first"].rstrip(".").lower() in _RANKS else f"{found['first']} {found['last']}"
    )


_REVERSED = re.compile(
    r"\s*(?P<last>[^\W\d_][^\s,]*(?:[ -][^\s,]+)?), ?(?P<first>[^\W\d_][^\s,]*(?: [^\s,]{1,2})?)\s*\Z"
)
_RANKS = words("jr sr ii iii iv md phd esq dds")
"""What stands behind a name and a comma without being one."""


def _read_name(text: str) -> str:
    said: list[str] = []
    spelled = ""
    for kind, piece in pieces(seen(text), numbers=False):
        if kind == LETTER:
            spelled += piece
        elif kind not in _NO_NAME:
            said += (spelled, _POSSESSIVE.sub("", piece))
            spelled = ""
    found = [small for word in (*said, spelled) if (small := written.plain(word).strip(".")) and small not in _TITLES]
    # A name is often said and then spelled.
    once = [word for before, word in zip([None, *found], found, strict=False) if word != before]
    return " ".join(once)


_POSSESSIVE = re.compile(r"['\u2019]s\Z")
_NO_NAME = frozenset(SILENT + _C["hyphen"] + _C["period"] + _C["plus_mark"])
_TITLES = frozenset(map(written.plain, words(WORDS["title"]))) - {"dona"}
"""Without their accents too; `Dona` is a first name."""
_READ = _TITLES.union(
    ascii_lowercase, *(map(written.plain, words(WORDS[name])) for name in ("filler", "shift", "multi", "letname"))
)
"""Words that are not simply part of a name."""


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
    listed = text.lower().split()
    if text.isascii() and "".join(listed).isalpha() and _READ_IN_MAIL.isdisjoint(listed):
        return "".join(_SIGNS.get(word, word) for word in listed)
    return written.folded(_read_mail(text))


def _read_mail(text: str) -> str:
    made = ""
    found = pieces(seen(text))
    for (kind, piece), (_, behind) in pairwise([*found, ("", "")]):
        if kind == _C["dash"] and behind == "bajo":
            continue  # guion bajo
        if kind in _JOINERS:
            made += _JOINERS[kind]
        elif kind not in SILENT and not (made.endswith("@") and kind in _AFTER_AT):
            made += _HEARD.get(piece, piece.strip("<>"))
    return made


_SIGNS = {
    **{
        word: _JOINERS[_C[name]]
        for name in ("dot", "point", "at", "arroba", "dash", "under")
        for word in words(WORDS[name])
    },
    **_HEARD,
}
_READ_IN_MAIL = _SAID.union(
    {"guion", "bajo"},
    ascii_lowercase,
    *(words(WORDS[name]) for name in ("homo", "shift", "plus", "my", "rate", "of")),
)
"""Words that are not simply part of an address."""
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
