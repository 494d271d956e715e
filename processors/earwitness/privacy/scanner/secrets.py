"""Secrets: codes of gates and alarms, PINs, passwords, keys and tokens of programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner import context
from earwitness.privacy.scanner.classes import CHARACTERS, members, pattern
from earwitness.privacy.scanner.numbers import read
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_LINK = "<like|know|you|let|me|is|colon|equals|number|its|filler|comma|quote|for|my|a|to|no|open|hyphen|de|at|this|mark|newline>"
_PIECE = "<numeral|digit|oh|teen|tens|hundred|thousand|multi|lettered|house|outward|ident|hexes>"
_BREAK = "<filler|comma|hyphen|dash|and>"
_VALUE = (
    f"(?P<value><hash|number_mark|star_mark>?(?=<lettered>{{0,8}}<numeral|digit|oh|teen|tens|hundred|multi|house|outward|ident|hexes>)(?:{_PIECE}{_BREAK}{{0,3}}+){{1,16}}+)(?P<tail>"
    f"<hash|number_mark|star_mark>?)"
)
_BETWEEN = (
    "<common|unknown|de|of|for|to|at|in|a|my|me|you|know|its|box|unit|lock|card|Common|Unknown|measure|filler|phone|ye|line|lives"
    "|i|like|direction|surword|ambi|house>"
)
_CODE = pattern(
    f"(?:<lock>(?:<common|de|my|in>{{0,2}}<code|number|pin|password>)?|<code>|<pin>(?:<code|number>)?)"
    f"(?:{_LINK}{{0,5}}|{_BETWEEN}{{0,7}}?(?:<is|with|colon>|<comma>?<its>){_LINK}{{0,5}}"
    f"|<de|of|for|to|at>{_BETWEEN}{{1,5}}?|<common>{{0,2}}<from>){_VALUE}"
    "(?P<second>(?:<to><numeral|digit|oh|teen|tens|multi>{1,8}+)?)"
)
_BEHIND = pattern(
    "<is|its|comma|quote|this|for|to|as>(?:(?<=<is|its|comma|quote|this>)<is|its|comma|quote|this>?<my|a>?"
    "(?:<lock|common>{0,2}<code>|<pin>)|(?<=<for|to|as>)<my|a>?(?:<^border|stop>?<lock><code>?|<pin>))"
)
_KEYPAD = pattern("<common|surword|phone|to><hash>(?P<value><digit|oh|numeral|teen|tens|multi>{2,8}+)")
_VALUE_BEFORE = pattern(f"(?:{_PIECE}{_BREAK}{{0,3}}){{1,10}}$")
_PASSWORD = pattern(
    "<password|pin>(?:<de|of|for><my>?<common|unknown|lock|Common>(?=<is>))?(?:(?P<mark>"
    "<quote|unbracket>{0,2}(?:<colon|equals>{1,2}|<hyphen>{2})<quote>{0,2})"
    "|<is|its|filler|colon>{1,3}<quote>?"
    "|(?P<quoted><quote>))(?=<^newline>)"
)
_BEARER = pattern(
    "<password|pin>(?:<de|of|for><my>?<common|unknown>)?(?=<ident|Unknown|unknown|Common|hexes|outward|house>)"
)
_SHAPES = re.compile(
    r"eyJ[\w-]{8,}|AKIA[A-Z0-9]{12,}|ASIA[A-Z0-9]{12,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|[sr]k_(?:live|test)_\w{8,}|xox[abprs]\b"
    r"|AIza[\w-]{20,}|glpat|hvs|npm_\w{20,}|SG\b|pk_live_\w{8,}|whsec_\w{8,}|pat[A-Za-z0-9]{14}\Z"
)
_FENCE = _C["hyphen"] * 5
_VALUE_ENDS = _C["quote"] + _C["comma"] + _C["close"] + _C["border"] + _C["newline"]
_NO_VALUE = words(
    """wrong incorrect expired not invalid required the a an same too reset changed still being in on ok okay correct case hidden
    weak missing empty null none for to and or is was it that this my your at field must cannot can't isn't doesn't never no
    already also protected policy please set working de la el es no está incorrecta vencida link manager has have had will
    if when because but so with hash hashes redacted saved unknown stored by form page box"""
)
_OTHER_CODES = words(
    """area country promo status response http postal product color error fault trouble diagnostic tax exit return reason job
    zip error discount coupon dress bar qr source building sort swift dialing error, dtc"""
)
_VALUE_TOKENS = 96
_SPACED_WORDS = 3


def find(seen: View) -> Iterator[Hit]:
    """All secrets."""
    kinds = seen.kinds
    if _FENCE in kinds:
        yield from _armoured(seen)
    yield from _passwords(seen)
    yield from _values(seen)
    for match in _CODE.finditer(kinds):
        first, last = match.start("value"), match.end("tail")
        if match["second"]:
            yield match.start("second") + 1, match.end("second"), "SECRET", "secret.code"
        while last > first and kinds[last - 1] in _EDGES:
            last -= 1
        if _is_code(seen, match.start(), first, last):
            yield first, last, "SECRET", "secret.code"
    for match in _KEYPAD.finditer(kinds):
        if len(read(seen.raw[match.start("value") : match.end()], match["value"]).text) >= 4:
            yield match.start() + 1, match.end(), "SECRET", "secret.keypad"
    for match in _BEHIND.finditer(kinds):
        value = _VALUE_BEFORE.search(kinds, max(0, match.start() - 12), match.start())
        if value is not None and _is_code(seen, match.start(), *value.span()):
            yield *value.span(), "SECRET", "secret.code_behind"
    for match in _IDENTS.finditer(kinds):
        at = match.start()
        if _SHAPES.match(seen.raw[at]):
            yield at, _glued_end(seen, at), "SECRET", "secret.shape"


def _is_code(seen: View, cue: int, first: int, last: int) -> bool:
    kinds = seen.kinds
    if any(kind in _ALPHA and kind not in _NUMBERED for kind in kinds[first:last]):
        digits = sum(_size(seen, at) for at in range(first, last))
    else:
        digits = len(read(seen.raw[first:last], kinds[first:last]).text)
    if digits < 3:
        return False
    if kinds[cue] == _C["code"]:
        if cue and (seen.word(cue - 1) in _OTHER_CODES or kinds[cue - 1] in (_C["zip"], _C["area"])):
            return False
        if context.before(seen, cue) == "ID" or digits > 8 or seen.word(min(cue + 1, len(kinds) - 1)) == "postal":
            return False
        return digits >= (3 if _C["lock"] in kinds[cue:first] else 4)
    if kinds[cue] == _C["lock"]:
        if seen.word(cue) == "security" and cue and kinds[cue - 1] == _C["ssn"]:
            return False
        if kinds[first - 1] == _C["with"]:
            return digits >= 4
        coded = any(kind in _CODED for kind in kinds[cue + 1 : first])
        return (coded or seen.word(cue) in _ALONE) and 3 <= digits <= 12 and context.after(seen, last) != "MEASURE"
    return digits <= 16


def _size(seen: View, at: int) -> int:
    kind = seen.kinds[at]
    if kind in _NUMERALS or kind in _MIXED:
        return len(seen.raw[at].rstrip())
    if kind in _LONG:
        return 2
    return 1 if kind in _SINGLE else 0


def _passwords(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in _PASSWORD.finditer(kinds):
        first = match.end()
        if first >= len(kinds) or kinds[first] == _C["border"]:
            continue
        typed = match["mark"] is not None or match["quoted"] is not None
        if match["quoted"] is not None and kinds[match.start()] == _C["pin"]:
            continue
        word = seen.word(first)
        if word in ("bearer", "basic"):
            first += 1
            if first >= len(kinds):
                continue
            word = seen.word(first)
        if not typed and (word in _NO_VALUE or not word[:1].isalnum()):
            continue
        if seen.kinds[match.start()] == _C["pin"] and not typed and kinds[first] in _NUMBERS:
            continue
        last = _glued_end(seen, first)
        if (
            not typed
            and seen.word(match.start()) in _LOOSE_NAMES
            and not any(c.isdigit() for c in seen.joined(first, last))
        ):
            continue
        if typed and kinds[match.end() - 1] == _C["quote"]:
            closing = kinds.find(_C["quote"], first, first + 12)
            last = max(last, closing)
        if not typed:
            last = _spoken_end(seen, last)
        if last > first:
            yield first, last, "SECRET", "secret.password"


def _values(seen: View) -> Iterator[Hit]:
    """Values behind a header's name or a word that needs no link: `X-Api-Key: …`, `Bearer …`."""
    kinds = seen.kinds
    for match in _HEADER.finditer(kinds):
        if seen.word(match.start() + 1) in _KEYS and seen.glued(match.start()):
            yield match.end(), _glued_end(seen, match.end()), "SECRET", "secret.header"
    for match in _BEARER.finditer(kinds):
        first = match.end()
        last = _glued_end(seen, first)
        size = len(seen.joined(first, last))
        if seen.word(match.start()) in _NAMED_BEFORE and size >= 6:
            value = seen.joined(first, last)
            if any(c.isdigit() for c in value) and (size >= 16 or seen.word(match.start()) != "token"):
                yield first, last, "SECRET", "secret.bearer"


