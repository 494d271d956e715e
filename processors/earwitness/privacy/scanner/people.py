"""Names: after a cue even when they are words or in no list, alone when a list knows them, and spelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from earwitness.privacy.scanner import name_cues, name_frames, name_reversed, spelled
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members
from earwitness.privacy.scanner.name_ends import OWNING, name_end
from earwitness.privacy.scanner.name_grammar import ALONE, CORRECTED, FULL, MEDIUM, STRONG
from earwitness.privacy.scanner.together import Together
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["People"]

_C = CHARACTERS
_SURE = frozenset(members("surename") + _C["Ambi"] + _C["Unknown"])
_UNSURE = characters("unknown surword ambi Common UNKNOWN")


class People:
    """The rules for names; `strict` also takes a lone unknown word with a capital."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def find(self, seen: View) -> Iterator[Hit]:
        """All names; those that nothing tells of are looked for in what the others left."""
        for find in _FINDERS.of(seen):
            yield from find(seen)
        taken = seen.taken
        for match in seen.each(FULL):
            first, last = match.span()
            if taken.find(0, first, last) >= 0 and _is_full(seen, first, last):
                yield first, name_end(seen, first, last), "PERSON", "name.full"
        for match in seen.each(ALONE):
            at = match.start()
            if not taken[at] and self._is_alone(seen, at):
                yield at, name_end(seen, at, at + 1), "PERSON", "name.alone"

    def _is_alone(self, seen: View, at: int) -> bool:
        raw, kinds = seen.raw, seen.kinds
        kind = kinds[at]
        if (
            _is_anybody(seen, at)
            or (raw[at][0].isupper() and _is_firm(seen, at))
            or (raw[at].isupper() and _is_acronym(seen, at))
        ):
            return False
        if kind in _GIVEN:
            return True
        if raw[at].isupper() and _is_shouted(seen, at):
            return False
        if _starts_sentence(seen, at):
            return _acts(seen, at) or (kind == _C["Surname"] and _is_quoted(seen, at))
        if kind in _LISTED or kinds[at - 1] in _PERSONAL or _acts(seen, at):
            return True
        return self._strict and seen.word(at - 1) not in _MAKERS and not _is_parameter(seen, at)


def _behind_sure_cues(seen: View) -> list[Hit]:
    """Names behind words behind which anything is a name: `my name is …`, `Mrs. …`."""
    hits: list[Hit] = []
    kinds = seen.kinds
    for match in seen.each(STRONG):
        cue, (first, last) = match.start(), match.span("value")
        begin = first
        if kinds[first] == _C["surword"] and seen.word(cue) == "called":
            continue  # `nobody called back`
        if kinds[cue] == _C["title"]:
            begin = cue - (cue > 0 and seen.word(cue - 1) in _ARTICLES)
            if kinds[last - 1] == _C["Common"] and last - first == 1:
                continue
        elif kinds[first] in _UNSURE and kinds[first - 1] == _C["name"] and kinds[cue - 1 : cue] != _C["role"]:
            continue  # `the name means`: nothing links the two
        while (
            kinds[last : last + 1] in _WORDS
            and seen.word(last) in _SPELLED_WORDS
            and seen.word(last - 1) in _SPELLED_WORDS
        ):
            last += 1
        corrected = CORRECTED.match(kinds, last) if kinds[last : last + 1] in _BEFORE_CORRECTION else None
        if corrected is not None:
            hits.append((*corrected.span("value"), "PERSON", "name.corrected"))
        hits.append((begin, name_end(seen, first, last), "PERSON", "name.cue"))
    return hits


def _is_acronym(seen: View, at: int) -> bool:
    """Whether a word in capitals is a short one among words that are not."""
    if not 1 < len(seen.raw[at].rstrip()) <= _ACRONYM:
        return False
    first = seen.before(at, 3).start
    last = seen.kinds.find(_C["border"], at, at + 4)
    around = seen.joined(first, at), seen.joined(at + 1, min(len(seen.raw), at + 4) if last < 0 else last)
    return any(letter.islower() for part in around for letter in part)


_ACRONYM = 6


def _is_firm(seen: View, at: int) -> bool:
    """Whether a name with a capital is the first word of a firm's: `Johnson Controls`."""
    return at + 1 < len(seen.raw) and seen.word(at + 1) in _FIRMS


def _is_quoted(seen: View, at: int) -> bool:
    """Whether a word is all that stands between two quotation marks: `SEARCH('Delgado', …)`."""
    return at > 0 and seen.kinds[at - 1] == seen.kinds[at + 1 : at + 2] == _C["quote"]


def _is_parameter(seen: View, at: int) -> bool:
    """Whether a word is a part of a name in a program: `Idempotency-Key`, `StirVerstat=…`."""
    kinds = seen.kinds
    if kinds[at + 1 : at + 2] == _C["equals"]:
        return True
    behind = kinds[at + 1 : at + 3] in _BEHIND_HYPHEN and seen.glued(at)
    before = kinds[max(0, at - 2) : at] in _BEFORE_HYPHEN and seen.glued(at - 1)
    return behind or before


_BEHIND_HYPHEN = tuple(_C["hyphen"] + each for each in _C["Common"] + _C["weak_suffix"] + _C["password"] + _C["letter"])
_BEFORE_HYPHEN = tuple(each + _C["hyphen"] for each in _C["Common"] + _C["letter"] + _C["ex"])
_MAKERS = words(
    """carrier trane lennox rheem goodman honeywell bosch samsung lg whirlpool kohler moen daikin mitsubishi nest ecobee bradford
    navien     rinnai grundfos generac ge dell hp sony ford toyota honda chevy dodge nissan"""
)


