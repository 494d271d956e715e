"""The short way to a mail address that is said: where it answers, the long way says the same."""

from __future__ import annotations

import random
from string import ascii_lowercase

import pytest

from earwitness.privacy.scanner import normalise
from earwitness.privacy.scanner.number_words import DIGITS, NUMBERS
from earwitness.privacy.scanner.said_mail import said_mail

_SIGNS = ("dot", "punto", "at", "arroba", "hyphen", "underscore", "guion bajo", "at the rate of", "y", "and", "o")
_WORDS = (*ascii_lowercase, *_SIGNS, "gmail", "jimeil", "reyes", *DIGITS, *NUMBERS)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("john dot reyes at gmail dot com", "john.reyes@gmail.com"),
        ("j o h n guion bajo reyes arroba jimeil punto com", "john_reyes@gmail.com"),
        ("kavya noventa y seis at the rate of company dot in", "kavya96@company.in"),
        ("r o y nine oh at yahoo dot com", "roy90@yahoo.com"),
        ("O DOT DAY AT ICLOUD DOT COM", "o.day@icloud.com"),
        ("juan de leon at correo punto mx", "juandeleon@correo.mx"),
    ],
)
def test_addresses_that_are_said(text: str, address: str) -> None:
    assert said_mail(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "m as in mary at gmail dot com",
        "double u at gmail dot com",
        "o nine at gmail dot com",
        "oh at gmail dot com",
        "capital ann at gmail dot com",
        "zúñiga at gmail dot com",
        "a n n, at gmail dot com",
    ],
)
def test_what_has_to_be_read_with_care(text: str) -> None:
    assert said_mail(text) is None


def test_it_says_what_the_long_way_says(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(4)
    texts = [" ".join(draw.choice(_WORDS) for _ in range(draw.randrange(1, 14))) for _ in range(3000)]
    said = {text: made for text in texts if (made := said_mail(text)) is not None}
    assert len(said) > 1000
    monkeypatch.setattr(normalise, "said_mail", lambda _: None)
    read = normalise.form_of("EMAIL")
    assert {text: read(text) for text in said} == said
