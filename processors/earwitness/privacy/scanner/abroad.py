"""Streets as other countries write them: `calle Mayor 3, 3º B`, `14 bis avenue Victor Hugo`, `Goethestr. 4b, 10625 Berlin`."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner import premises
from earwitness.privacy.scanner.alphabet import CHARACTERS, members, pattern
from earwitness.privacy.scanner.place_grammar import LEAD, NUMBER, TAIL, TOWN, UNIT, WORD, begins, ends
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["SIGNS", "find"]

_C = CHARACTERS
_HOUSE = pattern(f"(?:{NUMBER}){{1,2}}<bis|suffix|particle>?<comma>?<bearing>?<my>?$")
_ROMANCE = pattern(
    f"(?:<prefix>|<letter><solidus>)<stop|period>?<filler>?(?:<de|my|particle|a|ye>{{0,2}}(?:{WORD}|<digit|house>)"
    f"<hyphen|quote|filler>?){{1,5}}?"
    f"(?P<behind><comma>?<number|no>?<stop|period|number_mark>?{NUMBER}(?:<number|no>"
    f"<stop|period>?{NUMBER})?|<with|ye><my|prefix>{{0,2}}{NUMBER}|(?=<comma|newline|stop|border|in|an|for|with|is|at|mark|to|from>"
    f"|<ye>(?!<capital>{{1,2}}<n1|n2|n3|n4|house>)|$))(?:(?<=<n4|n5|n6>){TOWN})?(?:<comma>?{UNIT})?{TAIL}"
)
_IN_QUARTER = pattern(
    "<quarter><stop|period>?<Unknown|Given|Surname|Ambi|Surword|Common|month|my|de|bearing>{1,4}<comma>$"
)
_GERMAN = pattern(
    f"<preposed|measure><particle|my|Unknown>?<Unknown|Given|Surname|Ambi|Surword|Common>{{1,2}}<n1|n2|n3|house>{TAIL}"
)
_POST_CODE = pattern("<outward><house|ident>")
_BRITISH_HEAD = pattern(
    "(?:<n1|n2|n3|n4|house><Unknown|Surname|Surword|Given|Ambi>{1,3}|<Unknown|Surname|Surword|Given|Ambi|Common|weak_suffix>{1,3}<suffix|weak_suffix>)"
    "<comma><Unknown|Surname|Surword|Given|Ambi|hyphen>{1,3}<comma>?$"
)
_FRENCH = pattern(
    "<house|n1|n2|n3|n4>(?:<bis>|(?<!<house>)<suffix>(?=<suffix|prefix>))?<comma>?<suffix|prefix>(?:<de|my|particle|period|quote|letter>"
    f"{{0,3}}<Given|Surname|Surword|Ambi|Unknown|glued><hyphen>?){{1,4}}{TAIL}"
)
_BEFORE_CODE = pattern(
    "<Unknown|Given|Surname|Surword|Ambi|Common><hyphen|period|stop>{0,2}(?:<Unknown|Given|Surname|Surword|Ambi|Common|my|de>"
    "<hyphen|period|stop>?){0,3}<n1|n2|n3|house><comma|newline>{1,2}<n4|n5><Unknown|Given|Surname|Surword|Ambi|glued>"
    f"{TAIL}"
)
_GLUED = pattern(
    f"<glued><stop|period>?(?P<behind>(?:<n1|n2|n3|n4|house>(?:<hyphen><n1|n2|letter>(?!<hyphen|n4|n5>))?)?){TAIL}"
)
_GLUED_HEAD = pattern(
    f"(?:{NUMBER}<bearing>?|(?:<n1|n2|n3|n4|n5|house><comma>?){{1,2}}<capital|letter|Unknown>{{0,2}}|<Unknown|Given|Surname>{{1,2}})$"
)
_TYPE_FIRST = pattern(
    f"<suffix|weak_suffix>(?:<stop|period>?<capital|prefix>|<stop|period><Common|weak_suffix>)<capital|prefix|Common>{{0,2}}<n1|n2|n3|n4|n5>(?!<period|measure|colon>){TAIL}"
)
_FOREIGN = pattern(
    f"<n1|n2|n3|n4|n5>{{1,2}}(?:(?:<Unknown|Given|Surname|Surword|Ambi|glued|prefix>|<sector>(?=<Unknown>))"
    f"<hyphen|period|stop>?){{1,4}}<n1|n2|n3|n4>{TAIL}"
)
_CROSSING = pattern(
    "<comma>?(?P<word><common|corner>)<with|de>?<prefix>?<my>?<capital|Common>{1,2}(?:<ye><prefix>?<my>?<capital|Common>{1,2})?"
)
_CROSSINGS = words("entre esquina esq")
_GOES_ON = words(
    "para porque cuando donde que mañana hoy ayer ahora hasta desde tiene tienen necesita necesitan quiere urge sin pero como"
)
_SAID = members("spoken")
_NUMERIC = members("numeral") + _C["house"] + members("spoken")
_WHOLE = (
    (_FRENCH, "address.french"),
    (_TYPE_FIRST, "address.type_first"),
    (_BEFORE_CODE, "address.before_code"),
    (_FOREIGN, "address.foreign"),
)
SIGNS = (
    "<prefix|suffix|weak_suffix|glued|preposed>",
    "<Unknown|Given|Surname|Surword|Ambi>(?<=<n1|n2|n3|n4|n5><Unknown|Given|Surname|Surword|Ambi>)",
    "<solidus>(?<=<letter><solidus>)",
    "<measure>(?=<particle|my|Unknown>?<Unknown|Given|Surname|Ambi|Surword|Common>{1,2}<n1|n2|n3|house>)",
    "<outward>(?=<house|ident>)",
    "<comma|newline>(?=<n4|n5>)",
)
"""One of these stands in each of these streets, as `excerpt.signs` takes them."""


def find(seen: View) -> Iterator[Hit]:
    """All such streets."""
    kinds = seen.kinds
    for match in seen.each(_ROMANCE):
        if kinds[match.start()] == _C["letter"] and not _is_calle(seen, match.start()):
            continue
        first = begins(kinds, _HOUSE, match.start())
        said = kinds[match.start() + 1] in _SAID and kinds[first - 1 : first] == _C["in"]  # `vivo en calle nueve`
        if first < match.start() or match["behind"] or said or seen.raw[match.start()][0].isupper():
            first = begins(kinds, LEAD, begins(kinds, _IN_QUARTER, first))
            last = _before_prose(seen, match.start(), match.end())
            yield first, ends(kinds, _with_crossing(seen, last)), "ADDRESS", "address.romance"
    for match in seen.each(_GERMAN):
        if seen.word(match.start()) != "pm" and seen.raw[match.start()][0].isupper():
            yield match.start(), ends(kinds, match.end()), "ADDRESS", "address.german"
    for match in seen.each(_GLUED):
        first = begins(kinds, _GLUED_HEAD, match.start())
        if match["behind"] or (first < match.start() and kinds[first] in _NUMERIC):
            first = premises.named_begins(seen, first)
            yield first, ends(kinds, match.end()), "ADDRESS", "address.glued"
    for match in seen.each(_POST_CODE):
        first = begins(kinds, _BRITISH_HEAD, match.start())
        if first < match.start():
            first = premises.named_begins(seen, first)
            yield first, match.end(), "ADDRESS", "address.british"
    for grammar, rule in _WHOLE:
        for match in seen.each(grammar):
            yield begins(kinds, LEAD, match.start()), ends(kinds, match.end()), "ADDRESS", rule


def _before_prose(seen: View, first: int, last: int) -> int:
    """Where a street in capitals ends and a sentence goes on: before `para pintar` of `Calle Nogal para pintar`."""
    for at in range(first + 2, last):
        if seen.kinds[at] == _C["common"] and seen.word(at) in _GOES_ON and seen.raw[first + 1][0].isupper():
            return at
    return last


def _with_crossing(seen: View, last: int) -> int:
    """Where a street ends with the streets it lies between: `entre Roble y Encino`, `esquina con Juárez`."""
    crossing = _CROSSING.match(seen.kinds, last)
    if crossing is None or seen.word(crossing.start("word")) not in _CROSSINGS:
        return last
    return crossing.end()


def _is_calle(seen: View, at: int) -> bool:
    """Whether a letter and a slash stand for a street: `C/ Alcalá 200`."""
    return seen.word(at) == "c" and seen.raw[at + 2 : at + 3] != [] and seen.raw[at + 2][0].isupper()
