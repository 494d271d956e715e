"""What stands behind a table's columns, and how it differs from what this release declares.

A setting is changed in place. What decides where rows are and how long they stay (PARTITION BY, ORDER BY, TTL) is shown
and left to a person: changing it can rewrite or remove rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Difference", "differences"]

_CLAUSE = re.compile(r"\b(PARTITION BY|ORDER BY|PRIMARY KEY|TTL|SETTINGS)\b")
_SPACE = re.compile(r"\s+")


class Difference(NamedTuple):
    """One difference.

    Attributes:
        line: for a person.
        clause: of `ALTER TABLE`, which makes it so; None where a person has to decide.
    """

    line: str
    clause: str | None


def differences(declared: str, present: str) -> Iterator[Difference]:
    """Compare two engines, each as everything behind the columns: `MergeTree PARTITION BY … SETTINGS …`.

    Args:
        declared: as `tables.Table.engine` has it.
        present: as `system.tables.engine_full` has it.
    """
    wanted, found = _clauses(declared), _clauses(present)
    for name in ("PARTITION BY", "ORDER BY", "TTL"):
        if _bare(wanted.get(name, "")) != _bare(found.get(name, "")):
            yield Difference(
                f"{name} is {found.get(name) or 'nothing'}, declared is {wanted.get(name) or 'nothing'}: not changed, "
                "because that can rewrite or remove rows",
                None,
            )
    there = _settings(found.get("SETTINGS", ""))
    for name, value in _settings(wanted.get("SETTINGS", "")).items():
        if there.get(name) != value:
            yield Difference(
                f"{name} from {there.get(name, 'the default')} to {value}", f"MODIFY SETTING {name} = {value}"
            )


def _clauses(engine: str) -> dict[str, str]:
    parts = _CLAUSE.split(_SPACE.sub(" ", engine).removeprefix("ENGINE = "))
    return {"ENGINE": parts[0].strip()} | {
        name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _settings(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _bare(text: str) -> str:
    """ClickHouse leaves out the parentheses around a single name."""
    return text.removeprefix("(").removesuffix(")") if re.fullmatch(r"\(\w+\)", text) else text
