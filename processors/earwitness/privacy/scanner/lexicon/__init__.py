"""Names and ordinary words, read once from the files beside this module; `ORIGINS.md` says where they come from."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from functools import cache
from importlib.resources import files

from earwitness.privacy.scanner.name_words import AMBIGUOUS, NEVER_NAMES

__all__ = ["Lexicon", "lexicon"]

GIVEN_FLOOR = 1
"""Bearers in 100,000 below which a given name of the census is left out."""
ALONE_FLOOR = 8
"""The same for a name in small letters that nothing announces."""
ALONE_LETTERS = 5
"""Letters below which a given name of `given_more.txt` needs a capital or a neighbour: short ones are words of some language."""
_SHORT = 3
SURNAME_FLOOR = 1
"""The same for surnames."""


class Lexicon:
    """What is known of a word written in lower case.

    Args:
        given, surnames, common: the words.
        rare: given names that need a capital letter or a neighbour to be one.
    """

    def __init__(
        self,
        given: frozenset[str],
        surnames: frozenset[str],
        common: frozenset[str],
        rare: frozenset[str] = frozenset(),
    ) -> None:
        self._rare = rare
        kinds: dict[str, str] = dict.fromkeys(common, "common")
        for word in surnames - NEVER_NAMES:
            kinds[word] = "surword" if word in common else "surname"
        for word in given - NEVER_NAMES:
            if word in AMBIGUOUS:
                kinds[word] = "ambi"
            elif word not in common:
                kinds[word] = "given"
        kinds |= dict.fromkeys(AMBIGUOUS - NEVER_NAMES, "ambi")
        self._kinds = kinds

    def kind(self, word: str) -> str | None:
        """`given`, `surname`, `ambi` (given name and word), `surword` (surname and word), `common`, or None."""
        return self._kinds.get(word)

    def is_rare(self, word: str) -> bool:
        """Whether a given name in small letters, alone, is more likely another word."""
        return word in self._rare or len(word) <= _SHORT

    def with_names(self, *, given: Collection[str], ambiguous: Collection[str]) -> Lexicon:
        """The same with more names in it.

        Args:
            given: words that are names only.
            ambiguous: words that are words as well.
        """
        made = copy(self)
        made._kinds = self._kinds | dict.fromkeys(ambiguous, "ambi") | dict.fromkeys(given, "given")  # noqa: SLF001 - ours
        return made


@cache
def lexicon() -> Lexicon:
    """The lexicon of the files."""
    common = _words("everyday.txt") | _words("household.txt") | _words("documentation.txt")
    own, more, bearers = _words("names.txt"), _words("given_more.txt"), _census("census_given.txt", GIVEN_FLOOR)
    surnames = _census("census_surnames.txt", SURNAME_FLOOR).keys() | _words("surnames.txt")
    rare = {name for name, count in bearers.items() if count < ALONE_FLOOR}
    rare |= {name for name in more if len(name) < ALONE_LETTERS}
    return Lexicon(own | more | bearers.keys(), frozenset(surnames), common, frozenset(rare) - own)


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def _words(name: str) -> frozenset[str]:
    return frozenset(word for line in _lines(name) for word in line.split())


def _census(name: str, floor: int) -> dict[str, int]:
    """Names and how many bear each of 100,000; the most where a name stands twice."""
    found: dict[str, int] = {}
    for line in _lines(name):
        count, *names = line.split()
        if int(count) >= floor:
            found |= {each: max(int(count), found.get(each, 0)) for each in names}
    return found
