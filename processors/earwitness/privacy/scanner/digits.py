"""Runs of digits, however they are said: phones, cards, social security numbers, codes, ZIPs, licence numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.context import after, before, says_short
from earwitness.privacy.scanner.numbers import Digits, luhn, read
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["find"]

_UNIT = "<numeral|nx|digit|oh|teen|tens|hundred|thousand|multi>"
_ONE = "<n1|digit|oh|homo>"
_BREAK = (
    "(?:<filler|comma|hyphen|period|open|close|dash|and|dot|point|stop|like|plus_mark>|<you><know>"
    "|<a><know>|<let><me><know>)"
)
_TAKEN_BACK = (
    "<comma|hyphen|stop|filler>{0,2}+(?:<no>{1,2}<comma>?(?:<wait><common>?)?|<i>?<wait><common|no>?"
    "<comma>?(?:<wait>)?)<comma|hyphen>{0,2}+"
)
_LEAD = "plus_mark|plus|open|star_mark"
_NEXT = f"{_BREAK}{{0,4}}+(?:{_TAKEN_BACK}(?={_UNIT}))?(?:{_UNIT}|<homo>|(?<={_ONE})<to|for>(?=<filler>?{_ONE}))"
# The first token is one set of classes, so that the search for it is a table look-up a token.
_RUN = pattern(
    f"<{_LEAD}|{_UNIT[1:-1]}>(?:(?<=<{_LEAD}>)<{_LEAD}>?{_UNIT}|(?<={_UNIT}))"
    f"(?:(?<=<n3>)<solidus><n3><hyphen|period|solidus><n4>|(?:{_NEXT}){{1,47}}+|(?<=<n7|n8|n9|n10|n11|n12|n13|nx>))"
)
_EXTENSION = pattern(
    "<comma|stop|period|open|and|common>{0,3}<ext><period|stop|number|colon>?(?:<numeral>"
    "|<digit|oh|teen|tens>{1,5}+)|<xnum>|<solidus><n2|n3|n4>(?!<solidus|numeral>)"
)
_HIDDEN = pattern(
    "<UNKNOWN|Unknown|unknown|n4|n6>(?:(?<=<n4|n6>)<mark|star_mark>{1,12}<n4>"
    "|(?<!<n4|n6>)(?P<ssn><hyphen><UNKNOWN|letter|unknown><hyphen><n4>))"
)
"""Numbers that somebody hid in part: the rest still says whose they are."""
_MASKING = frozenset("*x#-\u2022 ")
_AREA = pattern("(?:<plus><digit>{1,3}<comma|filler>?)?<area><code><is|colon>?$")
_C = CHARACTERS
_EDGES = "".join(
    _C[name]
    for name in (
        *(
            "filler",
            "comma",
            "hyphen",
            "period",
            "dash",
            "an",
            "ye",
            "dot",
            "point",
            "you",
            "know",
            "let",
            "me",
            "open",
        ),
        *("no", "wait", "stop", "like", "plus_mark", "a", "ye"),
    )
)
_SHORTEST = 7
_LONGEST_CODE = 12
_LONG = frozenset(members("numeral").replace(_C["n1"], "")) | frozenset(
    _C[name] for name in ("nx", "multi", "teen", "tens", "hundred", "thousand")
)
_WHOLE = frozenset((_C["n10"], _C["n11"], _C["n13"]))
_CLOSE = _C["close"]
_SHORT = ("SECRET", "SSN", "ZIP", "DRIVER", "IBAN")
_PLUS = _C["plus_mark"] + _C["plus"]
_LINES = _C["an"] + _C["ye"] + _C["comma"] + _C["stop"]
_COUNTRIES = (
    "1",
    "44",
    "91",
    "52",
    "34",
    "33",
    "49",
    "39",
    "61",
    "81",
    "86",
    "55",
    "54",
    "57",
    "234",
    "971",
    "353",
    "84",
)


def find(seen: View) -> Iterable[Hit]:
    """All numbers that are somebody's."""
    kinds = seen.kinds
    hits: list[Hit] = []
    for match in _RUN.finditer(kinds):
        first, last = match.span()
        if kinds.startswith(_DAYS, first):
            first = _behind_day(seen, first)
        # Fewer digits than any phone has: a job's number most often.
        if last - first >= _SHORTEST or says_short(kinds, first) or not _LONG.isdisjoint(kinds[first:last]):
            hits += run(seen, first, last)
    for match in _HIDDEN.finditer(kinds):
        kind = "SSN" if match["ssn"] else "CARD"
        if all(set(seen.word(at)) <= _MASKING for at in range(match.start() + 1 - bool(match["ssn"]), match.end() - 1)):
            hits.append((match.start(), match.end(), kind, "number.hidden"))
    return hits


