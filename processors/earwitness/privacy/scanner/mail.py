"""E-mail addresses, typed, spoken (`maria dot garcia at gmail dot com`, `arroba`, `punto`) and mixed.

The anchor is what stands for `@`; the domain is read to its right, the local part to its left, both bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_ANCHOR = pattern(
    "<at_mark>|<at|arroba>(?=(?:<^dot|period|stop|comma|at>{1,6}<dot|period|point>|<^dot|period|stop|comma|at>{0,2}<provider>))"
)
_DOTS = _C["dot"] + _C["period"] + _C["point"]
_CONNECTORS = _DOTS + "".join(_C[name] for name in ("dash", "hyphen", "under", "plus", "plus_mark"))
_SKIPPED = _C["filler"] + _C["comma"]
_PIECES = (
    members("numeral")
    + members("spoken")
    + "".join(
        _C[name]
        for name in ("letter", "ye", "compass", "ex", "multi", "house", "ident", "hexes", "outward", "a", "i", "nth")
    )
)
_WORDS = members("anyname") + "".join(_C[name] for name in ("unknown", "Unknown", "UNKNOWN", "glued", "UNKNOWN"))
_CUES = "".join(
    _C[name]
    for name in (
        *(
            "is",
            "its",
            "to",
            "at",
            "my",
            "for",
            "with",
            "of",
            "in",
            "de",
            "you",
            "me",
            "emailcue",
            "phone",
            "number",
            "name",
            "im",
            "this",
        ),
        *(
            "from",
            "an",
            "no",
            "address",
            "speak",
            "tell",
            "hi",
            "wait",
            "lives",
            "called",
            "nameis",
            "through",
            "put",
            "let",
            "like",
            "as",
        ),
    )
)
_FUNCTION = words(
    """it us me them him her send write mail here there arrive be was were go went meet look am are on or than then just up out
    that so but and please look stay work live available arrives starts ends stop pick drop left right home back down over closed
    open
    """
)
_STOPPING = "".join(
    _C[name] for name in ("quote", "colon", "equals", "open", "close", "bracket", "unbracket", "newline", "border")
)
_STOPPING += _C["mark"] + _C["stop"]
_TLDS = words(
    """com org net edu gov io info biz co uk us mx es ar cl dev app ca de fr it nl eu au nz ie br ve pe ai me in tv cc ch at be
    se no dk"""
)
_LOCAL_TOKENS = 32
_LOOSE_WORDS = 3
_DOMAIN_TOKENS = 24


def find(seen: View) -> Iterator[Hit]:
    """All e-mail addresses."""
    for match in _ANCHOR.finditer(seen.kinds):
        at = match.start()
        typed = seen.kinds[at] == _C["at_mark"]
        last = _domain(seen, at, typed=typed)
        if last <= at:
            continue
        first = _local(seen, at)
        if _is_sip(seen, first, at):
            yield first, at, "PHONE", "number.sip"
        elif first < at:
            yield first, last, "EMAIL", "email.typed" if typed else "email.spoken"


def _is_sip(seen: View, first: int, at: int) -> bool:
    if first < 2 or seen.word(first - 2) not in ("sip", "sips"):
        return False
    return seen.joined(first, at).lstrip("+").isdecimal()


def _domain(seen: View, at: int, *, typed: bool) -> int:
    """Where the domain behind an anchor ends; the anchor itself when there is none."""
    kinds = seen.kinds
    end = at
    labels = 0
    index = at + 1
    limit = min(len(kinds), at + _DOMAIN_TOKENS)
    loose = 0
    provider = False
    while index < limit:
        kind = kinds[index]
        if kind in _DOTS or (typed and kind == _C["stop"] and index + 1 < limit and seen.word(index + 1) in _TLDS):
            if index == at + 1:
                break
            labels += 1
            index += 1
            if index >= limit or kinds[index] in _STOPPING + _SKIPPED:
                break
            word = seen.word(index)
            if word in _TLDS or (typed and seen.glued(index - 1)) or (typed and seen.glued(index - 2)):
                end = index + 1
            loose = 0
        elif kind in _STOPPING:
            break
        elif kind == _C["provider"]:
            provider = True
            end = max(end, index + 1)
        elif index > at + 1 and not seen.glued(index - 1):
            loose += 1
            if labels and end == index and seen.word(index - 1) in _TLDS:
                break
            if loose > 4:
                break
        index += 1
    if provider or labels:
        return end
    return at


def _local(seen: View, at: int) -> int:  # noqa: PLR0912
    """Where the local part before an anchor begins; the anchor itself when there is none."""
    kinds = seen.kinds
    first = at
    loose = 0
    index = at - 1
    lowest = max(-1, at - 1 - _LOCAL_TOKENS)
    while index > lowest:
        kind = kinds[index]
        joined = first < at and kinds[first] in _CONNECTORS
        if kind in _STOPPING and not (kind == _C["mark"] and seen.glued(index) and seen.raw[index] in "%&*!$^~?/{}"):
            break
        if kind in _CONNECTORS:
            if kind == _C["hyphen"] and not seen.glued(index):
                break
            first, loose = index, 0
        elif seen.glued(index) or kind in _PIECES:
            if kind in (_C["a"], _C["i"]) and not (
                joined or seen.glued(index) or (index and kinds[index - 1] in _PIECES)
            ):
                break
            first = index
        elif kind in _SKIPPED:
            if first == at:
                break
        elif index >= 3 and kinds[index - 3] == _C["letter"] and kinds[index - 2 : index] == _C["as"] + _C["in"]:
            first = index = index - 3
        elif joined and kind not in _SKIPPED:
            first = index
        elif kind in _WORDS and loose < _LOOSE_WORDS:
            first, loose = index, loose + 1
        elif first == at and kind not in _CUES and seen.word(index) not in _FUNCTION:
            first, loose = index, _LOOSE_WORDS
        else:
            break
        index -= 1
    while first < at and kinds[first] in _CONNECTORS and not seen.glued(first):
        first += 1
    return first
