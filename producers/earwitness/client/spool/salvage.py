"""Reading what can still be read of a damaged file.

SQLite gives up a query at the first page that makes no sense. Rows before and behind it are still found by their ids, so
they are asked for in small ranges, and one by one where a range fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from earwitness.client.spool.errors import SpoolError
from earwitness.client.spool.store import Row, Store

__all__ = ["salvage"]

_RANGE = 64
_SMALLEST_ROW_BYTES = 64


def salvage(store: Store, after: int) -> Iterator[list[Row]]:
    """The rows behind an id that can be read: a few, or none, at each step, so that whoever asks can stop in between.

    Never raises. What is not found is not told: nobody knows how much there was.
    """
    most_rows = store.file_bytes // _SMALLEST_ROW_BYTES
    last = _bound(store, "max")
    first = _bound(store, "min")
    if last is None:
        last = (first or after) + most_rows
    if first is None:  # ids have no gaps but where they were deleted, and that begins at the oldest
        first = last - most_rows
    at = max(after, first - 1)
    while at < last:
        upto = min(at + _RANGE, last)
        rows = _read(store, at, upto)
        if rows is None:
            rows = [row for each in range(at, upto) for row in _read(store, each, each + 1) or ()]
        yield rows
        at = upto


def _bound(store: Store, which: str) -> int | None:
    with suppress(SpoolError):
        found = store.one(f"SELECT {which}(id) FROM frames")  # noqa: S608 (one of two words)
        return found if isinstance(found, int) else None
    return None


def _read(store: Store, after: int, upto: int) -> list[Row] | None:
    try:
        return store.rows(after, _RANGE, upto)
    except SpoolError:
        return None
