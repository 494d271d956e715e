"""A code that is said once more, `… seven seven four one, yeah seventy seven forty one`, or what it became: `now it's …`."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import pattern
from earwitness.privacy.scanner.context import after
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.view import Hit, View
from earwitness.privacy.scanner.vocabulary import words

__all__ = ["again"]

_AGAIN = pattern(
    "<^numeral|digit|teen|tens|hundred|multi>{1,5}(?P<value><numeral|digit|oh|teen|tens|hundred|multi>{1,8}+)"
)

_ANEW = pattern(
    "(?:<^numeral|digit|teen|tens|hundred|multi|stop>|<digit|n1>(?=<is|its>)){1,7}(?<=<is|its|to|colon>)(?P<value><numeral>(?!<hyphen|solidus|period|comma><numeral>)"
    "|<n1|digit|oh|teen|tens|hundred|multi>{2,8}+)"
)
_CHANGES = words("now ahora new nueva nuevo changed cambió cambiaron")
_LEAST, _MOST = 4, 8


def again(seen: View, first: int, last: int, kind: str) -> Iterator[Hit]:
    """The number close behind a value, if it has the same digits or is what the value became."""
    found = _AGAIN.match(seen.kinds, last)
    if found is not None and digits_of(seen, *found.span("value")) == digits_of(seen, first, last):
        yield *found.span("value"), kind, "secret.again"
        return
    became = _ANEW.match(seen.kinds, last)
    if became is not None and any(seen.word(at) in _CHANGES for at in range(last, became.start("value"))):
        begin, end = became.span("value")
        if _LEAST <= len(digits_of(seen, begin, end)) <= _MOST and after(seen, end) != "MEASURE":
            yield begin, end, kind, "secret.anew"
