"""Names: after a cue even when they are words or in no list, alone when a list knows them, and spelled."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["People"]

_C = CHARACTERS
_KNOWN = "<given|Given|surname|Surname>"
_ANY = "<anyname|unknown|Unknown|UNKNOWN|glued>"
_CAPS = "<Given|Surname|Ambi|Surword|Unknown|UNKNOWN|glued>"
_GLUE = "(?:<hyphen>|<letter|a|i|oh><period|stop>?|<particle|de>{1,2}<my>?)"
_LINKS = "<is|colon|equals|quote|filler|comma|its|open>"


def _sequence(head: str, more: str, most: int = 3) -> str:
    return f"{head}(?:{_GLUE}?{more}|<letter><period|stop>?(?={more}|<comma|stop|border|at|in|quote>|$)){{0,{most}}}"


_STRONG = pattern(
    f"(?:<name>(?:<for|in|my|idcue|de|of|common|a>{{0,4}}<is>)?{_LINKS}{{0,4}}|<nameis>{_LINKS}{{0,2}}|<called>{_LINKS}{{0,2}}|<title><period|stop>?)"
    f"(?P<value>(?:<title><period|stop>?)?(?:<letter><period|stop>?)?"
    f"{_sequence('<anyname|unknown|Unknown|UNKNOWN|glued|month|Common>', _ANY)})"
)
_MEDIUM = pattern(
    "(?:<this><is>(?:<common|my>(?=<Given|given|Unknown|Surname|surname>))?|<im>|<its>|<speak><with|to|for|me|a>{0,2}|<tell>|<role><is|colon|equals|quote|stop>{0,2}|<hi>|<from>|<with>|<to>|<for>"
    "|<put><me><through><to|with>|<a>|<by>)<filler|comma|quote|mark>{0,2}".replace("|<by>", "")
    + f"(?P<value>(?:<letter><period|stop>)?{_sequence('<anyname|unknown|Unknown|UNKNOWN|glued|month>', _ANY)})"
)
_FULL = pattern(
    f"(?P<value>(?:<letter|a|oh|i><period|stop>){{1,2}}<Given|Surname|Unknown|Surword|Ambi|glued>(?:<hyphen>{_ANY}|{_CAPS}){{0,2}}"
    f"|<title><stop|period>?{_CAPS}(?:{_GLUE}?{_CAPS}){{0,3}}"
    f"|<given|Given|Ambi|ambi|month>{_GLUE}?{_sequence('<anyname|Unknown|glued|UNKNOWN>', '<anyname|Unknown|glued>', 2)}"
    f"|<Surname|Surword|Unknown|surname|glued>(?:{_GLUE}?{_CAPS}(?:<letter><period>?(?!<letter>))?|<comma><Given>|<given>){{1,3}})"
)
_ALONE = pattern("<Given|given|Surname|Unknown|Ambi|glued>")
_SPELLED_LETTER = "<letter|a|i|oh|multi>"
_AS_IN = "(?:<as><in>|<for|like|de|as|is>)<^newline>"
_SPELLED = pattern(
    f"(?:{_SPELLED_LETTER}<comma|hyphen|period|stop|filler>{{0,2}}(?:{_AS_IN}<comma|hyphen|stop|filler>{{0,2}})?(?={_SPELLED_LETTER}|$|<^newline>)){{2,40}}+"
)
_LETTERS = _C["letter"] + _C["a"] + _C["i"] + _C["oh"]
_LOOSE = "".join(_C[name] for name in ("comma", "hyphen", "period", "stop", "filler"))
_AMBIGUOUS = _C["ambi"] + _C["surword"] + _C["unknown"] + _C["month"] + _C["UNKNOWN"]
_SOLID = members("surename") + _C["Ambi"] + _C["Surword"] + _C["Unknown"]
_FOLLOWS = "".join(
    _C[name] for name in ("from", "with", "phone", "border", "comma", "an", "stop", "in", "at", "tell", "my", "speak")
)
_NAME_ENDS = _C["hyphen"] + _C["period"] + _C["stop"]
_LOOSE_CUES = _C["from"] + _C["with"] + _C["to"] + _C["for"] + _C["a"]
_SELF = _C["im"] + _C["its"]
_MONTH_BEFORE = "".join(
    _C[name] for name in ("in", "numeral" if "numeral" in _C else "in", "nth", "ordinal", "of", "common")
)


class People:
    """The rules for names; `strict` also takes a lone unknown word with a capital."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def find(self, seen: View) -> Iterator[Hit]:
        """All names."""
        yield from _spelled(seen)
        for match in _STRONG.finditer(seen.kinds):
            first, last = match.span("value")
            if seen.kinds[first] == _C["Common"] and last - first == 1 and match[0][0] == _C["title"]:
                continue
            yield Hit(first, _end(seen, first, last), "PERSON", "name.cue")
        yield from _medium(seen)
        for match in _FULL.finditer(seen.kinds):
            first, last = match.span("value")
            if _is_full(seen, first, last):
                yield Hit(first, _end(seen, first, last), "PERSON", "name.full")
        for match in _ALONE.finditer(seen.kinds):
            if self._is_alone(seen, match.start()):
                yield Hit(match.start(), match.end(), "PERSON", "name.alone")

    def _is_alone(self, seen: View, at: int) -> bool:
        kind = seen.kinds[at]
        if kind == _C["Given"]:
            return True
        if kind == _C["given"]:
            return True
        if _starts_sentence(seen, at):
            return False
        if kind in (_C["Surname"], _C["Ambi"]):
            return True
        return self._strict and kind in (_C["Unknown"], _C["glued"])


