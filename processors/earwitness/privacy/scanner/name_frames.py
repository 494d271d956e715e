"""Names told by the frame they stand in: `is dawn there`, `nkosana speaking`, `put gene on the phone`, `last name ortega`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from earwitness.privacy.scanner.classes import CHARACTERS, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_NAME = "<given|Given|ambi|Ambi|surname|Surname|surword|Surword|unknown|Unknown|UNKNOWN>"
_VALUE = f"(?P<value>{_NAME}(?:<hyphen>?{_NAME}){{0,2}})"
_THERE = pattern(f"<is>{_VALUE}(?P<there><common|line>)")
_ACTS = pattern("<acts|speak|called|phone>")
_ACTOR = pattern(
    "(?:^|<border|stop|comma|newline|hi|an|filler|mark|no>)(?P<value><given|Given|ambi|Ambi|surname|surword|unknown|Unknown>"
    "<given|ambi|surname|surword|unknown|Surname|Unknown>?)$"
)
_ON_THE_PHONE = pattern(f"<put|common>{_VALUE}<common><my>?<phone|line|speak>")
_PART = pattern(
    f"<ordinal|common|name>(?:(?<=<ordinal|common>)<name>|(?<=<name>))(?P<value>{_NAME}(?:{_NAME}(?!<name>))?)"
)
_AGAIN = pattern("<its|im>(?P<value><month|ambi|surword|unknown>)(?P<again><common>)")
_THERES = words("there home available around here in")
_PUTS = words("put get bring have")
_PARTS = words("first last given middle family full maiden sur second")
_SURNAMES = words("surname apellido apellidos lastname naam nombres")
_VERBS = words(
    """speaking here rang phoned texted called emailed asked wants wanted says said confirmed came arrived llamó dijo vino quiere
    avisó"""
)
_NOBODY = words("english someone anyone everyone nobody customer spanish hindi tamil telugu punjabi urdu")


def find(seen: View) -> Iterator[Hit]:
    """All such names."""
    kinds = seen.kinds
    for match in _THERE.finditer(kinds):
        if seen.word(match.start("there")) in _THERES and seen.word(match.start()) in ("is", "está"):
            yield _hit(match)
    for match in _ACTS.finditer(kinds):
        at = match.start()
        if seen.word(at) in _VERBS:
            actor = _ACTOR.search(kinds, max(0, at - 3), at)
            if actor is not None and seen.word(actor.start("value")) not in _NOBODY:
                yield _hit(actor)
    for match in _ON_THE_PHONE.finditer(kinds):
        if seen.word(match.start()) in _PUTS and seen.word(match.end("value")) == "on":
            yield _hit(match)
    for match in _PART.finditer(kinds):
        at = match.start("value")
        if seen.word(at - 1) in _SURNAMES or seen.word(match.start()) in _PARTS:
            yield _hit(match)
    for match in _AGAIN.finditer(kinds):
        if seen.word(match.start("again")) in ("again", "here", "calling"):
            yield _hit(match)


def _hit(match: re.Match[str]) -> Hit:
    return *match.span("value"), "PERSON", "name.frame"
