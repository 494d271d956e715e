"""What the scanner is known to miss, or to mask wrongly, of our own cases: a list that may only become shorter.

    python tests/pii/known.py > tests/pii/known.txt

Run it after a change that gives up a case for a better one, and say in the commit why.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from earwitness.privacy.scanner import Scanner  # noqa: E402
from pii import labelled  # noqa: E402
from pii.scoring import Score  # noqa: E402

__all__ = ["KNOWN", "faults"]

KNOWN = Path(__file__).with_name("known.txt")


def faults() -> Iterator[tuple[str, str]]:
    """Each text that leaks (`missed`), or in which something was masked that is nobody's (`wrong`)."""
    scanner, score = Scanner(), Score()
    rows = [row for _, rows in labelled.own_sets() for row in rows]
    for row, found in zip(rows, scanner.scan_all([row.text for row in rows]), strict=True):
        verdict = score.count(row, [(span.start, span.end, span.kind) for span in found])
        if verdict.missed:
            yield "missed", json.dumps(row.text, ensure_ascii=False)
        if verdict.wrong:
            yield "wrong", json.dumps(row.text, ensure_ascii=False)


if __name__ == "__main__":
    print("\n".join(sorted({f"{fault} {text}" for fault, text in faults()})))
