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
# The first token is one set of classes, so that the search for it is a table look-up a token.
_ANCHOR = pattern(
    "<at_mark|arroba|at|bracket|open>(?:(?<=<at_mark>)(?P<many>(?:<^at_mark|border>{0,4}<at_mark>){7,400}+)?|(?<=<arroba>)"
    "|(?:(?<=<bracket|open>)<at>|(?<=<at>))(?:<my><rate><of>?)?<unbracket|close>?"
    "(?=(?:<^dot|period|stop|comma|at>{1,12}<dot|period|point>|<^dot|period|stop|comma|at>{0,2}<provider>)))"
)
_DOTS = _C["dot"] + _C["period"] + _C["point"]
_CONNECTORS = _DOTS + "".join(_C[name] for name in ("dash", "hyphen", "under", "plus", "plus_mark"))
_SKIPPED = _C["filler"] + _C["comma"]
_PIECES = (
    members("numeral")
    + members("spoken")
    + "".join(
        _C[name]
        for name in (
            "letter",
            "ye",
            "compass",
            "ex",
            "multi",
            "house",
            "ident",
            "hexes",
            "outward",
            "a",
            "i",
            "nth",
            "shift",
            "letname",
            "homo",
        )
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
    """that's it's
    it us me them him her send write mail here there arrive be was were go went meet look am are on or than then just up out
    that so but and please look stay work live available arrives starts ends stop pick drop left right home back down over closed
    open
    """
)
_STOPPING = "".join(
    _C[name] for name in ("quote", "colon", "equals", "open", "close", "bracket", "unbracket", "newline", "border")
)
_STOPPING += _C["mark"] + _C["stop"] + _C["at_mark"] + _C["at"] + _C["arroba"] + _C["own"]
_TLDS = words(
    """com org net edu gov io info biz co uk us mx es ar cl dev app ca de fr it nl eu au nz ie br ve pe ai me in tv cc ch at be
    se no dk name family online shop store xyz site tech fm"""
)
_NUMBERS = "".join(_C[name] for name in ("n10", "n11", "n12", "n13"))
_SCHEME = _C["solidus"] * 2
_BEFORE_MAILBOX = "".join(_C[name] for name in ("border", "is", "its", "to"))
_LOCAL_TOKENS = 32
_LOOSE_WORDS = 3
_DOMAIN_TOKENS = 24


def find(seen: View) -> Iterator[Hit]:
    """All e-mail addresses."""
    for match in seen.each(_ANCHOR):
        at, end = match.span()
        if match["many"]:
            # Nobody's address, but whatever it is: one look at each anchor would take long.
            more = end < len(seen.kinds) and seen.kinds[end] != _C["border"]
            yield _local(seen, at), end + more, "EMAIL", "email.many"
            continue
        typed = seen.kinds[at] == _C["at_mark"]
        last = _domain(seen, end - 1, typed=typed)
        if last < end:
            continue
        if typed and at > 1 and seen.kinds[at - 1] in _NUMBERS and seen.kinds[at - 2] == _C["plus_mark"]:
            yield at - 2, at, "PHONE", "number.sip"
            continue
        first = _local(seen, at)
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
    if first < 2 or seen.word(first - 2) not in ("sip", "sips"):
        return False
    return seen.joined(first, at).lstrip("+").isdecimal()


def _domain(seen: View, at: int, *, typed: bool) -> int:
    """Where the domain behind an anchor ends; the anchor itself when there is none."""
    kinds = seen.kinds
    end = at
    dotted = False
    loose = 0
    index = at + 1
    limit = min(len(kinds), at + _DOMAIN_TOKENS)
    while index < limit:
        kind = kinds[index]
        if kind in _BRACKETS and (kinds[index - 1] == _C["dot"] or kinds[index + 1 : index + 2] == _C["dot"]):
            index += 1
            continue
        if kind in _DOTS or (
            typed and not dotted and kind == _C["stop"] and index + 1 < limit and seen.word(index + 1) in _TLDS
        ):
            if index == at + 1:
                break
            dotted, loose = True, 0
            label = _label(seen, index + 1, limit, typed=typed)
            end = max(end, label)
            index = max(index + 1, label)
            continue
        if kind in _STOPPING:
            break
        if kind == _C["provider"]:
            end = index + 1
        elif dotted and end == index and not seen.glued(index - 1):
            break
        elif index > at + 1 and not seen.glued(index - 1) and kind not in _LETTERS:
            loose += 1
            if loose > _LOOSE_LABELS:
                break
        index += 1
    return end


def _label(seen: View, index: int, limit: int, *, typed: bool) -> int:
    """Where the label behind a dot ends when it may be the domain's last, `d e` for `de` too; 0 when it may not."""
    while index < limit and seen.kinds[index] in _BRACKETS:
        index += 1
    if typed is False and index + 1 < limit and seen.kinds[index] == _C["filler"] and seen.word(index + 1) in _TLDS:
        return index + 2
    if index >= limit or seen.kinds[index] in _STOPPING + _SKIPPED:
        return 0
    if seen.word(index) in _TLDS or (typed and (seen.glued(index - 1) or seen.glued(index - 2))):
        return index + 1
    spelled = ""
    while index < limit and seen.kinds[index] in _LETTERS and len(spelled) < _SPELLED_LABEL:
        spelled += seen.word(index)
        index += 1
        if spelled in _TLDS and (index >= limit or seen.kinds[index] not in _LETTERS):
            return index
    return 0


def _local(seen: View, at: int) -> int:
    """Where the local part before an anchor begins; the anchor itself when there is none."""
    kinds = seen.kinds
    first = at
    loose = 0
    index = at - 1
    lowest = max(-1, at - 1 - _LOCAL_TOKENS)
    while index > lowest:
        pair = index > 1 and kinds[index - 1] in _SAYING and _PAIR.search(kinds, max(0, index - 3), index + 1)
        if pair and not (kinds[index] in _PIECES and kinds[index - 1] not in _SAYING):
            first, loose = pair.start() if kinds[pair.start()] in _LETTERS else index - 2, 0
            index = first - 1
            continue
        step = _step(seen, index, first, at, loose)
        if step == _END:
            break
        if step != _SKIP:
            first = index
            loose = loose + 1 if step == _WORD else (_LOOSE_WORDS if step == _LAST else 0)
        index -= 1
    while first < at and kinds[first] in _CONNECTORS and not seen.glued(first):
        first += 1
    if kinds[at] != _C["at_mark"] and first < at:
        first = _before_correction(seen, first)
    return _announced(seen, first) if kinds[at] != _C["at_mark"] and first < at else first


def _before_correction(seen: View, first: int) -> int:
    """Where a local part begins that was begun anew: `maria dot no wait mario dot garcia at …`."""
    taken_back = _TAKEN_BACK.search(seen.kinds, max(0, first - _CORRECTION_TOKENS), first)
    if taken_back is None:
        return first
    index = begin = taken_back.start()
    while (
        index > 0
        and begin - index < _BEGUN_TOKENS
        and seen.kinds[index - 1] in _BEGUN
        and seen.word(index - 1) not in _FUNCTION
    ):
        index -= 1
    return index if index < begin else first


def _announced(seen: View, first: int) -> int:
    """Where the words begin that a word for mail announces, ordinary ones too: `my email is the real bob at …`."""
    if first > 1 and seen.word(first - 1) in _ARTICLE_WORDS and seen.kinds[first - 2] in _BEFORE_ARTICLE:
        return first - 1
    said = _ANNOUNCED.search(seen.kinds, max(0, first - _ANNOUNCED_TOKENS), first)
    if said is None:
        return first
    begin = said.start("words")
    return begin if all(seen.word(at) not in _FUNCTION for at in range(begin, first)) else first


_END, _SKIP, _PIECE, _WORD, _LAST = range(5)


def _step(seen: View, index: int, first: int, at: int, loose: int) -> int:
    """Whether a token belongs to the local part that begins at `first` so far."""
    kinds = seen.kinds
    kind = kinds[index]
    joined = first < at and kinds[first] in _CONNECTORS
    if kind in _STOPPING:
        return _PIECE if kind == _C["mark"] and seen.glued(index) and seen.raw[index] in _MARKS else _END
    if kind in _CONNECTORS:
        return _PIECE if kind != _C["hyphen"] or seen.glued(index) else _END
    if seen.glued(index) or kind in _PIECES:
        before = kinds[index - 1] if index else _C["border"]
        spelled = first + 1 < at and kinds[first] in _LETTERS and kinds[first + 1] in _LETTERS  # i m a n i
        alone = kind in _ARTICLES and not (
            joined or spelled or seen.glued(index) or before in _PIECES + _CONNECTORS + _SKIPPED
        )
        return _END if alone and not (first == at and before in _WORDS) else _PIECE
    if kind in _SKIPPED or (
        kind == _C["an"] and first < at and kinds[first] in _PIECES and kinds[index - 1] in _PIECES
    ):
        return _SKIP
    if joined:
        return _PIECE
    if kind in _WORDS and loose < _LOOSE_WORDS and not (first == at and seen.word(index) in _FUNCTION):
        return _WORD
    if first == at and kind == _C["hi"] and index and kinds[index - 1] in _BEFORE_MAILBOX:
        return _LAST
    if first == at and kind not in _CUES and seen.word(index) not in _FUNCTION:
        return _LAST
    return _END


_BRACKETS = "".join(_C[name] for name in ("bracket", "unbracket", "open", "close"))
_LETTERS = members("lettered")
_ARTICLES = _C["a"] + _C["i"]
_MARKS = "%&*!$^~?/{}"
_SAYING = "".join(_C[name] for name in ("in", "for", "like", "de"))
_PAIR = pattern(
    "(?:<lettered><as><in>|<^border><lettered><for|like|de>)<^border|newline|at|at_mark>$|<lettered>"
    "<for|like|de><^border>$"
)
_ANNOUNCED = pattern(
    "(?:<emailcue>(?:<me|address|is|its|colon|filler>{0,3})<is|its|at|to|colon><filler>?|<border>)"
    "(?P<words><my>?(?:<common|anyname|unknown|weak_suffix|suffix|put|nth|lock|line|unit|role|card>{1,3}))$"
)
_TAKEN_BACK = pattern("<comma|filler>{0,2}(?:<no|wait|i>{1,3}<common>?)<comma|filler>{0,2}$")
_CORRECTION_TOKENS = 8
_BEGUN_TOKENS = 8
_BEGUN = _PIECES + _WORDS + _CONNECTORS
_ANNOUNCED_TOKENS = 10
_ARTICLE_WORDS = ("the", "la", "los", "las", "el")
_BEFORE_ARTICLE = "".join(
    _C[name]
    for name in ("to", "its", "is", "from", "at", "border", "emailcue", "colon", "contact", "an", "filler", "common")
)
_LOOSE_LABELS = 4
_SPELLED_LABEL = 4