def _spoken_end(seen: View, last: int) -> int:
    words = 0
    while last < len(seen.kinds) and words < _SPACED_WORDS:
        if seen.kinds[last] in _SPELLED_VALUE:
            words = 0
        elif seen.kinds[last] in _SPOKEN_VALUE and seen.kinds[last - 1] not in _SPELLED_VALUE:
            words += 1
        else:
            break
        last += 1
        if last % 64 == 0:
            break
    return last


def _glued_end(seen: View, first: int) -> int:
    """Where the text that has no blank in it ends."""
    last = first
    limit = min(len(seen.kinds), first + _VALUE_TOKENS)
    while last < limit and seen.kinds[last] not in _VALUE_ENDS:
        last += 1
        if not seen.glued(last - 1):
            break
    while last > first + 1 and seen.kinds[last - 1] in _C["period"] + _C["stop"]:
        last -= 1
    return last


def _armoured(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    at = kinds.find(_FENCE)
    while at >= 0:
        begin = at + 5
        if seen.word(min(begin, len(kinds) - 1)) == "begin":
            body = kinds.find(_FENCE, begin)
            if body >= 0:
                border = kinds.find(_C["border"], body)
                border = len(kinds) if border < 0 else border
                end = kinds.find(_FENCE, body + 5, border)
                end = border if end < 0 else end
                if end > body + 5:
                    yield body + 5, end, "SECRET", "secret.armoured"
                at = kinds.find(_FENCE, end)
                continue
        at = kinds.find(_FENCE, begin)


_LOOSE_NAMES = ("secret", "token", "authorization", "combination", "combo")
_HEADER = pattern("<hyphen><weak_suffix|password><colon|equals>{1,2}(?=<^newline>)")
_KEYS = ("key", "token", "secret")
_IDENTS = pattern("<ident>")
_NUMBERED = _C["ye"] + _C["oh"]
_ALPHA = members("lettered") + "".join(_C[name] for name in ("house", "outward", "ident", "hexes"))
_CODED = _C["code"] + _C["pin"] + _C["number"] + _C["password"]
_NAMED_BEFORE = ("bearer", "pass", "password", "passwd", "token", "secret", "pwd", "clave", "contraseña")
_ALONE = ("lockbox", "keypad", "keybox", "padlock", "candado", "gate", "alarm", "cerradura", "reja", "portón")
_NUMERALS = members("numeral")
_MIXED = "".join(_C[name] for name in ("house", "outward", "ident", "hexes"))
_LONG = _C["teen"] + _C["tens"] + _C["hundred"] + _C["thousand"] + _C["multi"]
_SINGLE = _C["digit"] + members("lettered")
_NUMBERS = _NUMERALS + _LONG + _SINGLE
_EDGES = "".join(_C[name] for name in ("filler", "comma", "hyphen", "an", "ye", "a", "i"))
_SPELLED_VALUE = (
    members("lettered")
    + members("numeral")
    + members("spoken")
    + "".join(_C[name] for name in ("shift", "under", "dash", "hash", "multi", "dot", "letname"))
)
_SPOKEN_VALUE = (
    _NUMERALS
    + members("spoken")
    + "".join(_C[name] for name in ("letter", "unknown", "ident", "house", "multi", "surname", "given"))
)
