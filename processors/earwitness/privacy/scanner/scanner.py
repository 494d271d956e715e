"""The scanner: one pass over the tokens, then the rules, then what they found without overlaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal, NamedTuple

from earwitness.privacy.dictionary import NO_WORDS, Dictionary
from earwitness.privacy.replacements import is_ours
from earwitness.privacy.scanner import (
    accounts,
    code_actions,
    code_sayings,
    codes,
    digits,
    mail,
    number_parts,
    places,
    secrets,
    sites,
)
from earwitness.privacy.scanner.alphabet import GATES, characters, members
from earwitness.privacy.scanner.classes import Classes
from earwitness.privacy.scanner.lexicon import lexicon
from earwitness.privacy.scanner.own_words import OwnWords
from earwitness.privacy.scanner.people import People
from earwitness.privacy.scanner.view import BORDER, Hit, View, view

__all__ = ["MAX_CHARS", "Scanner", "Span"]

MAX_CHARS = 65_536
"""Code points of a text that are read; what is beyond is one span."""
_OVERLAP = 256
"""Code points read beyond the cap, so that what lies across it is found whole."""
_BATCH_CHARS = 32_768


class Span(NamedTuple):
    """Personal data in a text: code points `start` to `end - 1`, its kind, and the rule that says so."""

    start: int
    end: int
    kind: str
    rule: str


_span = partial(tuple.__new__, Span)
_Rule = Callable[[View], Iterable[Hit]]


class Scanner:
    """Finds personal data in free text, English and Spanish; holds no connection and reads no file but its word lists.

    Args:
        preset: `strict` also takes any unknown word with a capital for a name.
        dictionary: the site's own words: people to find, values that are nobody's secret.
        max_chars: code points of a text that are read; the rest is one span of the kind `TEXT`.
        owns: whether what looks like a token of ours is one; what is none is a secret. The form alone says so where nobody has
            the keys.
    """

    def __init__(
        self,
        preset: Literal["strict", "balanced"] = "balanced",
        *,
        dictionary: Dictionary = NO_WORDS,
        max_chars: int = MAX_CHARS,
        owns: Callable[[str], bool] = is_ours,
    ) -> None:
        if preset not in ("strict", "balanced"):
            raise ValueError(f"the preset is strict or balanced, not {preset!r}")
        if max_chars < 1:
            raise ValueError(f"max_chars is at least 1, not {max_chars}")
        self._own = OwnWords(dictionary, lexicon())
        self._classes = Classes(self._own.lexicon, self._own.common)
        self._max = max_chars
        self._owns = owns
        self._rules = _rules(strict=preset == "strict", own=self._own)

    def scan(self, text: str) -> list[Span]:
        """The spans of personal data in a text: sorted, without overlaps."""
        if len(text) > self._max or BORDER in text:
            return self.scan_all((text,))[0]
        found = self._found(f"{BORDER}{text}{BORDER}")
        return [_span((start - 1, end - 1, kind, rule)) for start, end, kind, rule in found]

    def scan_all(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text; faster than one call a text."""
        answers: list[list[Span]] = []
        batch: list[str] = []
        size = 0
        for text in texts:
            batch.append(text)
            size += len(text)
            if size >= _BATCH_CHARS:
                answers += self._scan_batch(batch)
                batch, size = [], 0
        if batch:
            answers += self._scan_batch(batch)
        return answers

    def _scan_batch(self, texts: list[str]) -> list[list[Span]]:
        longest = self._max
        is_long = max(map(len, texts)) > longest
        read = [text if len(text) <= longest else text[: longest + _OVERLAP] for text in texts] if is_long else texts
        # The first and the last text have a border on both sides too: a text alone is read as it is among others.
        joined = BORDER.join(("", *read, ""))
        if joined.count(BORDER) > len(texts) + 1:
            read = [text.replace(BORDER, " ") for text in read]
            joined = BORDER.join(("", *read, ""))
        answers: list[list[Span]] = [[] for _ in texts]
        number, begin, beyond = 0, 1, len(read[0]) + 2
        for start, end, kind, rule in self._found(joined):
            while start >= beyond:
                number += 1
                begin, beyond = beyond, beyond + len(read[number]) + 1
            answers[number].append(_span((start - begin, end - begin, kind, rule)))
        for number, text in enumerate(texts if is_long else ()):
            if len(text) > longest:
                answers[number] = _capped(answers[number], longest, len(text))
        return answers

    def _found(self, text: str) -> list[tuple[int, int, str, str]]:
        seen = view(text, self._classes)
        seen.opened = GATES.opened(seen.kinds)
        raw = seen.raw
        keeps = self._own.keeps
        found: list[tuple[int, int, str, str]] = []
        at = position = 0
        for hit in sorted(_without_overlaps(seen, self._rules, self._owns)):
            first, last, kind, rule = hit
            start = position + len("".join(raw[at:first]))
            position = start + len("".join(raw[first:last]))
            at = last
            tail = raw[last - 1]
            end = position - len(tail) + len(tail.rstrip(" \t"))
            if not (keeps and self._own.is_kept(seen, hit, text, start, end)):
                found.append((start, end, kind, rule))
        return found


def _without_overlaps(seen: View, rules: Sequence[_Rule], owns: Callable[[str], bool]) -> list[Hit]:
    """Hits of earlier rules first; of a later hit stays what the earlier left."""
    taken = seen.taken
    hits: list[Hit] = []
    own = seen.kinds.find(_OWN)
    while own >= 0:
        # A token of ours is left as it is, whatever stands around it.
        taken[own] = 1
        if not owns(seen.word(own).replace("\u2019", "'").removesuffix("'s")):
            hits.append((own, own + 1, "SECRET", "token.made_up"))
        own = seen.kinds.find(_OWN, own + 1)
    for rule in rules:
        for hit in rule(seen):
            first, last, kind, rule_name = hit
            if taken.find(1, first, last) < 0:
                hits.append(hit)
                taken[first:last] = b"\x01" * (last - first)
                continue
            if taken.count(1, first, last) == last - first:
                continue
            at = first
            while at < last:
                stop = taken.find(1, at, last)
                stop = last if stop < 0 else stop
                piece = _trimmed(seen, at, stop)
                if piece is not None and (kind != "PERSON" or len(seen.joined(*piece)) > 2):
                    hits.append((*piece, kind, rule_name))
                    taken[at:stop] = b"\x01" * (stop - at)
                at = stop + 1
    return hits


def _trimmed(seen: View, first: int, last: int) -> tuple[int, int] | None:
    while first < last and seen.kinds[first] in _PUNCTUATION:
        first += 1
    while first < last and seen.kinds[last - 1] in _PUNCTUATION:
        last -= 1
    return (first, last) if first < last else None


def _capped(spans: list[Span], cap: int, length: int) -> list[Span]:
    start = cap
    for span in spans:
        if span.start < cap < span.end:
            start = span.start
    return [*(span for span in spans if span.end <= start), Span(start, length, "TEXT", "cap")]


def _rules(*, strict: bool, own: OwnWords) -> Sequence[_Rule]:
    people = People(strict=strict).find
    first = (mail.find, secrets.find, number_parts.find, codes.find, code_actions.find, code_sayings.find)
    return (*first, accounts.find, sites.find, digits.find, places.find, accounts.zips, people, own.find)


_OWN = members("own")
_PUNCTUATION = characters(
    """comma stop period hyphen solidus open close colon equals quote newline mark number_mark star_mark filler an in
    at to for is"""
)
