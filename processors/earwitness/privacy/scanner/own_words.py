"""A site's own words while texts are scanned: names that are always personal, and what is nobody's secret.

What is kept is kept as a whole: a hit that lies within a kept value is none, one that reaches beyond it stays. So a company
`Garcia Plumbing` unmasks no Mrs. Garcia. Cards, SSNs and secrets are never kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.scanner import normalise
from earwitness.privacy.scanner.classes import CACHED_TOKENS, Classes
from earwitness.privacy.scanner.lexicon import Lexicon
from earwitness.privacy.scanner.name_words import NEVER_NAMES
from earwitness.privacy.scanner.view import Hit, View, view
from earwitness.privacy.scanner.vocabulary import WORDS, words

__all__ = ["OwnWords"]

_NEVER_KEPT = frozenset({"CARD", "SSN", "SECRET"})
_NAMES = ("given", "surname", None)
"""What a word is that is a name and no word, or in no list."""
_SHORT = 2
_CACHED_LENGTH = 32
_REMEMBERED = 128
_REACH = 64
_DELIMITER = re.compile("[\\s=,;|()\\[\\]{}<>\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb]")
_BETWEEN = frozenset("-.\u2010\u2011\u2013")
"""What may stand between two words of one name: `Jean-Luc`, `Jean Luc`."""


class OwnWords:
    """One dictionary, ready for scanning.

    Args:
        dictionary: the site's.
        base: the words that all sites share.
    """

    def __init__(self, dictionary: Dictionary, base: Lexicon) -> None:
        classes = Classes(base)
        names = [_words(name, classes) for name in dictionary.people]
        # Lists hold words with their accents, who writes a dictionary or a text perhaps not.
        forms = {_folded(raw): {_folded(raw), raw.strip(" \t").lower()} for raw in _tokens(dictionary.people, classes)}
        ordinary = {word for word, written in forms.items() if any(_is_ordinary(each, base) for each in written)}
        self.lexicon = base
        """The shared words, and the site's names among them."""
        if forms:
            given, ambiguous = set[str](), set[str]()
            for word, written in forms.items():
                if word in ordinary:
                    ambiguous |= {each for each in written if each not in _GRAMMAR}
                else:
                    given |= {each for each in written if base.kind(each) is None}
            self.lexicon = base.with_names(given=given, ambiguous=ambiguous)
        self._people = _Sequences([name for name in names if len(name) > 1 or name[0] not in ordinary])
        self._people.add((word,) for word in forms if word not in ordinary)
        kept = [_words(word, classes) for word in dictionary.words]
        self._kept = _Sequences(kept)
        self.common = frozenset(
            word.lower() for word, parts in zip(dictionary.words, kept, strict=True) if len(parts) == 1
        )
        """Single words that are no names here."""
        self._values = {
            kind: _Values(kind, given)
            for kind, given in (("PHONE", dictionary.phones), ("EMAIL", dictionary.mail))
            if given
        }
        self._ids = _Ids(dictionary.ids)
        self.keeps = bool(dictionary.words or dictionary.phones or dictionary.mail or dictionary.ids)
        """Whether anything is kept."""

    def find(self, seen: View) -> Iterable[Hit]:
        """The site's own people."""
        if not self._people.are_any:
            return ()
        return ((first, last, "PERSON", "name.site") for first, last in self._people.find(seen))

    def is_kept(self, seen: View, hit: Hit, text: str, start: int, end: int) -> bool:
        """Whether a hit is nobody's secret.

        Args:
            seen: what was scanned.
            hit: what was found.
            text: the text of `seen`.
            start: where the hit begins in it.
            end: where it ends.
        """
        first, last, kind, _ = hit
        if kind in _NEVER_KEPT:
            return False
        values = self._values.get(kind)
        if values is not None and values[text[start:end]]:
            return True
        return self._kept.covers(seen, first, last) or self._ids.covers(text, start, end)


class _Node(dict[str, "_Node"]):
    """What may follow the words so far; `ends` when they are a whole sequence."""

    ends = False


