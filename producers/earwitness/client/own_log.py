"""What the client's worker logs, and how it does not become an event of its own.

An app may send its log into the trail. A line of the client about its own trouble must not come back to it as one more
event in trouble, so what is emitted while such a line is being written is refused and counted.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Final

from earwitness.client.context import HOLDER, Holder
from earwitness.runtime.complaints import Complaints

__all__ = ["OURSELVES", "OwnLog"]

OURSELVES: Final = Holder(None)
"""The scope of code that runs because the client itself has logged something."""


class OwnLog(Complaints):
    """The client's complaints: at most one line a minute of each sort."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger("earwitness.client"))

    def say(self, sort: str, message: str, *values: object) -> None:
        """Log a warning, unless one of this sort was logged within the last minute. Never raises, whatever handlers do."""
        token = HOLDER.set(OURSELVES)
        try:
            with contextlib.suppress(Exception):
                super().say(sort, message, *values)
        finally:
            HOLDER.reset(token)
