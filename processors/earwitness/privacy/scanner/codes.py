"""Codes of gates and alarms, PINs, one-time codes: behind what names them, before it, and where only a verb tells."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner import context
from earwitness.privacy.scanner.again import again
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.numbers import size_of
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["OTHER_CODES", "find"]

_C = CHARACTERS
_LINK = "<like|know|you|let|me|is|colon|equals|number|its|filler|comma|quote|for|my|a|to|no|open|hyphen|de|at|this|mark|newline>"
_PIECE = "<numeral|digit|oh|teen|tens|hundred|thousand|multi|lettered|house|outward|ident|hexes>"
_BREAK = "(?:<filler|comma|hyphen|dash|and>|<no|wait>{1,2}<comma>?(?=<numeral|digit|oh|teen|tens>))"
_VALUE = (
    f"(?P<value><hash|number_mark|star_mark>?(?=<lettered>{{0,8}}<numeral|digit|oh|teen|tens|hundred|multi|house|outward|ident|hexes>)(?:{_PIECE}{_BREAK}{{0,3}}+){{1,16}}+)(?P<tail>"
    f"<hash|number_mark|star_mark>?)"
)
_BETWEEN = (
    "<common|unknown|de|of|for|to|at|in|a|my|me|you|know|its|box|unit|lock|card|Common|Unknown|measure|address|filler|phone|ye|line|lives"
    "|i|like|direction|surword|ambi|house>"
)
_CODE = pattern(
    f"(?:<lock>(?:<common|de|my|in>{{0,2}}<code|number|pin|password>)?|<code>|<pin>(?:<code|number>)?)"
    f"(?:{_LINK}{{0,5}}|<number|no><stop|period>|{_BETWEEN}{{0,7}}?(?:<is|with|colon>|<comma>?<its>){_LINK}{{0,5}}"
    f"|<de|of|for|to|at>{_BETWEEN}{{1,5}}?|<is>?<common>{{0,3}}<from|to>|<is|its>?<common><letname>|<common>){_VALUE}"
    "(?P<second>(?:<to><numeral|digit|oh|teen|tens|multi>{1,8}+)?)"
)
_BEHIND = pattern(
    "<is|its|comma|quote|this|for|to|as>(?:(?<=<is|its|comma|quote|this>)<is|its|comma|quote|this>?<my|a>?"
    "(?:(?:<lock|common>{0,2}|(?<=<my|a>)<Common|Unknown|UNKNOWN>)(?P<code><code>)(?!<filler>{0,2}<is|its|colon|equals|numeral|digit|oh>)|<pin>(?!<filler>{0,2}<is|its|colon|equals|numeral|digit|oh>))|(?<=<for|to|as>)<my|a>?(?:<^border|stop>?<lock><code>?|<pin>))"
)
_KEYPAD = pattern("<common|surword|phone|to><hash>(?P<value><digit|oh|numeral|teen|tens|multi>{2,8}+)")
_VALUE_BEFORE = pattern(f"(?:{_PIECE}{_BREAK}{{0,3}}){{1,10}}$")
_INDIAN = 6
_SENTENCE_ENDS = frozenset((_C["stop"], _C["newline"]))
_SIDES = words("key side front back main rear garage pool basement outer inner")
OTHER_CODES = words(
    """area country promo status response http postal product color error fault trouble diagnostic tax exit return reason job
    zip post error discount coupon dress bar qr source building sort swift ifsc micr dialing error, dtc
    shows threw throws showing displaying displays flashing flashes throwing"""
)
"""What stands before `code` where it is nobody's."""


