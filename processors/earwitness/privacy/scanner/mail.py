"""E-mail addresses, typed, spoken (`maria dot garcia at gmail dot com`, `arroba`, `punto`) and mixed.

The anchor is what stands for `@`; the domain is read to its right, the local part to its left, both bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner import local_part
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.mail_classes import DOTS, LETTERS, SKIPPED, STOPPING
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
# The first token is one set of classes, so that the search for it is a table look-up a token.
_ANCHOR = pattern(
    "<at_mark|arroba|at|bracket|open>(?:(?<=<at_mark>)(?P<many>(?:<^at_mark|border>{0,4}<at_mark>){7,400}+)?|(?<=<arroba>)"
    "|(?:(?<=<bracket|open>)<at>|(?<=<at>))(?:<my><rate><of>?)?<unbracket|close>?"
    "(?=(?:<^dot|period|stop|comma|at>{1,12}<dot|period|point>|<^dot|period|stop|comma|at>{0,2}<provider>)))"
)
_TLDS = words(
    """com org net edu gov io info biz co uk us mx es ar cl dev app ca de fr it nl eu au nz ie br ve pe ai me in tv cc ch at be
    se no dk name family online shop store xyz site tech fm"""
)
_NUMBERS = characters("n10 n11 n12 n13")
_SCHEME = _C["solidus"] * 2
_BRACKETS = characters("bracket unbracket open close")
_MARKS = DOTS + STOPPING
_NO_LABEL = STOPPING + SKIPPED
_LAST_STOPS = tuple(dot + _C["border"] for dot in DOTS)
_GOES_ON = DOTS + _BRACKETS + _C["provider"]
_NUMERALS = members("numeral")
_DOMAIN_TOKENS = 24
_LOOSE_LABELS = 4
_SPELLED_LABEL = 4


def find(seen: View) -> Iterator[Hit]:
    """All e-mail addresses."""
    for match in seen.each(_ANCHOR):
        at, end = match.span()
        if match["many"]:
            # Nobody's address, but whatever it is: one look at each anchor would take long.
            more = end < len(seen.kinds) and seen.kinds[end] != _C["border"]
            yield local_part.begin(seen, at), end + more, "EMAIL", "email.many"
            continue
        typed = seen.kinds[at] == _C["at_mark"]
        last = _domain(seen, end - 1, typed=typed)
        if last < end:
            continue
        if typed and at > 1 and seen.kinds[at - 1] in _NUMBERS and seen.kinds[at - 2] == _C["plus_mark"]:
            yield at - 2, at, "PHONE", "number.sip"
            continue
        first = local_part.begin(seen, at)
        if (
            typed
            and first
            and seen.kinds[first - 1] == _C["colon"]
            and seen.kinds.rfind(_SCHEME, max(0, first - 6), first) >= 0
        ):
            yield first, at, "SECRET", "secret.url"
        elif _is_sip(seen, first, at):
            yield first, at, "PHONE", "number.sip"
        elif first < at:
            yield first, last, "EMAIL", "email.typed" if typed else "email.spoken"


def _is_sip(seen: View, first: int, at: int) -> bool:
    if first < 2 or seen.kinds[at - 1] not in _NUMERALS or seen.word(first - 2) not in ("sip", "sips"):
        return False
    return seen.joined(first, at).lstrip("+").isdecimal()


def _domain(seen: View, at: int, *, typed: bool) -> int:
    """Where the domain behind an anchor ends; the anchor itself when there is none."""
    if _is_plain(seen, at):
        return at + 4
    kinds = seen.kinds
    end = at
    dotted = False
    loose = 0
    index = at + 1
    limit = min(len(kinds), at + _DOMAIN_TOKENS)
    while index < limit:
        kind = kinds[index]
        if kind in _MARKS:
            if kind in _BRACKETS and (kinds[index - 1] == _C["dot"] or kinds[index + 1 : index + 2] == _C["dot"]):
                index += 1
                continue
            if index == at + 1 or not (kind in DOTS or (typed and not dotted and _is_stop_of(seen, index, limit))):
                break
            dotted, loose = True, 0
            label = _label(seen, index + 1, limit, typed=typed)
            end = max(end, label)
            index = max(index + 1, label)
            continue
        if kind == _C["provider"]:
            end = index + 1
        elif dotted and end == index and not seen.glued(index - 1):
            break
        elif index > at + 1 and not seen.glued(index - 1) and kind not in LETTERS:
            loose += 1
            if loose > _LOOSE_LABELS:
                break
        index += 1
    return end


def _is_plain(seen: View, at: int) -> bool:
    """Whether the domain is a word, a dot and a last label, as most are, and surely nothing more."""
    kinds = seen.kinds
    label = at + 3
    behind = kinds[label + 1 : label + 3]
    return (
        behind != ""
        and kinds[at + 2] in DOTS
        and kinds[at + 1] not in _MARKS
        and kinds[label] not in _NO_LABEL
        and seen.word(label) in _TLDS
        and (behind in _LAST_STOPS or (behind[0] not in _GOES_ON and (behind[0] in STOPPING or not seen.glued(label))))
    )


def _is_stop_of(seen: View, index: int, limit: int) -> bool:
    """Whether a full stop with a blank behind it is a domain's: `rosa@example. com`."""
    return seen.kinds[index] == _C["stop"] and index + 1 < limit and seen.word(index + 1) in _TLDS


def _label(seen: View, index: int, limit: int, *, typed: bool) -> int:
    """Where the label behind a dot ends when it may be the domain's last, `d e` for `de` too; 0 when it may not."""
    kinds = seen.kinds
    while index < limit and kinds[index] in _BRACKETS:
        index += 1
    if typed is False and index + 1 < limit and kinds[index] == _C["filler"] and seen.word(index + 1) in _TLDS:
        return index + 2
    if index >= limit or kinds[index] in _NO_LABEL:
        return 0
    if seen.word(index) in _TLDS or (typed and (seen.glued(index - 1) or seen.glued(index - 2))):
        return index + 1
    spelled = ""
    while index < limit and kinds[index] in LETTERS and len(spelled) < _SPELLED_LABEL:
        spelled += seen.word(index)
        index += 1
        if spelled in _TLDS and (index >= limit or kinds[index] not in LETTERS):
            return index
    return 0
