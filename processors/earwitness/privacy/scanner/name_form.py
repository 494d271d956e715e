"""One form a person's name, spelled or not: in small letters, without titles, accents, apostrophes and hyphens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import ascii_lowercase

from earwitness.privacy.normalise import plain
from earwitness.privacy.scanner.alphabet import CHARACTERS
from earwitness.privacy.scanner.pieces import LETTER, SILENT, pieces, seen
from earwitness.privacy.scanner.vocabulary import PAUSES, WORDS, words

__all__ = ["name"]

_C = CHARACTERS


def name(text: str) -> str | None:
    """A person's name in its one form; None if it is empty.

    Args:
        text: the value alone.
    """
    if "," in text:
        text = _in_order(text)
    listed = plain(text).replace("-", " ").split()
    if "".join(listed).isalpha() and "'s" not in text and "\u2019s" not in text:
        if _READ.isdisjoint(listed) and len(set(listed)) == len(listed):
            return " ".join(listed)
        if "'" not in text and "\u2019" not in text and not _needs_care(listed):
            return _said_name(listed) or " ".join(listed)
    return _read_name(text) or " ".join(listed) or None


def _in_order(text: str) -> str:
    """A name that a list has with its surname first, as it is spoken: `DELGADO, ROSA` is `ROSA DELGADO`."""
    found = _REVERSED.match(text)
    return (
        text if found is None or found["first"].rstrip(".").lower() in _RANKS else f"{found['first']} {found['last']}"
    )


_REVERSED = re.compile(
    r"\s*(?P<last>[^\W\d_][^\s,]*(?:[ -][^\s,]+)?), ?(?P<first>[^\W\d_][^\s,]*(?: [^\s,]{1,2})?)\s*\Z"
)
_RANKS = words("jr sr ii iii iv md phd esq dds")
"""What stands behind a name and a comma without being one."""


def _needs_care(listed: list[str]) -> bool:
    """Whether some of the words may say something else than themselves, a title or a letter."""
    if not (_CARE.isdisjoint(listed) and "".join(listed).isascii()):
        return True
    return not (_SAYING_AGAIN.isdisjoint(listed) or _LETTERS.isdisjoint(listed))


def _said_name(listed: list[str]) -> str:
    """The name that titles, words and letters say: `_read_name` gives the same one, the long way."""
    said: list[str] = []
    before = ""
    for word in listed:
        if len(word) == len(before) == 1:
            said[-1] += word
        else:
            said.append(word)
        before = word
    return _once([word for word in said if word not in _TITLES])


def _read_name(text: str) -> str:
    said: list[str] = []
    spelled = ""
    for kind, piece in pieces(seen(text), numbers=False):
        if kind == LETTER:
            spelled += piece
        elif kind not in _NO_NAME:
            said += (spelled, _POSSESSIVE.sub("", piece))
            spelled = ""
    return _once([small for word in (*said, spelled) if (small := plain(word).strip(".")) and small not in _TITLES])


def _once(found: list[str]) -> str:
    """A name is often said and then spelled."""
    return " ".join([word for before, word in zip([None, *found], found, strict=False) if word != before])


def _listed(names: Iterable[str]) -> frozenset[str]:
    return frozenset(plain(word) for name in names for word in words(WORDS[name]))


_POSSESSIVE = re.compile(r"['\u2019]s\Z")
_NO_NAME = frozenset(SILENT + _C["hyphen"] + _C["period"] + _C["plus_mark"])
_TITLES = _listed(["title"]) - {"dona"}
"""Without their accents too; `Dona` is a first name."""
_LETTERS = frozenset(ascii_lowercase)
_OTHERS = _listed(("filler", "shift", "multi", "letname"))
_READ = _TITLES | _LETTERS | _OTHERS
"""Words that are not simply part of a name."""
_CARE = _OTHERS | _listed(["oh"]).difference(_LETTERS).union(*(pause.split() for pause in PAUSES))
_SAYING_AGAIN = _listed(("as", "for", "like", "de"))
"""Behind a letter they may say it once more: `m as in mary`."""
