"""Which grammars may find something in a text at all, told by the classes of its tokens.

A grammar needs some classes: what it finds has a token of each. They are read from the grammar's own text, so nobody has to
keep them. Of a hundred grammars, a sentence has what seven of them need.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

__all__ = ["Gates", "needs", "portable"]

_SIGN = re.compile(r"\(\?P<\w+>|\(\?(?:[:>]|<?[=!])|<\^?\w+(?:\|\w+)*>|\{\d*,?\d*\}|[()|?*+^$]")
_LEVELS = 4
"""Needs of a grammar that are asked for; few grammars have more, and the rarest are the first."""


def needs(text: str, members: Callable[[str], str]) -> list[frozenset[str]]:
    """The sets of classes, of each of which a text has a token where a grammar finds something.

    Args:
        text: the grammar, as `alphabet.pattern` takes it, one that compiles.
        members: answers a class or a group with its characters.

    Raises:
        ValueError: it has a sign that is not known here.
    """
    signs = _SIGN.findall(text)
    if "".join(signs) != text:
        raise ValueError(f"a grammar of classes has only classes, groups and quantifiers, not all of {text!r}")
    signs.reverse()
    return _alternatives(signs, members)


def portable(text: str) -> str:
    """The same grammar for all versions of Python: before 3.11.5 a possessive group takes too much, an atomic one does not."""
    signs = _SIGN.findall(text)
    made: list[str] = []
    opened: list[int] = []
    at = 0
    while at < len(signs):
        sign = signs[at]
        at += 1
        if sign[0] == "(":
            opened.append(len(made))
        made.append(sign)
        if sign == ")":
            first = opened.pop()
            if signs[at + 1 : at + 2] == ["+"] and signs[at][0] in "?*+{":
                made[first] = f"(?>{made[first]}"
                made.append(f"{signs[at]})")
                at += 2
    return "".join(made)


def _alternatives(signs: list[str], members: Callable[[str], str]) -> list[frozenset[str]]:
    """What alternatives need that end with a bracket, which is taken, too: each its own, together one of each."""
    branches: list[list[frozenset[str]]] = [[]]
    while signs:
        sign = signs.pop()
        if sign == ")":
            break
        if sign == "|":
            branches.append([])
        elif sign[0] == "(":
            inside = _alternatives(signs, members)
            if _is_needed(signs) and not sign.endswith("!"):
                branches[-1] += inside
        elif sign[0] == "<" and _is_needed(signs) and sign[1] != "^":
            branches[-1].append(frozenset("".join(map(members, sign[1:-1].split("|")))))
    if len(branches) == 1:
        return branches[0]
    return [frozenset().union(*(min(each, key=len) for each in branches))] if all(branches) else []


def _is_needed(signs: list[str]) -> bool:
    """Whether what stands before has to be there; its quantifier is taken."""
    if not signs or signs[-1][0] not in "?*+{":
        return True
    quantifier = signs.pop()
    if signs and signs[-1] in "?+":
        signs.pop()
    return quantifier[0] not in "?*" and not quantifier.startswith(("{0", "{,"))


class Gates:
    """Gates of many grammars: each has a bit, and all are asked at once.

    Attributes:
        bits: each grammar's, by the grammar's identity.
    """

    def __init__(self) -> None:
        self.bits: dict[int, int] = {}
        self._needs: list[list[frozenset[str]]] = []
        self._table: dict[str, int] = {}
        self._base = 0

    def add(self, grammar: re.Pattern[str], needed: Iterable[frozenset[str]]) -> None:
        """One more grammar, which stays."""
        self.bits[id(grammar)] = 1 << len(self._needs)
        self._needs.append(sorted(needed, key=len)[:_LEVELS])
        self._table.clear()

    def opened(self, kinds: str) -> int:
        """The bits of the grammars that may find something in a text with tokens of these classes."""
        if not self._table:
            self._build()
        asked = self._base
        answers = self._table
        for kind in set(kinds):
            asked |= answers.get(kind, 0)
        width = len(self._needs)
        opened = asked
        for level in range(1, _LEVELS):
            opened &= asked >> level * width
        return opened & (1 << width) - 1

    def _build(self) -> None:
        """For each class, the needs that a token of it fulfils: a bit a grammar and level, all levels in one number."""
        width = len(self._needs)
        self._base = 0
        for number, needed in enumerate(self._needs):
            for level in range(_LEVELS):
                bit = 1 << level * width + number
                if level >= len(needed):
                    self._base |= bit
                    continue
                for kind in needed[level]:
                    self._table[kind] = self._table.get(kind, 0) | bit
