"""A site's own words in texts: whom the scanner finds through them, and what it leaves alone."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scanner_sentences import LEFT, MARKED, read

from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.scanner import Scanner, Span

DICTIONARY = Dictionary(
    people=("Oluwaseun Adeyemi", "Will Park", "Hope", "Jean-Luc Picardie", "José Ñuñez"),
    words=("Garcia Plumbing", "Maria's Kitchen", "Rheem", "AquaHeat 3000"),
    phones=("+1 (415) 555-0100",),
    mail=("office@example.com",),
    ids=("J-#####", "CL-00417", "9182736455"),
)
PLAIN, OWN = Scanner(), Scanner(dictionary=DICTIONARY)


def found(scanner: Scanner, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.kind) for span in scanner.scan(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("adeyemi took the truck", "adeyemi"),
        ("the truck of Adeyemi", "Adeyemi"),
        ("that is what will park wrote", "will park"),
        ("that is what WILL  PARK wrote", "WILL  PARK"),
        ("ask hope about it", "hope"),
        ("the van of jean luc picardie", "jean luc picardie"),
        ("the van of Jean-Luc Picardie", "Jean-Luc Picardie"),
        ("nunez did it", "nunez"),
        ("adeyemi's truck", "adeyemi's"),
    ],
)
def test_the_site_s_people_are_found_in_any_writing(text, name):
    assert found(OWN, text) == [(name, "PERSON")]


@pytest.mark.parametrize(
    "text",
    ["will you call me", "i hope so", "we park behind the house", "hope it works, will see", "Will you call? Hope so."],
)
def test_a_name_that_is_a_word_stays_a_word(text):
    assert found(OWN, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "call Garcia Plumbing",
        "this is Garcia  plumbing",
        "Maria's Kitchen wants a boiler",
        "call us at 415-555-0100",
        "call us at four one five, five five five, oh one hundred",
        "mail office@example.com or office at example dot com",
        "call 9182736455",
        "my name is Rheem",
    ],
)
def test_what_is_nobody_s_secret_is_left_alone(text):
    assert found(PLAIN, text), "without a dictionary it is taken for somebody's"
    assert found(OWN, text) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Mrs. Garcia called", ("Mrs. Garcia", "PERSON")),
        ("maria called", ("maria", "PERSON")),
        ("call 415-555-0101", ("415-555-0101", "PHONE")),
        ("call 19182736455", ("19182736455", "PHONE")),
        ("J-48213/4155550134", ("4155550134", "PHONE")),
        ("mail head.office@example.com", ("head.office@example.com", "EMAIL")),
        ("the gate code is 9182736455", ("9182736455", "SECRET")),
        ("the password is Rheem", ("Rheem", "SECRET")),
    ],
)
def test_what_only_holds_a_kept_value_or_lies_beside_one_is_still_found(text, what):
    assert found(OWN, text) == [what]


def test_an_id_is_kept_by_its_form_whatever_stands_around_it():
    scanner = Scanner(dictionary=Dictionary(ids=("x####-######",)))
    for text in ("call x4155-550134", "(call x4155-550134).", "call X4155-550134, please", 'call="x4155-550134"'):
        assert found(scanner, text) == []
    for text in ("call 4155-550134", "call x4155-5501341", "call xx4155-550134"):
        assert found(scanner, text) == found(PLAIN, text)


def test_the_words_of_one_text_are_none_of_the_next():
    answers = OWN.scan_all(["they say will", "park it there", "call garcia", "plumbing", "call 918273", "6455"])
    assert [[span.kind for span in spans] for spans in answers[:2]] == [[], []]
    assert [span.kind for span in answers[2]] == ["PERSON"]


def test_a_large_dictionary_costs_little_and_grows_with_the_text_only():
    letters = "bcdfghjklmnpqrstvwxz"
    names = [f"Quabbbo {a}{b}{c}eno" for a in letters for b in letters for c in letters[:5]]
    large = Scanner(
        dictionary=Dictionary(
            people=tuple(names),
            words=tuple(f"{name} Inc" for name in names),
            ids=tuple(f"A{n:05}-#" for n in range(2_000)),
        )
    )

    def seconds(scanner: Scanner, text: str) -> float:
        best = 9.0
        for _ in range(2):
            start = time.process_time()
            scanner.scan(text)
            best = min(best, time.process_time() - start)
        return best

    for part in (f"call {names[0]} Inc A00001-2 ", "quabbbo ", "A00001-"):
        short, long = part * (4_000 // len(part)), part * (32_000 // len(part))
        large.scan(long)
        assert seconds(large, long) < 24 * seconds(large, short) + 0.05, part
        assert seconds(large, long) < 1, part


def test_people_only_add_to_what_is_masked():
    texts = [read(line).text for line in (MARKED + LEFT).strip().splitlines()]
    people = set(re.findall(r"<PERSON ([A-Za-z]+(?: [A-Za-z]+)?)>", MARKED))
    assert len(people) > 10
    own = Scanner(dictionary=Dictionary(people=tuple(sorted(people))))
    for text, before, now in zip(texts, PLAIN.scan_all(texts), own.scan_all(texts), strict=True):
        assert masked(before) <= masked(now), text


def masked(spans: list[Span]) -> set[int]:
    return {at for span in spans for at in range(span.start, span.end)}


def test_an_ordinary_word_with_an_accent_is_ordinary_without_it():
    own = Scanner(dictionary=Dictionary(people=("Señora Número", "Ángel")))
    for text in ("buenas tardes señora", "buenas tardes senora", "mi numero", "un angel"):
        assert found(own, text) == found(PLAIN, text)
    assert found(own, "buenas tardes senora numero") == [("senora numero", "PERSON")]
