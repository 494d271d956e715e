"""Which frame stands in front of each kind's events: asked of a registry by the worker's thread, when it starts.

Without a registry all of them are known at once. While one is away, events whose frame is not known wait in the queue.
"""

from __future__ import annotations

import time

from earwitness.client import envelope
from earwitness.client.stats import Books
from earwitness.runtime.complaints import Complaints
from earwitness.schemas import catalogue
from earwitness.schemas.errors import NotRegisteredError, RegistryAwayError
from earwitness.schemas.wire import WireIds

__all__ = ["Frames"]

_LOOK_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0


class Frames:
    """The frames of all kinds. For the worker's thread alone.

    Attributes:
        wire_ids: what was learned.
        missing: the kinds whose frame is not known yet.
    """

    def __init__(self, wire_ids: WireIds, books: Books, complaints: Complaints) -> None:
        self.wire_ids = wire_ids
        self.missing: frozenset[str] = frozenset(catalogue.kinds()) if wire_ids.asks else frozenset()
        self._books = books
        self._complaints = complaints
        self._pause = _FIRST_PAUSE
        self._again = 0.0

    def need(self, kind: str) -> None:
        """Go on, if the kind's frame is known.

        Raises:
            RegistryAwayError: it is not.
        """
        if kind in self.missing:
            raise RegistryAwayError(f"the registry has not said yet what stands in front of {kind}")

    def look(self) -> None:
        """Ask for what is missing, if it is time; for a second or one question, whichever is longer."""
        began = time.monotonic()
        if began < self._again:
            return
        found: set[str] = set()
        pause = 0.0
        for kind in sorted(self.missing):
            try:
                self.wire_ids.id_of(envelope.route(kind).schema)
                found.add(kind)
            except RegistryAwayError as error:
                self._books.registry_errors += 1
                self._complaints.say("registry", "audit events wait: %s", error)
                pause = self._pause
                if not isinstance(error, NotRegisteredError):
                    break
            if time.monotonic() - began > _LOOK_SECONDS:
                break
        self.missing -= found
        self._pause = min(self._pause * 2, _LONGEST_PAUSE) if pause else _FIRST_PAUSE
        self._again = time.monotonic() + pause
