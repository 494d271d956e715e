"""Names told by the frame they stand in: `is dawn there`, `nkosana speaking`, `put gene on the phone`, `last name ortega`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from earwitness.privacy.scanner import name_frame_words as said
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.name_ends import name_end
from earwitness.privacy.scanner.together import Together
from earwitness.privacy.scanner.view import Hit, View, holding

__all__ = ["SIGNS", "find", "other"]

_C = CHARACTERS
_NAME = "<given|Given|ambi|Ambi|surname|Surname|surword|Surword|unknown|Unknown|UNKNOWN>"
_VALUE = f"(?P<value>(?:<particle><hyphen>)?{_NAME}(?:<hyphen>?{_NAME}){{0,2}})"
_NO_WORD = "<given|Given|ambi|Ambi|surname|Surname|unknown|Unknown|Surword>"
_THERE = pattern(
    "<is>(?P<value>(?:<particle><hyphen>)?<anyname|unknown|Unknown>{1,2})(?P<there><common|line>|<in>(?=<border|mark|newline>|$))"
)
_ACTS = pattern(
    "<acts|speak|called|phone>(?<=<given|Given|ambi|Ambi|surname|surword|unknown|Unknown|Surname><acts|speak|called|phone>)"
)
_ACTOR = pattern(
    "(?:^|(?P<said><common|surword>)|<border|stop|comma|newline|hi|an|filler|mark|no>)(?P<value>(?:<particle><hyphen>)?<given|Given|ambi|Ambi|surname|surword|unknown|Unknown>"
    "<given|ambi|surname|surword|unknown|Surname|Unknown>?)$"
)
_ADDRESSED = pattern(
    "(?P<value><unknown|surname|given|ambi><particle|unknown|surname|given|ambi>{1,2})<comma>(?=<n3|n10|open|digit|plus_mark>)"
)
_OVER = "(?=<at|in|border|stop|comma|newline|an|from>|<period><border>|<period>?$)"
"""What may follow what is handed to somebody; a stop that ends a text has no blank behind it."""
_LINE_STARTS = _C["border"] + _C["newline"] + _C["stop"]
_SAID_BY = pattern(
    "<acts>(?P<value><Unknown|Surname>)(?=<border|stop|comma|to|newline|quote|colon>|<period><border>|<period>?$)"
)
_TOLD_THAT = pattern("<acts|tell><me>?(?P<value><ambi|unknown|surname>)(?P<aux><common|is>)")
_GIVEN_TO = pattern(
    f"<common|put|password|emailcue|surword><common|this>(?P<on><common>)?<to|with>(?P<value><ambi|unknown|surname>){_OVER}"
)
_HAVE = pattern(
    f"<common>(?P<value>(?:<particle><hyphen>)?{_NO_WORD}{{1,2}})(?P<does><phone|common|tell|press|lock|to|emailcue|surword>)"
)
_FIELD = pattern(
    "<phone|role|name|common|unknown|im|from|contact|idcue|surword><equals|colon><quote>?"
    "(?P<value><UNKNOWN|Unknown|Given|Surname|Ambi|Surword>{1,3}|<given|unknown|surname|ambi>{1,2})(?=<border|quote|an|comma|stop|newline|mark|common|close>|$)"
)
_DOTTED = pattern(
    "(?P<value><given|Given|ambi|Ambi><period><given|surname|unknown|ambi|surword|Given|Surname|Unknown>)(?!<period|at_mark|open|colon|solidus|arroba>)"
)
_ASSIGNED = pattern(
    "<common|acts|role|tell|unknown><my|common|idcue|numeral|digit|de|unknown>{0,4}?<to|a>(?P<value><ambi|given|surname|unknown|Given|Surname|Unknown|Ambi>)"
)
_HANDED = pattern(
    f"<common|acts|tell><my><common|phone|lock|card|particle|unknown|idcue><to>(?P<value><ambi|unknown|surname>){_OVER}"
)
_NICKNAMED = pattern(f"<me><common>?(?P<value><given|ambi|unknown|surname|Given|Ambi|Unknown|Surname>){_OVER}")
_BEFORE_ARROW = pattern("(?P<value><Ambi|Surname|Surword>)<hyphen>{0,2}<mark>(?=<Given>)")
_BEHIND_ARROW = pattern("<Given><hyphen>{0,2}(?P<arrow><mark>)(?P<value><Ambi|Surname|Surword>)")
_LET = pattern(f"<let>(?P<value>(?:<particle>{{1,2}}<hyphen>?)?{_NAME}(?:<hyphen>?{_NAME}){{0,2}})<know>")
_OTHER = pattern(
    "<common|an|ye|oh><common>?(?P<value><given|ambi|Given|Ambi|unknown|surname|Surname>)"
    "(?=<border|stop|comma|newline|mark|common|phone|in|at>|<period><border>|<period>?$)"
)
_BEFORE_OTHER = frozenset(members("common") + members("and") + _C["oh"])
_ON_THE_PHONE = pattern(f"<put|common>{_VALUE}<common><my>?<phone|line|speak|common>")
_PART = pattern(
    f"<ordinal|common|surword|name>(?:(?<=<ordinal|common|surword>)<name>|(?<=<name>))(?P<value>{_NAME}(?:{_NAME}(?!<name>))?)"
)
_AGAIN = pattern("<its|im>(?P<value><month|ambi|surword|unknown>)(?P<again><common>)")
_COMMON = members("common")
_ARROWS = (">", "→")
_FIRST = characters("given Given ambi Ambi")
_BEFORE_ACTOR = _C["equals"] + _C["with"] + _C["colon"] + _C["quote"]


_Frame = tuple[re.Pattern[str], Callable[[View, re.Match[str]], bool]]
"""A grammar, and whether the words of what it finds make it a name."""


def find(seen: View) -> list[Hit]:
    """All such names."""
    hits = list(_actors(seen))
    for (begin, end), frames in _frames(seen):
        for grammar, holds in frames:
            for match in grammar.finditer(seen.kinds, begin, end):
                if holds(seen, match):
                    first, last = match.span("value")
                    hits.append((first, name_end(seen, first, last), "PERSON", "name.frame"))
    return hits


def _frames(seen: View) -> Iterator[tuple[tuple[int, int], list[_Frame]]]:
    """First and last token of each text that has a sign of a frame, and those frames in their order; few texts have one."""
    texts: dict[tuple[int, int], set[int]] = {}
    for sign, frames in _OPEN_SIGNS.of(seen):
        for text in holding(seen.kinds, sign):
            texts.setdefault(text, set()).update(frames)
    for text in sorted(texts):
        yield text, [_FRAMES[number] for number in sorted(texts[text])]


def _actors(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_ACTS):
        at = match.start()
        if seen.word(at) in said.VERBS:
            actor = _ACTOR.search(kinds, max(0, at - 5), at)
            if actor is None or (actor["said"] and seen.word(actor.start()) not in said.STARTS):
                continue
            first, last = actor.span("value")
            if last - first > 1 and seen.word(first) in said.STARTS:
                first += 1  # `morning grant here`
            # `letrero dice`: what is in no list may be a thing that says something.
            if seen.word(first) not in said.NOBODY and not (seen.word(at) == "dice" and kinds[first] not in _FIRST):
                yield first, last, "PERSON", "name.frame"


def other(seen: View, last: int) -> Hit | None:
    """The second of two names behind one cue: `speak with rich or drew`."""
    match = _OTHER.match(seen.kinds, last) if seen.kinds[last : last + 1] in _BEFORE_OTHER else None
    if match is None or seen.word(last) not in ("or", "and", "y", "o"):
        return None
    return _hit(match)


def _hit(match: re.Match[str]) -> Hit:
    return *match.span("value"), "PERSON", "name.frame"


def _begins_line(seen: View, match: re.Match[str]) -> bool:
    return match.start() == 0 or seen.kinds[match.start() - 1] in _LINE_STARTS


def _is_there(seen: View, match: re.Match[str]) -> bool:
    if seen.kinds[match.start("there")] == _C["in"] and seen.kinds[match.start("value")] not in _FIRST:
        return False  # `is water in?`
    return (
        seen.word(match.start("there")) in said.THERES
        and seen.word(match.start("value")) != "still"
        and seen.word(match.start()) in ("is", "está")
    )


def _is_quoted(seen: View, match: re.Match[str]) -> bool:
    return seen.word(match.start()) in said.SAYINGS and seen.raw[match.start()][0].islower()


def _is_told(seen: View, match: re.Match[str]) -> bool:
    return seen.word(match.start()) in said.SAYINGS and seen.word(match.start("aux")) in said.AUXILIARIES


def _is_given(seen: View, match: re.Match[str]) -> bool:
    on = match["on"] is None or seen.word(match.start("on")) in ("over", "on", "off", "back", "along")
    return on and seen.word(match.start()) in said.GIVES and seen.word(match.start() + 1) in said.THINGS


def _is_made_to(seen: View, match: re.Match[str]) -> bool:
    word, does = seen.word(match.start()), seen.word(match.start("does"))
    if word == "get" and does == "to" and seen.word(match.start("value")) not in said.GOTTEN:
        return seen.word(match.end("does")) in said.CALLS
    return (word in said.HAVES and does in said.CALLS) or (word in said.NEEDS and does == "to")


def _is_field(seen: View, match: re.Match[str]) -> bool:
    field = seen.word(match.start())
    if field not in said.FIELDS or (field in said.CLIENTS and seen.kinds[match.start("value")] not in _FIRST):
        return False
    # A small word behind a sign may be a state: `caller=unknown`.
    return seen.raw[match.start("value")][0].isupper() or (
        field in said.NAME_FIELDS and seen.kinds[match.start() + 1] == _C["equals"]
    )


def _is_glued(seen: View, match: re.Match[str]) -> bool:
    at = match.start("value")
    if not (seen.glued(at) and seen.glued(at + 1)):
        return False
    return seen.kinds[at] in _C["given"] + _C["Given"] or seen.kinds[at - 1] in _BEFORE_ACTOR


def _is_assigned(seen: View, match: re.Match[str]) -> bool:
    return seen.word(match.start()) in said.ASSIGNS and seen.kinds[match.end("value") - 2] in _C["to"] + _C["a"]


def _is_handed(seen: View, match: re.Match[str]) -> bool:
    """`passed the call to hope`: only a name that a list knows, for things are sent to shops and machines as well."""
    return seen.word(match.start()) in said.HANDS and seen.kinds[match.start("value")] in _FIRST


def _is_nicknamed(seen: View, match: re.Match[str]) -> bool:
    """`everybody calls me beto`, `me dicen beto`, but `call me tomorrow`."""
    at = match.start()
    if match.end() - at > 2:
        return seen.word(at) == "me" and seen.word(at + 1) in said.NICKNAMING
    if at < 2 or seen.word(at - 1) not in ("call", "calls"):
        return False
    return seen.word(at - 1) == "calls" or seen.word(at - 2) in said.PEOPLE


def _is_put_on(seen: View, match: re.Match[str]) -> bool:
    if seen.word(match.start()) not in said.PUTS or seen.word(match.end("value")) != "on":
        return False
    # `put teflon on the line`: only a known name is put on one of those.
    kind = seen.kinds[match.end() - 1]
    return kind not in _COMMON or (seen.word(match.end() - 1) == "line" and seen.kinds[match.start("value")] in _FIRST)


def _is_part(seen: View, match: re.Match[str]) -> bool:
    return seen.word(match.start("value") - 1) in said.SURNAMES or seen.word(match.start()) in said.PARTS


def _is_back(seen: View, match: re.Match[str]) -> bool:
    return seen.word(match.start("again")) in ("again", "here", "calling")


_FRAMES: tuple[_Frame, ...] = (
    (_ADDRESSED, _begins_line),
    (_THERE, _is_there),
    (_SAID_BY, _is_quoted),
    (_TOLD_THAT, _is_told),
    (_GIVEN_TO, _is_given),
    (_HAVE, _is_made_to),
    (_FIELD, _is_field),
    (_DOTTED, _is_glued),
    (_ASSIGNED, _is_assigned),
    (_HANDED, _is_handed),
    (_NICKNAMED, _is_nicknamed),
    (_BEFORE_ARROW, lambda seen, match: seen.word(match.end() - 1) in _ARROWS),
    (_BEHIND_ARROW, lambda seen, match: seen.word(match.start("arrow")) in _ARROWS),
    (_LET, lambda _seen, _match: True),
    (_ON_THE_PHONE, _is_put_on),
    (_PART, _is_part),
    (_AGAIN, _is_back),
)

_LINKED = "<common|acts|role|tell|unknown|my|idcue|numeral|digit|de|this|phone|lock|card|particle>"
_SIGNS: tuple[tuple[re.Pattern[str], tuple[re.Pattern[str], ...]], ...] = (
    *((grammar, (grammar,)) for grammar in (_THERE, _SAID_BY, _LET, _NICKNAMED, _BEFORE_ARROW, _BEHIND_ARROW)),
    (
        pattern(
            f"<common|tell|put|me>(?:<particle><hyphen>)?{_NAME}(?:<hyphen>?{_NAME}){{0,2}}<phone|common|tell|press|lock|to|is|emailcue|surword>"
        ),
        (_TOLD_THAT, _HAVE, _ON_THE_PHONE),
    ),
    (pattern(f"<to>(?<={_LINKED}<to>){_NAME}"), (_GIVEN_TO, _ASSIGNED, _HANDED)),
    (pattern(f"<a>(?<={_LINKED}<a>){_NAME}"), (_ASSIGNED,)),
    (pattern(f"<with>(?<=<common><with>){_NAME}"), (_GIVEN_TO,)),
    (pattern(f"<equals><quote>?{_NAME}"), (_FIELD,)),
    (pattern(f"<colon><quote>?{_NAME}"), (_FIELD,)),
    (pattern("<comma>(?<=<particle|unknown|surname|given|ambi><comma>)<n3|n10|open|digit|plus_mark>"), (_ADDRESSED,)),
    (
        pattern(f"<period>(?<=<given|Given|ambi|Ambi><period>){_NAME}(?!<period|at_mark|open|colon|solidus|arroba>)"),
        (_DOTTED,),
    ),
    (pattern(f"<name>{_NAME}"), (_PART,)),
    (pattern("<its><month|ambi|surword|unknown><common>"), (_AGAIN,)),
    (pattern("<im><month|ambi|surword|unknown><common>"), (_AGAIN,)),
)
"""Signs and the frames whose they are: a text that has a frame has its sign, or one of its signs. Most begin with one class,
for which a long text is searched at once."""
SIGNS = (_ACTS, *(sign for sign, _ in _SIGNS))
"""Where none of these grammars finds something, there is no such name."""
_NUMBERS = {grammar: number for number, (grammar, _) in enumerate(_FRAMES)}
_OPEN_SIGNS = Together((sign, (sign, tuple(_NUMBERS[frame] for frame in frames))) for sign, frames in _SIGNS)
