"""Laws of the scanner: spans are in order, more text costs as much more time, masking twice changes nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.privacy.free_text import FreeText
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.scanner import Scanner, Span, normalise
from earwitness.privacy.tokens import Tokens

SCANNER = Scanner()
FREE_TEXT = FreeText(Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest())))
STRICT = Scanner("strict")
KINDS = {"PHONE", "PERSON", "ADDRESS", "EMAIL", "CARD", "SSN", "SECRET", "IBAN", "IP", "ZIP", "DRIVER_ID", "TEXT"}

PIECES = (
    *("my name is rosa delgado", "call me at 415 555 0132", "four one five double five five oh one three four"),
    *(
        "the gate code is 4471",
        "la clave es",
        "uno dos tres cuatro",
        "maria dot garcia at gmail dot com",
        "rosa@example.com",
    ),
    *(
        "12 Oak Street, Apt 5, Austin, TX 78704",
        "no wait",
        "double",
        "twenty",
        "hundred",
        "at",
        "dot",
        "arroba",
        "punto",
        "and",
    ),
    *(
        "y",
        "4111 1111 1111 1111",
        "job 48213",
        "as in",
        "m as in mary",
        "password:",
        "is",
        "Bearer",
        "[",
        "]",
        "(",
        ")",
        "|",
    ),
    *(
        "-----BEGIN KEY-----",
        "192.168.0.1",
        "::1",
        "GB82WEST12345698765432",
        ".",
        ",",
        "\n",
        "\x1e",
        "\ud800",
        "\u200b",
        "señora",
    ),
    *("calle", "°", "tel_k1_0123456789abcdef01234567", "[secret]", "'", '"', "+", "#", "*"),
)
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
)


def masked(text: str, spans: Sequence[Span]) -> str:
    """The text with a token in each span's place, as the pipeline writes it."""
    return FREE_TEXT.replaced(text, spans)


@given(text=TEXTS)
@settings(max_examples=400, deadline=None)
def test_spans_are_sorted_apart_and_within_the_text(text: str) -> None:
    for scanner in (SCANNER, STRICT):
        end = 0
        for span in scanner.scan(text):
            assert end <= span.start < span.end <= len(text)
            assert span.kind in KINDS
            end = span.end


@given(texts=st.lists(TEXTS, max_size=8))
@settings(max_examples=150, deadline=None)
def test_texts_that_are_scanned_together_do_not_touch_each_other(texts: list[str]) -> None:
    assert SCANNER.scan_all(texts) == [SCANNER.scan(text) for text in texts]


def test_no_cue_of_one_text_holds_for_the_next():
    texts = [
        "hello my name is feet",
        "? a ß & 5 leave",
        "-----BEGIN",
        "-----0",
        "the gate code is",
        "4471",
        "call me at",
        "five five five",
    ]
    assert SCANNER.scan_all(texts) == [SCANNER.scan(text) for text in texts]


@given(pieces=st.lists(st.sampled_from([piece for piece in PIECES if piece != "\x1e"]), max_size=12))
@settings(max_examples=300, deadline=None)
def test_masking_twice_changes_nothing_in_what_was_masked(pieces: list[str]) -> None:
    text = " . ".join(pieces)
    once = masked(text, SCANNER.scan(text))
    for span in SCANNER.scan(once):
        found = once[span.start : span.end]
        assert "_k1_" not in found, (once, span)
        assert "[secret]" not in found, (once, span)


@given(text=TEXTS, cap=st.integers(min_value=1, max_value=120))
@settings(max_examples=200, deadline=None)
def test_what_is_beyond_the_cap_is_one_span(text: str, cap: int) -> None:
    spans = Scanner(max_chars=cap).scan(text) if len(text) > cap else []
    if spans:
        assert spans[-1].kind == "TEXT"
        assert spans[-1].start <= cap
        assert spans[-1].end == len(text)


SPOKEN = (
    "my number is four one five double five five oh one three four and my email is maria dot garcia at gmail dot com"
)


@pytest.mark.parametrize(
    "other",
    [
        SPOKEN.upper(),
        SPOKEN.replace("five five", "five um five"),
        SPOKEN.replace(" and ", ", uh, and "),
        "mi correo es maria punto garcia arroba gmail punto com, marque cuatro uno cinco doble cinco cinco cero uno tres cuatro",
        "my number is 415-555-0134 and my email is maria.garcia@gmail.com",
        "my number is 4 1 5 5 5 5 0 1 3 4 and my email is Maria.Garcia@gmail.com",
    ],
)
def test_other_words_for_the_same_give_the_same_values(other: str) -> None:
    def values(text: str) -> set[tuple[str, str]]:
        return {(span.kind, normalise.value(span.kind, text[span.start : span.end])) for span in SCANNER.scan(text)}

    assert values(other) == values(SPOKEN) == {("PHONE", "+14155550134"), ("EMAIL", "maria.garcia@gmail.com")}


WORST = {
    "spoken digits": "five ",
    "typed digits": "1 ",
    "at dot": "at dot ",
    "at signs": "a.b@",
    "one letter": "a",
    "letters": "a ",
    "brackets": "(",
    "mixed brackets": "[ ( { ",
    "colons": "a:",
    "dots": "1.",
    "streets": "12 Oak St, Boston, ",
    "corrections": "five no wait ",
    "passwords": "password is ",
    "fences": "-----BEGIN ",
    "names": "my name is ",
    "capitals": "Xyzzy ",
    "accounts": "GB82 WEST 1234 ",
    "codes": "gate code ",
    "doubles": "double ",
    "pairs": "m as in ",
}


def _seconds(text: str, scanner: Scanner) -> float:
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        scanner.scan(text)
        best = min(best, time.process_time() - begin)
    return best


@pytest.mark.parametrize("name", WORST)
def test_time_grows_as_the_text_does(name: str) -> None:
    scanner = Scanner(max_chars=10_000_000)
    unit = WORST[name]
    small, large = ((unit * (size // len(unit) + 1))[:size] for size in (16_384, 131_072))
    scanner.scan(small)
    # Eight times the text; a grammar that goes back and forth would take 64 times as long.
    assert _seconds(large, scanner) <= 24 * _seconds(small, scanner) + 0.02
