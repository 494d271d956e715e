"""Names: after a cue even when they are words or in no list, alone when a list knows them, and spelled."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["People"]

_C = CHARACTERS
_KNOWN = "<given|Given|surname|Surname>"
_ANY = "<anyname|unknown|Unknown|UNKNOWN|glued|weak_suffix|suffix>"
_CAPS = "<Given|Surname|Ambi|Surword|Unknown|UNKNOWN|glued>"
_GLUE = (
    "(?:<hyphen>|<lettered><period|stop>?|<particle>{1,2}<hyphen>?|<de><my>?"
    "(?=<surename|Ambi|ambi|Unknown|Surword|surword|Common>)|<de><my>(?=<unknown>)|<ye>(?=<surname|Surname|Unknown>)"
    "|<Common|month>(?=<capital>))"
)
_LINKS = "<mark|is|colon|equals|quote|filler|comma|its|open>"


def _sequence(head: str, more: str, most: int = 3) -> str:
    return f"{head}(?:{_GLUE}?{more}|<letter|compass|ex><period|stop>?(?={more}|<comma|stop|border|at|in|quote>|$)){{0,{most}}}"


_STRONG = pattern(
    f"(?:<name>(?:<for|in|my|idcue|de|of|common|a>{{0,4}}<is>)?{_LINKS}{{0,4}}"
    f"|<nameis>{_LINKS}{{0,2}}|<called>{_LINKS}{{0,2}}|(?=<title>))"
    f"(?P<value>(?:<title><period|stop>?(?:<an><title><period|stop>?)?)?(?:<letter|compass|ex><period|stop>?)?"
    f"{_sequence('<anyname|unknown|Unknown|UNKNOWN|glued|month|Common>', _ANY)})"
)
_HEAD = "<anyname|unknown|Unknown|UNKNOWN|glued|month>"
_MEDIUM = pattern(
    "(?:<i><measure>|<this><is>(?:<common|my>(?=<Given|given|Unknown|Surname|surname>))?|<im>|<its>"
    "|<speak>(?:<compass><solidus>|<with|to|for|me|a|of>{0,2})|<tell><a|my>?|<contact>"
    "<is|colon>{0,2}|<phone>|<role><is|colon|equals|quote|stop>{0,2}|<hi>|<from>|<with>|<to>"
    "|<for>|<de>|<beneath>|<put><me><through><to|with>)<filler|comma|quote|mark>{0,2}"
    f"(?P<value>(?:<letter|compass|ex><period|stop>)?{_sequence(_HEAD, _ANY)})"
)
_LISTED_NEXT = "<anyname|Unknown|glued|weak_suffix>"
_FULL = pattern(
    "(?P<value>(?:<letter|a|oh|i><period|stop>){1,2}<Given|Surname|Unknown|Surword|Ambi|glued>"
    f"(?:<hyphen>{_ANY}|{_CAPS}){{0,2}}"
    f"|<given|Given|Ambi|ambi|month>{_GLUE}?{_sequence('<anyname|Unknown|glued|UNKNOWN|weak_suffix>', _LISTED_NEXT, 2)}"
    "|<Surname|Surword|Unknown|surname|glued>"
    f"(?:{_GLUE}?{_CAPS}(?:<letter|compass|a|i|oh><period>?(?!<lettered>))?|<comma><Given>|<given>){{1,3}})"
)
_ALONE = pattern("<Given|given|Surname|Unknown|Ambi|glued>")
_SPELLED_LETTER = "<lettered|multi|letname|shift>"
_AS_IN = "(?:<as><in>|<for|like|de|as|is>)<^newline>"
_SPELLED = pattern(
    f"(?:{_SPELLED_LETTER}<comma|hyphen|period|stop|filler>{{0,2}}(?:{_AS_IN}"
    f"<comma|hyphen|stop|filler>{{0,2}})?){{2,40}}+"
)
_LETTERS = members("lettered") + _C["letname"]
_LOOSE = "".join(_C[name] for name in ("comma", "hyphen", "period", "stop", "filler"))
_AMBIGUOUS = _C["ambi"] + _C["surword"] + _C["unknown"] + _C["month"] + _C["UNKNOWN"]
_SOLID = members("surename") + _C["Ambi"] + _C["Surword"] + _C["Unknown"]
_FOLLOWS = "".join(_C[name] for name in ("from", "phone", "border", "an", "stop", "in", "at", "tell", "my", "speak"))
_NAME_ENDS = _C["hyphen"] + _C["period"] + _C["stop"]
_LOOSE_CUES = "".join(_C[name] for name in ("from", "with", "to", "for", "de", "contact", "beneath"))
_SURE = members("surename") + _C["Ambi"] + _C["Unknown"]
_UNSURE = "".join(_C[name] for name in ("unknown", "surword", "ambi", "Common", "UNKNOWN"))
_SELF = _C["im"] + _C["its"] + _C["i"]
_FOLLOWS_NUMBER = _C["at"] + _C["in"] + members("numeral")
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
            if seen.kinds[first] in _UNSURE and first and seen.kinds[first - 1] == _C["name"]:
                continue  # `the name means`: nothing links the two
            if seen.kinds[first] == _C["Common"] and last - first == 1 and match[0][0] == _C["title"]:
                continue
            yield first, _end(seen, first, last), "PERSON", "name.cue"
        yield from _medium(seen)
        for match in _FULL.finditer(seen.kinds):
            first, last = match.span("value")
            if _is_full(seen, first, last):
                yield first, _end(seen, first, last), "PERSON", "name.full"
        for match in _ALONE.finditer(seen.kinds):
            if self._is_alone(seen, match.start()):
                yield match.start(), _end(seen, match.start(), match.end()), "PERSON", "name.alone"

    def _is_alone(self, seen: View, at: int) -> bool:
        kind = seen.kinds[at]
        if _is_acronym(seen, at):
            return False
        if kind in _GIVEN:
            return True
        if _starts_sentence(seen, at):
            return _acts(seen, at)
        if kind in _LISTED:
            return True
        return self._strict or seen.kinds[at - 1] in _PERSONAL or _acts(seen, at)


def _is_acronym(seen: View, at: int) -> bool:
    """Whether a short word in capitals stands among words that are not."""
    word = seen.raw[at].rstrip()
    if not 1 < len(word) <= _ACRONYM or not word.isupper():
        return False
    around = seen.joined(max(0, at - 3), min(len(seen.raw), at + 4)).partition(word)
    return any(letter.islower() for part in (around[0], around[2]) for letter in part)


_ACRONYM = 6


def _acts(seen: View, at: int) -> bool:
    """Whether what follows a lone word with a capital is what a person does, or somebody is spoken to."""
    kinds = seen.kinds
    if at + 2 >= len(kinds):
        return False
    follows = kinds[at + 1]
    if follows == _C["colon"]:
        return kinds[at + 2] == _C["quote"] or seen.raw[at + 2][:1].isupper()
    if follows == _C["comma"]:
        return seen.word(at + 2) in _ADDRESSED and _starts_sentence(seen, at)
    if follows == _C["an"]:
        return kinds[at + 2] in _NAMED
    return follows == _C["from"] or seen.word(at + 1) in _ACTS or seen.raw[at].rstrip().endswith(_OWNING)


_GIVEN = _C["Given"] + _C["given"]
_LISTED = _C["Surname"] + _C["Ambi"]
_NAMED = members("capital")
_PERSONAL = "".join(_C[name] for name in ("with", "to", "for", "from", "an", "of", "tell", "me", "with", "role", "as"))
_ADDRESSED = words("can could please will would you i we are is do did have how what where when why who thanks")
_ACTS = words(
    """said says called shouted asked wants wanted came lives listed spent submitted told thinks knows left arrived works worked
    wrote writes texted emailed replied answered signed paid needs needed owns reported speaks spoke moved joined"""
)


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
        if _is_meant(cue, head, known, last - first, follow):
            yield first, _end(seen, first, last), "PERSON", "name.after"


def _is_meant(cue: str, head: str, known: int, words: int, follow: str) -> bool:
    """Whether a word behind a cue is a name: how sure the cue is against how sure the word."""
    if cue in _LOOSE_CUES:
        if head == _C["Unknown"] and words < 2:
            return cue == _C["contact"] or follow in _FOLLOWS
        return head in _SURE or (head == _C["unknown"] and known > 0)
    if cue == _C["phone"]:
        return head in members("surename") or (head in _C["ambi"] + _C["Ambi"] and follow in _FOLLOWS_NUMBER)
    if head == _C["month"]:
        return words >= 2 or cue in (_C["tell"], _C["speak"])
    if cue in _SELF:
        sure = bool(known) or head not in _AMBIGUOUS or (words > 1 and head != _C["surword"])
        return (
            sure
            or (head != _C["surword"] and follow in _FOLLOWS)
            or (head == _C["ambi"] and follow in _C["comma"] + _C["speak"])
        )
    if head == _C["ambi"] and cue == _C["role"]:
        return words >= 2 or follow in _FOLLOWS
    if head == _C["Surword"] and cue == _C["role"] and words < 2:
        return False
    if head == _C["surword"]:
        return cue == _C["this"] and follow in _FOLLOWS
    if head == _C["unknown"] and cue in (_C["hi"], _C["role"], _C["this"]):
        return words >= 2 or follow in _FOLLOWS
    return True


def _is_full(seen: View, first: int, last: int) -> bool:
    kinds = seen.kinds[first:last]
    if kinds[0] == _C["Surword"]:
        return any(kind in members("surename") for kind in kinds[1:])
    if kinds[0] in (_C["Surname"], _C["Unknown"], _C["glued"]) and _starts_sentence(seen, first):
        return kinds[0] == _C["Surname"] or any(kind in _SURE for kind in kinds[1:])
    if kinds[0] == _C["month"]:
        return any(kind in members("anyname") for kind in kinds[1:]) and seen.raw[first][0].isupper()
    if kinds[0] == _C["ambi"]:
        return any(kind in _C["surname"] + _C["given"] for kind in kinds[1:])
    if kinds[0] == _C["Ambi"]:
        return True
    return True


def _end(seen: View, first: int, last: int) -> int:
    if seen.raw[first][0].isupper():
        # A name that begins with a capital does not go on in small letters, but for `de la`.
        for at in range(first + 1, last):
            if seen.kinds[at] in _SMALL and seen.raw[at][0].islower():
                last = at
                break
        while last > first + 1 and seen.kinds[last - 1] in _PARTICLES:
            last -= 1
    for at in range(first, last - 1):
        if seen.raw[at].rstrip().endswith(_OWNING):
            return at + 1
    while last > first + 1 and seen.kinds[last - 1] in _NAME_ENDS:
        last -= 1
    if seen.raw[first][0].isupper() and last < len(seen.kinds) and seen.kinds[last] in _LETTERS:
        initial = seen.raw[last].rstrip()
        if initial.isupper() and seen.kinds[last + 1 : last + 2] not in _LETTERS:
            last += 1
    degree = _DEGREE.match(seen.kinds, last)
    return last if degree is None else degree.end()


_DEGREE = pattern("<comma>?<degree>")
_OWNING = ("'s", "\u2019s")
_SMALL = "".join(
    _C[name] for name in ("unknown", "given", "surname", "ambi", "surword", "glued", "weak_suffix", "suffix")
)
_PARTICLES = "".join(_C[name] for name in ("particle", "de", "my", "ye", "a", "i"))


def _spelled(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in _SPELLED.finditer(kinds):
        first, last = match.span()
        while last > first and kinds[last - 1] in _LOOSE:
            last -= 1
        letters = sum(kind in _LETTERS for kind in kinds[first:last])
        letters -= kinds.count(_C["letname"], first, last) if letters < _MANY_LETTERS else 0
        if letters >= _MANY_LETTERS or (
            letters > 1 and (_AS_IN_KINDS in match[0] or not _SPELL_CUES.isdisjoint(kinds[max(0, first - 6) : first]))
        ):
            yield first, last, "PERSON", "name.spelled"


_MANY_LETTERS = 4
_AS_IN_KINDS = _C["as"] + _C["in"]
_SPELL_CUES = frozenset(_C[name] for name in ("name", "nameis", "spelled", "called", "its"))
