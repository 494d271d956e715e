"""Runs of digits, however they are said: phones, cards, social security numbers, codes, ZIPs, licence numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from earwitness.privacy.scanner import card_codes
from earwitness.privacy.scanner.again import again
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.context import FAR, after, before, names_thing, next_code
from earwitness.privacy.scanner.digit_runs import PLUS, RUN, SHAPES, SHORTEST, WHOLE, Shape, behind_day
from earwitness.privacy.scanner.number_kinds import classify, cued, is_a_list
from earwitness.privacy.scanner.numbers import COUNTS, has_zero, read
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["find"]

_C = CHARACTERS
_EXTENSION = pattern(
    "<comma|stop|period|open|and|common>{0,3}<ext><period|stop|number|colon>?(?:<numeral>"
    "|<digit|oh|teen|tens>{1,5}+)|<xnum>|<solidus><n2|n3|n4>(?!<solidus|numeral>)|<number_mark><n1|n2|n3|n4>(?!<hyphen|solidus|numeral>)"
)
_BEFORE_EXTENSION = frozenset(
    characters("comma stop period open ext xnum solidus number_mark") + members("and") + members("common")
)
# The rest that is shown begins the search: it is the rarest of all.
_HIDDEN = pattern(
    "<n4>(?:(?<=<mark|star_mark><n4>)|(?P<ssn>(?<=<UNKNOWN|Unknown|unknown><hyphen><UNKNOWN|letter|unknown><hyphen><n4>)))"
)
"""Numbers that somebody hid in part: the rest still says whose they are."""
_HIDDEN_SSN = 5
_HIDDEN_CARD = 13
_MASKS = _C["mark"] + _C["star_mark"]
_HALVES = _C["n4"] + _C["n6"]
_MASKING = frozenset("*x#-\u2022 ")
_AREA = pattern("(?:<plus><digit>{1,3}<comma|filler>?)?<area><code><is|colon>?$")
_SHORT = ("SECRET", "SSN", "ZIP", "DRIVER", "IBAN")
_LINES = _C["an"] + _C["ye"] + _C["comma"] + _C["stop"]
_LINE = pattern("<an|ye|comma|stop>")
_LONG_PART = pattern(f"<^an|ye|comma|stop>{{{SHORTEST}}}|<nx|multi|teen|tens|hundred|thousand>|(?!<n1>)<numeral>")
"""Without one, no number of a line is as long as a phone."""


def find(seen: View) -> Iterable[Hit]:
    """All numbers that are somebody's."""
    kinds = seen.kinds
    hits: list[Hit] = []
    cue = -FAR - 1
    """The first word near enough before the run, or behind it, that speaks of numbers shorter than a phone's."""
    for match in seen.each(RUN):
        first = match.start()
        shape = SHAPES[match[0]]
        if shape.dated:
            first = behind_day(seen, first)
            shape = SHAPES[kinds[first : match.end()]]
        if kinds[match.end()] == _SOLIDUS and kinds[match.end() - 1] in _MONTHS:
            # An expiry begins behind a card: `4111 1111 1111 1111 12/28`.
            shape = _without_month(kinds, first, match.end(), shape)
        if shape.short:
            if cue < first - FAR:
                cue = next_code(kinds, first - FAR)
            if cue >= first:
                continue  # a job's number most often
        hits += _run(seen, first, shape)
    for first, last, kind, _ in [hit for hit in hits if hit[2] == "SECRET"]:
        hits += again(seen, first, last, kind)
    for last in [hit[1] for hit in hits if hit[2] == "CARD"]:
        hits += card_codes.behind(seen, last)
    hits += _hidden(seen)
    return hits


def _without_month(kinds: str, first: int, last: int, shape: Shape) -> Shape:
    """The shape of a run without its last numeral, if what stays is as long as a card."""
    rest = SHAPES[kinds[first : last - 1]]
    length = COUNTS[rest.kinds].length
    return rest if _CARD <= length <= _LONGEST_CARD else shape


def _hidden(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_HIDDEN):
        last = match.end()
        if match.lastgroup == "ssn":
            first = masks = last - _HIDDEN_SSN
        else:
            first = last - 2
            while first and last - first <= _HIDDEN_CARD and kinds[first] in _MASKS:
                first -= 1
            masks = first + 1
            if kinds[first] not in _HALVES:
                continue
        if all(set(seen.word(at)) <= _MASKING for at in range(masks, last - 1)):
            yield first, last, "SSN" if match.lastgroup == "ssn" else "CARD", "number.hidden"


