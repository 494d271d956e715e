"""What docs/privacy.md and docs/site-dictionary.md promise about free text is what the scanner does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.scanner import Scanner

DOCS = Path(__file__).parents[2] / "docs"
_ROW = re.compile(r"^\| (?P<kind>[A-Z_]+|left alone) \| [^|]*\| (?P<examples>.*) \|$", re.MULTILINE)
EXAMPLES = [
    ("" if row["kind"] == "left alone" else row["kind"], example)
    for row in _ROW.finditer((DOCS / "privacy.md").read_text("utf-8"))
    for example in re.findall(r"`([^`]*)`", row["examples"])
]
(WORDS,) = re.findall(r"```toml\n(.*?)```", (DOCS / "site-dictionary.md").read_text("utf-8"), re.DOTALL)
SCANNER, OWN = Scanner(), Scanner(dictionary=Dictionary.parse(WORDS, where="docs"))


def kinds(scanner: Scanner, text: str) -> list[str]:
    return [span.kind for span in scanner.scan(text)]


def test_the_page_has_examples_of_every_kind():
    told = {kind for kind, _ in EXAMPLES}
    assert told == {
        "PHONE",
        "PERSON",
        "ADDRESS",
        "EMAIL",
        "CARD",
        "SSN",
        "SECRET",
        "IBAN",
        "IP",
        "ZIP",
        "DRIVER_ID",
        "",
    }
    assert len(EXAMPLES) > 35


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_is_what_the_page_says(kind, text):
    assert kinds(SCANNER, text) == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("maria garcia did it", 1),
        ("MARIA GARCIA did it", 1),
        ("adeyemi did it", 1),
        ("oluwaseun's truck", 1),
        ("ask hope about it", 1),
        ("my name is will", 1),
        ("I hope so", 0),
        ("will you call", 0),
        ("call Garcia Plumbing", 0),
        ("call Mrs. Garcia", 1),
        ("call Garcia Plumbing Maria", 1),
        ("call us at four one five five five five oh one hundred", 0),
        ("mail office at example dot com", 0),
        ("call J-48213", 0),
        ("call J-48213/4155550134", 1),
        ("the password is AquaHeat", 1),
    ],
)
def test_the_dictionary_s_page_tells_what_it_finds_and_keeps(text, found):
    assert len(kinds(OWN, text)) == found