def _is_shouted(seen: View, at: int) -> bool:
    """Whether a word in capitals stands among others, so that its own say nothing: `MARK IT COMPLETE`."""
    raw = seen.raw
    around = (raw[n].rstrip() for n in (at - 1, at + 1) if 0 <= n < len(raw))
    return len(raw[at].rstrip()) > 1 and any(other.isupper() and len(other) > 1 for other in around)


_FIRMS = words(
    """controls plumbing heating cooling electric electrical hvac supply services service systems industries hardware motors
    mechanical roofing construction properties realty rentals inc llc ltd corp company furnace thermostat boiler pump"""
)


def _acts(seen: View, at: int) -> bool:
    """Whether what follows a lone word with a capital is what a person does, or somebody is spoken to."""
    kinds = seen.kinds
    # A text says the same among others and alone: what is behind its border is not looked at.
    follows = kinds[at + 1 : at + 2]
    if not follows or follows == _C["border"]:
        return False
    if kinds[at + 2 : at + 3] in _OVER:
        return follows not in _MARKS and (seen.word(at + 1) in _ACTS or seen.raw[at].rstrip().endswith(OWNING))
    if follows == _C["colon"]:
        if kinds[at] == _C["Unknown"] and kinds[at + 2] in _STATES and kinds[at + 3 : at + 4] in _VALUE_ENDS:
            return False  # `Onsite: Yes` is a field and its value, `Kudzai: Please call me` a person who says something
        return kinds[at + 2] == _C["quote"] or seen.raw[at + 2][:1].isupper()
    if follows == _C["comma"]:
        return seen.word(at + 2) in _ADDRESSED and _starts_sentence(seen, at)
    if follows == _C["at_mark"]:
        return seen.word(at + 2) in _WHERE and not (seen.glued(at) or seen.glued(at + 1))
    if follows == _C["an"]:
        return kinds[at + 2] in _NAMED
    return follows == _C["from"] or seen.word(at + 1) in _ACTS or seen.raw[at].rstrip().endswith(OWNING)


_STATES = members("common") + characters("Common no unknown Unknown month")
_VALUE_ENDS = ("", *characters("border newline comma period stop"))
_OVER = ("", _C["border"])
_MARKS = characters("stop period comma colon mark quote close newline hyphen solidus")
_GIVEN = _C["Given"] + _C["given"]
_LISTED = _C["Surname"] + _C["Ambi"]
_NAMED = members("capital")
_PERSONAL = characters("with to for from an of tell me with role as")
_ADDRESSED = words("can could please will would you i we are is do did have how what where when why who thanks")
_ACTS = words(
    """said says called shouted asked wants wanted came lives listed spent submitted told thinks knows left arrived works worked
    wrote writes texted emailed replied answered signed paid needs needed owns reported speaks spoke moved joined
    dice dijo cubre viene llega llegó llamó pide pidió firmó dejó trae quiere necesita vino avisó confirma"""
)
_WHERE = words(
    "front reception desk gate lobby office dock warehouse shop store site leasing concierge recepción oficina bodega"
)
"""Where somebody is: `Priya @ reception`."""


def _starts_sentence(seen: View, at: int) -> bool:
    if at == 0:
        return True
    return seen.kinds[at - 1] in _SENTENCE_ENDS


_SENTENCE_ENDS = characters("border stop newline mark quote colon bracket open filler")


def _is_anybody(seen: View, at: int) -> bool:
    """Whether a name is one of `every tom, dick and harry`."""
    if seen.word(at) not in _ANYBODY:
        return False
    return {seen.word(n) for n in range(max(0, at - 5), min(len(seen.raw), at + 6))} >= _ANYBODY


_ANYBODY = frozenset(("tom", "dick", "harry"))


def _is_full(seen: View, first: int, last: int) -> bool:
    """Whether several words that may be a name are one, by what the first of them is."""
    head = seen.kinds[first]
    more = seen.kinds[first + 1 : last]
    if _is_anybody(seen, first):
        return False
    if head == _C["Surword"]:
        return not _SURENAMES.isdisjoint(more)
    if head in _CAPITAL_OR_GLUED and _starts_sentence(seen, first):
        return head == _C["Surname"] or not _SURE.isdisjoint(more)
    if head == _C["month"]:
        return not _NAMES.isdisjoint(more) and seen.raw[first][0].isupper()
    if head == _C["ambi"]:
        return _C["surname"] in more or _C["given"] in more
    return True


_SURENAMES = frozenset(members("surename"))
_NAMES = frozenset(members("anyname"))
_CAPITAL_OR_GLUED = characters("Surname Unknown glued")
_SPELLED_WORDS = words(
    """alpha alfa bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey xray yankee zulu"""
)
_WORDS = frozenset(members("anyname") + members("common") + characters("Common unknown Unknown UNKNOWN month"))
"""Classes that a word of the spelling alphabet may have."""
_BEFORE_CORRECTION = frozenset(characters("comma stop no wait"))
_ARTICLES = ("el", "la")
_FINDERS = Together[Callable[[View], list[Hit]]](
    (
        *((sign, spelled.find) for sign in spelled.SIGNS),
        *((sign, name_reversed.find) for sign in name_reversed.SIGNS),
        (STRONG, _behind_sure_cues),
        *((sign, name_frames.find) for sign in name_frames.SIGNS),
        (MEDIUM, name_cues.find),
    )
)
"""What finds names that something tells of, by the grammars it needs: surer ones first."""