def run(seen: View, first: int, last: int) -> Sequence[Hit]:
    """What a run of number tokens holds."""
    kinds = seen.kinds
    last = _trimmed(kinds, first, last)
    if last <= first:
        return ()
    said = ""
    said_kinds = kinds[first:last]
    if last - first < _SHORTEST and _LONG.isdisjoint(said_kinds):
        said = before(seen, first)
        if said not in _SHORT:
            return ()
    plus = int(kinds[first] in _PLUS)
    if last - first - plus > 1 and not _WHOLE.isdisjoint(said_kinds):
        wholes = [at for at in range(first + 4 * plus, last) if kinds[at] in _WHOLE]
        hits = [hit for at in wholes for hit in run(seen, at - (at > first and kinds[at - 1] in _PLUS), at + 1)]
        if hits:
            # A numeral that is long enough by itself is not part of its neighbours.
            return hits
    digits = read(seen.raw[first:last], said_kinds)
    length = len(digits.text)
    if length < 3:
        return ()
    if length == _PHONE - 1 and digits.spoken:
        first, last, length = _heard(kinds, first, last, length)
        digits = read(seen.raw[first:last], kinds[first:last])
    said = said or before(seen, first)
    if length < _SHORTEST and said not in _SHORT:
        return ()
    amounts = not digits.spoken and _COMMA in said_kinds and _is_a_list(digits.groups)
    kind = None if amounts else classify(digits, said, after(seen, last), plus=kinds[first] in _PLUS)
    if kind is None or (length > _PHONE and _STOP in kinds[first:last]):
        parts = _parts(seen, first, last) if length >= _PHONE else ()
        if parts or kind is None:
            return parts
    if kind == "PHONE":
        first = _with_area_code(kinds, first)
        extension = _EXTENSION.match(kinds, last)
        if extension is not None:
            last = extension.end()
    return ((first, last, kind, "number.spoken" if digits.spoken else "number.typed"),)


def _behind_day(seen: View, first: int) -> int:
    """Where a run goes on behind the day that it begins with: `2026-11-24 12:00`, `24-11-2026`."""
    one, _, two, _, three = (token.rstrip(" \t") for token in seen.raw[first : first + _DAY_TOKENS])
    year, least, most = max((one, two, three), key=len), *sorted((two, one if len(three) > len(one) else three))
    is_date = year[:2] in ("19", "20") and "01" <= least <= "12" and most <= "31"
    return first + _DAY_TOKENS if is_date else first


_DAY_TOKENS = 5
_DAYS = tuple(
    mark.join(_C[name] for name in names)
    for names in (("n4", "n2", "n2"), ("n2", "n2", "n4"))
    for mark in (_C["hyphen"], _C["period"])
)


def _is_a_list(groups: tuple[int, ...]) -> bool:
    """Whether typed numbers with commas between are amounts rather than parts of one number."""
    return groups not in _PHONE_GROUPS and groups not in _CARD_GROUPS and max(groups) > 2


def _trimmed(kinds: str, first: int, last: int) -> int:
    while last > first and kinds[last - 1] in _EDGES:
        last -= 1
    if last > first and kinds[last - 1] == _CLOSE and kinds.find(_C["open"], first, last) < 0:
        last -= 1
    return last


