"""Classes of tokens: a raw token is answered with its class's character.

Answers are remembered, up to a bound: a token may be a part of somebody's number or name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from earwitness.privacy.replacements import bare
from earwitness.privacy.scanner.alphabet import CHARACTERS
from earwitness.privacy.scanner.lexicon import Lexicon
from earwitness.privacy.scanner.vocabulary import PAUSES, WORDS, words

__all__ = ["CACHED_TOKENS", "MARKS", "Classes"]

CACHED_TOKENS = 65_536
"""Tokens whose class is remembered; a full memory starts anew."""
_CACHED_LENGTH = 32
_SHORT_NUMERAL = 4
_LONGEST = 64
"""Characters of the longest token that is looked at closely."""

MARKS = {
    ",": "comma",
    ";": "comma",
    "\n": "newline",
    "\r": "newline",
    "|": "newline",
    "(": "open",
    ")": "close",
    "+": "plus_mark",
}
MARKS |= {
    ":": "colon",
    "=": "equals",
    "@": "at_mark",
    "#": "number_mark",
    "*": "star_mark",
    "[": "bracket",
    "]": "unbracket",
}
MARKS |= {"/": "solidus", "&": "an", "\x1e": "border", "\u2022": "filler", "\u00b7": "period"}
MARKS |= dict.fromkeys("-\u2010\u2011\u2012\u2013\u2014\u2212", "hyphen")
MARKS |= dict.fromkeys("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb", "quote")
MARKS |= dict.fromkeys("\u200b\u200c\u200d\u00ad\u2060\ufeff\u2026", "filler")

_STATES = words(
    """AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD
    TN TX UT VT VA WA WV WI WY DC PR AA AE AP NSW VIC QLD TAS ACT WA"""
)
_OUTWARD = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?\Z", re.IGNORECASE)
_EXTENDED = re.compile(r"[0-9]{3,11}[xX][0-9]{1,6}\Z")
_X_NUMBER = re.compile(r"[xX][0-9]{1,6}\Z")
_ENCODED_PLUS = re.compile(r"2[bB][0-9]{8,15}\Z")
_HOUSE = re.compile(r"[0-9]{1,5}(?:[a-z]{1,2}|bis|ter)\Z", re.IGNORECASE)
_NTH = re.compile(r"[0-9]{1,3}(?:st|nd|rd|th)\Z", re.IGNORECASE)
_HEXES = re.compile(r"[0-9a-f]{1,4}\Z", re.IGNORECASE)
_GLUED = re.compile(
    r".{3,}(?:stra(?:ss|ß)e|weg|gasse|platz|allee|gatan|gata|vägen|vagen|vej|veien|vegen|veg|gade|katu|tie|polku|kuja|laan"
    r"|straat|plein|gracht|dijk|kade|singel|lei|utca|braut|stígur|stræti|vegur|götu|götur|toppen|stien|alléen|torget|steig|str"
    r"|damm|ufer|ring|hof|berg|gränd|stigen|backen|haugen|svingen|tunet|marken|parken|vænget|bakken|ulica|ova|ska|ského|wal)\Z"
)
_COMMON_ENDING = re.compile(
    r"(?:.{3}(?:ing|tion|sion|ness|ment|ments|able|ible|ously|ively|ally|edly|ingly|ful|less|ship|ology|ization|ized|ised|izing|"
    r"ities|tions|ically|ción|ciones|mente|ando|iendo|aron|ieron|arán|erán|n't|'ll|'ve|'re|'d)|.{3}ó|.{4}(?:ed|ly|ity|ous|ive|ism|ist|ists|ures))\Z"
)


_CHINESE = re.compile(r"(?:x[iu]|zh|qi|jia|jun|guo|hua|yu|shao|chun)[a-z]{0,6}(?:[mplqyjxdtb]|sh|ch)ing\Z")
"""`Xiaoming` and `Zhiqing` are names, whatever their endings."""


class Classes(dict[str, str]):
    """Answers a raw token, with the blanks behind it, with its class's character."""

    def __init__(self, lexicon: Lexicon, keep: Collection[str] = ()) -> None:
        super().__init__()
        self._lexicon = lexicon
        self._words: dict[str, str] = {}
        for name, listed in WORDS.items():
            for word in listed.split():
                self._words.setdefault(word, CHARACTERS[name])
        self._words |= dict.fromkeys(PAUSES, CHARACTERS["filler"])
        self._keep = frozenset(word for text in keep for word in text.lower().split())

    def __missing__(self, raw: str) -> str:
        word = raw[:-1] if raw[-1:] == " " else raw
        if len(word) > _SHORT_NUMERAL and word.isdecimal() and word.isascii():
            return CHARACTERS[_number(word)]  # seldom seen again, and perhaps somebody's
        if word.isalpha() and word.isascii() and 1 < len(word) <= _LONGEST:
            character = self._words.get(word) or CHARACTERS[self._plain(word)]
        else:
            character = CHARACTERS[self._name(raw)]
        if len(raw) <= _CACHED_LENGTH:
            if len(self) >= CACHED_TOKENS:
                self.clear()
            self[raw] = character
        return character

    def _plain(self, word: str) -> str:
        """The class of a word of plain letters, as most are, that no list holds as it is written."""
        lower = word.lower()
        if lower != word:
            if word in _STATES and lower not in _STATES_OR_WORDS:
                return "state"
            if word == "May":
                return "month"
            known = self._words.get(lower)
            if known is not None:
                return _BY_CHARACTER[known]
        return self._word(word, lower)

    def _name(self, raw: str) -> str:
        text = raw.strip(" \t")
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        plain = _mark(raw, text)
        if plain is not None:
            return plain
        lower = text.lower().replace("\u2019", "'")
        if lower.endswith("'s") and lower not in self._words:
            lower, text = lower[:-2], text[:-2]
        if text in _STATES and lower not in _STATES_OR_WORDS:
            return "state"
        if text == "May":
            return "month"
        known = self._words.get(lower)
        if known is not None:
            return _BY_CHARACTER[known]
        if len(text) == 1:
            return "letter" if text.isalpha() and text < "\u0250" else "mark"
        if any(character.isdigit() for character in text):
            return _mixed(text)
        if "_" in text:
            return "common" if lower.strip("_") else "mark"
        return self._word(text, lower)

    def _word(self, token: str, lower: str) -> str:
        lexicon = self._lexicon
        capital = token[0].isupper()
        if lower in self._keep:
            return "Common" if capital else "common"
        kind = lexicon.kind(lower)
        if kind is None and not lower.isascii():
            kind = _NAME_ONLY.get(lexicon.kind(_unaccented(lower)))
        if kind is None and _COMMON_ENDING.search(lower) and not _CHINESE.match(lower):
            kind = "common"
        if kind is None and _GLUED.match(lower):
            return "glued"
        if kind is None:
            if not capital:
                return "unknown"
            return "UNKNOWN" if len(token) > 1 and token.isupper() else _cased(token)
        if kind == "given" and not capital and lexicon.is_rare(lower):
            return "surname"
        return kind.capitalize() if capital else kind


