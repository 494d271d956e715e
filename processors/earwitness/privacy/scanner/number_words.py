"""Words for digits and numbers, English and Spanish, and their values."""

from __future__ import annotations

__all__ = ["DIGITS", "HUNDREDS", "NUMBERS", "REPEATS", "TENS"]

_DIGITS_EN = "zero one two three four five six seven eight nine"
_DIGITS_ES = "cero uno dos tres cuatro cinco seis siete ocho nueve"

DIGITS = {word: str(n) for listed in (_DIGITS_EN, _DIGITS_ES) for n, word in enumerate(listed.split())}
DIGITS |= {
    "una": "1",
    "un": "1",
    "oh": "0",
    "o": "0",
    "nought": "0",
    "naught": "0",
    "niner": "9",
    "fife": "5",
    "tree": "3",
}
"""Words for one digit."""

_TEENS_EN = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TEENS_ES = "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve"
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS_ES = "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_TWENTIES = "veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
HUNDREDS = "doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"

NUMBERS = {word: str(10 + n) for listed in (_TEENS_EN, _TEENS_ES) for n, word in enumerate(listed.split())}
NUMBERS |= {word: str(20 + 10 * n) for listed in (_TENS_EN, _TENS_ES) for n, word in enumerate(listed.split())}
NUMBERS |= {word: str(21 + n) for n, word in enumerate(_TWENTIES.split())}
NUMBERS |= {word: str(200 + 100 * n) for n, word in enumerate(HUNDREDS.split())}
NUMBERS |= {
    "dieciseis": "16",
    "veintidos": "22",
    "veintitres": "23",
    "veintiseis": "26",
    "veintiún": "21",
    "fourty": "40",
}
NUMBERS |= {
    "ninty": "90",
    "hundred": "100",
    "cien": "100",
    "ciento": "100",
    "cientos": "100",
    "thousand": "1000",
    "mil": "1000",
}
"""Words for a number of more than one digit, and their value."""

TENS = f"{_TENS_EN} {_TENS_ES} fourty ninty"
"""Words for ten times something."""

REPEATS = {"double": 2, "dubble": 2, "doble": 2, "triple": 3, "treble": 3, "quadruple": 4}
"""How often the digit or the letter behind it is meant."""
