"""How a number is said, as speech-to-text writes it.

A form is a function of (dice, digits, language) that gives the words; the languages are `en`, `es` and `in` (Indian English).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import groupby

__all__ = ["CODES", "FILLERS", "NUMBERS", "Form", "digit_word", "house_number", "plainly", "two_digits"]

Form = Callable[[random.Random, str, str], str]

_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ES = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
_EN_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ES_TEENS = (
    *("diez", "once", "doce", "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve"),
    *("veinte", "veintiuno", "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete"),
    *("veintiocho", "veintinueve"),
)
_ES_TENS = ("", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa")
_ES_HUNDREDS = (
    *("", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos"),
    *("seiscientos", "setecientos", "ochocientos", "novecientos"),
)
_REPEATED = {"en": ("double", "triple"), "es": ("doble", "triple"), "in": ("double", "triple")}
_SOUNDS_LIKE = {"two": ("to", "too"), "four": ("for",), "eight": ("ate",), "one": ("won",)}
FILLERS = {
    "en": ("um", "uh", "er", "you know", "let me see", "like"),
    "es": ("eh", "este", "mmm", "a ver", "pues"),
    "in": ("uh", "hmm", "haan", "ya", "matlab"),
}
_CORRECTIONS = {
    "en": ("no wait", "sorry", "i mean", "no no", "scratch that", "correction"),
    "es": ("no espera", "perdón", "digo", "no no", "corrijo"),
    "in": ("sorry", "no no", "i mean", "nahi nahi"),
}


def plainly(change: Callable[[str], str]) -> Form:
    """A form that needs neither chance nor language."""

    def form(_dice: random.Random, value: str, _language: str) -> str:
        return change(value)

    return form


def _parts(dice: random.Random, digits: str, language: str) -> list[str]:
    """As people group numbers of that length."""
    sizes = {
        10: [(3, 3, 4), (5, 5), (2, 2, 2, 2, 2), (4, 3, 3)] if language != "en" else [(3, 3, 4), (3, 3, 2, 2)],
        15: [(4, 6, 5)],
        16: [(4, 4, 4, 4)],
        9: [(3, 2, 4)],
        6: [(3, 3), (2, 2, 2)],
    }.get(len(digits), [(len(digits),)])
    if language == "in" and len(digits) == 10:
        sizes = [(5, 5), (3, 3, 4), (4, 3, 3)]
    found, at = [], 0
    for size in dice.choice(sizes):
        found.append(digits[at : at + size])
        at += size
    return found


def digit_word(dice: random.Random, digit: str, language: str) -> str:
    """One digit; zero is `oh` half of the time."""
    if language == "es":
        return _ES[int(digit)]
    return dice.choice(("oh", "zero")) if digit == "0" else _EN[int(digit)]


def two_digits(dice: random.Random, pair: str, language: str) -> str:
    """Two digits as a number: `thirty four`, `oh five`."""
    number = int(pair)
    if pair[0] == "0":
        return " ".join(digit_word(dice, digit, language) for digit in pair)
    if language == "es":
        if number < 30:
            return _ES_TEENS[number - 10]
        return _ES_TENS[number // 10] + (f" y {_ES[number % 10]}" if number % 10 else "")
    if number < 20:
        return _EN_TEENS[number - 10]
    return _EN_TENS[number // 10] + (f" {_EN[number % 10]}" if number % 10 else "")


def _by_digit(dice: random.Random, part: str, language: str) -> list[str]:
    return [digit_word(dice, digit, language) for digit in part]


def _doubled(dice: random.Random, part: str, language: str) -> list[str]:
    words: list[str] = []
    for digit, run in groupby(part):
        left = len(list(run))
        while left:
            size = min(left, 3)
            said = digit_word(dice, digit, language)
            words.append(said if size == 1 else f"{_REPEATED[language][size - 2]} {said}")
            left -= size
    return words


def _in_pairs(dice: random.Random, part: str, language: str) -> list[str]:
    if language != "es" and part.endswith("00") and len(part) in {3, 4} and part[0] != "0":
        return [f"{_EN[int(part[0])] if len(part) == 3 else two_digits(dice, part[:2], language)} hundred"]
    if len(part) % 2:
        return (
            [digit_word(dice, part[0], language), *_in_pairs(dice, part[1:], language)]
            if len(part) > 1
            else _by_digit(dice, part, language)
        )
    return [two_digits(dice, part[at : at + 2], language) for at in range(0, len(part), 2)]


def _spoken(how: Callable[[random.Random, str, str], list[str]], separator: str = " ") -> Form:
    def form(dice: random.Random, digits: str, language: str) -> str:
        return separator.join(" ".join(how(dice, part, language)) for part in _parts(dice, digits, language))

    return form


def _filled(dice: random.Random, digits: str, language: str) -> str:
    words = [word for part in _parts(dice, digits, language) for word in _by_digit(dice, part, language)]
    for _ in range(dice.randint(1, 3)):
        words.insert(dice.randrange(1, len(words)), dice.choice(FILLERS[language]))
    return " ".join(words)


def _misheard(dice: random.Random, digits: str, language: str) -> str:
    words = _by_digit(dice, digits, language)
    alike = [at for at, word in enumerate(words) if at and word in _SOUNDS_LIKE]
    for at in dice.sample(alike, min(2, len(alike))):
        words[at] = dice.choice(_SOUNDS_LIKE[words[at]])
    return " ".join(words)


def _half_typed(dice: random.Random, digits: str, language: str) -> str:
    return " ".join(
        part if dice.random() < 0.5 else " ".join(_by_digit(dice, part, language))
        for part in _parts(dice, digits, language)
    )


def _code_mixed(dice: random.Random, digits: str, language: str) -> str:
    return " ".join(
        " ".join(_by_digit(dice, part, dice.choice(("en", "es")))) for part in _parts(dice, digits, language)
    )


def _regrouped(dice: random.Random, digits: str, language: str) -> str:
    parts, at = [], 0
    while at < len(digits):
        size = dice.randint(1, 4)
        parts.append(digits[at : at + size])
        at += size
    return " ".join(parts)


def _corrected(dice: random.Random, digits: str, language: str) -> str:
    parts = _parts(dice, digits, language)
    at = dice.randrange(len(parts))
    wrong = parts[at][:-1] + str((int(parts[at][-1]) + dice.randint(1, 9)) % 10)
    said = [" ".join(_by_digit(dice, part, language)) for part in parts]
    said[at] = f"{' '.join(_by_digit(dice, wrong, language))} {dice.choice(_CORRECTIONS[language])} {said[at]}"
    return " ".join(said)


def _joined(separator: str) -> Form:
    return lambda dice, digits, language: separator.join(_parts(dice, digits, language))


NUMBERS: dict[str, Form] = {
    "typed": plainly(str),
    "typed with spaces": _joined(" "),
    "typed with dashes": _joined("-"),
    "typed digit by digit": plainly(" ".join),
    "regrouped": _regrouped,
    "spoken": _spoken(_by_digit),
    "spoken with commas": _spoken(_by_digit, ", "),
    "doubled": _spoken(_doubled),
    "in pairs": _spoken(_in_pairs),
    "in pairs with commas": _spoken(_in_pairs, ", "),
    "with fillers": _filled,
    "misheard": _misheard,
    "half typed": _half_typed,
    "code-mixed": _code_mixed,
    "corrected": _corrected,
}
"""Phones, cards and social security numbers. `in pairs`, without commas, may be read in two ways: 40 5 or 45."""
CODES: dict[str, Form] = {
    name: NUMBERS[name] for name in ("typed", "typed digit by digit", "spoken", "doubled", "in pairs")
}
"""Codes of four to six digits."""


def house_number(dice: random.Random, number: int, language: str) -> str:
    """A house number: typed, by digit, in pairs, or as a number."""
    digits = str(number)
    if dice.random() < 0.35:
        return digits
    if language == "es":
        return _spanish_number(number) if number < 1000 else " ".join(_in_pairs(dice, digits, language))
    if number > 99 and dice.random() < 0.4:
        return " ".join(_by_digit(dice, digits, language))
    return " ".join(_in_pairs(dice, digits, language))


def _spanish_number(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    if number == 100:
        return "cien"
    small = _ES[rest] if 0 < rest < 10 else two_digits(random.Random(0), f"{rest:02}", "es") if rest else ""
    return f"{_ES_HUNDREDS[hundreds]} {small}".strip()