def _heard(kinds: str, first: int, last: int, length: int) -> tuple[int, int, int]:
    """A number that lacks one digit may have it in a word that sounds like one: `for one five`, `three to`."""
    if last < len(kinds) and kinds[last] in _SOUNDS:
        return first, last + 1, length + 1
    if first and kinds[first - 1] in _SOUNDS:
        return first - 1, last, length + 1
    return first, last, length


_SOUNDS = _C["to"] + _C["for"] + _C["homo"]
_STOP = _C["stop"]
_COMMA = _C["comma"]
_PHONE = 10


def _with_area_code(kinds: str, first: int) -> int:
    lead = _AREA.search(kinds, max(0, first - 8), first)
    return first if lead is None else lead.start()


def _parts(seen: View, first: int, last: int) -> Sequence[Hit]:
    """Two numbers with `and` or a comma between look like one that is too long."""
    kinds = seen.kinds
    hits: list[Hit] = []
    start = first
    for at in range(first, last + 1):
        if at == last or kinds[at] in _LINES:
            if at > start and (start, at) != (first, last):
                part = read(seen.raw[start:at], kinds[start:at])
                kind = classify(part, before(seen, first), "", plus=kinds[start] in _PLUS)
                if kind is not None and len(part.text) >= 7:
                    hits.append((start, at, kind, "number.part"))
            start = at + 1
    return hits


def classify(digits: Digits, said: str, follows: str, *, plus: bool) -> str | None:
    """The kind of a number, or None when it is nobody's."""
    text, groups, spoken = digits
    length = len(text)
    card = 13 <= length <= 19 and not plus and text[0] in "123456" and (luhn(text) or groups in _CARD_GROUPS)
    if card and (text[0] in "3456" or text.startswith(("1800", "2131", "22", "23", "24", "25", "26", "27"))):
        return "CARD"
    if follows == "MEASURE":
        return None
    if said == "ID":
        return "PHONE" if (plus and length >= 8) or groups in _PHONE_GROUPS else None
    if said in ("PHONE", "CARD", "SSN"):
        follows = ""
    if said == "SECRET" or (follows == "SECRET" and length <= _LONGEST_CODE):
        return "SECRET"
    if said == "SSN" or follows == "SSN":
        return "SSN" if length in (4, 9) or (length >= 4 and said == "SSN") else None
    if said in _BY_CUE:
        kind, least, most = _BY_CUE[said]
        return kind if least <= length <= most else None
    if (said == "CARD" or follows == "CARD") and length >= 12:
        return "CARD"
    if plus and 8 <= length <= 15:
        return "PHONE"
    if length == 16 and (spoken or text[0] in "3456"):
        return "CARD"
    if length == 9 and groups == (3, 2, 4):
        return "SSN"
    return "PHONE" if _is_phone(text, groups, said, follows, spoken=spoken) else None


_BY_CUE = {"ZIP": ("ZIP", 4, 9), "DRIVER": ("DRIVER_ID", 4, 24), "IBAN": ("IBAN", 8, 34)}


def _is_phone(text: str, groups: tuple[int, ...], said: str, follows: str, *, spoken: bool) -> bool:
    length = len(text)
    cued = said in ("PHONE", "NUMBER") or follows == "PHONE"
    if cued and 7 <= length <= 15:
        return True
    if groups[:3] in _DATES and not spoken:
        return False
    if said == "CARD" and length < 10:
        return False
    counted = text in "0123456789012345678910"
    if counted:
        return False
    if length == 10:
        return text[0] not in "01" or spoken or len(groups) > 1
    if text.startswith(("00", "011")) and len(groups) > 1 and length in range(11, 17):
        return True
    if length == 11:
        return text[0] in "10" or (spoken and len(groups) < 4)
    if length in (12, 13):
        return spoken or (len(groups) > 1 and text.startswith((*_COUNTRIES, "001", "011")))
    if length == 7:
        return groups == (3, 4) and text[0] not in "01"
    return spoken and 9 <= length <= 15


_DATES = {(4, 2, 2), (2, 2, 4)}
_CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)}
_PHONE_GROUPS = {(3, 3, 4), (1, 3, 3, 4), (3, 4)}
