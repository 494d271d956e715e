"""The short way to digits that are said: where it answers, the long way says the same."""

from __future__ import annotations

import random

import pytest

from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS, REPEATS
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.pieces import seen
from earwitness.privacy.scanner.said_digits import said_digits, single_digits

_WORDS = (*DIGITS, *NUMBERS, *REPEATS, "to", "for", "won", "and", "y", "uh", "este", ",", "you", "so", "3", "415")


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("nine oh four, seven three two, four seven six one", "9047324761"),
        ("Ocho cero cero cincuenta y cinco", "80055"),
        ("double five, nine hundred six", "55906"),
        ("FIVE UH SIX", "56"),
        ("305 five you know five, twenty uh one", "3055521"),
    ],
)
def test_digits_that_are_said(text: str, digits: str) -> None:
    assert said_digits(text) == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "double",
        "um five",
        "un dos",
        "five no six",
        "five-six",
        "five. six",
        "one sec",
        "five\nsix",
        "ext five",
    ],
)
def test_what_has_to_be_read_with_care(text: str) -> None:
    assert said_digits(text) is None


def test_it_says_what_the_long_way_says() -> None:
    draw = random.Random(4)
    answered = 0
    for _ in range(3000):
        text = " ".join(draw.choice(_WORDS) for _ in range(draw.randrange(1, 12)))
        said = said_digits(text)
        if said is not None:
            tokens = seen(text)
            assert said == digits_of(tokens, 0, len(tokens.kinds)), text
            answered += 1
    assert answered > 1000


def test_single_digits() -> None:
    assert single_digits("Un dos,tres\ttree") == "1233"
    assert single_digits("un veinte") is None
