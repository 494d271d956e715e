"""What a caller says is found, of the right kind and to its edges; what is nobody's is left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from earwitness.privacy.scanner import Scanner

sys.path.insert(0, str(Path(__file__).parent))
from scanner_sentences import LEFT, MARKED, read


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner()


def _covered(scanner: Scanner, text: str) -> dict[int, str]:
    return {
        index: span.kind
        for span in scanner.scan(text)
        for index in range(span.start, span.end)
        if text[index].isalnum()
    }


@pytest.mark.parametrize("line", [line for line in MARKED.splitlines() if line])
def test_personal_data_is_found_to_its_edges(scanner: Scanner, line: str) -> None:
    text, kinds = read(line)
    assert _covered(scanner, text) == kinds


@pytest.mark.parametrize("line", [line for line in LEFT.splitlines() if line])
def test_what_is_nobodys_is_left_alone(scanner: Scanner, line: str) -> None:
    text, _ = read(line)
    assert scanner.scan(text) == []
