"""Names that are spelled: `R O W N`, `m as in mary a r i a`, `D double E P A K`, `eme a erre te a`."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["LETTERS", "SIGNS", "find"]

_C = CHARACTERS
_SPELLED_LETTER = "lettered|multi|letname|shift"
_AS_IN = "(?:<as><in>|<for|like|de|as|is>)<^newline>"
_BEHIND = f"<comma|hyphen|period|stop|filler>{{0,2}}(?:{_AS_IN}<comma|hyphen|stop|filler>{{0,2}})?"
"""What may stand behind a letter before the next one; it is taken once and for all."""
# What stands behind the first letter is looked at before anything else: most letters are words of a sentence.
_SPELLED = pattern(
    f"<{_SPELLED_LETTER}>(?=<{_SPELLED_LETTER}|comma|hyphen|period|stop|filler|as|for|like|de|is>)"
    f"(?:{_BEHIND}){{1}}+(?:<{_SPELLED_LETTER}>{_BEHIND}){{1,39}}+"
)
SIGNS = (_SPELLED,)
"""Where none of these grammars finds something, there is no such name."""
# `a c m e one two`: somebody's id at a firm, and no name.
_A_FEW_DIGITS = pattern("(?:<spoken>{1,4}|<numeral>)(?!<numeral|spoken>)")
_MOST_DIGITS = 6
LETTERS = members("lettered") + _C["letname"]
_LOOSE = characters("comma hyphen period stop filler")


def find(seen: View) -> list[Hit]:
    """All spelled names."""
    hits: list[Hit] = []
    kinds = seen.kinds
    for match in seen.each(_SPELLED):
        first, last = match.span()
        near = kinds[first - _NEAR if first > _NEAR else 0 : first]
        if last - first < _MANY_LETTERS and _SPELL_CUES.isdisjoint(near):
            continue
        says_again = _AS_IN_KINDS in match[0]
        while last > first and kinds[last - 1] in _LOOSE:
            last -= 1
        letters = sum(map(LETTERS.__contains__, kinds[first:last]))
        letters -= kinds.count(_C["letname"], first, last) if letters < _MANY_LETTERS else 0
        is_named = letters > 1 and (says_again or not _SPELL_CUES.isdisjoint(near.rpartition(_BORDER)[2]))
        if is_named or (letters >= _MANY_LETTERS and not _is_id(seen, last)):
            hits.append((_said_before(seen, first, last), _said_behind(kinds, last), "PERSON", "name.spelled"))
    return hits


def _is_id(seen: View, last: int) -> bool:
    """Whether a few digits stand behind letters, so that they are no name."""
    kinds = seen.kinds
    return _A_FEW_DIGITS.match(kinds, last) is not None and (
        kinds[last] not in _NUMERALS or len(seen.word(last)) <= _MOST_DIGITS
    )


def _said_before(seen: View, first: int, last: int) -> int:
    """Where the name begins that was said before it was spelled: `okafor o k a f o r`."""
    kinds = seen.kinds
    at = first - 1
    while at >= 0 and first - at < _NEAR and (kinds[at] in _LOOSE or seen.word(at) in _SPELLS):
        at -= 1
    if at < 0 or kinds[at] == _BORDER:
        return first
    word = seen.word(at)
    if len(word) < _MANY_LETTERS:
        return first
    letters = (n for n in range(first, last) if kinds[n] in LETTERS)
    for letter in word[:_SAME_LETTERS]:
        spelled = next(letters, None)
        if spelled is None or seen.word(spelled)[0] != letter:
            return first
    return at


def _said_behind(kinds: str, last: int) -> int:
    """Where the name ends whose first one was spelled: `S I O B H A N, O'Malley`."""
    at = last
    while at < last + 2 and kinds[at : at + 1] in _PAUSES:
        at += 1
    return at + 1 if kinds[at : at + 1] in _SECOND and kinds[at + 1 : at + 2] in _OVER else last


_PAUSES = frozenset((_C["comma"], _C["filler"]))
_SECOND = frozenset((_C["surname"], _C["Surname"], _C["Unknown"]))
_OVER = frozenset(("", _C["border"], _C["comma"], _C["stop"], _C["an"], _C["newline"]))
_SPELLS = words("that's that is spelled spelt it's its se escribe deletrea")
_NUMERALS = members("numeral")
_BORDER = _C["border"]
_MANY_LETTERS = 4
_SAME_LETTERS = 3
"""Letters of a name that is said and spelled that are compared."""
_NEAR = 6
_AS_IN_KINDS = _C["as"] + _C["in"]
_SPELL_CUES = frozenset(_C[name] for name in ("name", "nameis", "spelled", "called", "its"))
