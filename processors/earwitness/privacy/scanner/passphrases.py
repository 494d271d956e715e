"""Passwords that are words, and where the value behind a word for a password ends."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["NO_VALUE", "SIGNS", "WORD_IS", "find", "glued_end", "is_phrase", "phrase_end"]

_C = CHARACTERS
_BARE = pattern("<password|pin>(?=<common|unknown|anyname|glued|weak_suffix|wait|month>)")
WORD_IS = pattern("<surword|common><is|its|colon>{1,2}(?=<common|unknown|anyname|glued|weak_suffix|month>)")
"""`the security word is marigold`; also much that is none."""
_ANSWER = pattern(
    "<answer>(?:<to|for|de|my|common|lock|a|number|shift|speak>{0,6}?<is|its|colon|comma>{1,2}(?:<my>(?=<common|unknown|anyname>))?)?"
    "(?=<common|Common|unknown|Unknown|anyname|glued|weak_suffix|month>)"
)
_QUESTIONS = words("security secret question pregunta seguridad secreta")
_NEAR = 10
_NETWORK = pattern("<lock><is|colon|equals>{1,2}<quote>?(?=<ident|hexes|house|Unknown|unknown|anyname|common|Common>)")
_PASSWORD_BEHIND = pattern("<ident|hexes|house><is|its><my>?<common|lock|unknown>{0,2}<password|pin>")
NO_VALUE = words(
    """wrong incorrect expired not invalid required the a an same too reset changed still being in on ok okay correct case hidden
    weak missing empty null none for to and or is was it that this my your at field must cannot can't isn't doesn't never no
    already also protected policy please set working de la el es no está incorrecta vencida link manager has have had will
    mal bien short long simple strong secure equivocada equivocado mala incorrecto vencido field fields screen prompt login
    attempt attempts entry length en sobre debajo detrás out easy
    if when because but so with hash hashes redacted saved unknown stored by form page box"""
)
"""What follows `the password is` and is none."""
_NO_WORDS = (NO_VALUE - {"correct"}) | words("please thanks thank so now okay again here there but if when then")
"""What is no word of one."""
_SHORTEST_MIXED = 6
_PHRASE_WORDS = 6
_WORDS_OF_A_PHRASE = 3
_PHRASED = words("password passphrase contraseña contrasena passwort passcode")
_WORD_OF = words("security code safe secret pass duress")
_NETWORKS = words("wifi network")
_ASKING = words(
    """forgot reset change changed need needs enter wrong no any a lost new without forgotten remember update invalid incorrect
    olvidé cambiar nueva your user's sin"""
)
_SPANISH = words("casa torre")
"""Words of a password that have a class for what else they are."""
_BETWEEN = words("de del al")
"""What may stand between its words: `luna de plata`."""
_NO_WORD = characters("unknown given surname surword ambi glued")
_NUMERALS = members("numeral")
_PHRASE_VALUE = (
    _NO_WORD
    + characters("common sector aside press weak_suffix month wait letter ident house hash shift suffix direction line")
    + _NUMERALS
    + members("spoken")
)
_CLAUSE_ENDS = ("", *(_C[name] for name in ("border", "stop", "comma", "newline", "period")))
_VALUE_TOKENS = 96
_STOPS = _C["period"] + _C["stop"]
_NEXT_FIELD = _C["an"] + _C["equals"]
"""`&name=` ends the value of a form, two of its three tokens."""
_VALUE_ENDS = _C["quote"] + _C["comma"] + _C["close"] + _C["border"] + _C["newline"]
SIGNS = (
    "<password|pin|answer>",
    "<lock>(?=<is|colon|equals>{1,2}<quote>?<ident|hexes|house|Unknown|unknown|anyname|common|Common>)",
)
"""One of these, or what `WORD_IS` finds, stands before each of these passwords; as `excerpt.signs` takes them."""


def find(seen: View) -> Iterator[Hit]:
    """Words that are a password: `password correct horse battery staple`, `my security word is marigold`."""
    kinds = seen.kinds
    for match in seen.each(_BARE):
        first = match.end()
        last = phrase_end(seen, first)
        before = seen.word(match.start() - 1) if match.start() else ""
        plain = all(kind in _NO_WORD for kind in kinds[first:last])
        if (
            seen.word(match.start()).removesuffix("'s") in _PHRASED
            and (last - first >= _WORDS_OF_A_PHRASE or (last > first and plain))
            and kinds[last : last + 1] in _CLAUSE_ENDS
            and before not in _ASKING
            and seen.raw[first][0].islower()
        ):
            yield first, last, "SECRET", "secret.phrase"
    for match in seen.each(WORD_IS):
        at = match.start()
        if at and seen.word(at) in ("word", "phrase") and seen.word(at - 1) in _WORD_OF:
            last = phrase_end(seen, match.end())
            if last > match.end():
                yield match.end(), last, "SECRET", "secret.phrase"
    for match in seen.each(_ANSWER):
        capital = seen.raw[match.end()][0].isupper()
        last = match.end() + 1 if capital else phrase_end(seen, match.end())
        if last > match.end() and any(seen.word(at) in _QUESTIONS for at in _around(seen, match.start(), last)):
            yield match.end(), last, "SECRET", "secret.answer"
    for match in seen.each(_NETWORK):
        last = glued_end(seen, match.end())
        if seen.word(match.start()) in _NETWORKS and _is_mixed(seen.joined(match.end(), last)):
            yield match.end(), last, "SECRET", "secret.network"
    for match in seen.each(_PASSWORD_BEHIND):
        if _is_mixed(seen.joined(match.start(), match.start() + 1)):
            yield match.start(), match.start() + 1, "SECRET", "secret.behind"


def _around(seen: View, at: int, last: int) -> range:
    """The tokens before and behind a place, in the same text."""
    first = max(at - _NEAR, seen.kinds.rfind(_C["border"], 0, at) + 1)
    return range(first, last)


def is_phrase(seen: View, first: int) -> bool:
    """Whether `correct` begins a password of words."""
    return seen.word(first) == "correct" and phrase_end(seen, first) - first >= _WORDS_OF_A_PHRASE


def phrase_end(seen: View, first: int) -> int:
    """Where the words of a password end; at `first` when it begins with none."""
    last = at = first
    kinds = seen.kinds
    while at < first + _PHRASE_WORDS and at < len(kinds):
        word = seen.word(at)
        if word in _NO_WORDS and not (at > first and word == "de"):
            break
        if kinds[at] in _PHRASE_VALUE or word in _SPANISH:
            last = at + 1
        elif at == first or word not in _BETWEEN:
            break
        at += 1
    return last


def _is_mixed(value: str) -> bool:
    """Whether a value is of letters and digits or signs, and no number with a unit."""
    return len(value) >= _SHORTEST_MIXED and any(map(str.isalpha, value)) and not value.isalpha()


def glued_end(seen: View, first: int) -> int:
    """Where the text that has no blank in it ends."""
    kinds, raw = seen.kinds, seen.raw
    last = first
    for kind in kinds[first : first + _VALUE_TOKENS]:
        if kind in _VALUE_ENDS:
            break
        last += 1
        if raw[last - 1][-1] == " " or not seen.glued(last - 1) or kinds[last : last + 3 : 2] == _NEXT_FIELD:
            break
    while last > first + 1 and kinds[last - 1] in _STOPS:
        last -= 1
    return last
