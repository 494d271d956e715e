"""What the scanner does with a text as a whole: where reading ends, texts among others, tokens of ours, the strict preset."""

from __future__ import annotations

import pytest

from earwitness.privacy.scanner import Scanner, Span

BALANCED, STRICT = Scanner(), Scanner("strict")
CALL = "call 415 555 0132"
TOKEN = "[tel_k1_0123456789abcdef01234567]"


def found(scanner: Scanner, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.kind) for span in scanner.scan(text)]


def test_a_preset_and_a_cap_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="preset"):
        Scanner("loose")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_chars"):
        Scanner(max_chars=0)
    assert Scanner(max_chars=1).scan("ab") == [Span(1, 2, "TEXT", "cap")]


def test_a_text_is_read_to_the_cap_and_the_rest_is_one_span() -> None:
    scanner = Scanner(max_chars=40)
    assert [span[:3] for span in scanner.scan(f"{CALL:<40}")] == [(5, 17, "PHONE")]
    assert [span[:3] for span in scanner.scan(f"{CALL:<40} and more")] == [(5, 17, "PHONE"), (40, 49, "TEXT")]
    ends_there = f"{'please':<23}{CALL}"
    assert [span[:3] for span in scanner.scan(ends_there)] == [(28, 40, "PHONE")]
    assert [span[:3] for span in scanner.scan(f"{ends_there} now")] == [(28, 40, "PHONE"), (40, 44, "TEXT")]
    assert [span[:3] for span in scanner.scan(f"{'please':<24}{CALL} now")] == [(29, 45, "TEXT")]


def test_only_the_text_that_is_too_long_is_cut() -> None:
    short, long = BALANCED.scan(CALL), [*BALANCED.scan(CALL), Span(40, 60, "TEXT", "cap")]
    assert Scanner(max_chars=40).scan_all([CALL, f"{CALL:<60}", CALL]) == [short, long, short]


@pytest.mark.parametrize("among", [[""], ["", "", "rosa"], ["my name is", "job 48213."], ["call\x1e", "\x1e"]])
def test_a_text_among_others_is_read_as_if_alone(among: list[str]) -> None:
    texts = [*among, CALL, "415 555 0133 is my cell", *among, "rosa@example.com"]
    assert BALANCED.scan_all(texts) == [BALANCED.scan(text) for text in texts]


def test_many_texts_are_read_as_if_alone() -> None:
    texts = [CALL, "x" * 20_000, "hi it's rosa", "y " * 9_000, "zip 94110", "", CALL] * 2
    assert BALANCED.scan_all(texts) == [BALANCED.scan(text) for text in texts]
    assert BALANCED.scan_all([]) == []


def test_a_border_in_a_text_is_a_blank() -> None:
    assert [span[:3] for span in BALANCED.scan("call 415 555\x1e0132")] == [(5, 17, "PHONE")]


def test_a_token_of_ours_stays_and_one_that_is_none_is_a_secret() -> None:
    assert found(BALANCED, f"call {TOKEN} now") == []
    assert found(BALANCED, f"my name is {TOKEN}") == []
    stranger = Scanner(owns=lambda _token: False)
    assert found(stranger, f"call {TOKEN} now") == [(TOKEN, "SECRET")]
    assert found(stranger, f"{TOKEN} and {TOKEN}") == [(TOKEN, "SECRET"), (TOKEN, "SECRET")]


@pytest.mark.parametrize(
    "text",
    ["the Xandor is new", "we met Xandelka yesterday", "see Xandor-thing", "a Xandor (twice)"],
)
def test_strict_takes_a_lone_unknown_word_with_a_capital(text: str) -> None:
    assert found(BALANCED, text) == []
    assert found(STRICT, text) == [(next(word for word in ("Xandor", "Xandelka") if word in text), "PERSON")]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Xandor is new",
            "the carrier Rinnai",
            "a Trane Xorbit",
            "an Ecobee Xorbit",
            "Xandor=12",
            "see StirVerstat=12",
        ),
        *("Xandor-Key is set", "X-Xandor is set", "the XORBIT unit"),
    ],
)
def test_strict_leaves_makers_and_parts_of_a_program_alone(text: str) -> None:
    assert found(STRICT, text) == []


def test_a_header_whose_value_stands_apart_behind_a_quote_gives_no_empty_span() -> None:
    spans = Scanner().scan("x-auth-token:' ABC123d'ef456ghi7EF456ghi789")
    assert [span.rule for span in spans] == ["secret.password"]


def test_no_rule_looks_back_into_the_text_before() -> None:
    texts = [
        "the gate code",
        "the new one is 1650",
        "look at the back",
        "the card says 911",
        "it is done.",
        "id code 4471",
    ]
    assert Scanner().scan_all(texts) == [Scanner().scan(text) for text in texts]
