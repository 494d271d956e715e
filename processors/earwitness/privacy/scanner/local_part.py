"""The local part of an e-mail address: what stands before the `@`, typed, spoken or spelled; read backwards, bounded."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.mail_classes import CONNECTORS, LETTERS, SKIPPED, STOPPING
from earwitness.privacy.scanner.view import View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["begin"]

_C = CHARACTERS

_PIECES = (
    members("numeral")
    + members("spoken")
    + characters("letter ye compass ex multi house ident hexes outward a i nth shift letname homo")
)
_WORDS = members("anyname") + characters("unknown Unknown UNKNOWN glued UNKNOWN")
_CUES = characters(
    """is its to at my for with of in de you me emailcue phone number name im this from an no address speak tell hi wait
    lives called nameis through put let like as"""
)
_FUNCTION = words(
    """that's it's
    it us me them him her send write mail here there arrive be was were go went meet look am are on or than then just up out
    that so but and please look stay work live available arrives starts ends stop pick drop left right home back down over closed
    open
    """
)
_BEFORE_MAILBOX = characters("border is its to")
_LOCAL_TOKENS = 32
_LOOSE_WORDS = 3
_ARTICLES = _C["a"] + _C["i"]
_MARKS = "%&*!$^~?/{}"
_SAYING = characters("in for like de")
_PAIR = pattern(
    "(?:<lettered><as><in>|<^border><lettered><for|like|de>)<^border|newline|at|at_mark>$|<lettered>"
    "<for|like|de><^border>$"
)
_ORDINARY = (
    "common|anyname|unknown|weak_suffix|suffix|put|nth|lock|line|unit|role|card|ordinal|shift|month|direction|sector|title"
    "|box|prefix"
)
_ANNOUNCED = pattern(
    "(?:(?P<cue><emailcue>(?:<me|address|is|its|colon|filler>{0,3}<is|its|at|to|colon>)?<filler>?)|<border|its>|<to>(?!<you|me|my>))"
    f"(?P<words><my>?(?:<{_ORDINARY}>{{1,4}}))$"
)
_ANNOUNCED_ENDS = frozenset("".join(map(members, _ORDINARY.split("|"))))
_TAKEN_BACK = pattern("<comma|filler>{0,2}(?:<no|wait|i>{1,3}<common>?)<comma|filler>{0,2}$")
_TAKEN_BACK_ENDS = members("common") + characters("comma filler no wait i")
_CORRECTION_TOKENS = 8
_BEGUN_TOKENS = 8
_BEGUN = _PIECES + _WORDS + CONNECTORS
_ANNOUNCED_TOKENS = 10
_ARTICLE_WORDS = ("the", "la", "los", "las", "el")
_BEFORE_LETTER = _PIECES + CONNECTORS + SKIPPED
_SURE = frozenset(_PIECES + CONNECTORS).difference(STOPPING, _ARTICLES, _C["hyphen"])
"""What is a part of one, whatever stands around it."""
_BEFORE_ARTICLE = characters("to its is from at border emailcue colon contact an filler common")


def begin(seen: View, at: int) -> int:
    """Where the local part before an anchor begins; the anchor itself when there is none."""
    kinds = seen.kinds
    first = at
    loose = 0
    index = at - 1
    lowest = max(-1, at - 1 - _LOCAL_TOKENS)
    while index > lowest:
        if kinds[index - 1] in _SAYING and index > 1:
            pair = _PAIR.search(kinds, max(0, index - 3), index + 1)
            if pair:
                first, loose = pair.start() if kinds[pair.start()] in LETTERS else index - 2, 0
                index = first - 1
                continue
        if kinds[index] in _SURE:
            first, loose = index, 0
        else:
            step = _step(seen, index, first, at, loose)
            if step == _END:
                break
            if step != _SKIP:
                first = index
                loose = loose + 1 if step == _WORD else (_LOOSE_WORDS if step == _LAST else 0)
        index -= 1
    while first < at and kinds[first] in CONNECTORS and not seen.glued(first):
        first += 1
    if first == at or kinds[at] == _C["at_mark"]:
        return first
    return _announced(seen, _before_correction(seen, first))


def _before_correction(seen: View, first: int) -> int:
    """Where a local part begins that was begun anew: `maria dot no wait mario dot garcia at …`."""
    kinds = seen.kinds
    if not first or kinds[first - 1] not in _TAKEN_BACK_ENDS:
        return first
    taken_back = _TAKEN_BACK.search(kinds, max(0, first - _CORRECTION_TOKENS), first)
    if taken_back is None:
        return first
    index = begin = taken_back.start()
    while (
        index > 0
        and begin - index < _BEGUN_TOKENS
        and kinds[index - 1] in _BEGUN
        and seen.word(index - 1) not in _FUNCTION
    ):
        index -= 1
    return index if index < begin else first


def _announced(seen: View, first: int) -> int:
    """Where the words begin that a word for mail announces, ordinary ones too: `my email is the real bob at …`."""
    kinds = seen.kinds
    if first > 1 and kinds[first - 2] in _BEFORE_ARTICLE and seen.word(first - 1) in _ARTICLE_WORDS:
        return first - 1
    if not first or kinds[first - 1] not in _ANNOUNCED_ENDS:
        return first
    said = _ANNOUNCED.search(kinds, max(0, first - _ANNOUNCED_TOKENS), first)
    if said is None:
        return first
    begin = said.start("words")
    # Behind `my email is` a word like `up` is a part of it: it only cannot be the first.
    asked = range(begin, begin + 1 if said["cue"] else first)
    return begin if all(seen.word(at) not in _FUNCTION for at in asked) else first


_END, _SKIP, _PIECE, _WORD, _LAST = range(5)


def _step(seen: View, index: int, first: int, at: int, loose: int) -> int:
    """Whether a token belongs to the local part that begins at `first` so far."""
    kinds = seen.kinds
    kind = kinds[index]
    joined = first < at and kinds[first] in CONNECTORS
    if kind in _WORDS:
        if joined or seen.glued(index):
            return _PIECE
        return _WORD if loose < _LOOSE_WORDS and (first < at or seen.word(index) not in _FUNCTION) else _END
    if kind in STOPPING:
        return _PIECE if kind == _C["mark"] and seen.glued(index) and seen.raw[index] in _MARKS else _END
    if seen.glued(index):
        return _PIECE
    if kind == _C["hyphen"]:
        return _END
    if kind in _ARTICLES:
        before = kinds[index - 1] if index else _C["border"]
        spelled = first + 1 < at and kinds[first] in LETTERS and kinds[first + 1] in LETTERS  # i m a n i
        alone = not (joined or spelled or before in _BEFORE_LETTER or (first == at and before in _WORDS))
        return _END if alone else _PIECE
    if kind in SKIPPED or (kind == _C["an"] and first < at and kinds[first] in _PIECES and kinds[index - 1] in _PIECES):
        return _SKIP
    if joined:
        return _PIECE
    if first == at and kind == _C["hi"] and index and kinds[index - 1] in _BEFORE_MAILBOX:
        return _LAST
    if first == at and kind not in _CUES and seen.word(index) not in _FUNCTION:
        return _LAST
    return _END
