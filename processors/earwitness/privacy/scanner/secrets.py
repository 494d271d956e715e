"""Secrets: passwords, keys and tokens of programs; codes and PINs are in `codes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from earwitness.privacy.scanner import passphrases
from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.excerpt import only, signs
from earwitness.privacy.scanner.passphrases import NO_VALUE, glued_end, is_phrase, phrase_end
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_PASSWORD = pattern(
    "<password|pin>(?:(?:<de|of|for>|<to><my>)<my>?<common|unknown|lock|Common|line|unit>(?=<is>)|<acts>(?=<is>))?(?:(?P<mark>"
    "<quote|unbracket>{0,2}(?:<colon|equals>{1,2}|<hyphen>{2})<quote>{0,2})"
    "|<is|its|filler|colon>{1,3}<quote>?"
    "|(?P<quoted><quote>))(?=<^newline>)"
)
_BEARER = pattern(
    "<password|pin>(?:<de|of|for><my>?<common|unknown>|<common|unknown>)?"
    "(?=<ident|Unknown|unknown|Common|hexes|outward|house|anyname|weak_suffix|month>|<letter|a|i><hyphen>)"
)
_SHAPES = re.compile(
    r"eyJ[\w-]{8,}|AKIA[A-Z0-9]{12,}|ASIA[A-Z0-9]{12,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|[sr]k_(?:live|test)_\w{8,}|xox[abprs]\b"
    r"|AIza[\w-]{20,}|glpat|hvs|npm_\w{20,}|SG\b|pk_live_\w{8,}|whsec_\w{8,}|pat[A-Za-z0-9]{14}\Z"
)
_FENCE = _C["hyphen"] * 5
_SIGNS = signs("<ident|shape>", "<hyphen>(?=<weak_suffix|hyphen>)", *passphrases.SIGNS)
_SPACED_WORDS = 3
_SPOKEN_TOKENS = 64


def find(seen: View) -> Iterable[Hit]:
    """All secrets."""
    return only(seen, _all, _SIGNS, passphrases.WORD_IS)


def _all(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    if _FENCE in kinds:
        yield from _armoured(seen)
    yield from _passwords(seen)
    yield from passphrases.find(seen)
    yield from _values(seen)
    for match in seen.each(_IDENTS):
        at = match.start()
        if _SHAPES.match(seen.raw[at]):
            yield at, glued_end(seen, at), "SECRET", "secret.shape"


def _passwords(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    for match in seen.each(_PASSWORD):
        cue, first = match.span()
        if first >= len(kinds) or kinds[first] == _C["border"]:
            continue
        mark, quoted = match.group("mark", "quoted")
        if quoted is not None and (kinds[cue] == _C["pin"] or not seen.glued(first - 1)):
            continue
        word = seen.word(first)
        if word in ("bearer", "basic"):
            first += 1
            if first >= len(kinds):
                continue
            word = seen.word(first)
        name = seen.word(cue)
        if mark is None and quoted is None:
            if kinds[cue] == _C["pin"] and kinds[first] in _NUMBERS:
                continue
            first, last = _said(seen, name, first, word)
        else:
            last = glued_end(seen, first)
            if kinds[match.end() - 1] == _C["quote"]:
                last = _quoted_end(kinds, first, last)
        if last > first and _is_value(seen, name, first, last):
            yield first, last, "SECRET", "secret.password"


def _said(seen: View, name: str, first: int, word: str) -> tuple[int, int]:
    """Where a value begins and ends that is said: `the password is all lowercase riverbend`; no token of it when it is none."""
    if (word in NO_VALUE and not is_phrase(seen, first)) or not word[:1].isalnum():
        return first, first
    # How it is written is not a part of it.
    first += word == "all"
    if seen.kinds[first : first + 1] == _C["shift"] and seen.kinds[first + 1 : first + 2] not in _SPELLED_OR_END:
        first += 1
    last = glued_end(seen, first)
    if name in _LOOSE_NAMES and not any(map(str.isdigit, seen.joined(first, last))):
        return first, first
    return first, max(_spoken_end(seen, last), phrase_end(seen, first))


def _is_value(seen: View, name: str, first: int, last: int) -> bool:
    """Whether what stands there can be a secret: `token: compute it` and a full stop cannot."""
    if name in _SIGNATURES and seen.kinds[first - 1] not in _AFTER_EQUALS:
        return False  # one that is asked for and given; that of a program stands behind `=`
    if name in _LOOSE_NAMES and last - first == 1 and seen.kinds[first] == _C["common"]:
        return False
    return seen.raw[first][0].isalnum() or any(map(str.isalnum, seen.joined(first, last)))


def _quoted_end(kinds: str, first: int, last: int) -> int:
    """Where the quotation that begins before a value ends, in the same text and not far."""
    closing = kinds.find(_C["quote"], first, first + 12)
    return last if kinds.find(_C["border"], first, max(first, closing)) >= 0 else max(last, closing)


def _values(seen: View) -> Iterator[Hit]:
    """Values behind a header's name or a word that needs no link: `X-Api-Key: …`, `Bearer …`."""
    for match in seen.each(_HEADER):
        last = glued_end(seen, match.end())
        if last > match.end() and seen.word(match.start() + 1) in _KEYS and seen.glued(match.start()):
            yield match.end(), last, "SECRET", "secret.header"
    for match in seen.each(_BEARER):
        first = match.end()
        last = glued_end(seen, first)
        size = len(seen.joined(first, last))
        if seen.word(match.start()).removesuffix("'s") in _NAMED_BEFORE and size >= 5:
            value = seen.joined(first, last)
            if any(c.isdigit() for c in value) and (size >= 16 or seen.word(match.start()) != "token"):
                yield first, last, "SECRET", "secret.bearer"


