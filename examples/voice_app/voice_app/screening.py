"""Attacks by voice: what a caller may say that is meant for a machine behind the line, not for the app.

Two things can be attacked here. Airtable, through the formula with which a job is looked up; there an allow-list
(`answers.py`) lets only letters and digits through, and this module says what an input that it refused looked like. And
the job's history, whose lines are text with separators: a note that holds them could add a line that nobody wrote.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["injection", "neutralised"]

_ATTACKS: Final = {
    "airtable_formula": re.compile(r"[{}'\"]|\b(?:OR|AND|NOT|IF|FIND|SEARCH|RECORD_ID)\s*\(|^\s*=", re.IGNORECASE),
    "markup": re.compile(r"<\s*/?\s*[a-z!]", re.IGNORECASE),
    "shell": re.compile(r"\$\(|`|&&|;\s*(?:cat|curl|rm|wget)\b", re.IGNORECASE),
}
_HISTORY_SEPARATOR: Final = re.compile(r"-{4,}|\|")
_FORMULA_PREFIX: Final = re.compile(r"^\s*=+\s*")


def injection(text: str) -> str | None:
    """Which attack a refused input looks like; None: it is only malformed."""
    return next((name for name, attack in _ATTACKS.items() if attack.search(text)), None)


def neutralised(note: str) -> tuple[str, str | None]:
    """A note without what a job's history, or a spreadsheet made of it, would take for its own.

    Returns:
        The note to keep, and which attack was taken out of it, if any.
    """
    if _HISTORY_SEPARATOR.search(note):
        return " ".join(_HISTORY_SEPARATOR.sub(",", note).split()), "history_line"
    if _FORMULA_PREFIX.match(note):
        return _FORMULA_PREFIX.sub("", note), "spreadsheet_formula"
    return note, None
