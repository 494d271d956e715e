"""The code of a card that stands behind its number: after the expiry, or after a word for it."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import pattern
from earwitness.privacy.scanner.context import after
from earwitness.privacy.scanner.numbers import size_of
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["behind"]

_BREAK = "<comma|filler|stop|hyphen>{0,2}"
_WORDS = "<common|Common|unknown|colon|of|my|is|its|filler|comma|quote>"
_CUE = "(?:<lock|card>?<code|pin><code|number|colon|is|its|comma|filler|quote|de|of>{0,4})"
_SPOKEN = "<n1|digit|oh|teen|tens|hundred|multi>"
_EXPIRED = pattern(
    f"{_BREAK}{_WORDS}{{0,3}}(?:<n1|n2><solidus|hyphen>?<n2|n4>|<n4>){_BREAK}(?:{_CUE}|<common|unknown|and>{{0,2}})"
    f"(?P<value><n3|n4>|{_SPOKEN}{{3,4}}+)(?!<numeral|solidus|period|hyphen|measure>)"
)
_NAMED = pattern(
    "<^newline|border|idcue|zip|area|phone>{0,12}?(?:(?<=<comma|stop|filler|and|my|lock|numeral|digit|tens|teen|of|de|common>)<code|pin>)"
    f"<code|number|colon|is|its|comma|filler|quote>{{0,4}}(?P<value><n3|n4>|{_SPOKEN}{{2,4}}+)(?!<numeral|solidus|period|hyphen|measure>)"
)
_SIZES = (3, 4)


def behind(seen: View, last: int) -> Iterator[Hit]:
    """The code of the card whose number ends before the token `last`."""
    for grammar in (_EXPIRED, _NAMED):
        found = grammar.match(seen.kinds, last)
        if (
            found is not None
            and size_of(seen, *found.span("value")) in _SIZES
            and after(seen, found.end("value")) == ""
        ):
            yield *found.span("value"), "SECRET", "secret.card_code"
            return
