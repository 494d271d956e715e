"""Metamorphic laws of free text: what is said otherwise, elsewhere, or among other words has the same kinds and the same tokens.

The texts are the leak test's (`tests/leaks/phrases.py`), written by another hand than the rules.
"""

from __future__ import annotations

import hashlib
import random
import re

from hypothesis import assume, given
from hypothesis import strategies as st

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.scanner import Scanner
from earwitness.privacy.tokens import Tokens
from leaks.canaries import Canary, canary
from leaks.phrases import PHRASES, sentence
from pii.spoken_numbers import NUMBERS

TOKENS = Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest()))
FREE_TEXT = FreeText(TOKENS)
SCANNERS = {"balanced": Scanner(owns=TOKENS.owns), "strict": Scanner("strict", owns=TOKENS.owns)}
MARKS = re.compile(r"\[[a-z]+(?:_[a-z0-9]+_[0-9a-f]{24})?\]")
NEUTRAL = (
    "the water heater is broken again",
    "it was two hundred and fifty dollars",
    "please mark job 48213 as done",
    "no funciona desde ayer",
    "the part is in the van",
    "gracias por todo",
)
FILLERS = {"en": ("um", "uh"), "es": ("eh", "mmm")}
CALLERS = st.integers(min_value=0, max_value=5_000).map(lambda number: canary(number, 31))
DICE = st.integers(min_value=0, max_value=10**9).map(random.Random)
SPOKEN = tuple(
    (language, phrase)
    for language, phrases in PHRASES.items()
    for phrase in phrases
    if not re.search("[{=@]|%", phrase)
)


def masked(text: str, preset: str = "balanced") -> str:
    """The text as it is stored."""
    return FREE_TEXT.replaced(text, SCANNERS[preset].scan(text))


def marks(text: str, preset: str = "balanced") -> list[str]:
    """What stands for somebody in a masked text, in order."""
    return MARKS.findall(masked(text, preset))


def said(dice: random.Random, caller: Canary) -> str:
    """A sentence that people say."""
    mine = [phrase for language, phrase in SPOKEN if language in (caller.language, "both")]
    return sentence(dice, caller, dice.choice(mine)).text


@given(caller=CALLERS, dice=DICE)
def test_capitals_change_no_token(caller: Canary, dice: random.Random) -> None:
    text = said(dice, caller)
    # A password is what it is by its capitals, but nobody joins by it.
    assert marks(text.upper()) == marks(text.lower()) == marks(text)


@given(caller=CALLERS, dice=DICE, preset=st.sampled_from(("balanced", "strict")))
def test_the_order_of_sentences_changes_nothing(caller: Canary, dice: random.Random, preset: str) -> None:
    first, second = said(dice, caller), said(dice, caller)
    # Of letters one by one, then "i live at ...", nobody who only hears it knows where the name ends.
    assume(not (re.search("spelled", first + second) and re.search("(?:^|\n)i ", f"{first}\n{second}")))
    one, other = marks(first, preset), marks(second, preset)
    assert marks(f"{first}. {second}", preset) == one + other
    assert marks(f"{second}. {first}", preset) == other + one


@given(caller=CALLERS, dice=DICE)
def test_what_stands_around_changes_nothing(caller: Canary, dice: random.Random) -> None:
    text = said(dice, caller)
    before, behind = dice.choice(NEUTRAL), dice.choice(NEUTRAL)
    assert masked(f"{before}. {text}. {behind}") == f"{before}. {masked(text)}. {behind}"
    assert masked(f"{before}\n{text}\n{behind}") == f"{before}\n{masked(text)}\n{behind}"


@given(caller=CALLERS, dice=DICE, label=st.sampled_from(("phone", "card", "ssn")))
def test_fillers_in_a_number_change_no_token(caller: Canary, dice: random.Random, label: str) -> None:
    cue = {
        "phone": {"en": "my cell number is", "es": "mi teléfono es"},
        "card": {"en": "the card number is", "es": "el número de la tarjeta es"},
        "ssn": {"en": "my social security number is", "es": "mi número de seguro social es"},
    }[label][caller.language]
    words = NUMBERS["spoken"](dice, getattr(caller, label), caller.language).split(" ")
    filled = list(words)
    for _ in range(3):
        filled.insert(dice.randrange(0, len(filled)), dice.choice(FILLERS[caller.language]))
    plain = masked(f"{cue} {' '.join(words)}")
    assert marks(f"{cue} {' '.join(filled)}") == MARKS.findall(plain)
    assert len(MARKS.findall(plain)) == 1


@given(caller=CALLERS)
def test_both_languages_give_one_token(caller: Canary) -> None:
    english = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    spanish = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
    forms = {
        tuple(marks(f"{cue} {number}"))
        for cue in ("my number is", "mi número es")
        for number in (
            caller.phone,
            " ".join(caller.phone),
            " ".join(english[int(digit)] for digit in caller.phone),
            " ".join(spanish[int(digit)] for digit in caller.phone),
            " ".join((english if at < 6 else spanish)[int(digit)] for at, digit in enumerate(caller.phone)),
        )
    }
    assert len(forms) == 1


@given(caller=CALLERS, dice=DICE, preset=st.sampled_from(("balanced", "strict")))
def test_masking_twice_is_masking_once(caller: Canary, dice: random.Random, preset: str) -> None:
    once = masked(f"{sentence(dice, caller).text}. {sentence(dice, caller).text}", preset)
    assert masked(once, preset) == once
