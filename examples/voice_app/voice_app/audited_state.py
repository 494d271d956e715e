"""The state of running calls as the app uses it: typed, kept for an hour, every access in the trail.

Nothing here raises. A store that loses, garbles or refuses a state costs the caller a question, never the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import msgspec

from earwitness.client import Audit
from voice_app.call_state import CallState
from voice_app.dependency import Dependency
from voice_app.errors import DependencyError
from voice_app.state import CallStates

__all__ = ["SECONDS_TO_LIVE", "AuditedState"]

SECONDS_TO_LIVE = 3600.0

_Operation = Literal["set", "delete", "extend"]


class AuditedState:
    """Call states under `call_state:{CallSid}`.

    Args:
        states: Redis, or what stands in for it.
        redis: how patiently it is asked. Not twice: whoever is on the telephone would rather answer again than wait.
        audit: where events go.
    """

    def __init__(self, states: CallStates, *, redis: Dependency, audit: Audit) -> None:
        self._states = states
        self._redis = redis
        self._audit = audit

    async def get(self, call_sid: str, *, expected: bool) -> CallState | None:
        """A call's state; None when it is missing, unreadable, or Redis does not answer.

        Args:
            call_sid: the call.
            expected: whether it must be there. If it then is not, the caller of this method starts it anew.
        """
        state: CallState | None = None
        with self._audit.redis(operation="get", key=_key(call_sid)) as access:
            try:
                raw = await self._redis.attempt("get", lambda: self._states.get(_key(call_sid)))
                if raw is None:
                    access.outcome = "miss"
                else:
                    state = msgspec.json.decode(raw, type=CallState)
            except DependencyError:
                access.outcome = "error"
            except msgspec.MsgspecError:
                access.outcome = "corrupt"
            access.recovered = state is None and expected
        if access.outcome == "corrupt":
            await self.delete(call_sid)
        return state

    async def set(self, call_sid: str, state: CallState) -> None:
        """Keep a call's state for an hour."""
        value = msgspec.json.encode(state)
        await self._access("set", call_sid, lambda: self._states.set(_key(call_sid), value, seconds=SECONDS_TO_LIVE))

    async def delete(self, call_sid: str) -> None:
        """Forget a call's state."""
        await self._access("delete", call_sid, lambda: self._states.delete(_key(call_sid)))

    async def extend(self, call_sid: str) -> None:
        """Keep a call's state for another hour."""
        await self._access("extend", call_sid, lambda: self._states.extend(_key(call_sid), seconds=SECONDS_TO_LIVE))

    async def _access(self, operation: _Operation, call_sid: str, ask: Callable[[], Awaitable[bool | None]]) -> None:
        with suppress(DependencyError), self._audit.redis(operation=operation, key=_key(call_sid)) as access:
            if await self._redis.attempt(operation, ask) is False:
                access.outcome = "miss"


def _key(call_sid: str) -> str:
    return f"call_state:{call_sid}"
