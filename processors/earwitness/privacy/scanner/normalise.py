"""One form a value, however it was said: what the token of a found span is made from.

The same person gives the same value, spoken, spelled or typed, in English and Spanish. A wrong join is worse than a missed
one only for cards and secrets, and those are never joinable by default.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from earwitness.privacy import normalise as fields
from earwitness.privacy.scanner.classes import CHARACTERS, Classes, members
from earwitness.privacy.scanner.letter_names import LETTER_NAMES
from earwitness.privacy.scanner.lexicon import lexicon
from earwitness.privacy.scanner.number_words import REPEATS
from earwitness.privacy.scanner.numbers import read
from earwitness.privacy.scanner.view import View, view

__all__ = ["value"]

_C = CHARACTERS
_NUMBERS = members("numeral") + members("spoken") + "".join(_C[name] for name in ("multi", "nx", "homo"))
_LETTERS = members("lettered")
_PLUS = _C["plus"] + _C["plus_mark"]
_SILENT = "".join(
    _C[name]
    for name in ("filler", "comma", "shift", "quote", "stop", "newline", "bracket", "unbracket", "open", "close")
)
_JOINERS = {
    **dict.fromkeys((_C["dot"], _C["period"], _C["point"]), "."),
    **dict.fromkeys((_C["at"], _C["arroba"], _C["at_mark"]), "@"),
    **dict.fromkeys((_C["dash"], _C["hyphen"]), "-"),
    _C["under"]: "_",
    _C["plus"]: "+",
    _C["plus_mark"]: "+",
}
_STREETS = {
    "street": "st",
    "avenue": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "boulevard": "blvd",
    "court": "ct",
    "place": "pl",
    "terrace": "ter",
    "circle": "cir",
    "parkway": "pkwy",
    "highway": "hwy",
    "square": "sq",
    "trail": "trl",
    "crescent": "cres",
    "apartment": "apt",
    "apartamento": "apt",
    "depto": "apt",
    "departamento": "apt",
    "suite": "ste",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "avenida": "av",
    "avda": "av",
    "number": "",
    "número": "",
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "fourth": "4th",
    "fifth": "5th",
    "sixth": "6th",
    "seventh": "7th",
    "eighth": "8th",
    "ninth": "9th",
    "tenth": "10th",
}


def value(kind: str, text: str) -> str:
    """What a token of a span is made of: E.164 for phones, digits for cards, folded names and addresses.

    Args:
        kind: the span's kind.
        text: the span's text.
    """
    made = _MAKERS.get(kind, _folded)(text)
    return made or _folded(text)


@cache
def _classes() -> Classes:
    return Classes(lexicon())


def _seen(text: str) -> View:
    return view(text, _classes())


def _digits(text: str) -> str:
    seen = _seen(text)
    return read(seen.raw, seen.kinds).text


def _phone(text: str) -> str:
    seen = _seen(text)
    extension = min(
        (at for at in (seen.kinds.find(_C["ext"]), seen.kinds.find(_C["xnum"])) if at > 0), default=len(seen.kinds)
    )
    raw, kinds = seen.raw[:extension], seen.kinds[:extension]
    digits = read(raw, kinds).text
    if kinds[:1] and kinds[0] in _PLUS:
        joined = "".join(raw).replace(" ", "")
        if "(0)" in joined:
            digits = digits.replace("0", "", 1) if digits.find("0") <= _COUNTRY else digits
        digits = f"+{digits}"
    return fields.phone(digits) or digits


_COUNTRY = 3


def _pieces(seen: View) -> Iterator[tuple[str, str]]:
    """Each token's class and what it stands for: runs of numbers are digits, spelled letters are letters, `as in` is left out."""
    at = 0
    kinds = seen.kinds
    repeat = 1
    while at < len(kinds):
        kind = kinds[at]
        if kind in _NUMBERS and not (kind == _C["multi"] and kinds[at + 1 : at + 2] in _LETTERS):
            end = at
            while end < len(kinds) and (
                kinds[end] in _NUMBERS or (kinds[end] in _LINKS and kinds[end + 1 : end + 2] in _NUMBERS)
            ):
                end += 1
            digits = read(seen.raw[at:end], kinds[at:end]).text
            yield kind, digits or seen.word(at)
            at = max(end, at + 1)
            continue
        word = seen.word(at)
        if kind == _C["multi"]:
            repeat = REPEATS[word]
        elif kind in _LETTERS or kind == _C["letname"]:
            yield _C["letter"], LETTER_NAMES.get(word, word) * repeat
            repeat = 1
            if kinds[at + 1 : at + 3] == _C["as"] + _C["in"]:
                at += 3
            elif kinds[at + 1 : at + 2] in _SAYING and at + 2 < len(kinds):
                at += 2
        else:
            yield kind, word
        at += 1


_LINKS = _C["an"] + _C["ye"]
_SAYING = tuple(_C[name] for name in ("for", "like"))


def _email(text: str) -> str:
    made = ""
    seen = _seen(text)
    for kind, word in _pieces(seen):
        if kind in _JOINERS:
            made += _JOINERS[kind]
        elif kind not in _SILENT and not (made.endswith("@") and (kind in (_C["my"], _C["rate"], _C["of"]))):
            made += word.strip("<>")
    return made


def _account(text: str) -> str:
    made = "".join(word for kind, word in _pieces(_seen(text)) if kind in _LETTERS or word.isalnum())
    return made.upper()


def _person(text: str) -> str:
    words: list[str] = []
    spelled = ""
    for kind, word in _pieces(_seen(text)):
        if kind == _C["letter"]:
            spelled += word
            continue
        if spelled:
            words.append(spelled)
            spelled = ""
        if kind not in (_C["title"], _C["hyphen"]) and kind not in _SILENT and word.strip("."):
            words.append(word.removesuffix("'s").removesuffix("\u2019s"))
    if spelled:
        words.append(spelled)
    return _plain(" ".join(words))


def _plain(text: str) -> str:
    """Without case, accents and apostrophes: speech recognition leaves them out."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c) and c not in "'\u2019").strip()


def _address(text: str) -> str:
    words = (
        _STREETS.get(word, word)
        for kind, word in _pieces(_seen(text))
        if kind not in _SILENT and kind not in (_C["hyphen"], _C["period"], _C["number_mark"], _C["mark"])
    )
    return " ".join(_plain(" ".join(words)).split())


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip().strip("[]")))
    except ValueError:
        return "".join("." if kind in _JOINERS else word for kind, word in _pieces(_seen(text)))


def _secret(text: str) -> str:
    seen = _seen(text)
    if all(kind in _NUMBERS or kind in _SILENT or kind in _LINKS for kind in seen.kinds):
        return read(seen.raw, seen.kinds).text
    return "".join(text.split())


def _folded(text: str) -> str:
    return fields.name(text) or ""


_MAKERS: dict[str, Callable[[str], str]] = {
    "PHONE": _phone,
    "EMAIL": _email,
    "CARD": _digits,
    "SSN": _digits,
    "ZIP": _account,
    "IBAN": _account,
    "DRIVER_ID": _account,
    "PERSON": _person,
    "ADDRESS": _address,
    "IP": _ip,
    "SECRET": _secret,
}
