"""What a number or word belongs to, told by the nearest word before or behind it that says so."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.view import View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["FAR", "after", "before", "names_thing", "next_code"]

_C = CHARACTERS
_SAYS = {
    _C["phone"]: "PHONE",
    _C["area"]: "PHONE",
    _C["idcue"]: "ID",
    _C["pin"]: "SECRET",
    _C["password"]: "SECRET",
    _C["lock"]: "LOCK",
    _C["card"]: "CARD",
    _C["ssn"]: "SSN",
    _C["seguro"]: "SEGURO",
    _C["zip"]: "ZIP",
    _C["driver"]: "DRIVER",
    _C["licence"]: "LICENCE",
    _C["iban"]: "IBAN",
}
_WEAK = {_C["number"]: "NUMBER", _C["contact"]: "NUMBER", _C["code"]: "CODE"}
_PASSWORDS = ("password", "passwd", "pass", "pwd", "passwords")
_BORDER = _C["border"]
FAR = 12
"""Tokens that a word may stand before what it speaks of."""
_STOP, _NUMBER = "stop", "number"
_UNCERTAIN = characters("password driver licence")
"""Classes of which only the word tells whether it says it."""
_DEPENDING = _UNCERTAIN + characters("lock seguro")
"""Those, and classes of which what stands around them tells it."""
_ROLES = (
    dict.fromkeys(members("numeral") + members("spoken") + _C["ident"], _NUMBER)
    | {_C["stop"]: _STOP, _C["newline"]: _STOP}
    | _SAYS
    | _WEAK
)
"""What a token does that `before` passes; one that is not there does nothing."""
_CODES = pattern("<pin|password|lock|ssn|seguro|zip|driver|licence|iban>")
_ABBREVIATED = tuple(members("number") + _C["no"] + _C["phone"])
"""Before a full stop that ends no sentence: `no. 48213`, `tel. 415 …`."""
_REMEMBERED = 8192
_told_before: dict[str, str] = {}
"""What classes before a number say of it; a class is nobody's secret."""


def before(seen: View, index: int) -> str:
    """What the words before a token say of it; `NUMBER` or `CODE` where they say no more, `` where nothing."""
    least = index - FAR if index > FAR else 0
    words = seen.kinds[least:index].rpartition(_BORDER)[2]
    answer = _told_before.get(words)
    if answer is None:
        answer, certain = _read_back(seen, index, words)
        if certain and len(_told_before) < _REMEMBERED:
            _told_before[words] = answer
    return answer


def _read_back(seen: View, index: int, words: str) -> tuple[str, bool]:
    """What they say, and whether their classes alone tell."""
    weak = ""
    certain = True
    numbers = 0
    at = index
    for kind in reversed(words):
        at -= 1
        role = _ROLES.get(kind)
        if role is None:
            continue
        if role is _NUMBER:
            numbers += 1
            if numbers > _OTHERS:
                break
        elif role is _STOP:
            abbreviated = words[: at - index].endswith(_ABBREVIATED)
            if index - at > _SENTENCE and not (weak == "NUMBER" and abbreviated):
                break
        elif kind in _WEAK:
            weak = weak or role
        else:
            answer = _told(role, weak, seen, at) if kind in _DEPENDING else role
            certain = certain and kind not in _UNCERTAIN and index - at <= FAR - _REACH
            if numbers and answer == "ID":
                break
            if answer:
                return answer, certain
    return weak, certain


_OTHERS = 2
"""Other numbers that may stand between."""
_SENTENCE = 3
_REACH = 2
"""Tokens before a word that may tell what it says."""


def next_code(kinds: str, at: int) -> int:
    """Where the next word stands that speaks of numbers shorter than a phone's: codes, ZIPs, parts of others."""
    found = _CODES.search(kinds, max(0, at))
    return len(kinds) if found is None else found.start()


def names_thing(seen: View, index: int) -> bool:
    """Whether the words right before a number say that it is a thing's: `S/N 512-555-0199`, `serial number is …`."""
    kinds = seen.kinds
    if kinds[index - 1 : index] not in _BEFORE_THING:
        return False
    least = index - _NEAR if index > _NEAR else 0
    name = kinds[least:index].rstrip(_LINKS)[-1:]
    found = _THING.search(kinds, least, index) if name in _NAMES else None
    if found is None:
        return False
    named = found.start("named")
    if found["pair"]:
        return seen.word(named) + seen.word(named + 2) in _PAIRS
    return seen.word(named) in (_BARE_THINGS if _NUMBERED.isdisjoint(found["link"]) else _THINGS)


_NEAR = 8
_LINKS = characters("number no stop period number_mark colon equals is hyphen quote filler")
_NAMES = frozenset(characters("idcue UNKNOWN Unknown unknown Common compass") + members("common"))
_BEFORE_THING = _NAMES | frozenset(_LINKS)
_THING = pattern(
    "(?P<named>(?P<pair><compass|letter><solidus><compass>)|<idcue|UNKNOWN|Unknown|unknown|common|Common>)"
    "(?P<link>(?:<number|no><stop|period>?|<number_mark>|<colon|equals|is|hyphen|quote|filler>){0,4})$"
)
_NUMBERED = frozenset(members("number") + _C["no"] + _C["number_mark"])
_PAIRS = words("sn pn mn")
_BARE_THINGS = words(
    "sn inv serial model part po sku invoice meter tracking batch lot barcode permit upc imei mac asset"
)
_THINGS = _BARE_THINGS | words(
    "ser mod pn mn order pedido orden serie modelo factura medidor folio wo workorder estimate est"
)


def _told(said: str, weak: str, seen: View, at: int) -> str:
    previous = seen.kinds[max(0, at - _REACH) : at].rstrip(_C["filler"])[-1:]
    if said == "LOCK" and previous == _C["ssn"]:
        return "SSN"
    if said == "LOCK":
        return "SECRET" if weak in ("CODE", "NUMBER") else ""
    if said == "SECRET" and seen.kinds[at] == _C["password"]:
        return said if seen.word(at) in _PASSWORDS else ""
    if said == "SEGURO":
        return "SSN" if weak == "" else ""
    if said == "LICENCE":
        return "DRIVER" if weak or previous == _C["driver"] or seen.word(at) == "dl" else ""
    if said == "DRIVER":
        return "DRIVER" if seen.word(at) not in ("driver", "drivers") or weak else ""
    return said


def after(seen: View, index: int) -> str:
    """What the next words say: `that's my social`, `is my cell`, `amex`, `minutes`."""
    kinds = seen.kinds
    match = _AFTER.match(kinds, index) if kinds[index : index + 1] in _BEGINS_AFTER else None
    if match is None:
        return ""
    cue = match.lastgroup or ""
    return cue if cue != "NEXT" else _SAYS.get(match[cue], "")


_AFTER = pattern(
    "(?P<MEASURE><measure>)|(?P<PHONE><line>)|<my|is|comma|its|filler|this|open|close|common>{0,5}"
    "(?:(?P<SECRET><lock>(?:<common>)?<code|pin>(?!<is|colon|numeral|digit>))|(?P<SSN><seguro><ssn>)|(?P<NEXT><ssn|pin|password|card|phone>(?!<is|colon|number|numeral|digit>)))"
)
_BEGINS_AFTER = frozenset(
    characters("measure line my is comma its filler this open close lock seguro ssn pin password card phone")
    + members("common")
)
