"""Where a number is from: its country's code and, in North America, its area code.

Country codes are those of ITU-T E.164: one digit for zones 1 and 7, two for those listed, three for all others.
"""

from __future__ import annotations

__all__ = ["region"]

_TWO_DIGITS = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
    "81 82 84 86 90 91 92 93 94 95 98"
)
_AMERICAN = 12
"""Characters of `+14155550134`."""
_SHORTEST = 9


def region(number: str) -> str:
    """What of a number in E.164 may stay in a token: `1-415_`, `44_`; nothing where it cannot be told."""
    if len(number) < _SHORTEST or number[0] != "+":
        return ""
    if number[1] == "1":
        return f"1-{number[2:5]}_" if len(number) == _AMERICAN else "1_"
    if number[1] == "7":
        return "7_"
    return f"{number[1:3] if number[1:3] in _TWO_DIGITS else number[1:4]}_"
