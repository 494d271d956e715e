"""Codes of number tokens, one sign a token, so that a run of them is a short string; and what such a string says in digits.

0 to 9   a digit          ( ) *    twice, three and four times what follows    ,   a pause
;415;    a numeral        !        what was said before is taken back           -   a hyphen
letters  ten to ninety, hundreds      % &   hundred, thousand                    _   any other word
"""

from __future__ import annotations

import re
import unicodedata
from string import ascii_letters, digits

from earwitness.privacy.scanner.classes import MARKS
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS
from earwitness.privacy.scanner.vocabulary import WORDS

__all__ = ["CODES", "PLAIN", "plainly", "resolved"]

_HOMOPHONES = {"won": "1", "to": "2", "too": "2", "for": "4", "ate": "8"}
"""What speech recognition writes for a digit in a row of them."""
_TIMES = {"(": 2, ")": 3, "*": 4}
_PHONE = 10
_ENCODED_LENGTH = 3
_REMEMBERED = 7
_REMEMBERED_TOKENS = 4096


class _Codes(dict[str, str]):
    """Answers a token with its code; remembers the short ones."""

    def __missing__(self, token: str) -> str:
        word = token.rstrip(" \t")
        if word.isdecimal() and word.isascii():
            return _numeral(word)
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
    written = word.partition("x")[0] if word.replace("x", "").isdecimal() else word
    if not written.isdecimal():
        return "_"
    return _numeral("".join(str(unicodedata.decimal(digit)) for digit in written))


def _numeral(written: str) -> str:
    return written if len(written) == 1 else f";{written};"


_ABOVE_NINE = sorted(set(NUMBERS.values()) - {"100", "1000"}, key=int)
_LETTERS = dict(zip(_ABOVE_NINE, ascii_letters, strict=False)) | {"100": "%", "1000": "&"}
_VALUES = {letter: value for value, letter in _LETTERS.items()}
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
    | {word: _LETTERS[value] for word, value in NUMBERS.items()}
    | {".": ","}
    | {word: code for word, times in REPEATS.items() for code, meant in _TIMES.items() if times == meant}
    | _HOMOPHONES
    | DIGITS
    | {digit: digit for digit in digits}
)
CODES = _Codes({word + blank: code for word, code in _WORDS.items() for blank in ("", " ")})
"""The code of each token."""


class _Plain(dict[str, str]):
    """Answers a token that says a number below a hundred, or parts two of them, with its digits; remembers the short ones.

    `^` stands before one of two digits; the second digit of tens is `~`, for what follows says whether it is a zero: `^14`,
    `^2~`. All else is as in a code.
    """

    def __missing__(self, token: str) -> str:
        code = CODES[token]
        said = code.replace(";", ",") if code[:1] == ";" else code.translate(_DIGITS_OF)
        if len(token) <= _REMEMBERED and len(self) < _REMEMBERED_TOKENS and token in CODES:
            self[token] = said
        return said


_DIGITS_OF = str.maketrans(
    {letter: f"^{_VALUES[letter]}" for letter in _TEENS} | {letter: f"^{_VALUES[letter][0]}~" for letter in _TENS}
)
PLAIN = _Plain({token: code.translate(_DIGITS_OF) for token, code in CODES.items()})
"""The digits of each token that says a number below a hundred."""
_TENS_WITH_ONES = re.compile("~(?=[1-9])")


def plainly(said: str) -> str:
    """The digits of a run, of which `PLAIN` answered each token."""
    said = said.replace("-", "").replace("_", ",")
    return _TENS_WITH_ONES.sub("", said).replace("~", "0").replace("^", "") if "^" in said else said


def resolved(code: str) -> str:
    """A code with nothing but digits and what parts them in it."""
    parts = _UNIT.split(code)
    if len(parts) > 1:
        parts[1::2] = map(_UNITS.__getitem__, parts[1::2])
    found = "".join(parts)
    # A hundred that has nothing before it in its group needs to know what the groups before it hold.
    return _spelled_out(code) if "%" in found or "&" in found else found


class _Units(dict[str, str]):
    """Answers a spoken number with its digits: `twenty one`, `double five`, `nine hundred six`; remembers the short ones."""

    def __missing__(self, unit: str) -> str:
        said = _spelled_out(unit).removeprefix(",")
        if len(unit) <= _REMEMBERED and len(self) < _REMEMBERED_TOKENS:
            self[unit] = said
        return said


_UNITS = _Units()
_BELOW = f"[1-9]|[{_TEENS}]|[{_TENS}][1-9]?"
_LARGE = f"(?:(?:{_BELOW})[%&]|[{_HUNDREDS}])(?:{_BELOW})?"
_UNIT = re.compile(f"([()*]+,*(?:;[0-9]+;|{_LARGE}|{_BELOW}|0)?|{_LARGE}|[{_TEENS}]|[{_TENS}][1-9]?)")
_STEP = re.compile(";[0-9]+;|.")
_EMPTY = re.compile(",*$")
_POWERS = ("100", "1000")
_BELOW_HUNDRED = 2


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
        value = _VALUES.get(step) or step.strip(";")
        if step[0] == ";":
            done, group, takes = f"{done},{group},{value * times},", "", 0
        elif len(value) == 1:
            if takes in (1, 2) and value != "0" and times == 1:
                group = group[:-1] + value
            else:
                group += value * times
            takes = 0
        elif value == "100" and not group and not _EMPTY.match(done):
            group = "00"
            continue
        elif value in _POWERS and group and (group[-1] != "0" or takes in (1, 3)):
            group += value[1:]
            takes = 2
            continue
        else:
            within = takes == _BELOW_HUNDRED and len(value) == 2 and group.endswith("00")
            group = group[:-2] + value if within else group + value * times
            takes = 2 if len(value) == 3 else 3 if value == "10" else int(len(value) == 2 and value[1] == "0")
            if within:
                continue
        times = 1
    return f"{done},{group}"
