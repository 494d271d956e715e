"""What can go wrong with ClickHouse, and what each error of its asks for.

::

    ServerError          ClickHouse refused a statement: its code and its words          (EarwitnessError)
    NoAnswerError        it did not answer; what was sent may or may not have been done   (UnavailableError)
"""

from __future__ import annotations

import enum
import re

from earwitness.runtime.errors import EarwitnessError, UnavailableError

__all__ = ["Remedy", "ServerError", "remedy"]

_WORDS = re.compile(r"Code: \d+\. DB::Exception: (.*?)(?: \(version .*)?\Z", re.DOTALL)
_MAX_WORDS = 400


class ServerError(EarwitnessError):
    """ClickHouse refused a statement.

    Attributes:
        code: ClickHouse's error code, 0 when it gave none.
    """

    def __init__(self, code: int, text: str) -> None:
        found = _WORDS.search(text.strip())
        words = " ".join((found[1] if found else text).split())
        super().__init__(f"ClickHouse refuses it (code {code}): {words[:_MAX_WORDS]}")
        self.code = code


class NoAnswerError(UnavailableError):
    """ClickHouse did not answer: the connection failed or the time ran out."""


class Remedy(enum.Enum):
    """What to do about an error of an insert."""

    RETRY = "wait, find out what was stored, try again"
    BISECT = "a row is bad: find it, store the others"
    STOP = "nothing that waiting helps: stop and say so"


# What a row can cause, whatever the state of the server. 6: a text is no UUID or number; 8, 33, 117, 1001: the datum
# does not fit its schema; 27, 38, 41, 53, 70, 72, 131, 321, 349, 467, 691: a value does not fit its column.
_BISECT = frozenset({6, 8, 27, 33, 38, 41, 53, 70, 72, 117, 131, 321, 349, 467, 691, 1001})
# Databases, tables or columns that are not there, statements that this version does not know, logins and grants.
_STOP = frozenset({10, 16, 36, 44, 46, 47, 48, 60, 62, 81, 115, 164, 192, 193, 194, 497, 516})


def remedy(error: EarwitnessError) -> Remedy:
    """What an error of an insert asks for. A code that is not known is taken for one that passes: nothing is lost by waiting."""
    if not isinstance(error, ServerError):
        return Remedy.RETRY
    if error.code in _BISECT:
        return Remedy.BISECT
    return Remedy.STOP if error.code in _STOP else Remedy.RETRY
