"""Prints how the scanner scores with each preset, as the tables of `docs/privacy.md`.

    python tests/pii/presets.py [--data DIR]

Sets from others are in it where they are there. A figure is what `score.py` counts.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from pii import labelled, score  # noqa: E402
from pii.scoring import Score  # noqa: E402

PRESETS = ("balanced", "strict")
GROUPS = (
    ("phone-line text (`ivr_own`)", "ivr_own"),
    ("dialogues (SGD)", "sgd_dialogues"),
    ("presidio-research, both sets", "presidio_research"),
    ("WNUT-17, persons in posts", "wnut17_person"),
    ("nano (Nannigalaxy)", "nannigalaxy"),
    ("our own cases by hand", "own_"),
    ("generated speech-to-text", "made"),
    ("values in sentences, each with each", "grid"),
)
"""What a row is called, and how the names of its sets begin."""
OURS = ("own_", "made", "grid")


def tables(scored: dict[str, dict[str, Score]]) -> Iterator[str]:
    """The tables: sets first, then recall a kind, of the scores of each preset."""
    yield "| set | spans | " + " | ".join(f"{preset}: recall / precision / F1" for preset in PRESETS) + " |"
    yield "|---|---|" + "---|" * len(PRESETS)
    for name, begin in GROUPS:
        sums = [score.summed(scored[preset], begin) for preset in PRESETS]
        if sums[0].given:
            yield f"| {name} | {sums[0].given} | " + " | ".join(map(_ratios, sums)) + " |"
    touched = [_touched(scored[preset]) for preset in PRESETS]
    yield (
        f"| rows without personal data that were touched, of {touched[0][1]} | | "
        + " | ".join(str(rows) for rows, _ in touched)
        + " |"
    )
    yield ""
    yield (
        "| recall | " + " | ".join(f"{where}: spans, {', '.join(PRESETS)}" for where in ("others' sets", "ours")) + " |"
    )
    yield "|---|---|---|"
    parts = [_parted(scored[preset]) for preset in PRESETS]
    for label in labelled.LABELS:
        cells = (
            ", ".join((str(part[0].given_by_label[label]), *(_number(each.recall_of(label)) for each in part)))
            for part in zip(*parts, strict=True)
        )
        yield f"| {label} | " + " | ".join(cells) + " |"


def _parted(scores: dict[str, Score]) -> tuple[Score, Score]:
    """The sets of others as one, and ours as one."""
    ours = {name for name in scores if name.startswith(OURS)}
    return (
        sum((each for name, each in scores.items() if name not in ours), Score()),
        sum((each for name, each in scores.items() if name in ours), Score()),
    )


def _touched(scores: dict[str, Score]) -> tuple[int, int]:
    """Rows that must not be touched and were, and all of them: ours and the phone line's."""
    sums = [score.summed(scores, begin) for begin in ("own_", "ivr_own", "grid_must_not")]
    return sum(each.touched_rows for each in sums), sum(each.empty_rows for each in sums)


def _ratios(each: Score) -> str:
    return " / ".join(map(_number, (each.recall, each.precision, each.f1)))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Scan with each preset and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=score.SHARED, help="a directory of JSON lines")
    options = parser.parse_args(arguments)

    from earwitness.privacy.scanner import Scanner

    sets = list(score.sets(options.data))
    scored = {
        preset: {name: score.scored(Scanner(preset), rows)[0] for name, rows in sets}  # type: ignore[arg-type]
        for preset in PRESETS
    }
    print("\n".join(tables(scored)))


if __name__ == "__main__":
    main()
