"""Names told by the frame they stand in: `is dawn there`, `nkosana speaking`, `put gene on the phone`, `last name ortega`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from earwitness.privacy.scanner import name_frame_grammar as grammar
from earwitness.privacy.scanner import name_frame_words as said
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.name_ends import name_end
from earwitness.privacy.scanner.together import Together
from earwitness.privacy.scanner.view import Hit, View, holding

__all__ = ["SIGNS", "find", "other"]

_C = CHARACTERS
_LINE_STARTS = _C["border"] + _C["newline"] + _C["stop"]
_BEFORE_OTHER = frozenset(members("common") + members("and") + _C["oh"])
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
        for frame, holds in frames:
            for match in frame.finditer(seen.kinds, begin, end):
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
    for match in seen.each(grammar.ACTS):
        at = match.start()
        if seen.word(at) in said.VERBS:
            actor = grammar.ACTOR.search(kinds, max(0, at - 5), at)
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
    match = grammar.OTHER.match(seen.kinds, last) if seen.kinds[last : last + 1] in _BEFORE_OTHER else None
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
    (grammar.ADDRESSED, _begins_line),
    (grammar.THERE, _is_there),
    (grammar.SAID_BY, _is_quoted),
    (grammar.TOLD_THAT, _is_told),
    (grammar.GIVEN_TO, _is_given),
    (grammar.HAVE, _is_made_to),
    (grammar.FIELD, _is_field),
    (grammar.DOTTED, _is_glued),
    (grammar.ASSIGNED, _is_assigned),
    (grammar.HANDED, _is_handed),
    (grammar.NICKNAMED, _is_nicknamed),
    (grammar.BEFORE_ARROW, lambda seen, match: seen.word(match.end() - 1) in _ARROWS),
    (grammar.BEHIND_ARROW, lambda seen, match: seen.word(match.start("arrow")) in _ARROWS),
    (grammar.LET, lambda _seen, _match: True),
    (grammar.ON_THE_PHONE, _is_put_on),
    (grammar.PART, _is_part),
    (grammar.AGAIN, _is_back),
)

_LINKED = "<common|acts|role|tell|unknown|my|idcue|numeral|digit|de|this|phone|lock|card|particle>"
_SIGNS: tuple[tuple[re.Pattern[str], tuple[re.Pattern[str], ...]], ...] = (
    *(
        (frame, (frame,))
        for frame in (
            grammar.THERE,
            grammar.SAID_BY,
            grammar.LET,
            grammar.NICKNAMED,
            grammar.BEFORE_ARROW,
            grammar.BEHIND_ARROW,
        )
    ),
    (
        pattern(
            f"<common|tell|put|me>(?:<particle><hyphen>)?{grammar.NAME}(?:<hyphen>?{grammar.NAME}){{0,2}}<phone|common|tell|press|lock|to|is|emailcue|surword>"
        ),
        (grammar.TOLD_THAT, grammar.HAVE, grammar.ON_THE_PHONE),
    ),
    (pattern(f"<to>(?<={_LINKED}<to>){grammar.NAME}"), (grammar.GIVEN_TO, grammar.ASSIGNED, grammar.HANDED)),
    (pattern(f"<a>(?<={_LINKED}<a>){grammar.NAME}"), (grammar.ASSIGNED,)),
    (pattern(f"<with>(?<=<common><with>){grammar.NAME}"), (grammar.GIVEN_TO,)),
    (pattern(f"<equals><quote>?{grammar.NAME}"), (grammar.FIELD,)),
    (pattern(f"<colon><quote>?{grammar.NAME}"), (grammar.FIELD,)),
    (
        pattern("<comma>(?<=<particle|unknown|surname|given|ambi><comma>)<n3|n10|open|digit|plus_mark>"),
        (grammar.ADDRESSED,),
    ),
    (
        pattern(
            f"<period>(?<=<given|Given|ambi|Ambi><period>){grammar.NAME}(?!<period|at_mark|open|colon|solidus|arroba>)"
        ),
        (grammar.DOTTED,),
    ),
    (pattern(f"<name>{grammar.NAME}"), (grammar.PART,)),
    (pattern("<its><month|ambi|surword|unknown><common>"), (grammar.AGAIN,)),
    (pattern("<im><month|ambi|surword|unknown><common>"), (grammar.AGAIN,)),
)
"""Signs and the frames whose they are: a text that has a frame has its sign, or one of its signs. Most begin with one class,
for which a long text is searched at once."""
SIGNS = (grammar.ACTS, *(sign for sign, _ in _SIGNS))
"""Where none of these grammars finds something, there is no such name."""
_NUMBERS = {frame: number for number, (frame, _) in enumerate(_FRAMES)}
_OPEN_SIGNS = Together((sign, (sign, tuple(_NUMBERS[frame] for frame in frames))) for sign, frames in _SIGNS)
