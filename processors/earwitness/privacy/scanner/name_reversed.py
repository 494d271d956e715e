"""Names with the surname first, as forms and lists have them: `customer: DELGADO, ROSA`, `Contact: O'Brien, Patrick J.`."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["SIGNS", "find"]

_C = CHARACTERS
_LAST = "<capital|UNKNOWN>(?:<hyphen>?<capital|UNKNOWN>)?"
_FIRST = "<Given|Ambi|Unknown|UNKNOWN|Surname|Surword>(?:<Given|Ambi|Unknown|UNKNOWN>|<letter|a|i|oh|compass><period|stop>?)?"
_CUE = "role|contact|name|phone|idcue|common|Common|tell"
_REVERSED = pattern(
    f"<{_CUE}>(?:<is>|(?P<sign><number_mark>?<colon|equals|hyphen>))?<quote>?"
    f"(?P<value>{_LAST}<comma>{_FIRST}|<given|surname|unknown|ambi><comma><given|surname|unknown|ambi>"
    "(?=<border|stop|comma|newline|phone|quote|an|at|unit>|$))"
)
# Few texts have a comma between two names, many a word that may be a cue: the comma is looked for, then the cue before it.
_COMMA = pattern(
    "<comma>(?<=<capital|UNKNOWN|given|surname|unknown|ambi><comma>)"
    "(?=<Given|Ambi|Unknown|UNKNOWN|Surname|Surword|given|surname|unknown|ambi>)"
)
SIGNS = (_COMMA,)
"""Where none of these grammars finds something, there is no such name."""
_FARTHEST = 7
"""Tokens from a cue to the comma of its name, at most."""
_CUES = words(
    """cust customer client caller caller_name contact contact_name customer_name client_name name names nombre tenant owner
    patient member resident homeowner landlord tech technician requester assignee cliente contacto inquilino"""
)
_CUE_CLASSES = frozenset("".join(map(members, _CUE.split("|"))))
_KNOWN = frozenset(members("surename") + _C["Ambi"])


def find(seen: View) -> list[Hit]:
    """All such names."""
    hits: list[Hit] = []
    kinds = seen.kinds
    for found in seen.each(_COMMA):
        comma = found.start()
        # No cue is a part of what it stands before: the nearest one is the only one.
        cue = next(
            (at for at in range(comma - 2, max(-1, comma - _FARTHEST - 1), -1) if kinds[at] in _CUE_CLASSES), None
        )
        if cue is None or seen.word(comma) != "," or seen.word(cue) not in _CUES:
            continue
        match = _REVERSED.match(kinds, cue)
        if match is None or kinds.find(_C["comma"], cue) != comma:
            continue
        first, last = match.span("value")
        sure = match["sign"] is not None or kinds[comma + 1] in _C["Given"]
        if sure and not _KNOWN.isdisjoint(kinds[first:last]):
            hits.append((first, last, "PERSON", "name.reversed"))
    return hits
