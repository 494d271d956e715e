"""The state of running calls as the app uses it: typed, kept for an hour, every access in the trail."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Literal, TypeVar

import msgspec

from earwitness.client.methods import EventMethods
from voice_app.call_state import CallState
from voice_app.state import CallStates

__all__ = ["SECONDS_TO_LIVE", "AuditedState"]

T = TypeVar("T")
SECONDS_TO_LIVE = 3600.0

_Operation = Literal["get", "set", "delete", "extend"]
_Outcome = Literal["ok", "miss", "corrupt", "error"]


class AuditedState:
    """Call states under `call_state:{CallSid}`.

    Args:
        states: Redis, or what stands in for it.
        audit: where events go.
    """

    def __init__(self, states: CallStates, *, audit: EventMethods) -> None:
        self._states = states
        self._audit = audit

    async def get(self, call_sid: str, *, expected: bool) -> CallState | None:
        """A call's state; None when it is missing or unreadable.

        Args:
            call_sid: the call.
            expected: whether it must be there. If it then is not, the caller of this method starts it anew.
        """
        began = time.perf_counter()
        raw = await self._timed("get", call_sid, began, self._states.get(_key(call_sid)))
        state: CallState | None = None
        outcome: _Outcome = "ok"
        if raw is None:
            outcome = "miss"
        else:
            try:
                state = msgspec.json.decode(raw, type=CallState)
            except msgspec.MsgspecError:
                outcome = "corrupt"
        self._tell("get", call_sid, outcome, began, recovered=state is None and expected)
        return state

    async def set(self, call_sid: str, state: CallState) -> None:
        """Keep a call's state for an hour."""
        began = time.perf_counter()
        value = msgspec.json.encode(state)
        await self._timed("set", call_sid, began, self._states.set(_key(call_sid), value, seconds=SECONDS_TO_LIVE))
        self._tell("set", call_sid, "ok", began)

    async def delete(self, call_sid: str) -> None:
        """Forget a call's state."""
        began = time.perf_counter()
        await self._timed("delete", call_sid, began, self._states.delete(_key(call_sid)))
        self._tell("delete", call_sid, "ok", began)

    async def extend(self, call_sid: str) -> None:
        """Keep a call's state for another hour."""
        began = time.perf_counter()
        there = await self._timed(
            "extend", call_sid, began, self._states.extend(_key(call_sid), seconds=SECONDS_TO_LIVE)
        )
        self._tell("extend", call_sid, "ok" if there else "miss", began)

    async def _timed(self, operation: _Operation, call_sid: str, began: float, access: Awaitable[T]) -> T:
        try:
            return await access
        except Exception:
            self._tell(operation, call_sid, "error", began)
            raise

    def _tell(
        self, operation: _Operation, call_sid: str, outcome: _Outcome, began: float, *, recovered: bool = False
    ) -> None:
        self._audit.system_state_management(
            operation=operation,
            key=_key(call_sid),
            outcome=outcome,
            recovered=recovered,
            latency_ms=(time.perf_counter() - began) * 1000,
            severity="ERROR" if outcome in ("corrupt", "error") else "WARN" if recovered else None,
        )


def _key(call_sid: str) -> str:
    return f"call_state:{call_sid}"
