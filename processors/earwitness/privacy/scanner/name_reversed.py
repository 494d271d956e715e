"""Names with the surname first, as forms and lists have them: `customer: DELGADO, ROSA`, `Contact: O'Brien, Patrick J.`."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, members, pattern
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["find"]

_C = CHARACTERS
_LAST = "<capital|UNKNOWN>(?:<hyphen>?<capital|UNKNOWN>)?"
_FIRST = "<Given|Ambi|Unknown|UNKNOWN|Surname|Surword>(?:<Given|Ambi|Unknown|UNKNOWN>|<letter|a|i|oh|compass><period|stop>?)?"
_REVERSED = pattern(
    "<role|contact|name|phone|idcue|common|Common|tell>(?:<is>|(?P<sign><number_mark>?<colon|equals|hyphen>))?<quote>?"
    f"(?P<value>{_LAST}<comma>{_FIRST}|<given|surname|unknown|ambi><comma><given|surname|unknown|ambi>"
    "(?=<border|stop|comma|newline|phone|quote|an|at|unit>|$))"
)
_CUES = words(
    """cust customer client caller caller_name contact contact_name customer_name client_name name names nombre tenant owner
    patient member resident homeowner landlord tech technician requester assignee cliente contacto inquilino"""
)
_KNOWN = members("surename") + _C["Ambi"]


def find(seen: View) -> Iterator[Hit]:
    """All such names."""
    for match in seen.each(_REVERSED):
        first, last = match.span("value")
        comma = seen.kinds.find(_C["comma"], first, last)
        known = any(kind in _KNOWN for kind in seen.kinds[first:last])
        sure = match["sign"] is not None or seen.kinds[comma + 1] in _C["Given"]
        if seen.word(match.start()) in _CUES and seen.word(comma) == "," and known and sure:
            yield first, last, "PERSON", "name.reversed"
