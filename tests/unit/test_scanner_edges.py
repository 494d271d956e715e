"""Each alternative and bound of the grammars has a sentence that needs it: found letter for letter, or left alone.

The sentences came of mutants that no other case noticed (`tests/pii/mutants.py`); the scores do not count them, since they were
written by what the grammars say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from earwitness.privacy.scanner import Scanner
from pii import labelled
from pii.scoring import covered_characters

EDGES = sorted((labelled.CASES / "edges").glob("*.txt"))


def _kinds(text: str, spans: list[labelled.GivenSpan]) -> dict[int, str]:
    return {at: span[2] for span in spans for at in covered_characters(text, [span]) if text[at].isalnum()}


def _differ(path: Path) -> list[str]:
    rows = labelled.by_hand(path)
    found = Scanner().scan_all([row.text for row in rows])
    return [
        row.text
        for row, spans in zip(rows, found, strict=True)
        if _kinds(row.text, [span[:3] for span in spans]) != _kinds(row.text, list(row.spans))
    ]


@pytest.mark.parametrize("path", EDGES, ids=[path.stem for path in EDGES])
def test_a_sentence_is_read_to_its_edges(path: Path) -> None:
    assert _differ(path) == []


def test_there_are_sentences() -> None:
    assert len(EDGES) >= 10
