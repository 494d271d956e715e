"""What a check says: one line that tells what is so, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

__all__ = ["Finding", "Outcome", "exit_code", "fold", "note", "ok", "problem", "unknown", "what_and_do"]

_SHOWN = 3

Outcome = Literal["ok", "note", "problem", "unknown", "what_and_do"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        outcome: ok; note, which nobody has to act on; problem; or unknown, when it could not be looked at.
        check: which check says it.
        where: the file, the address, the topic, the user it is about.
        what: what is so.
        do: what to do about it; empty when it is ok.
    """

    outcome: Outcome
    check: str
    where: str
    what: str
    do: str = ""

    @property
    def line(self) -> str:
        """For a person."""
        return f"{self.where}: {self.what}{f'; {self.do}' if self.do else ''}"


def ok(check: str, where: str, what: str) -> Finding:
    """It is as it should be."""
    return Finding("ok", check, where, what)


def note(check: str, where: str, what: str, do: str) -> Finding:
    """Worth knowing, and maybe meant so."""
    return Finding("note", check, where, what, do)


def problem(check: str, where: str, what: str, do: str) -> Finding:
    """Something has to be done."""
    return Finding("problem", check, where, what, do)


def unknown(check: str, where: str, what: str, do: str) -> Finding:
    """It could not be looked at."""
    return Finding("unknown", check, where, what, do)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 when all is well, 1 when there is a problem, 3 when none was found but not all could be looked at."""
    outcomes = {finding.outcome for finding in findings}
    if "problem" in outcomes:
        return 1
    return 3 if "unknown" in outcomes else 0


def what_and_do(line: str) -> tuple[str, str]:
    """The two halves of a line as `earwitness.runtime.errors` wants it: what is so, and what to do about it, if it says so."""
    what, _, do = line.partition("; ")
    return what, do


def fold(findings: Sequence[Finding], what: str, do: str) -> list[Finding]:
    """The first of many problems that one cure mends, and how many more there are.

    Args:
        findings: what was found, of one check and about one thing.
        what: what there is more of.
        do: where all of them are shown, or what mends them.
    """
    problems = [finding for finding in findings if finding.outcome == "problem"]
    if len(problems) <= _SHOWN + 1:
        return list(findings)
    first = problems[0]
    more = problem(first.check, first.where, f"{len(problems) - _SHOWN} more {what}", do)
    return [finding for finding in findings if finding.outcome != "problem"] + problems[:_SHOWN] + [more]