class _Sequences(dict[str, _Node | None]):
    """Sequences of words, as a tree; answers a raw token with the branch that begins with it, and remembers that."""

    def __init__(self, sequences: Iterable[tuple[str, ...]]) -> None:
        super().__init__()
        self._root = _Node()
        self._longest = 0
        self.add(sequences)

    @property
    def are_any(self) -> bool:
        """Whether there is one at all."""
        return bool(self._root)

    def add(self, sequences: Iterable[tuple[str, ...]]) -> None:
        """Take more of them."""
        for sequence in sequences:
            node = self._root
            for word in sequence:
                node = node.setdefault(word, _Node())
            node.ends = True
            self._longest = max(self._longest, len(sequence))

    def __missing__(self, raw: str) -> _Node | None:
        found = self._root.get(_folded(raw))
        if len(raw) <= _CACHED_LENGTH:
            if len(self) >= CACHED_TOKENS:
                self.clear()
            self[raw] = found
        return found

    def find(self, seen: View) -> Iterator[tuple[int, int]]:
        """Where they stand: tokens `first` to `last - 1`."""
        for at, node in enumerate(map(self.__getitem__, seen.raw)):
            if node is not None and (end := _end(seen, at, node)):
                yield at, end

    def covers(self, seen: View, first: int, last: int) -> bool:
        """Whether one of them holds all of the tokens `first` to `last - 1`."""
        return any(
            _end(seen, at, node) >= last
            for at in range(first, max(-1, first - 2 * self._longest), -1)
            if (node := self[seen.raw[at]]) is not None
        )


def _end(seen: View, at: int, node: _Node) -> int:
    """Behind the longest sequence that begins with a token; 0 when none does."""
    raw = seen.raw
    at += 1
    end = at if node.ends else 0
    while node and at < len(raw):
        if raw[at].rstrip(" \t") in _BETWEEN:
            at += 1
            if at >= len(raw):
                break
        found = node.get(_folded(raw[at]))
        if found is None:
            break
        node = found
        at += 1
        end = at if node.ends else end
    return end


class _Values(dict[str, bool]):
    """Whether a value is one of those given, in whatever way it is written or said; remembered, for that takes time."""

    def __init__(self, kind: str, given: Iterable[str]) -> None:
        super().__init__()
        self._kind = kind
        self._known = frozenset(normalise.value(kind, value) for value in given)

    def __missing__(self, value: str) -> bool:
        found = normalise.value(self._kind, value) in self._known
        if len(value) <= _REMEMBERED:
            if len(self) >= CACHED_TOKENS:
                self.clear()
            self[value] = found
        return found


class _Ids:
    """Forms of ids. All have a fixed length, and a look-up a form of form decides: no text makes it slow."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._by_places: dict[frozenset[int], set[str]] = {}
        self._lengths: set[int] = set()
        for form in forms:
            self._lengths.add(len(form))
            places = frozenset(at for at, character in enumerate(form) if character == "#")
            self._by_places.setdefault(places, set()).add(form.lower())

    def covers(self, text: str, start: int, end: int) -> bool:
        """Whether the word around `text[start:end]` is such an id."""
        if not self._by_places or end - start > _REACH:
            return False
        before = _DELIMITER.split(text[max(0, start - _REACH) : start])[-1]
        behind = _DELIMITER.split(text[end : end + _REACH], maxsplit=1)[0]
        word = f"{before}{text[start:end]}{behind}".strip(".:!?").lower()
        return len(word) in self._lengths and any(
            "".join(
                "#" if at in places and character in "0123456789" else character for at, character in enumerate(word)
            )
            in forms
            for places, forms in self._by_places.items()
        )


def _words(text: str, classes: Classes) -> tuple[str, ...]:
    return tuple(map(_folded, _tokens((text,), classes)))


def _tokens(texts: Iterable[str], classes: Classes) -> list[str]:
    return [raw for text in texts for raw in view(text, classes).raw if raw.strip(" \t") not in _BETWEEN]


def _folded(raw: str) -> str:
    """A token without case, accents, blanks and a possessive: speech recognition leaves out the former two."""
    text = raw.strip(" \t").replace("\u2019", "'").casefold()
    if not text.isascii():
        text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return text.removesuffix("'s")


def _is_ordinary(word: str, base: Lexicon) -> bool:
    return len(word) <= _SHORT or word in _GRAMMAR or word in NEVER_NAMES or base.kind(word) not in _NAMES


_GRAMMAR = words(" ".join(WORDS.values()))
