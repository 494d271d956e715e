"""Why a call ended. Twilio does not say: it follows from CallStatus, the SIP response code and what the app did."""

from __future__ import annotations

from typing import Final, Literal

from voice_app.call_state import CallState

__all__ = ["FINAL_STATUSES", "CallStatus", "DisconnectReason", "call_status", "disconnect_reason"]

CallStatus = Literal[
    "queued", "ringing", "in_progress", "completed", "busy", "failed", "no_answer", "canceled", "other"
]
DisconnectReason = Literal[
    "completed",
    "caller_hangup",
    "max_attempts",
    "max_duration",
    "error",
    "transferred",
    "no_answer",
    "busy",
    "failed",
    "canceled",
    "other",
]
FINAL_STATUSES: Final = frozenset({"completed", "busy", "failed", "no_answer", "canceled"})
CALL_SECONDS = 600

_STATUSES: Final[dict[str, CallStatus]] = {
    "queued": "queued",
    "ringing": "ringing",
    "in-progress": "in_progress",
    "completed": "completed",
    "busy": "busy",
    "failed": "failed",
    "no-answer": "no_answer",
    "canceled": "canceled",
}
_BY_SIP: Final[dict[int, DisconnectReason]] = {
    408: "no_answer",  # request timeout
    480: "no_answer",  # temporarily unavailable: Twilio reports it as `failed`
    486: "busy",
    487: "canceled",  # the other side gave up before it was answered
    600: "busy",
}


def call_status(sent: str) -> CallStatus:
    """Twilio's CallStatus as the trail writes it."""
    return _STATUSES.get(sent, "other")


def disconnect_reason(
    status: CallStatus, sip_response_code: int | None, duration_seconds: int, state: CallState | None
) -> DisconnectReason:
    """Derive why a call ended.

    Args:
        status: how Twilio says that it ended.
        sip_response_code: the last SIP answer, where Twilio names it.
        duration_seconds: how long it lasted.
        state: what the app remembers of it; None when it never reached the app or was forgotten.
    """
    match status:
        case "completed":
            if state is not None and state.ending is not None:
                return state.ending
            if sip_response_code is not None and sip_response_code >= 500:
                return "error"
            return "max_duration" if duration_seconds >= CALL_SECONDS else "caller_hangup"
        case "failed":
            return _BY_SIP.get(sip_response_code or 0, "failed")
        case "busy" | "no_answer" | "canceled":
            return status
        case _:
            return "other"
