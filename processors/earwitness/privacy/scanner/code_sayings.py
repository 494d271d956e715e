"""Codes that stand in a sentence of another form: `the code, you know, for the barn is 4429`, `the top one is five oh five one`.

Also what is pressed behind a star or a pound, `hit pound then 7442`, and what an alarm is armed with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, pattern
from earwitness.privacy.scanner.code_actions import DIGIT, fits, is_card_code, size
from earwitness.privacy.scanner.codes import OTHER_CODES
from earwitness.privacy.scanner.excerpt import only, signs
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_VALUE = (
    f"(?P<value>{DIGIT}(?:<filler|comma|hyphen|and>{{0,2}}{DIGIT}){{0,9}}+<hash|number_mark|star_mark>?)"
    "(?!<hyphen|solidus|period|comma><numeral>)"
)
_WORD = "<^stop|newline|numeral|digit|oh|teen|tens|hundred|multi|idcue|zip|area|measure|colon|equals|is|its>"
_IS = "<is|its|colon|equals>"
_PURPOSE = pattern(
    f"<code|pin>(?:<comma><you><know><comma>)?<for|to|de|of|common|at>{_WORD}{{1,6}}{_IS}<comma|filler|quote>{{0,3}}{_VALUE}"
)
_NOW = pattern(f"<code|pin|lock><is>(?P<now><common>)<filler|comma|colon|to>{{0,2}}{_VALUE}")
_HASHED = pattern(f"<hash>(?P<between><common|an|comma|filler|and>{{0,2}}){_VALUE}")
_ARMED = pattern(f"<lock><colon|comma|hyphen>?<common|unknown|lock>{{1,2}}<with>{_VALUE}")
_KEYED = pattern(f"<weak_suffix><in><code|my|filler|comma|colon>{{0,2}}{_VALUE}")
_NAMED_DOOR = pattern(
    f"<lock>(?P<noun><lock|box|common|digit>)?{_IS}<filler|comma>{{0,2}}{_VALUE}(?!<common|Common|unknown|measure>)"
)
_SIDE = pattern(
    "<box|lock><in|at|common|beneath><my>(?P<side><direction|common|ambi|surword|surname|weak_suffix>)<common>?<comma|filler|is|colon>{0,2}"
    f"{_VALUE}"
)
_ONE_OF = pattern(
    f"<my><common|surword|ambi|surname|direction|ordinal|unknown|weak_suffix><digit|n1|common><is>{_VALUE}(?!<measure>)"
)
_OPENED = pattern(f"<with>{_VALUE}<common|unknown>?<common|acts|lock>{{1,2}}<my>?<lock>")
_OPENS_WITH = pattern(f"<common|acts><with>{_VALUE}(?!<measure>)")
_BACK_SAYS = pattern(f"<card><acts|is|colon|comma|its>{{1,2}}{_VALUE}")
_THE_LOCK = pattern("<lock>(?<=<at|in|for|common><my><lock>)")
_VALUE_BEFORE = pattern(f"{_VALUE}$")
_ENDS_HASH = pattern(f"<is|its|colon|comma>{_VALUE}(?<=<hash|number_mark|star_mark>)")
_LONG_PAUSE = pattern(f"<letter><letter><letter><is|its|comma|filler|you|know|like>{{5,8}}{_VALUE}")
_SIGNS = signs(
    "<lock|code|pin|hash|number_mark|star_mark>",
    f"<with>(?={DIGIT})",
    f"<is>(?<=<digit|n1|common><is>)(?={DIGIT})",
    "<box|card|weak_suffix>",
    "<letter>(?=<letter><letter>)",
)
_PRESSING = words(
    "press hit dial punch enter type key use push marca marque pulse oprima presione apriete teclea teclee digite pica"
)
_NOWS = words("now currently ahora still")
_ALARMS = words("alarm alarma panel security seguridad")
_DOORS = words("door gate entrance")
_SAID_ALONE = words("intercom callbox interfono interfón keybox lockbox keypad garage cochera")
_SIDES = words("left right front back side top bottom izquierda derecha rear middle far near")
_WHICH = words(
    "top bottom left right upper lower red blue green black white silver gold gray grey new old other front back middle"
)
_BOXES = frozenset(_C["box"] + _C["lock"] + _C["pin"] + _C["code"])
_BOX_WORDS = words("boxes lockboxes keypads locks doors gates cajas cajitas")
_BACKS = words("back reverse reverso dorso atrás atras")
_TRIES = words("try use enter prueba intenta pruebe")
_OPENS = words("opens abre abren open unlocks")
_YEARS = ("19", "20")
_NEAR = 12
_SAYS = _C["is"] + _C["its"]


def find(seen: View) -> Iterable[Hit]:
    """All such codes."""
    return only(seen, _all, _SIGNS)


def _all(seen: View) -> Iterator[Hit]:
    yield from _named(seen)
    yield from _pressed(seen)
    yield from _boxes(seen)
    yield from _opened(seen)


def _named(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_PURPOSE):
        at = match.start()
        if not (kinds[at] == _C["code"] and at and seen.word(at - 1) in OTHER_CODES) and _fits(seen, match, 3):
            yield *match.span("value"), "SECRET", "secret.code"
    for match in seen.each(_NOW):
        at = match.start()
        if seen.word(match.start("now")) in _NOWS and seen.word(at - 1) not in OTHER_CODES and _fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.code"
    for match in seen.each(_LONG_PAUSE):
        if is_card_code(seen, match):
            yield *match.span("value"), "SECRET", "secret.card_code"
    for match in seen.each(_BACK_SAYS):
        at = match.start()
        if any(seen.word(n) in _BACKS for n in seen.before(at, 3)) and size(seen, match) in (3, 4):
            yield *match.span("value"), "SECRET", "secret.card_code"


def _pressed(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_HASHED):
        at = match.start() - 1
        at -= kinds[at] == _C["in"]
        said = kinds[at] in _SAYS and not match["between"]
        if (said or seen.word(at) in _PRESSING) and _fits(seen, match, 3):
            first = match.start("value") if match["between"] else match.start()
            yield first, match.end("value"), "SECRET", "secret.pressed"
    for match in seen.each(_ARMED):
        if seen.word(match.start()) in _ALARMS and _fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.armed"
    for match in seen.each(_KEYED):
        if seen.word(match.start()) == "key" and _fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.pressed"
    for match in seen.each(_ENDS_HASH):
        spoken = match.end("value") > match.start("value") + 2
        if (spoken or seen.word(match.end("value") - 1) != "pound") and _fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.pressed"


def _boxes(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_NAMED_DOOR):
        at = match.start()
        door = match["noun"] and seen.word(match.start("noun")) in (*_DOORS, "one")
        if (door or seen.word(at) in _SAID_ALONE) and _is_four(seen, match):
            yield *match.span("value"), "SECRET", "secret.box"
    for match in seen.each(_SIDE):
        if (
            seen.word(match.start("side")) in _SIDES
            and seen.word(match.start()) not in _DOORS
            and _is_four(seen, match)
        ):
            yield *match.span("value"), "SECRET", "secret.box"
    for match in seen.each(_ONE_OF):
        at = match.start()
        if seen.word(at + 1) in _WHICH and seen.word(at + 2) in ("one", "box") and _is_four(seen, match):
            around = seen.before(at, _NEAR)
            boxes = any(kinds[n] in _BOXES or seen.word(n) in _BOX_WORDS for n in around)
            if boxes or len(match["value"]) == _FOUR:
                yield *match.span("value"), "SECRET", "secret.box"


def _opened(seen: View) -> Iterator[Hit]:
    for lock in seen.each(_THE_LOCK):
        at = lock.start() - 2
        value = _VALUE_BEFORE.search(seen.kinds, max(0, at - _LONGEST), at)
        if value is not None and seen.word(value.start() - 1) in _TRIES and _is_four(seen, value):
            yield *value.span("value"), "SECRET", "secret.box"
    for match in seen.each(_OPENS_WITH):
        if seen.word(match.start()) in _OPENS and _is_four(seen, match):
            yield *match.span("value"), "SECRET", "secret.opens"
    for match in seen.each(_OPENED):
        if any(
            seen.word(at) in ("abre", "opens", "open") for at in range(match.end("value"), match.end())
        ) and _is_four(seen, match):
            yield *match.span("value"), "SECRET", "secret.opens"


_FOUR = 4
_LONGEST = 24
"""Tokens of the longest value, with its pauses."""


def _is_four(seen: View, match: re.Match[str]) -> bool:
    """Whether it is of four to six digits, and no year."""
    first = match.start("value")
    typed = match.end("value") == first + 1
    return _fits(seen, match, _FOUR) and not (typed and seen.raw[first].startswith(_YEARS))


def _fits(seen: View, match: re.Match[str], least: int) -> bool:
    return seen.word(match.end("value")) not in _UNITS and fits(seen, match, least, unless=("ID", "ZIP"))


_UNITS = words("mm cm rpm sq kg lb lbs watts btu units model ft")
