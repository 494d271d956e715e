"""The texts of a batch in which a rule may find something, as a batch of their own.

A rule of twenty grammars reads every text of a batch twenty times. One look for a sign that it cannot do without leaves the few
texts that are worth it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from earwitness.privacy.scanner.alphabet import CHARACTERS, pattern
from earwitness.privacy.scanner.view import BORDER, Hit, View, holding

__all__ = ["only", "signs"]


def signs(*each: str) -> re.Pattern[str]:
    """A grammar that finds any of some signs.

    Args:
        each: the classes of a token, and what has to stand around it: `<comma>`, `<i>(?=<hyphen>)`, `<n5>(?<=<state><n5>)`.
    """
    classes: dict[str, list[str]] = {"": []}  # those that need nothing around them are asked for first
    for sign in each:
        names, around = sign[1:].split(">", 1)
        classes.setdefault(around, []).append(names)
    ways = [("|".join(names), around) for around, names in classes.items() if names]
    # Begins with one set of classes, so that the search for it is a table look-up a token.
    return pattern(
        f"<{'|'.join(names for names, _ in ways)}>(?:{'|'.join(f'(?<=<{names}>){around}' for names, around in ways)})"
    )


def only(seen: View, rule: Callable[[View], Iterable[Hit]], *needed: re.Pattern[str]) -> Iterable[Hit]:
    """What a rule finds that looks at no more than the texts with a sign that it needs, of one grammar or another."""
    kinds = seen.kinds
    for grammar in needed:
        if grammar.search(kinds) is not None:
            break
    else:
        return ()
    if kinds.find(_BORDER, 1, -1) < 0:
        return rule(seen)  # there is but one text
    return _of_many(seen, rule, sorted({part for grammar in needed for part in holding(kinds, grammar)}))


def _of_many(seen: View, rule: Callable[[View], Iterable[Hit]], parts: list[tuple[int, int]]) -> Iterator[Hit]:
    """What a rule finds in some of many texts, with the numbers that their tokens have among all."""
    raw: list[str] = []
    kinds: list[str] = []
    starts: list[int] = []
    moves: list[int] = []
    for first, last in parts:
        # With the border before it; the border behind it is that of the next one.
        begin = max(0, first - 1)
        starts.append(len(raw))
        moves.append(begin - len(raw))
        raw += seen.raw[begin:last]
        kinds.append(seen.kinds[begin:last])
    raw.append(BORDER)
    kinds.append(_BORDER)
    for first, last, kind, name in rule(View(raw, "".join(kinds))):
        move = moves[bisect_right(starts, first) - 1]
        yield first + move, last + move, kind, name


_BORDER = CHARACTERS["border"]
