"""Where a name ends: case, what belongs to somebody, degrees, and pauses in it."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members
from earwitness.privacy.scanner.spelled import LETTERS
from earwitness.privacy.scanner.view import View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["OWNING", "ends_text", "name_end"]

_C = CHARACTERS


def name_end(seen: View, first: int, last: int) -> int:
    """The end of a name of which a grammar says that it is `first` to `last - 1`."""
    kinds = seen.kinds
    if last - first > 1:
        last = _within(seen, first, last)
        if last - first > 1 and kinds[last - 1] in _WILL and kinds[last : last + 1] not in _CLAUSE_ENDS:
            last -= seen.word(last - 1) == "will"  # `jax will be home`
    follow = kinds[last : last + 1]
    if follow in _MAY_GO_ON or (follow in _CAPITAL_MAY_GO_ON and seen.raw[first][0].isupper()):
        return _beyond(seen, first, last)
    return last


def ends_text(kinds: str, at: int) -> bool:
    """Whether a stop ends a text: no blank is behind it, which makes it another sign than the stop of a sentence."""
    return kinds[at : at + 1] == _C["period"] and kinds[at + 1 : at + 2] in ("", _C["border"])


def _beyond(seen: View, first: int, last: int) -> int:
    """Where a name ends behind which a word stands that may belong to it."""
    raw, kinds = seen.raw, seen.kinds
    upper = raw[first][0].isupper()
    if (
        kinds[last : last + 1] == _C["hyphen"]
        and last + 1 < len(kinds)
        and seen.glued(last)
        and kinds[last + 1] in _SECOND_HALF
    ):
        last += 2
    if last - first == 1 and kinds[first] == _C["given"] and kinds[last : last + 1] == _C["unknown"]:
        last += kinds[last + 1 : last + 2] in _NAME_IS_OVER or ends_text(kinds, last + 1)
    if kinds[last : last + 1] in _LINEAGE:
        last = _beyond_particles(seen, first, last)
    while upper and last < len(kinds) and kinds[last] in _SHORT_NAMES and raw[last].rstrip() in _VIETNAMESE:
        last += 1
    follows = kinds[last : last + 1]
    if not follows:
        return last
    if (
        last - first == 1
        and kinds[first] in _GIVEN
        and seen.word(last) == "day"
        and kinds[last + 1 : last + 2] in _BEHIND_DAY
    ):
        return last + 1
    if upper and follows in LETTERS:
        initial = raw[last].rstrip()
        shouted = (
            raw[first].rstrip().isupper() and len(raw[first].rstrip()) > 1 and kinds[last + 1 : last + 2] not in _DOTTED
        )
        if initial.isupper() and not shouted and (last + 1 == len(kinds) or kinds[last + 1] not in LETTERS):
            last += 1
    degree = last + (kinds[last : last + 1] == _C["comma"])
    return degree + 1 if kinds[degree : degree + 1] == _C["degree"] else last


def _beyond_particles(seen: View, first: int, last: int) -> int:
    """Where a name in small letters ends that goes on with `al harbi`, `von der heide` or `de la o`."""
    kinds = seen.kinds
    if kinds[last] == _C["de"]:
        is_letter = kinds[last : last + 3] == _DE_LA_O and seen.word(last + 2) == "o"
        return last + 3 if is_letter and seen.word(last + 1) == "la" else last
    if kinds[first] not in _GIVEN:
        return last
    at = last + 1 + (kinds[last + 1 : last + 2] == _C["particle"])
    if kinds[at : at + 1] != _C["unknown"] or kinds[at + 1 : at + 2] not in _NAME_IS_OVER:
        return last
    # `al` is Spanish as well: `llama a juan al taller`.
    return at + 1 if seen.word(last) not in ("al", "le") or seen.word(at)[-1] in "bfhimty" else last


_LINEAGE = (_C["particle"], _C["de"])
_DE_LA_O = characters("de my oh")


def _within(seen: View, first: int, last: int) -> int:
    """Where several words stop to be the name that they begin with."""
    raw, kinds = seen.raw, seen.kinds
    if raw[first][0].isupper():
        # A name that begins with a capital does not go on in small letters, but for `de la`.
        for at in range(first + 1, last):
            if kinds[at] in _SMALL and raw[at][0].islower() and kinds[at - 1] != _C["hyphen"]:
                last = at
                break
        while last > first + 1 and kinds[last - 1] in _PARTICLES:
            last -= 1
    for at in range(first, last - 1):
        if raw[at].rstrip().endswith(OWNING):
            return at + 1
        if (kinds[at] in _JOINTS and not _joins(seen, at)) or (kinds[at] in _BETWEEN and _parts(seen, at)):
            return at
    while last > first + 1 and kinds[last - 1] in _NAME_ENDS:
        last -= 1
    return last


def _joins(seen: View, at: int) -> bool:
    """Whether a blank of the web (`Rosa%20Delgado`, `Rosa+Delgado`) or a pause before a known name goes on with a name."""
    if seen.raw[at][0].isalpha():
        behind = seen.kinds[at + 1]
        if behind == _C["unknown"]:
            return seen.kinds[at + 2 : at + 3] in _NAME_IS_OVER
        return behind in _KNOWN_OR_CAPITAL
    return seen.glued(at) and seen.glued(at - 1)


def _parts(seen: View, at: int) -> bool:
    """Whether a `y` or an `o` stands between two names: `chuy y nacho`, but `ortega y gasset` and `sean o neal`."""
    return (
        seen.raw[at] in _AND_OR
        and {seen.kinds[at - 1], seen.kinds[at + 1]} <= _FIRST_NAMES
        and not (seen.raw[at] == "o " and seen.word(at + 1) in _IRISH)
    )


_BETWEEN = _C["ye"] + _C["oh"]
_AND_OR = ("y ", "o ")
_FIRST_NAMES = frozenset(characters("given Given ambi Ambi"))
_IRISH = words("neal neil brian bryan connor donnell keefe leary malley reilly dell day grady hara")
_JOINTS = _C["filler"] + _C["plus_mark"]
OWNING = ("'s", "\u2019s")
"""How a word ends that owns what follows."""
_SMALL = characters("unknown given surname ambi surword glued weak_suffix suffix")
_PARTICLES = characters("particle de my ye a i")
_KNOWN_OR_CAPITAL = members("surename") + _C["Unknown"]
_SHORT_NAMES = _C["particle"] + _C["an"] + _C["common"] + _C["my"] + _C["to"] + _C["unknown"] + _C["Common"]
_VIETNAMESE = ("An", "Van", "Thi", "My", "To", "Ha", "Binh", "Anh", "Hai")
"""Names that are words of sentences; with a capital behind a name they are names."""
_DOTTED = frozenset((_C["stop"], _C["period"]))
_NAME_IS_OVER = frozenset(
    (
        "",
        *(
            _C[name]
            for name in (
                "ye",
                "emailcue",
                "im",
                "my",
                "speak",
                "acts",
                "called",
                "is",
                "border",
                "comma",
                "stop",
                "newline",
                "phone",
                "an",
                "at",
                "from",
                "open",
                "close",
                "quote",
            )
        ),
    )
)
"""What tells that an unknown word behind a given name is a surname: nothing goes on with it."""
_CLAUSE_ENDS = ("", *(_C[name] for name in ("border", "comma", "stop", "newline", "quote")))
_SECOND_HALF = characters("given surname unknown Unknown Given Surname ambi")
_NAME_ENDS = _C["hyphen"] + _C["period"] + _C["stop"]
_GIVEN = characters("given Given ambi Ambi surname Surname")
_MAY_GO_ON = frozenset(characters("hyphen unknown measure comma degree particle de"))
"""What may belong to a name before it, or stand before what does."""
_CAPITAL_MAY_GO_ON = frozenset((*LETTERS, *_SHORT_NAMES))
"""What may belong to a name with a capital besides."""
_WILL = characters("ambi Ambi")
"""Classes of the name `will`."""
_BEHIND_DAY = frozenset(
    (
        "",
        *(
            _C[name]
            for name in (
                "border",
                "comma",
                "stop",
                "newline",
                "idcue",
                "speak",
                "phone",
                "an",
                "at",
                "im",
                "from",
                "my",
                "ye",
            )
        ),
    )
)
"""What stands behind the surname `Day`, and not behind a day."""
