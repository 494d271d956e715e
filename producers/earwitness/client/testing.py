# ruff: noqa: D102 (as inherited)
"""For an app's own tests: a client that keeps what it is given, so that a test can look at it.

    audit = CapturedAudit()
    client = TestClient(create_app(audit))
    client.post("/voice", …)
    assert audit.told("call.started")[0].language == "en"

Strict, as `AuditClient(strict=True)`: an event that does not fit its kind raises where it is emitted.
"""

from __future__ import annotations

from typing import Any

import msgspec

from earwitness.client import context
from earwitness.client.context import HOLDER, Binding, CallScope
from earwitness.client.errors import InvalidEventError
from earwitness.client.noop import OfflineAudit
from earwitness.client.snapshot import kind_of
from earwitness.client.stats import Stats
from earwitness.schemas.events import Event

__all__ = ["CapturedAudit"]


class CapturedAudit(OfflineAudit):
    """An audit client without Kafka.

    Attributes:
        events: what was emitted, in order, each with the call and the caller of its `call` scope.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []

    @property
    def enabled(self) -> bool:
        """True: events are wanted."""
        return True

    def emit(self, event: Event) -> bool:
        """Keep an event.

        Raises:
            InvalidEventError: it does not fit its kind.
        """
        try:
            msgspec.convert(msgspec.to_builtins(event), type(event))
        except msgspec.ValidationError as error:
            raise InvalidEventError(kind_of(event), "", str(error)) from error
        holder = HOLDER.get()
        call_sid, caller = (holder.call if holder else None) or (None, None)
        self.events.append(
            msgspec.structs.replace(event, call_sid=event.call_sid or call_sid, caller=event.caller or caller)
        )
        return True

    def kinds(self) -> list[str]:
        """The kind of each event, in order."""
        return [kind_of(event) for event in self.events]

    def told(self, kind: str) -> list[Any]:
        """The events of a kind, in order."""
        return [event for event in self.events if kind_of(event) == kind]

    def call(self, *, call_sid: str | None = None, caller: str | None = None) -> CallScope:
        return CallScope((call_sid, caller))

    def bind(self, *, call_sid: str | None = None, caller: str | None = None) -> Binding:
        return context.bind(call_sid, caller)

    def stats(self) -> Stats:
        return Stats()
