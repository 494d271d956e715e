"""Names: after a cue even when they are words or in no list, alone when a list knows them, and spelled."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner import name_frames, spelled
from earwitness.privacy.scanner.classes import CHARACTERS, members
from earwitness.privacy.scanner.name_ends import OWNING, name_end
from earwitness.privacy.scanner.name_grammar import ALONE, CORRECTED, FULL, MEDIUM, STRONG
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["People"]

_C = CHARACTERS
_AMBIGUOUS = _C["ambi"] + _C["surword"] + _C["unknown"] + _C["month"] + _C["UNKNOWN"]
_SOLID = members("surename") + _C["Ambi"] + _C["Surword"] + _C["Unknown"]
_FOLLOWS = "".join(_C[name] for name in ("from", "phone", "border", "an", "stop", "in", "at", "tell", "my", "speak"))
_LOOSE_CUES = "".join(_C[name] for name in ("from", "with", "to", "for", "de", "contact", "beneath"))
_SURE = members("surename") + _C["Ambi"] + _C["Unknown"]
_UNSURE = "".join(_C[name] for name in ("unknown", "surword", "ambi", "Common", "UNKNOWN"))
_SELF = _C["im"] + _C["its"] + _C["i"]
_FOLLOWS_NUMBER = _C["at"] + _C["in"] + members("numeral")


class People:
    """The rules for names; `strict` also takes a lone unknown word with a capital."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def find(self, seen: View) -> Iterator[Hit]:
        """All names."""
        yield from spelled.find(seen)
        kinds = seen.kinds
        for match in STRONG.finditer(kinds):
            cue, (first, last) = match.start(), match.span("value")
            if kinds[first] == _C["surword"] and seen.word(cue) == "called":
                continue  # `nobody called back`
            if kinds[cue] == _C["title"]:
                first = cue - (cue > 0 and seen.word(cue - 1) in _ARTICLES)
                if kinds[last - 1] == _C["Common"] and last - match.start("value") == 1:
                    continue
            elif kinds[first] in _UNSURE and kinds[first - 1] == _C["name"] and kinds[cue - 1 : cue] != _C["role"]:
                continue  # `the name means`: nothing links the two
            while last < len(kinds) and seen.word(last) in _SPELLED_WORDS and seen.word(last - 1) in _SPELLED_WORDS:
                last += 1
            corrected = CORRECTED.match(kinds, last)
            if corrected is not None:
                yield *corrected.span("value"), "PERSON", "name.corrected"
            yield first, name_end(seen, match.start("value"), last), "PERSON", "name.cue"
        yield from name_frames.find(seen)
        yield from _medium(seen)
        taken = seen.taken
        for match in FULL.finditer(kinds):
            first, last = match.span()
            if taken.find(0, first, last) >= 0 and _is_full(seen, first, last):
                yield first, name_end(seen, first, last), "PERSON", "name.full"
        for match in ALONE.finditer(kinds):
            at = match.start()
            if not taken[at] and self._is_alone(seen, at):
                yield at, name_end(seen, at, at + 1), "PERSON", "name.alone"

    def _is_alone(self, seen: View, at: int) -> bool:
        kind = seen.kinds[at]
        if _is_acronym(seen, at):
            return False
        if _is_firm(seen, at):
            return False
        if kind in _GIVEN:
            return True
        if _is_shouted(seen, at):
            return False
        if _starts_sentence(seen, at):
            return _acts(seen, at) or (kind == _C["Surname"] and _is_quoted(seen, at))
        if kind in _LISTED:
            return True
        return self._strict or seen.kinds[at - 1] in _PERSONAL or _acts(seen, at)


def _is_acronym(seen: View, at: int) -> bool:
    """Whether a short word in capitals stands among words that are not."""
    word = seen.raw[at].rstrip()
    if not 1 < len(word) <= _ACRONYM or not word.isupper():
        return False
    first = max(at - 3, seen.kinds.rfind(_C["border"], 0, at) + 1)
    last = seen.kinds.find(_C["border"], at, at + 4)
    around = seen.joined(first, at), seen.joined(at + 1, min(len(seen.raw), at + 4) if last < 0 else last)
    return any(letter.islower() for part in around for letter in part)


_ACRONYM = 6


def _is_firm(seen: View, at: int) -> bool:
    """Whether a name with a capital is the first word of a firm's: `Johnson Controls`."""
    return at + 1 < len(seen.raw) and seen.raw[at][0].isupper() and seen.word(at + 1) in _FIRMS