def _starts_sentence(seen: View, at: int) -> bool:
    if at == 0:
        return True
    return seen.kinds[at - 1] in _SENTENCE_ENDS


_SENTENCE_ENDS = "".join(
    _C[name] for name in ("border", "stop", "newline", "mark", "quote", "colon", "bracket", "open", "filler")
)


def _medium(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in _MEDIUM.finditer(kinds):
        first, last = match.span("value")
        cue = match[0][0]
        head = kinds[first]
        known = sum(kind in _SOLID for kind in kinds[first:last])
        follow = kinds[last] if last < len(kinds) else _C["border"]
        if cue in _LOOSE_CUES:
            if head not in _SOLID:
                continue
        elif cue in _SELF:
            if head in _AMBIGUOUS and not known and not (last - first > 1 or follow in _FOLLOWS):
                continue
            if head == _C["month"] and last - first < 2:
                continue
        elif (head == _C["month"] and last - first < 2 and cue != _C["tell"]) or (
            head == _C["unknown"]
            and cue in (_C["hi"], _C["role"], _C["this"])
            and last - first < 2
            and follow not in _FOLLOWS
        ):
            continue
        yield Hit(first, _end(seen, first, last), "PERSON", "name.after")


def _is_full(seen: View, first: int, last: int) -> bool:
    kinds = seen.kinds[first:last]
    if kinds[0] in (_C["Surname"], _C["Surword"], _C["Unknown"], _C["glued"]) and _starts_sentence(seen, first):
        return any(kind in members("surename") for kind in kinds[1:]) or kinds[0] == _C["Surname"]
    if kinds[0] == _C["month"]:
        return any(kind in members("surename") for kind in kinds[1:]) and seen.raw[first][0].isupper()
    if kinds[0] == _C["ambi"]:
        return any(kind in _C["surname"] + _C["given"] for kind in kinds[1:])
    if kinds[0] == _C["Ambi"]:
        return True
    return True


def _end(seen: View, first: int, last: int) -> int:
    while last > first + 1 and seen.kinds[last - 1] in _NAME_ENDS:
        last -= 1
    return last


def _spelled(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in _SPELLED.finditer(kinds):
        first, last = match.span()
        while last > first and kinds[last - 1] in _LOOSE:
            last -= 1
        letters = sum(kind in _LETTERS for kind in kinds[first:last])
        strong = _C["as"] + _C["in"] in match[0]
        cue = any(kind in _SPELL_CUES for kind in kinds[max(0, first - 6) : first])
        if letters >= (2 if strong or cue else 4):
            yield Hit(first, last, "PERSON", "name.spelled")


_SPELL_CUES = "".join(_C[name] for name in ("name", "nameis", "spelled", "called", "its"))
