"""The goals for finding personal data hold on our own cases and on generated speech, whatever a change was made for."""

from __future__ import annotations

import pytest

from earwitness.privacy.scanner import Scanner
from pii import generate, grids, labelled, score
from pii.scoring import Score

LEAST = {"PHONE": 0.96, "EMAIL": 0.98, "CARD": 0.97, "SSN": 0.97, "SECRET": 0.95, "PERSON": 0.95, "ADDRESS": 0.95}


@pytest.fixture(scope="module", params=["balanced", "strict"])
def scores(request: pytest.FixtureRequest) -> dict[str, Score]:
    scanner = Scanner(request.param)
    return {name: score.scored(scanner, rows)[0] for name, rows in (*labelled.own_sets(), *generate.sets())}


def test_of_our_own_cases_little_leaks_and_little_is_masked_wrongly(scores: dict[str, Score]) -> None:
    own = score.summed(scores, "own_")
    assert own.recall is not None
    assert own.recall >= 0.97
    assert own.precision is not None
    assert own.precision >= 0.98


def test_generated_speech_is_read(scores: dict[str, Score]) -> None:
    made = score.summed(scores, "made")
    assert made.f1 is not None
    assert made.f1 >= 0.98


@pytest.mark.parametrize(("label", "least"), LEAST.items())
def test_no_kind_falls_behind(scores: dict[str, Score], label: str, least: float) -> None:
    recall = score.summed(scores).recall_of(label)
    assert recall is not None
    assert recall >= least


def test_what_is_nobodys_is_left_alone(scores: dict[str, Score]) -> None:
    own = score.summed(scores, "own_")
    assert own.touched_rows <= own.empty_rows / 100


def test_a_value_is_found_in_whatever_sentence_it_stands() -> None:
    scanner = Scanner()
    for name, rows in grids.sets():
        found = score.scored(scanner, rows)[0]
        assert found.touched_rows <= found.empty_rows / 200, name
        assert found.recall is None or found.recall >= 0.99, name
        assert found.precision is None or found.precision >= 0.99, name
