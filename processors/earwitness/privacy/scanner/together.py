"""Several grammars that are searched one after the other: one look-up tells which of them may find something in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

from earwitness.privacy.scanner.alphabet import GATES
from earwitness.privacy.scanner.view import View

__all__ = ["Together"]

_T = TypeVar("_T")
_REMEMBERED = 4096


class Together(dict[int, tuple[_T, ...]], Generic[_T]):
    """Answers the bits of the opened ones among some grammars with what belongs to these, each once and in its order.

    Answers are remembered, up to a bound: they are told by classes, which are nobody's secret.

    Args:
        grammars: each with what belongs to it.
    """

    def __init__(self, grammars: Iterable[tuple[re.Pattern[str], _T]]) -> None:
        super().__init__()
        self._bits = [(GATES.bits[id(grammar)], belongs) for grammar, belongs in grammars]
        self._mask = sum({bit for bit, _ in self._bits})

    def of(self, seen: View) -> tuple[_T, ...]:
        """What belongs to the grammars that may find something in a text."""
        return self[seen.opened & self._mask]

    def __missing__(self, opened: int) -> tuple[_T, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = tuple(dict.fromkeys(belongs for bit, belongs in self._bits if opened & bit))
        self[opened] = found
        return found