_STATES_OR_WORDS = words("in or me hi ok oh pa la de")


_NAME_ONLY: dict[str | None, str] = {"given": "given", "surname": "surname"}
"""What a word may be that a list knows without its accents: `Hà` is not the `ha` of a sentence."""


def _unaccented(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if letter.isascii())


def _mark(raw: str, text: str) -> str | None:
    """The class of a token that is no word."""
    if text == "\x1e":
        return "border"
    if text[:1] == "[" and len(text) > 1 and text[1].isalpha():
        return "own"
    if not text or text.isspace():
        return "newline" if "\n" in raw or "\r" in raw else "filler"
    if len(text) > _LONGEST:
        return "n20" if text.isdecimal() else "ident" if text[0].isalnum() else "mark"
    if text == ".":
        return "stop" if len(raw) > 1 else "period"
    if text.isdecimal():
        return _number(text)
    if text[:1] == "%" and len(text) == _ENCODED_LENGTH:
        sign = chr(int(text[1:], 16))
        return "filler" if sign == " " else "period" if sign == "." else MARKS.get(sign, "mark")
    return MARKS.get(text)


_ENCODED_LENGTH = 3


def _cased(token: str) -> str:
    """`Unknown` for a word in capitals or with one at its start; `common` for theFormOfAProgram."""
    rest = token[1:]
    inner = sum(character.isupper() for character in rest)
    if (
        inner == 0
        or inner == len(rest)
        or (inner == 1 and ("'" in token or token.startswith(("Mc", "Mac", "De", "O", "La", "Di", "Fitz"))))
    ):
        return "Unknown"
    return "Common"


def _number(token: str) -> str:
    length = len(token)
    if length >= 20:
        return "n20"
    return f"n{min(length, 13)}"


def _mixed(word: str) -> str:
    if bare(word):
        return "own"
    if _EXTENDED.match(word):
        return "nx"
    if _X_NUMBER.match(word):
        return "xnum"
    if _ENCODED_PLUS.match(word):
        return "n12"
    if _NTH.match(word):
        return "nth"
    if _HOUSE.match(word):
        return "house"
    if _OUTWARD.match(word):
        return "outward"
    return "hexes" if _HEXES.match(word) else "ident"


_BY_CHARACTER = {character: name for name, character in CHARACTERS.items()}
