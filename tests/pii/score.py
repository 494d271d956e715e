"""Prints how the free-text scanner scores on the labelled sets.

    python tests/pii/score.py [--data DIR] [--preset balanced] [--misses SET] [--json]

The sets are those in DIR (by default the shared ones beside the repository, where they are there), our own cases by hand
(`own_...`), generated speech-to-text (`made_...`), and values in sentences (`grid_...`). `--misses` lists what leaked and
what was masked wrongly in the sets whose name begins so. That prints texts: it is meant for these sets, never for a
caller's words.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from pii import generate, grids, labelled  # noqa: E402
from pii.scoring import Score  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "pii"
WIDTHS = (34, 6, 6, 6, 6, 6, 6, 6, 6, 7)
HEADS = ("set", "rows", "given", "R", "P", "F1", "charR", "charP", "label", "touched")
GOALS: tuple[tuple[str, str, float], ...] = (
    ("ivr_own", "recall", 0.95),
    ("ivr_own", "precision", 0.96),
    ("made", "f1", 0.96),
    ("sgd_dialogues", "f1", 0.90),
    ("presidio_research", "f1", 0.76),
    ("wnut17_person", "f1", 0.42),
)
"""Sets whose name begins so, taken together; the measure; the goal."""
MUST_NOT = 1 / 30
LABEL_GOALS = {"PHONE": 0.96, "EMAIL": 0.98, "CARD": 0.97, "SSN": 0.97, "SECRET": 0.95, "PERSON": 0.82, "ADDRESS": 0.50}


class Span(Protocol):
    """What a scanner finds."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def kind(self) -> str: ...


class Scans(Protocol):
    """A scanner."""

    def scan(self, text: str, /) -> Iterable[Span]:
        """Personal data in a text."""
        ...


def sets(data: Path) -> Iterator[tuple[str, list[labelled.Row]]]:
    """All sets there are, by name."""
    yield from labelled.sets_in(data)
    yield from labelled.own_sets()
    yield from generate.sets()
    yield from grids.sets()


def scored(scanner: Scans, rows: Iterable[labelled.Row]) -> tuple[Score, list[str]]:
    """The score on some rows, and a line for each that was wrong."""
    score, wrong = Score(), []
    for row in rows:
        spans = [(span.start, span.end, str(span.kind)) for span in scanner.scan(row.text)]
        verdict = score.count(row, spans)
        if verdict.missed or verdict.wrong:
            wrong.append("\n".join(_explained(row, spans, verdict.missed, verdict.wrong)))
    return score, wrong


def _explained(row: labelled.Row, spans: Sequence[labelled.GivenSpan], *verdict: Any) -> Iterator[str]:
    yield f"{row.id} [{row.kind}] {row.text!r}"
    for name, given in zip(("leaks", "wrong", "found"), (*verdict, spans), strict=True):
        for start, end, label in given:
            yield f"    {name} {label} {row.text[start:end]!r}"


def summed(scores: dict[str, Score], begin: str = "") -> Score:
    """The sets whose name begins so as one."""
    return sum((score for name, score in scores.items() if name.startswith(begin)), Score())


def table(scores: dict[str, Score]) -> Iterator[str]:
    """What a person reads."""
    yield line(HEADS)
    for name, score in scores.items():
        yield line(_cells(name, score))
    yield line(_cells("all shared", _shared(scores)))
    yield line(_cells("all", summed(scores)))
    yield ""
    yield "goals (shared sets; `made` is generated)"
    for text, value, goal, met in goals(scores):
        verdict = "reached" if met else "MISSED"
        yield f"  {text:<44} {_number(value):>6}   {goal:<8} {verdict if goal and value is not None else ''}".rstrip()
    yield ""
    yield "covered, but with another label: " + ", ".join(
        f"{what} {times}" for what, times in summed(scores).confused.most_common() if times
    )
    yield ""
    yield "families of our own cases: covered / given, then must-not rows touched / rows"
    own = summed(scores, "own_")
    for kind, given in sorted(own.given_by_kind.items(), key=lambda item: own.found_by_kind[item[0]] / item[1]):
        yield f"  {kind:<34} {own.found_by_kind[kind]:>4} / {given}"
    for begin, score in (("ivr_own", scores.get("ivr_own", Score())), ("own", own)):
        for kind, empty in sorted(score.empty_by_kind.items(), key=lambda item: -score.touched_by_kind[item[0]]):
            if score.touched_by_kind[kind] or kind.startswith("must_not"):
                yield f"  {begin} {kind:<30} touched {score.touched_by_kind[kind]:>4} / {empty}"


def goals(scores: dict[str, Score]) -> Iterator[tuple[str, float | None, str, bool]]:
    """The figures that have a goal: what, value, goal, whether it is met."""
    for begin, measure, goal in GOALS:
        score = summed(scores, begin)
        value = getattr(score, measure)
        yield f"{begin} {measure} (n={score.given})", value, f">= {goal:.2f}", value is not None and value >= goal
    ivr = scores.get("ivr_own", Score())
    touched, empty = ivr.touched_by_kind["must_not"], ivr.empty_by_kind["must_not"]
    value = touched / empty if empty else None
    yield f"ivr_own must_not touched (n={empty})", value, f"<= {MUST_NOT:.3f}", value is not None and value <= MUST_NOT
    shared, own = _shared(scores), summed(scores, "own_") + summed(scores, "made")
    for label in labelled.LABELS:
        goal = LABEL_GOALS.get(label, 0.0)
        for where, score in (("shared", shared), ("own+made", own)):
            value = score.recall_of(label)
            text = f"recall {label} {where} (n={score.given_by_label[label]})"
            yield text, value, f">= {goal:.2f}" if goal else "", value is not None and value >= goal


def _shared(scores: dict[str, Score]) -> Score:
    return summed({name: score for name, score in scores.items() if not name.startswith(("own_", "made", "grid"))})


def _cells(name: str, score: Score) -> tuple[str, ...]:
    ratios = (
        *(score.recall, score.precision, score.f1),
        *(score.character_recall, score.character_precision, score.label, score.touched),
    )
    return (name, str(score.rows), str(score.given), *map(_number, ratios))


def line(cells: Sequence[str]) -> str:
    """A row of the table."""
    first, *rest = (
        f"{cell:<{width}}" if not at else f"{cell:>{width}}" for at, (cell, width) in enumerate(_wide(cells))
    )
    return " ".join((first, *rest))


def _wide(cells: Sequence[str]) -> Iterable[tuple[str, int]]:
    return zip(cells, WIDTHS, strict=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Scan, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED, help="a directory of JSON lines")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--misses", metavar="SET", help="list what was wrong in the sets whose name begins so")
    parser.add_argument("--json", action="store_true", help="one JSON object of the goals instead of the table")
    options = parser.parse_args(arguments)

    from earwitness.privacy.scanner import Scanner

    scanner = Scanner(options.preset)
    scores: dict[str, Score] = {}
    for name, rows in sets(options.data):
        if options.misses is None or name.startswith(options.misses):
            scores[name], wrong = scored(scanner, rows)
            if options.misses is not None:
                print("\n".join(wrong))
    if options.json:
        print(
            json.dumps(
                [{"figure": what, "value": value, "goal": goal, "met": met} for what, value, goal, met in goals(scores)]
            )
        )
    else:
        print("\n".join(table(scores)))


if __name__ == "__main__":
    main()
