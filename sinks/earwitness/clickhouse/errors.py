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
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\s*(?:\(version .*)?\Z", re.DOTALL)
_MAX_WORDS = 400
_HINTS = {
    16: "run: earwitness clickhouse apply",
    47: "run: earwitness clickhouse apply",
    60: "run: earwitness clickhouse apply",
    81: "run: earwitness clickhouse apply",
    86: "a schema is missing where ClickHouse asks for schemas (EARWITNESS_CLICKHOUSE_REGISTRY_URL); upgrade what runs there",
    241: "its memory limit is reached; give it more, or find the query that takes it",
    242: "a table is read-only; does its replica reach Keeper?",
    243: "its disk is full; make room",
    252: "its merges do not keep up; see system.merges",
    497: "the user lacks a right; run: earwitness clickhouse apply",
    516: "check the user and its password",
}


class ServerError(EarwitnessError):
    """ClickHouse refused a statement.

    Args:
        code: ClickHouse's error code, 0 when it gave none.
        text: what it said.
        quoting: its words may quote rows that were being inserted: then they are kept out of the message.

    Attributes:
        code: the error code.
        name: its name, such as `CANNOT_PARSE_UUID`; empty when it gave none.
    """

    def __init__(self, code: int, text: str, *, quoting: bool = False) -> None:
        found, name = _WORDS.search(text.strip()), _NAME.search(text.strip())
        self.code = code
        self.name = name[1] if name else ""
        words = " ".join((found[1] if found else text).split())[:_MAX_WORDS]
        tells = self.name or "no name" if quoting and code not in _STOP else words
        hint = f"; {_HINTS[code]}" if code in _HINTS else ""
        super().__init__(f"ClickHouse refuses it (code {code}): {tells}{hint}")


class NoAnswerError(UnavailableError):
    """ClickHouse did not answer: the connection failed or the time ran out."""


class Remedy(enum.Enum):
    """What to do about an error of an insert."""

    RETRY = "wait, find out what was stored, try again"
    BISECT = "a row is bad: find it, store the others"
    STOP = "nothing that waiting helps: stop and say so"


# What a row can cause, whatever the state of the server. 8, 33, 117, 1001: the datum does not fit its schema; the
# others, and whatever is called CANNOT_PARSE_…: a value does not fit its column.
_BISECT = frozenset({6, 8, 27, 33, 53, 69, 70, 72, 117, 128, 131, 321, 349, 407, 467, 691, 1001})
# Databases, tables or columns that are not there, statements that this version does not know, logins and grants.
_STOP = frozenset({10, 16, 36, 44, 46, 47, 48, 60, 62, 81, 115, 164, 192, 193, 194, 497, 516})


def remedy(error: EarwitnessError) -> Remedy:
    """What an error of an insert asks for. A code that is not known is taken for one that passes: nothing is lost by waiting."""
    if not isinstance(error, ServerError):
        return Remedy.RETRY
    if error.code in _BISECT or error.name.startswith("CANNOT_PARSE_"):
        return Remedy.BISECT
    return Remedy.STOP if error.code in _STOP else Remedy.RETRY
