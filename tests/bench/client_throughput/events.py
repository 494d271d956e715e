"""Events as an app has them in its hands: whole calls of the end-to-end benchmark's kinds, made before the clock runs.

What an app pays to make its events is measured by `client_caller`; here they are there already, because one process is to
show what the client behind it can take.
"""

from __future__ import annotations

from itertools import islice

from end_to_end import load

from earwitness.schemas.events import EVENTS, Event

Call = tuple[str, str, list[Event]]
"""CallSid, caller, and what happens in the call."""


def calls(count: int) -> list[Call]:
    """So many calls of 22 events; 13 of them in the protected lane."""
    return [
        (sid, caller, [EVENTS[kind](**fields) for kind, fields in events])
        for sid, caller, events in islice(load.calls(seed=7), count)
    ]