def _spoken_end(seen: View, last: int) -> int:
    """Where a value ends that goes on letter by letter, number by number, with few whole words between."""
    kinds = seen.kinds
    apart = 0
    for kind in kinds[last : last + _SPOKEN_TOKENS]:
        if apart == _SPACED_WORDS:
            break
        if kind in _SPELLED_VALUE:
            apart = 0
        elif kind in _SPOKEN_VALUE and kinds[last - 1] not in _SPELLED_VALUE:
            apart += 1
        else:
            break
        last += 1
    return last


def _armoured(seen: View) -> Iterator[Hit]:
    kinds = seen.kinds
    border = 0
    at = kinds.find(_FENCE)
    while at >= 0:
        begin = at + 5
        if border <= begin:
            border = kinds.find(_C["border"], begin)
            border = len(kinds) if border < 0 else border
        if seen.word(min(begin, len(kinds) - 1)) == "begin":
            body = kinds.find(_FENCE, begin, border)
            if body >= 0:
                end = kinds.find(_FENCE, body + 5, border)
                end = border if end < 0 else end
                if end > body + 5:
                    yield body + 5, end, "SECRET", "secret.armoured"
                at = kinds.find(_FENCE, end)
                continue
        at = kinds.find(_FENCE, begin)


_SIGNATURES = words("sig signature hmac")
_AFTER_EQUALS = _C["equals"] + _C["quote"]
_LOOSE_NAMES = words("secret token authorization combination combo cookie")
_HEADER = pattern("<hyphen><weak_suffix|password><colon|equals>{1,2}(?=<^newline>)")
_KEYS = ("key", "token", "secret")
_IDENTS = pattern("<ident|shape>")
_NAMED_BEFORE = words("bearer pw pass password passwd token secret pwd clave contraseña")
_SPELLED_OR_END = frozenset(("", _C["border"], *members("lettered"), *members("spoken"), *members("numeral")))
"""Behind `lowercase`: a letter, which is a part of the password with it, or nothing."""
_NUMERALS = members("numeral")
_LONG = _C["teen"] + _C["tens"] + _C["hundred"] + _C["thousand"] + _C["multi"]
_SINGLE = _C["digit"] + members("lettered")
_NUMBERS = _NUMERALS + _LONG + _SINGLE
_SPELLED_VALUE = (
    members("lettered") + members("numeral") + members("spoken") + characters("shift under dash hash multi dot letname")
)
_SPOKEN_VALUE = _NUMERALS + members("spoken") + characters("letter unknown ident house multi surname given")
