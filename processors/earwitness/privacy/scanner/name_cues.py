"""Names behind a cue that may mean something else: `this is …`, `ask for …`, `assigned to …`."""

from __future__ import annotations

from earwitness.privacy.scanner import name_frames
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members
from earwitness.privacy.scanner.name_ends import ends_text, name_end
from earwitness.privacy.scanner.name_grammar import MEDIUM
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_AMBIGUOUS = _C["ambi"] + _C["surword"] + _C["unknown"] + _C["month"] + _C["UNKNOWN"]
_SOLID = frozenset(members("surename") + _C["Ambi"] + _C["Surword"] + _C["Unknown"])
_DOUBTED = _C["unknown"] + _C["ambi"]
_FOLLOWS = characters("from phone border an stop in at tell my speak")
_LOOSE_CUES = characters("from with to for de contact beneath")
_FOLLOWS_SURNAME = characters("from phone speak")
_SELF = _C["im"] + _C["its"] + _C["i"]
_FOLLOWS_NUMBER = _C["at"] + _C["in"] + members("numeral")
_SURE = members("surename") + _C["Ambi"] + _C["Unknown"]


def find(seen: View) -> list[Hit]:
    """All such names."""
    hits: list[Hit] = []
    kinds = seen.kinds
    for match in seen.each(MEDIUM):
        start, (first, last) = match.start(), match.span("value")
        cue, head = kinds[start], kinds[first]
        has_particle = head == _C["particle"]
        if has_particle:
            head = kinds[first + 1 + (kinds[first + 1] == _C["hyphen"])]
        is_known = not _SOLID.isdisjoint(kinds[first:last])
        if cue == _C["phone"] and last - first > 1 and seen.word(last - 1) == "back" and seen.word(first) != "will":
            last -= 1  # `call hope back`
        follow = kinds[last] if last < len(kinds) else _C["border"]
        if ends_text(kinds, last):
            follow = _C["stop"]
        if kinds[first - 1] == _C["you"] and not is_known:
            continue  # `thank you bye`
        if head in _DOUBTED and _is_none(seen, cue, head, first, last):
            continue
        if (
            _is_meant(cue, head, last - first, follow, is_known=is_known)
            or has_particle
            or _is_told(seen, start, first, last)
        ):
            end = name_end(seen, first, last)
            hits.append((first, end, "PERSON", "name.after"))
            second = name_frames.other(seen, end)
            if second is not None:
                hits.append(second)
    return hits


def _is_none(seen: View, cue: str, head: str, first: int, last: int) -> bool:
    """Whether a word that may be a name says how things are: `it's rusty`, `it's sunny`, but not `this is sunny`."""
    if cue == _C["this"] and head == _C["unknown"] and seen.kinds[first - 1] in _BETWEEN:
        return seen.word(first - 1) not in ("she", "he", "her", "him")
    if cue == _C["role"] and last - first == 1 and seen.word(first) in _MODALS:
        return last < len(seen.kinds) and seen.word(last) in _CALLS  # `my tech will call`
    if head != _C["ambi"] or last - first > 1 or cue not in _SELF + _C["this"]:
        return False
    if seen.kinds[last : last + 1] not in _CLAUSE_ENDS:
        return False
    return seen.word(first) in _QUALITIES or (cue == _C["its"] and seen.word(first) == "sunny")


_QUALITIES = words("rusty dusty misty stormy rocky sandy early young rich precious royal merry")


def _is_told(seen: View, cue: int, first: int, last: int) -> bool:
    """Whether words around an unsure name tell: `call chase first`, `my neighbor toño has a key`."""
    kinds = seen.kinds
    kind, head = kinds[cue], kinds[first]
    if head not in _UNSURE:
        return False
    if kind in _HANDS:
        return head != _C["surname"] and cue > 0 and seen.word(cue - 1) in _HANDED
    if kind == _C["contact"] or kind == _C["beneath"]:
        return head in _DOUBTED and (kinds[last : last + 1] in _CLAUSE_ENDS or ends_text(kinds, last))
    if kind == _C["hi"]:
        return head == _C["unknown"] and kinds[last : last + 1] == _C["comma"]
    follow = seen.word(last) if last < len(kinds) else ""
    if kind == _C["phone"]:
        return head in _DOUBTED and follow in _THEN and last - first == 1
    if kind == _C["this"]:
        return head == _C["unknown"] and follow in _CALLING
    if kind == _C["its"]:
        is_greeted = cue > 0 and kinds[cue - 1] == _C["hi"]
        return is_greeted and head != _C["surword"] and follow not in ("down", "up", "out", "off", "over")
    if kind != _C["role"] or cue == 0 or kinds[cue - 1] != _C["my"] or first != cue + 1:
        return False
    if head == _C["ambi"] and (
        seen.word(first) not in _AUXILIARIES or (seen.word(first) == "mark" and follow in _DOES)
    ):
        return follow.endswith("ed") or follow in _DOES
    return head == _C["unknown"] and not seen.word(first).endswith("s")


_UNSURE = characters("ambi unknown surname surword")
_HANDS = _C["with"] + _C["to"] + _C["from"]
_HANDED = words(
    """signed assigned reassigned approved requested reported written opened closed sent transferred booked scheduled completed
    updated created handled taken given"""
)
_CALLING = words("calling speaking here again over out with")
_CLAUSE_ENDS = frozenset(("", *(_C[name] for name in ("border", "comma", "stop", "newline", "phone", "at"))))
_AUXILIARIES = ("will", "may", "can", "mark")
_MODALS = ("will", "may", "can")
_CALLS = words("call text ring phone reach fax dial tell speak talk ask")
_DOES = words("works has is will can was said wants says lives knows gave told left called")
_BETWEEN = members("common") + _C["my"]
_THEN = words("on at first when before back if instead about tomorrow today")


def _is_meant(cue: str, head: str, words: int, follow: str, *, is_known: bool) -> bool:
    """Whether a word behind a cue is a name: how sure the cue is against how sure the word."""
    if cue in _LOOSE_CUES:
        if head == _C["Unknown"] and words < 2:
            return cue == _C["contact"] or follow in _FOLLOWS
        return head in _SURE or (head == _C["unknown"] and is_known)
    if cue == _C["phone"]:
        return head in members("surename") or (head in _C["ambi"] + _C["Ambi"] and follow in _FOLLOWS_NUMBER)
    if head == _C["month"]:
        return words >= 2 or cue in (_C["tell"], _C["speak"]) or (cue == _C["hi"] and follow == _C["acts"])
    if cue in _SELF:
        sure = is_known or head not in _AMBIGUOUS or (words > 1 and head != _C["surword"])
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
        return cue == _C["this"] and follow in _FOLLOWS_SURNAME
    if head == _C["unknown"] and cue in (_C["hi"], _C["role"], _C["this"]):
        return words >= 2 or follow in _FOLLOWS
    return True
