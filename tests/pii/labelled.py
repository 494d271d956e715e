"""Labelled texts: what a row is, how one is written by hand, and where rows are read from.

A case by hand is a line of text with its personal data marked: `call me on {PHONE:four one five ...}`. Offsets are counted
when the line is read, so that they are right. `{soft:...}` marks what is neither required nor punished (a city, a firm).
`\\n` is a line break. A line `== kind` names the family of the cases below it; one that starts with `; ` is a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CASES", "LABELS", "GivenSpan", "Row", "by_hand", "from_jsonl", "marked", "own_sets", "sets_in"]

LABELS = ("PHONE", "PERSON", "ADDRESS", "EMAIL", "CARD", "SSN", "SECRET", "IBAN", "IP", "ZIP", "DRIVER_ID")
CASES = Path(__file__).parent / "cases"
_MARK = re.compile(r"\{(" + "|".join((*LABELS, "soft")) + r"):([^}]*)\}")

GivenSpan = tuple[int, int, str]
"""Start, end (exclusive) and label; offsets are code points."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text and the personal data in it. `kind` is its family, empty where the source has none."""

    id: str
    text: str
    spans: tuple[GivenSpan, ...]
    soft: tuple[GivenSpan, ...] = ()
    kind: str = ""

    def __post_init__(self) -> None:
        for start, end, label in (*self.spans, *self.soft):
            if not 0 <= start < end <= len(self.text):
                raise ValueError(f"row {self.id}: the span {start}..{end} {label} lies outside of the text")


def marked(line: str, *, name: str = "", kind: str = "") -> Row:
    """The row that a marked line stands for.

    Raises:
        ValueError: a mark is empty, or its label is not known.
    """
    line = line.replace("\\n", "\n")
    if unknown := re.search(r"\{([A-Z_]{2,}):", _MARK.sub("", line)):
        raise ValueError(f"{unknown[1]} is no label; the labels are {', '.join(LABELS)} and soft: {line}")
    parts: list[str] = []
    spans: list[GivenSpan] = []
    soft: list[GivenSpan] = []
    at = length = 0
    for mark in _MARK.finditer(line):
        parts += (line[at : mark.start()], mark[2])
        length += mark.start() - at
        found = (length, length + len(mark[2]), mark[1].upper() if mark[1] != "soft" else "SOFT")
        (soft if mark[1] == "soft" else spans).append(found)
        length += len(mark[2])
        at = mark.end()
    return Row(name, "".join((*parts, line[at:])), tuple(spans), tuple(soft), kind)


def by_hand(path: Path) -> list[Row]:
    """The cases of a file of marked lines."""
    rows: list[Row] = []
    kind = path.stem
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("== "):
            kind = line[3:].strip()
        elif line.strip() and not line.startswith("; "):
            rows.append(marked(line, name=f"{path.stem}-{kind}-{len(rows)}", kind=kind))
    return rows


def from_jsonl(path: Path) -> list[Row]:
    """The rows of a file of JSON lines: `id`, `text`, `spans`, `soft` and perhaps `kind`."""
    return [_row(json.loads(line)) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _row(given: dict[str, object]) -> Row:
    spans, soft = (
        tuple((start, end, label) for start, end, label in given.get(name, ()))  # type: ignore[attr-defined]
        for name in ("spans", "soft")
    )
    return Row(str(given["id"]), str(given["text"]), spans, soft, str(given.get("kind", "")))


def own_sets() -> Iterator[tuple[str, list[Row]]]:
    """Our own cases, a set a file."""
    for path in sorted(CASES.glob("*.txt")):
        yield f"own_{path.stem}", by_hand(path)


def sets_in(directory: Path) -> Iterator[tuple[str, list[Row]]]:
    """The sets of a directory of JSON lines, none when it is not there."""
    for path in sorted(directory.glob("*.jsonl")):
        yield path.stem, from_jsonl(path)
