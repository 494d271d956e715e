"""What a number or word belongs to, told by the nearest word before or behind it that says so."""

from __future__ import annotations

from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import View

__all__ = ["after", "before"]

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
_NUMBERS = members("numeral") + members("spoken") + _C["ident"]
_PASSWORDS = ("password", "passwd", "pass", "pwd", "passwords")
_FAR = 12


def before(seen: View, index: int) -> str:
    """What the words before a token say of it; `NUMBER` or `CODE` where they say no more, `` where nothing."""
    kinds = seen.kinds
    weak = ""
    numbers = 0
    for at in range(index - 1, max(-1, index - 1 - _FAR), -1):
        kind = kinds[at]
        if kind == _C["border"] or (kind == _C["stop"] and weak != "NUMBER" and index - at > 3):
            break
        if kind in _NUMBERS:
            numbers += 1
            if numbers > 2:
                break
            continue
        said = _SAYS.get(kind)
        if said is None:
            weak = weak or _WEAK.get(kind, "")
            continue
        answer = _told(said, weak, seen, at)
        if numbers and answer == "ID":
            break
        if answer:
            return answer
    return weak


def _told(said: str, weak: str, seen: View, at: int) -> str:
    previous = seen.kinds[at - 1] if at else ""
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
    if said == "ZIP" and weak == "" and seen.word(at) == "postal":
        return "ZIP"
    return said


def after(seen: View, index: int) -> str:
    """What the next words say: `that's my social`, `is my cell`, `amex`, `minutes`."""
    match = _AFTER.match(seen.kinds, index)
    if match is None:
        return ""
    cue = match.lastgroup or ""
    return cue if cue != "NEXT" else _SAYS.get(match[cue], "")


_AFTER = pattern(
    "(?P<MEASURE><measure>)|(?P<PHONE><line>)|<my|is|comma|its|filler|this|open|close|common>{0,5}"
    "(?:(?P<SECRET><lock>(?:<common>)?<code|pin>(?!<is|colon|numeral|digit>))|(?P<SSN><seguro><ssn>)|(?P<NEXT><ssn|pin|password|card|phone>(?!<is|colon|number|numeral|digit>)))"
)
