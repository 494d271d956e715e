"""Looks for canaries in whatever is left of a run: any text or bytes, in any spelling.

What is searched and what is looked for go through the same normal form: case and accents folded, digit words made digits,
fillers dropped, all that people put between letters and digits taken out. So one look finds a value typed, spoken or spelled.
Tokens, UUIDs and long hexadecimal numbers are taken out first: they are random, and hold any digits now and then.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pii.spoken_numbers import FILLERS, digit_word

__all__ = ["Finding", "Pieces", "Search", "normal"]

_RANDOM = re.compile(r"[0-9a-f-]{24,}")
_LETTER_AND_DIGIT = re.compile(r"[a-f][a-f-]*[0-9]|[0-9][0-9-]*[a-f]")
_KEPT = b"0123456789abcdefghijklmnopqrstuvwxyz .,()/'_+@#*;%-"
_BYTES = bytes(
    each if each in _KEPT or each > 127 else each + 32 if 64 < each < 91 else ord("|") for each in range(256)
)  # in one step what costs a step each later, and a file's zeros become one
_MANY = re.compile(rb"\|{2,}")
_SOFT = re.compile(r"[ .,()/'\u2019_+@#*;%-]+")
_HARD = re.compile(r"[^0-9a-z]+")
_LETTERS = {chr(code): unicodedata.normalize("NFKD", chr(code)) for code in range(0xA0, 0x250)}
_PLAIN = str.maketrans(
    {
        letter: "".join(each for each in parts if not unicodedata.combining(each))
        for letter, parts in _LETTERS.items()
        if parts != letter
    }
)
_DIGITS = {"cero": "0"} | {
    digit_word(None, str(digit), language): str(digit)  # type: ignore[arg-type]  # only zero asks the dice
    for language in ("en", "es")
    for digit in range(1, 10)
}
_DIGITS |= {"zero": "0", "oh": "0"}
_DROPPED = {filler for fillers in FILLERS.values() for filler in fillers if " " not in filler}
_WORD = re.compile(
    rf"(?:{'|'.join(sorted({**_DIGITS, **dict.fromkeys(_DROPPED, '')}, key=len, reverse=True))})(?![a-z])"
)
_GRAM = 8
_LEAST = 8
"""A shorter normal form is not looked for everywhere; one of digits alone has at least ten."""


class Finding(NamedTuple):
    """A canary where none may be."""

    where: str
    form: str
    context: str


def folded(text: str) -> str:
    """Case and accents folded, what is random taken out, digit words made digits."""
    text = text.lower().translate(_PLAIN)
    text = _RANDOM.sub(_without_random, text)
    return _WORD.sub(_digit, text)


def _without_random(found: re.Match[str]) -> str:
    return "|" if _LETTER_AND_DIGIT.search(found[0]) else found[0]


def _digit(word: re.Match[str]) -> str:
    # Asked here, for a pattern that begins with it is five times as slow.
    if word.start() and word.string[word.start() - 1].isalpha():
        return word[0]
    return _DIGITS.get(word[0], "")


def normal(text: str) -> str:
    """The normal form of a value."""
    return _HARD.sub("", _SOFT.sub("", folded(text)))


def runs(text: str) -> Iterator[str]:
    """The normal form of a text: letters and digits between what nobody would say within a value."""
    return (run for run in _HARD.split(_SOFT.sub("", folded(text))) if len(run) >= _GRAM)


class Search:
    """Finds values in texts and bytes.

    Args:
        values: in any form; what is too short in its normal form is left out.
    """

    def __init__(self, values: Iterable[str]) -> None:
        # A value that holds what ends a run, as a URL does, is looked for in its pieces.
        self.forms = frozenset(form for value in values for form in runs(value) if _is_enough(form))
        """What is looked for."""
        self._by_gram: dict[str, list[str]] = {}
        for form in self.forms:
            self._by_gram.setdefault(form[:_GRAM], []).append(form)
        self._grams = frozenset(self._by_gram)
        self._seen: set[int] = set()
        self.searched = 0
        """Bytes and characters that were looked through."""

    def in_bytes(self, where: str, data: bytes) -> Iterator[Finding]:
        """The values in some bytes, of whatever kind; UTF-16 too, as some programs write it."""
        self.searched += len(data)
        for each in (data, data[::2], data[1::2]) if data.count(b"\x00") > len(data) // 4 else (data,):
            yield from self._found(where, _MANY.sub(b"|", each.translate(_BYTES)).decode("utf-8", "replace"))

    def in_text(self, where: str, text: str) -> Iterator[Finding]:
        """The values in a text."""
        self.searched += len(text)
        yield from self._found(where, text)

    def _found(self, where: str, text: str) -> Iterator[Finding]:
        grams, seen = self._grams, self._seen
        for run in runs(text):
            # What repeats, and in logs and tables nearly all does, is looked at once.
            mark = hash(run)
            if mark in seen:
                continue
            found = False
            for at in range(len(run) - _GRAM + 1):
                gram = run[at : at + _GRAM]
                if gram in grams:
                    for form in self._by_gram[gram]:
                        if run.startswith(form, at):
                            found = True
                            yield Finding(where, form, run[max(0, at - 30) : at + len(form) + 30])
            if not found:
                seen.add(mark)


def _is_enough(form: str) -> bool:
    return len(form) >= (10 if form.isdigit() else _LEAST)


class Pieces:
    """One caller's values, of which even a short piece tells something in the records of their own call.

    Args:
        words: count as a whole; of at least three characters.
        numbers: any `window` digits of one count.
    """

    def __init__(self, words: Iterable[str], numbers: Iterable[str], window: int = 5) -> None:
        self._words = tuple(normal(word) for word in words)
        self._windows = tuple(
            {number[at : at + window] for number in numbers for at in range(len(number) - window + 1)}
        )

    def left(self, texts: Iterable[str]) -> list[str]:
        """What of them is left in some texts."""
        whole = _HARD.sub("|", _SOFT.sub("", folded("\x00".join(texts))))
        return [piece for piece in (*self._words, *self._windows) if piece in whole]
