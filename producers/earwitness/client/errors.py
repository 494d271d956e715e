"""What the client raises: only while the app starts, in strict mode, and from the JSON door.

::

    InvalidEventError     an event that does not fit its kind        (UsageError)

In production mode an invalid event is counted, declared lost in the client's report, and raises nothing.
"""

from __future__ import annotations

from earwitness.runtime.errors import UsageError

__all__ = ["InvalidEventError"]


class InvalidEventError(UsageError):
    """An event does not fit its kind.

    Attributes:
        kind: the kind of the event, `unknown` where that cannot be told.
        field: the path of the field at fault (`changes[0].field`), empty when it is the event as a whole.
        reason: what is wrong with it; may quote a value of an enum, never a free text.
    """

    def __init__(self, kind: str, field: str, reason: str) -> None:
        super().__init__(f"{kind}: {field}: {reason}" if field else f"{kind}: {reason}")
        self.kind = kind
        self.field = field
        self.reason = reason
