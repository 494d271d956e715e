"""The short way to a name of titles, words and letters says what the long one says."""

from __future__ import annotations

import random
from string import ascii_lowercase

import pytest

from earwitness.privacy.scanner import name_form

_WORDS = (
    *ascii_lowercase,
    "ñ",
    "sir",
    "don",
    "la",
    "señora",
    "Ann",
    "ann",
    "maría",
    "García-López",
    "de",
    "oh",
    "double",
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("la señora Luz de la Cruz", "la luz de la cruz"),
        ("z a i n a b", "zainab"),
        ("D-E-L-G-A-D-O", "delgado"),
        ("howard h o w a r d", "howard"),
        ("DELGADO, ROSA", "rosa delgado"),
        ("m as in mary a r i a", "maria"),
        ("d o n", "d o n"),
        ("sir", "sir"),
        ("", None),
    ],
)
def test_names(text: str, name: str | None) -> None:
    assert name_form.name(text) == name


def test_both_ways_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(4)
    texts = [" ".join(draw.choice(_WORDS) for _ in range(draw.randrange(1, 9))) for _ in range(3000)]
    short = [name_form.name(text) for text in texts]
    monkeypatch.setattr(name_form, "_needs_care", lambda _: True)
    assert [name_form.name(text) for text in texts] == short
