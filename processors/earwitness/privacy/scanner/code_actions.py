"""Codes that no noun names: what is done with them tells, as in `punch 4471`, `they texted 4471`, `it's 4471 to get in`.

The codes of cards belong here too: `three digits on the back`, `c v v`, what follows a card's expiry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner import context
from earwitness.privacy.scanner.alphabet import CHARACTERS, pattern
from earwitness.privacy.scanner.numbers import size_of
from earwitness.privacy.scanner.view import Hit, View, within
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["DIGIT", "find", "fits", "is_card_code", "size"]

_C = CHARACTERS
DIGIT = "<n1|n2|n3|n4|n5|n6|n7|n8|digit|oh|teen|tens|hundred|multi>"
_MARK = "<hash|number_mark|star_mark>"
_VALUE = (
    f"(?P<value>(?:<letter><hyphen>)?(?P<before>{_MARK}?){DIGIT}(?:<filler|comma|hyphen|dash>{{0,2}}{DIGIT}){{0,9}}+"
    f"(?P<after>{_MARK}?))(?!<hyphen|solidus|period><numeral>)"
)
_LINK = "<is|its|colon|comma|filler|quote|like|you|know>"
_PRESS = pattern(f"<press|phone><in|filler|code|comma|colon|like>{{0,2}}{_VALUE}")
_TEXTED = pattern(
    f"<phone|acts>(?:(?<=<phone>)<me|my|common>)?<common|me|my|you>{{0,2}}<filler|comma|colon|quote>{{0,3}}{_VALUE}"
)
_TO_OPEN = pattern(
    f"<to|for>(?P<verb><common|lock|unknown|press>)<in|lock|common|my|direction>{{0,3}}<comma>?"
    f"(?P<link><is|its|press|with|colon|this>)<filler|in|comma|is|my|code>{{0,2}}{_VALUE}"
)
_PARA = pattern(f"<acts><in|lock|common|my>{{0,3}}<comma>?<is|its|press|with|colon>{_LINK}{{0,4}}{_VALUE}")
_ENDS_OPENING = pattern(
    "<is|its|comma|press|border|with|code|phone|common>(?P<value>"
    f"{_MARK}?{DIGIT}(?:<filler|comma|hyphen>{{0,2}}{DIGIT}){{0,7}}+{_MARK}?)"
    "(?:<to|for>(?P<verb><common|lock|unknown>)|(?P<opens><common|unknown>)<my|common>{0,2}<lock>|<in|from><my|a>?(?P<text><phone>))"
)
_BACK = pattern(
    f"<number|code|digit|n1>(?P<where><in|common|de|my|of|card|surword|unknown|number>{{1,7}}?){_LINK}{{0,4}}{_VALUE}"
)
_LETTERS = pattern(f"<letter><letter><letter><code|number>?{_LINK}{{0,4}}{_VALUE}")
_EXPIRED = pattern(
    "(?:<n13>|<n4><hyphen>?<n4>|<n5|n6>)<comma|filler>?<common|Common|of>{0,2}<n1|n2><solidus><n2|n4>"
    "<comma|filler>?<common|unknown|pin>?<colon>?(?P<value><n3|n4>)(?!<numeral|solidus|period|hyphen|measure>)"
)
_SOLIDUS = pattern("<solidus>")
_BOX = pattern(
    f"<lock><common|in|at|beneath><common|my|lock|surword|direction|unknown|weak_suffix|idcue|suffix|unit|phone|box|put>{{1,3}}<comma>?{_VALUE}"
)
_SURE = words("""punch enter type press teclee digite oprima introduzca ingrese pulse teclea
    pica pícale picale píquele piquele digita oprime ingresa""")
_TEXTS = words("texted text sms mensaje message texto texting says said")
_SENT = words("dice sent texted mandaron llegó says said reads shows enviaron mandó")
_CAME = words("llegó mandaron enviaron mandó")
_OPENING = words("get open enter unlock disarm abrir entrar come access pasar acceder")
_OPENS = words("opens unlocks disarms opened abre works")
_BACKS = words("back behind front reverse atrás detrás reverso dorso atras detras signature")
_CVV = words("cvv cvc cvn csc")
_BOXES = words("lockbox keybox keypad padlock safe")
_PLACES = words("on by near behind in at under beside inside outside")
_FAR = 7
_NEAR = 2


def find(seen: View) -> Iterator[Hit]:
    """All such codes."""
    kinds = seen.kinds
    for match in seen.each(_PRESS):
        marked = bool(match["before"] or match["after"])
        word = seen.word(match.start())
        sure = (
            marked
            or word in _SURE
            or (
                kinds[match.start()] == _C["press"]
                and (_near_lock(seen, match.end("value")) or _lock_before(seen, match.start()))
            )
        )
        if kinds[match.start()] == _C["phone"]:
            sure = marked or (word in ("dial", "marque") and _near_lock(seen, match.end("value")))
        clear = marked or (word == "punch" and kinds[match.start() + 1] == _C["in"])
        if sure and fits(seen, match, 3 if clear else 4, unless=("ID", "ZIP") if marked else ("ID", "PHONE", "ZIP")):
            yield *match.span("value"), "SECRET", "secret.pressed"
    for match in seen.each(_TEXTED):
        if _is_sent(seen, match.start(), match.start("value")) and fits(seen, match, 4, unless=("ID", "ZIP")):
            yield *match.span("value"), "SECRET", "secret.texted"
    yield from _openings(seen)
    yield from _cards(seen)
    for match in seen.each(_BOX):
        if (
            seen.word(match.start()) in _BOXES
            and seen.word(match.start() + 1) in _PLACES
            and fits(seen, match, 4, unless=("PHONE", "ZIP"))
        ):
            yield *match.span("value"), "SECRET", "secret.box"


def _openings(seen: View) -> Iterator[Hit]:
    for match in seen.each(_TO_OPEN):
        if seen.word(match.start("verb")) in _OPENING and fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.opens"
    for match in seen.each(_PARA):
        at = match.start()
        if at and seen.word(at) in _OPENING and seen.word(at - 1) == "para" and fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.opens"
    for match in seen.each(_ENDS_OPENING):
        verb = match["verb"] and seen.word(match.start("verb")) in _OPENING
        opens = match["opens"] and seen.word(match.start("opens")) in _OPENS
        text = match["text"] and seen.word(match.start("text")) in _TEXTS
        if (verb or opens or text) and fits(seen, match, 4):
            yield *match.span("value"), "SECRET", "secret.opens"


def _cards(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_BACK):
        where = range(match.start("where"), match.end("where"))
        if any(seen.word(at) in _BACKS for at in where) and size(seen, match) in (3, 4):
            yield *match.span("value"), "SECRET", "secret.card_code"
    for match in seen.each(_LETTERS):
        if is_card_code(seen, match):
            yield *match.span("value"), "SECRET", "secret.card_code"
    for match in within(kinds, _SOLIDUS, _EXPIRED):
        yield *match.span("value"), "SECRET", "secret.card_code"


def _is_sent(seen: View, first: int, value: int) -> bool:
    """Whether words say that a code came: `they texted`, `the text says`, `she sent me`."""
    word = seen.word(first)
    if word in _SENT and first and (seen.word(first - 1) in _TEXTS or (word in _CAME and seen.word(first - 1) == "me")):
        return True
    if word == "texted":
        return value - first <= _NEAR
    if word in _TEXTS and any(seen.word(at) in _SENT for at in range(first + 1, value)):
        return True
    if first and seen.kinds[first - 1] == _C["lock"]:
        return word in _SENT
    return word in _SENT and any(seen.kinds[at] == _C["me"] for at in range(first + 1, value))


def is_card_code(seen: View, match: re.Match[str]) -> bool:
    """Whether three letters say that the value is the code of a card, `c v v`, and it is as long as one."""
    return "".join(seen.word(match.start() + at) for at in range(3)) in _CVV and size(seen, match) in (3, 4)


def size(seen: View, match: re.Match[str]) -> int:
    """How many digits the value has."""
    return size_of(seen, *match.span("value"))


def fits(seen: View, match: re.Match[str], least: int, *, unless: tuple[str, ...] = ("ID", "PHONE", "ZIP")) -> bool:
    """Whether it is as long as a code, no amount, and nothing before it says what else it is."""
    return (
        least <= size(seen, match) <= 8
        and context.after(seen, match.end("value")) != "MEASURE"
        and context.before(seen, match.start("value")) not in unless
    )


def _near_lock(seen: View, at: int) -> bool:
    kinds = seen.kinds[at : at + _FAR].partition(_C["border"])[0]
    return not _LOCKS.isdisjoint(kinds) or any(seen.word(at + n) in _KEYPADS for n in range(len(kinds)))


def _lock_before(seen: View, at: int) -> bool:
    """Whether a lock is spoken of in the same sentence right before."""
    kinds = seen.kinds[max(0, at - _FAR) : at]
    return kinds.rfind(_C["lock"]) > max(kinds.rfind(kind) for kind in _ENDS)


_ENDS = _C["border"] + _C["stop"] + _C["newline"]
_LOCKS = frozenset(_C["lock"] + _C["hash"])
_KEYPADS = words("abre abren opens chapa teclado keypad panel portón puerta")