def _run(seen: View, first: int, shape: Shape) -> Sequence[Hit]:
    """What a run of number tokens holds."""
    said_kinds, short, whole, plus, _, endless = shape
    if not said_kinds:
        return ()
    said = ""
    if short:
        said = before(seen, first)
        if said not in _SHORT:
            return ()
    last = first + len(said_kinds)
    if whole and (hits := _wholes(seen, first, last, plus=plus)):
        return hits
    if endless and not before(seen, first):
        return _parts(seen, first, last)
    return _number(seen, first, last, said_kinds, said)


def _number(seen: View, first: int, last: int, said_kinds: str, said: str) -> Sequence[Hit]:
    """What a run holds that may be one number. Its tokens are read only where their classes do not tell."""
    kinds, raw = seen.kinds, seen.raw
    digits = None
    length, spoken, ones = COUNTS[said_kinds]
    listed = not spoken and _COMMA in said_kinds
    if not length or listed or (ones and has_zero(raw, first, ones)):
        digits = read(raw[first:last], said_kinds)
        length = len(digits.text)
    if length < 3:
        return ()
    if length == _PHONE - 1 and spoken:
        heard = _heard(kinds, first, last)
        if heard != (first, last):
            first, last = heard
            digits = read(raw[first:last], kinds[first:last])
            length = _PHONE
    said = said or before(seen, first)
    if length < SHORTEST and said not in _SHORT:
        return ()
    kind = None
    if not (listed and digits and is_a_list(digits.groups)):
        follows = after(seen, last)
        kind = cued(length, said, follows) if digits is None else None
        kind = kind or classify(digits or read(raw[first:last], said_kinds), said, follows, plus=kinds[first] in PLUS)
    if kind is None or (length > _PHONE and _STOP in said_kinds):
        parts = _parts(seen, first, last) if length >= _PHONE else ()
        if parts or kind is None:
            return parts
    if kind == "PHONE":
        return _phone(seen, first, last, spoken=spoken)
    return ((first, last, kind, "number.spoken" if spoken else "number.typed"),)


def _phone(seen: View, first: int, last: int, *, spoken: bool) -> Sequence[Hit]:
    """A phone with what belongs to it, if it is no number of a thing."""
    kinds = seen.kinds
    if kinds[first] not in PLUS and names_thing(seen, first):
        return ()
    first, last = _with_area_code(kinds, first), _with_extension(kinds, last)
    return ((first, last, "PHONE", "number.spoken" if spoken else "number.typed"),)


def _wholes(seen: View, first: int, last: int, *, plus: bool) -> Sequence[Hit]:
    """Numerals that are long enough by themselves: they are not part of their neighbours."""
    kinds = seen.kinds
    hits: list[Hit] = []
    for at in range(first + 4 * plus, last):
        if kinds[at] in WHOLE:
            begin = at - (at > first and kinds[at - 1] in PLUS)
            hits += _run(seen, begin, SHAPES[kinds[begin : at + 1]])
    return hits


def _heard(kinds: str, first: int, last: int) -> tuple[int, int]:
    """A number that lacks one digit may have it in a word that sounds like one: `for one five`, `three to`."""
    if last < len(kinds) and kinds[last] in _SOUNDS:
        return first, last + 1
    if first and kinds[first - 1] in _SOUNDS:
        return first - 1, last
    return first, last


_SOUNDS = _C["to"] + _C["for"] + _C["homo"]
_STOP = _C["stop"]
_COMMA = _C["comma"]
_PHONE = 10
_SOLIDUS = _C["solidus"]
_MONTHS = _C["n1"] + _C["n2"]
_CARD, _LONGEST_CARD = 13, 19


def _with_area_code(kinds: str, first: int) -> int:
    least = first - 8 if first > 8 else 0
    lead = _AREA.search(kinds, least, first) if kinds.find(_C["area"], least, first) >= 0 else None
    return first if lead is None else lead.start()


def _with_extension(kinds: str, last: int) -> int:
    extension = _EXTENSION.match(kinds, last) if kinds[last : last + 1] in _BEFORE_EXTENSION else None
    return last if extension is None else extension.end()


def _parts(seen: View, first: int, last: int) -> Sequence[Hit]:
    """Two numbers with `and` or a comma between look like one that is too long."""
    kinds = seen.kinds
    hits: list[Hit] = []
    if _LINE.search(kinds, first, last) is None or _LONG_PART.search(kinds, first, last) is None:
        return hits
    start = first
    announced = before(seen, first)
    for at in range(first, last + 1):
        if at == last or kinds[at] in _LINES:
            if at > start and (start, at) != (first, last) and not SHAPES[kinds[start:at]].short:
                part = read(seen.raw[start:at], kinds[start:at])
                # What was said before the first of them says nothing of one that begins a sentence.
                said = announced if start == first or kinds[start - 1] != _STOP else ""
                kind = classify(part, said, "", plus=kinds[start] in PLUS)
                if kind is not None and len(part.text) >= 7:
                    hits.append((start, at, kind, "number.part"))
            start = at + 1
    return hits