def find(seen: View) -> Iterator[Hit]:
    """All codes."""
    kinds = seen.kinds
    for match in seen.each(_CODE):
        first, last = match.start("value"), match.end("tail")
        if match["second"]:
            yield match.start("second") + 1, match.end("second"), "SECRET", "secret.code"
        while last > first and kinds[last - 1] in _EDGES:
            last -= 1
        if _is_code(seen, match.start(), first, last):
            kind = "ZIP" if _is_post_code(seen, match.start(), first, last) else "SECRET"
            yield first, last, kind, "secret.code"
            yield from again(seen, first, last, kind)
    for match in seen.each(_KEYPAD):
        if size_of(seen, *match.span("value")) >= 4:
            yield match.start() + 1, match.end(), "SECRET", "secret.keypad"
    for match in seen.each(_BEHIND):
        if match["code"] and seen.word(match.start("code") - 1) in OTHER_CODES:
            continue
        value = _VALUE_BEFORE.search(kinds, max(0, match.start() - 12), match.start())
        if value is not None and _is_code(seen, match.start(), *value.span()):
            yield *value.span(), "SECRET", "secret.code_behind"


def _is_code(seen: View, cue: int, first: int, last: int) -> bool:
    kinds = seen.kinds
    if any(kind in _ALPHA and kind not in _NUMBERED for kind in kinds[first:last]):
        digits = sum(_size(seen, at) for at in range(first, last))
    else:
        digits = size_of(seen, first, last)
        if _C["wait"] in kinds[first:last]:
            # `four four, wait, nine seven`: what is taken back is no less a part of it.
            digits = max(digits, sum(_size(seen, at) for at in range(first, last)))
    if digits < 3:
        return False
    previous = cue - 1
    while previous > 0 and kinds[previous] == _C["filler"]:
        previous -= 1
    if kinds[cue] == _C["code"]:
        marked = not _MARKS.isdisjoint(kinds[first:last])
        if cue and ((seen.word(previous) in OTHER_CODES and not marked) or kinds[previous] in (_C["zip"], _C["area"])):
            return False
        if (
            (context.before(seen, cue) == "ID" and _SENTENCE_ENDS.isdisjoint(kinds[seen.before(cue, 3).start : cue]))
            or digits > 8
            or seen.word(min(cue + 1, len(kinds) - 1)) == "postal"
        ):
            return False
        return digits >= (3 if _C["lock"] in kinds[cue:first] or kinds[previous] == _C["box"] else 4)
    if kinds[cue] == _C["lock"]:
        if seen.word(cue) == "security" and cue and kinds[previous] == _C["ssn"]:
            return False
        if kinds[first - 1] == _C["with"]:
            return digits >= 4
        coded = any(kind in _CODED for kind in kinds[cue + 1 : first])
        return (
            (
                coded
                or any(kinds[at] == _C["lock"] and seen.word(at) in _ALONE for at in range(cue, first))
                or (digits == 4 and _is_side_door(seen, cue))
            )
            and 3 <= digits <= 12
            and context.after(seen, last) != "MEASURE"
        )
    return digits <= 16


def _is_post_code(seen: View, cue: int, first: int, last: int) -> bool:
    """Whether six digits behind `pin code` are India's post code."""
    named = seen.word(cue) == "pincode" or (seen.word(cue) == "pin" and seen.word(cue + 1) == "code")
    return named and size_of(seen, first, last) == _INDIAN


def _is_side_door(seen: View, cue: int) -> bool:
    return bool(cue) and seen.word(cue) in ("door", "entrance", "safe") and seen.word(cue - 1) in _SIDES


def _size(seen: View, at: int) -> int:
    kind = seen.kinds[at]
    if kind in _NUMERALS or kind in _MIXED:
        return len(seen.raw[at].rstrip())
    if kind in _LONG:
        return 2
    return 1 if kind in _SINGLE else 0


_NUMBERED = _C["ye"] + _C["oh"]
_ALPHA = members("lettered") + characters("house outward ident hexes")
_MARKS = frozenset(characters("hash number_mark star_mark"))
_CODED = _C["code"] + _C["pin"] + _C["number"] + _C["password"]
_ALONE = words(
    """lockbox keypad keybox padlock candado teclado gate intercom callbox alarm alarma cerradura reja portón porton buzzer
    lockbox's keypad's gate's alarm's buzzer's"""
)
_NUMERALS = members("numeral")
_MIXED = characters("house outward ident hexes")
_LONG = _C["teen"] + _C["tens"] + _C["hundred"] + _C["thousand"] + _C["multi"]
_SINGLE = _C["digit"] + members("lettered")
_EDGES = characters("filler comma hyphen an ye a i")