def _is_quoted(seen: View, at: int) -> bool:
    """Whether a word is all that stands between two quotation marks: `SEARCH('Delgado', …)`."""
    return at > 0 and seen.kinds[at - 1] == seen.kinds[at + 1 : at + 2] == _C["quote"]


def _is_shouted(seen: View, at: int) -> bool:
    """Whether a word stands among others in capitals, so that its own say nothing: `MARK IT COMPLETE`."""
    raw = seen.raw
    word = raw[at].rstrip()
    around = (raw[n].rstrip() for n in (at - 1, at + 1) if 0 <= n < len(raw))
    return len(word) > 1 and word.isupper() and any(other.isupper() and len(other) > 1 for other in around)


_FIRMS = words(
    """controls plumbing heating cooling electric electrical hvac supply services service systems industries hardware motors
    mechanical roofing construction properties realty rentals inc llc ltd corp company furnace thermostat boiler pump"""
)


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
    return follows == _C["from"] or seen.word(at + 1) in _ACTS or seen.raw[at].rstrip().endswith(OWNING)


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
    for match in MEDIUM.finditer(kinds):
        first, last = match.span("value")
        cue = match[0][0]
        head = kinds[first + 2 * (kinds[first] == _C["particle"])]
        known = sum(kind in _SOLID for kind in kinds[first:last])
        follow = kinds[last] if last < len(kinds) else _C["border"]
        if kinds[first - 1] == _C["you"] and not known:
            continue  # `thank you bye`
        if (
            cue == _C["this"]
            and head == _C["unknown"]
            and kinds[first - 1] in _BETWEEN
            and not _is_pronoun(seen, first - 1)
        ):
            continue
        if (
            _is_meant(cue, head, known, last - first, follow)
            or kinds[first] == _C["particle"]
            or _is_told(seen, match.start(), first, last)
        ):
            end = name_end(seen, first, last)
            yield first, end, "PERSON", "name.after"
            second = name_frames.other(seen, end)
            if second is not None:
                yield second


def _is_pronoun(seen: View, at: int) -> bool:
    """Whether a word between `this is` and a name stands for it: `this is she anaïs beaumont`."""
    return seen.word(at) in ("she", "he", "her", "him")


def _is_told(seen: View, cue: int, first: int, last: int) -> bool:
    """Whether words around an unsure name tell: `call chase first`, `my neighbor toño has a key`."""
    kinds = seen.kinds
    head, follow = kinds[first], seen.word(last) if last < len(kinds) else ""
    if kinds[cue] == _C["phone"]:
        return head in _C["ambi"] + _C["unknown"] and follow in _THEN and last - first == 1
    if kinds[cue] == _C["contact"] or kinds[cue] == _C["beneath"]:
        return head in _C["ambi"] + _C["unknown"] and kinds[last : last + 1] in _CLAUSE_ENDS
    if kinds[cue] in _HANDS and cue and seen.word(cue - 1) in _HANDED:
        return head in _C["ambi"] + _C["unknown"] + _C["surword"]
    if kinds[cue] == _C["this"]:
        return head == _C["unknown"] and follow in _CALLING
    if kinds[cue] == _C["hi"]:
        return head == _C["unknown"] and kinds[last : last + 1] == _C["comma"]
    mine = kinds[cue] == _C["role"] and cue > 0 and kinds[cue - 1] == _C["my"] and first == cue + 1
    if mine and head == _C["ambi"] and seen.word(first) not in _AUXILIARIES:
        return follow.endswith("ed") or follow in _DOES
    if kinds[cue] == _C["role"] and head == _C["unknown"]:
        return mine and not seen.word(first).endswith("s")
    return False


_HANDS = _C["with"] + _C["to"] + _C["from"]
_HANDED = words(
    """signed assigned reassigned approved requested reported written opened closed sent transferred booked scheduled completed
    updated created handled taken given"""
)
_CALLING = words("calling speaking here again over out with")
_CLAUSE_ENDS = frozenset(("", *(_C[name] for name in ("border", "comma", "stop", "newline", "phone", "at"))))
_AUXILIARIES = ("will", "may", "can", "mark")
_DOES = words("has is will can was said wants says lives knows gave told left called")
_BETWEEN = members("common") + _C["my"]
_THEN = words("on at first when before back if instead about tomorrow today")


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
    return True


_SPELLED_WORDS = words(
    """alpha alfa bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey xray yankee zulu"""
)
_ARTICLES = ("el", "la")
