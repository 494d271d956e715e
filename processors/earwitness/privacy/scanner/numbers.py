"""Digits out of a run of number tokens, spoken, typed or mixed, English and Spanish, with what was taken back.

Each token has a short code, so that a run is a short string too:

    0 to 9   a digit          ( ) *    twice, three and four times what follows    ,   a pause
    ;415;    a numeral        !        what was said before is taken back           -   a hyphen
    letters  ten to ninety, hundreds      % &   hundred, thousand                    _   any other word
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from string import ascii_letters
from typing import NamedTuple

from earwitness.privacy.scanner.alphabet import CHARACTERS, pattern
from earwitness.privacy.scanner.classes import MARKS
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS
from earwitness.privacy.scanner.view import View
from earwitness.privacy.scanner.vocabulary import WORDS

__all__ = ["CODES", "Digits", "digits_of", "luhn", "read", "resolved"]

_C = CHARACTERS
_HOMOPHONES = {"won": "1", "to": "2", "too": "2", "for": "4", "ate": "8"}
"""What speech recognition writes for a digit in a row of them."""
_TIMES = {"(": 2, ")": 3, "*": 4}
_PHONE = 10


class Digits(NamedTuple):
    """Digits of a run, and the lengths of the groups that it was typed or said in."""

    text: str
    groups: tuple[int, ...]
    spoken: bool


_digits = partial(tuple.__new__, Digits)
"""Makes a `Digits` of a tuple, in a third of the time."""


def digits_of(seen: View, first: int, last: int) -> str:
    """The digits of some tokens, as `read` has them."""
    return read(seen.raw[first:last], seen.kinds[first:last]).text


def read(raw: Sequence[str], kinds: str) -> Digits:
    """The digits of a run: doubles, pairs, hundreds and corrections resolved.

    Args:
        raw: the run's tokens.
        kinds: their classes.
    """
    code = "".join(map(CODES.__getitem__, raw))
    spoken, hard = _MANNERS[kinds]
    if code.isdecimal():
        return _digits((code, (len(code),), spoken))
    if not hard:
        groups = _GROUPS.findall(code.replace("_", ""))
    else:
        code = code.replace("-", "").replace("_", ",")
        if "!" in code:
            text, taken_back = _with_corrections(code)
            if taken_back:
                return _digits((text, (len(text),), spoken))
        groups = _GROUPS.findall(resolved(code))
    return _digits(("".join(groups), tuple(map(len, groups)), spoken))


def _with_corrections(code: str) -> tuple[str, bool]:
    """The digits of a run in which something may be taken back, and whether something was."""
    *taken_back, last = ("".join(_GROUPS.findall(resolved(part))) for part in code.split("!"))
    meant = ""
    for said in filter(None, taken_back):
        meant = _corrected(meant, said) if meant else said
    return (_corrected(meant, last), True) if meant else (last, False)


def resolved(code: str) -> str:
    """A code with nothing but digits and what parts them in it."""
    parts = _UNIT.split(code)
    if len(parts) > 1:
        parts[1::2] = map(_UNITS.__getitem__, parts[1::2])
    resolved = "".join(parts)
    # A hundred that has nothing before it in its group needs to know what the groups before it hold.
    return _spelled_out(code) if "%" in resolved or "&" in resolved else resolved


def _spelled_out(code: str) -> str:
    """The same for any code, step by step."""
    done = group = ""
    takes = 0
    """What the last number still takes: 1 for a digit or hundreds after tens, 2 for a number below 100 after hundreds, 3 for
    hundreds alone after ten."""
    times = 1
    for step in _STEP.findall(code):
        if step in _TIMES:
            times, takes = _TIMES[step], 0
            continue
        if step == ",":
            done, group, takes = f"{done},{group}", "", 0
            continue
        digits = _VALUES.get(step) or step.strip(";")
        if step[0] == ";":
            done, group, takes = f"{done},{group},{digits * times},", "", 0
        elif len(digits) == 1:
            if takes in (1, 2) and digits != "0" and times == 1:
                group = group[:-1] + digits
            else:
                group += digits * times
            takes = 0
        elif digits == "100" and not group and not _EMPTY.match(done):
            group = "00"
            continue
        elif digits in _POWERS and group and (group[-1] != "0" or takes in (1, 3)):
            group += digits[1:]
            takes = 2
            continue
        else:
            within = takes == _BELOW_HUNDRED and len(digits) == 2 and group.endswith("00")
            group = group[:-2] + digits if within else group + digits * times
            takes = 2 if len(digits) == 3 else 3 if digits == "10" else int(len(digits) == 2 and digits[1] == "0")
            if within:
                continue
        times = 1
    return f"{done},{group}"


_POWERS = ("100", "1000")
_BELOW_HUNDRED = 2


class _Units(dict[str, str]):
    """Answers a spoken number with its digits: `twenty one`, `double five`, `nine hundred six`; remembers the short ones."""

    def __missing__(self, unit: str) -> str:
        digits = _spelled_out(unit).removeprefix(",")
        if len(unit) <= _REMEMBERED and len(self) < _REMEMBERED_TOKENS:
            self[unit] = digits
        return digits


class _Manners(dict[str, tuple[bool, bool]]):
    """Answers the classes of a run with whether it is spoken and whether it is more than single digits; remembers them."""

    def __missing__(self, kinds: str) -> tuple[bool, bool]:
        manner = (_SPOKEN.search(kinds) is not None, _HARD.search(kinds) is not None)
        if len(kinds) <= _LONGEST and len(self) < _REMEMBERED_TOKENS:
            self[kinds] = manner
        return manner


class _Codes(dict[str, str]):
    """Answers a token with its code; remembers the short ones."""

    def __missing__(self, token: str) -> str:
        word = token.rstrip(" \t")
        if word.isdecimal() and word.isascii():
            return word if len(word) == 1 else f";{word};"
        code = _unusual(word.strip(" \t").lower())
        if len(token) <= _REMEMBERED and len(self) < _REMEMBERED_TOKENS:
            self[token] = code
        return code


def _unusual(word: str) -> str:
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word).lower().replace("\u2019", "'")
    word = word.removesuffix("'s")
    if word[:1] == "%" and len(word) == _ENCODED_LENGTH:
        word = chr(int(word[1:], 16))
    code = _WORDS.get(word)
    if code is not None:
        return code
    if not word or word.isspace():
        return "," if "\n" in word or "\r" in word else ""
    if word.startswith("2b") and len(word) > _PHONE:
        word = word[2:]
    digits = word.partition("x")[0] if word.replace("x", "").isdecimal() else word
    if not digits.isdecimal():
        return "_"
    digits = "".join(str(unicodedata.decimal(digit)) for digit in digits)
    return _numeral(digits)


def _numeral(digits: str) -> str:
    return digits if len(digits) == 1 else f";{digits};"


_ENCODED_LENGTH = 3
_REMEMBERED = 7
_REMEMBERED_TOKENS = 4096
_LONGEST = 32
_ABOVE_NINE = sorted(set(NUMBERS.values()) - {"100", "1000"}, key=int)
_LETTERS = dict(zip(_ABOVE_NINE, ascii_letters, strict=False)) | {"100": "%", "1000": "&"}
_VALUES = {letter: digits for digits, letter in _LETTERS.items()}
_TEENS = "".join(_LETTERS[each] for each in _ABOVE_NINE if int(each) < 20 or (int(each) < 100 and each[1] != "0"))
_TENS = "".join(_LETTERS[each] for each in _ABOVE_NINE if 20 <= int(each) < 100 and each[1] == "0")
_HUNDREDS = "".join(_LETTERS[each] for each in _ABOVE_NINE if int(each) >= 100)
_PAUSES = ("comma", "period", "open", "close", "dash", "dot", "point", "stop")
_WORDS = (
    {mark: "," for mark, name in MARKS.items() if name in _PAUSES}
    | {mark: "-" for mark, name in MARKS.items() if name == "hyphen"}
    | {mark: "" for mark, name in MARKS.items() if name in ("an", "filler")}
    | {word: "," for name in ("dash", "dot", "point") for word in WORDS[name].split()}
    | {word: "" for name in ("an", "ye", "filler") for word in WORDS[name].split()}
    | {word: "!" for name in ("wait", "no") for word in WORDS[name].split()}
    | {word: _LETTERS[digits] for word, digits in NUMBERS.items()}
    | {".": ","}
    | {word: code for word, times in REPEATS.items() for code, meant in _TIMES.items() if times == meant}
    | _HOMOPHONES
    | DIGITS
)
CODES = _Codes({word + blank: code for word, code in _WORDS.items() for blank in ("", " ")})
"""By token, its code."""
_UNITS = _Units()
_MANNERS = _Manners()
_BELOW = f"[1-9]|[{_TEENS}]|[{_TENS}][1-9]?"
_LARGE = f"(?:(?:{_BELOW})[%&]|[{_HUNDREDS}])(?:{_BELOW})?"
_UNIT = re.compile(f"([()*]+,*(?:;[0-9]+;|{_LARGE}|{_BELOW}|0)?|{_LARGE}|[{_TEENS}]|[{_TENS}][1-9]?)")
_STEP = re.compile(";[0-9]+;|.")
_GROUPS = re.compile("[0-9]+")
_EMPTY = re.compile(",*$")
_SPOKEN = pattern("<digit|oh|teen|tens|hundred|thousand|homo|to|for>")
_HARD = pattern("<teen|tens|hundred|thousand|multi|wait|no|homo|to|for>")


def _corrected(before: str, after: str) -> str:
    """What is meant when `after` was said to mend `before`: what is said again replaces the end."""
    if not after:
        return before
    if len(after) < _PHONE:
        for whole in (_PHONE, 16, 15):
            replaced = len(before) + len(after) - whole
            if 0 <= replaced <= min(len(before), len(after)):
                return before[: len(before) - replaced] + after
    if len(after) >= 7 or len(after) >= len(before):
        return after
    return before[: -len(after)] + after


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0


_DOUBLED = str.maketrans("0123456789", "0246813579")
"""Twice a digit, the digits of the product added."""
