"""How a mail address or a name is said and spelled, as speech-to-text writes it; forms as in `spoken_numbers`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import groupby

from pii.spoken_numbers import Form, digit_word, plainly, two_digits

__all__ = ["MAILS", "NAMES", "spelled"]

_ALPHABET = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        (
            *(
                "apple",
                "boy",
                "charlie",
                "david",
                "edward",
                "frank",
                "george",
                "harry",
                "india",
                "john",
                "king",
                "london",
            ),
            *("mary", "nancy", "orange", "peter", "queen", "robert", "sugar", "tommy", "uncle", "victor", "william"),
            *("xray", "yellow", "zebra"),
        ),
        strict=True,
    )
)


def spelled(dice: random.Random, word: str, language: str) -> str:
    """Letter by letter; some with `as in`, some doubled."""
    style = dice.choice(("spaces", "dashes", "as in", "double"))
    if style == "dashes":
        return "-".join(word)
    if style == "double":
        return " ".join(
            f"double {letter}" if size == 2 else " ".join(letter * size)
            for letter, size in ((letter, len(list(run))) for letter, run in groupby(word))
        )
    letters = list(word)
    if style == "as in" and letters[0] in _ALPHABET:
        letters[0] += f" as in {_ALPHABET[letters[0]]}"
    return " ".join(letters)


def _mail(local: Callable[[random.Random, str, str], str], signs: Sequence[dict[str, str]]) -> Form:
    def form(dice: random.Random, mail: str, language: str) -> str:
        before, _, domain = mail.partition("@")
        sign = dice.choice(signs)
        return f"{_signs(local(dice, before, language), sign)} {sign['@']} {_signs(domain, sign)}"

    return form


def _signs(text: str, signs: dict[str, str]) -> str:
    return " ".join("".join(f" {signs[each]} " if each in signs else each for each in text).split())


def _said_local(dice: random.Random, local: str, language: str) -> str:
    return "".join(_with_numbers(dice, local, language))


def _with_numbers(dice: random.Random, local: str, language: str) -> list[str]:
    found = []
    for is_digit, run in groupby(local, str.isdigit):
        text = "".join(run)
        found.append(f" {two_digits(dice, text, language)} " if is_digit and len(text) == 2 else text)
    return found


def _spelled_local(dice: random.Random, local: str, language: str) -> str:
    return " ".join(digit_word(dice, each, language) if each.isdigit() else each for each in local)


_ENGLISH = (
    {"@": "at", ".": "dot", "_": "underscore", "-": "dash"},
    {"@": "at", ".": "period", "_": "underscore", "-": "hyphen"},
)
_INDIAN = (
    {"@": "at the rate", ".": "dot", "_": "underscore", "-": "hyphen"},
    {"@": "at the rate of", ".": "dot", "_": "underscore", "-": "dash"},
)
_SPANISH = ({"@": "arroba", ".": "punto", "_": "guion bajo", "-": "guion"},)
MAILS: dict[str, Form] = {
    "typed": plainly(str),
    "typed in capitals": plainly(str.upper),
    "spoken": _mail(_said_local, _ENGLISH),
    "spelled": _mail(_spelled_local, _ENGLISH),
    "at the rate": _mail(_said_local, _INDIAN),
    "spelled, at the rate": _mail(_spelled_local, _INDIAN),
    "in Spanish": _mail(_said_local, _SPANISH),
    "spelled in Spanish": _mail(_spelled_local, _SPANISH),
}
NAMES: dict[str, Form] = {
    "lower": plainly(str),
    "title": plainly(str.title),
    "upper": plainly(str.upper),
    "letters": plainly(lambda name: " ".join(name.replace(" ", ""))),
    "spelled": lambda dice, name, language: spelled(dice, name.replace(" ", ""), language),
}
