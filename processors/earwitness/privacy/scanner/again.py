"""A code that is said once more: `… seven seven four one, yeah seventy seven forty one`."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.privacy.scanner.alphabet import pattern
from earwitness.privacy.scanner.numbers import digits_of
from earwitness.privacy.scanner.view import Hit, View

__all__ = ["again"]

_AGAIN = pattern(
    "<^numeral|digit|teen|tens|hundred|multi>{1,5}(?P<value><numeral|digit|oh|teen|tens|hundred|multi>{1,8}+)"
)


def again(seen: View, first: int, last: int, kind: str) -> Iterator[Hit]:
    """The number close behind a value, if it has the same digits."""
    found = _AGAIN.match(seen.kinds, last)
    if found is not None and digits_of(seen, *found.span("value")) == digits_of(seen, first, last):
        yield *found.span("value"), kind, "secret.again"
