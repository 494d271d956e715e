"""Why a call ended. Twilio does not say: it follows from CallStatus, the SIP response code and what the app did."""

from __future__ import annotations

from typing import Final, Literal

from earwitness.integrations.twilio.webhook import CallStatus

__all__ = ["DisconnectReason", "disconnect_reason"]

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

_BY_SIP: Final[dict[int, DisconnectReason]] = {
    408: "no_answer",  # request timeout
    480: "no_answer",  # temporarily unavailable: Twilio reports it as `failed`
    486: "busy",
    487: "canceled",  # the other side gave up before it was answered
    600: "busy",
}


def disconnect_reason(
    status: CallStatus,
    sip_response_code: int | None,
    duration_seconds: int,
    mark: DisconnectReason | None = None,
    *,
    max_seconds: int = 600,
) -> DisconnectReason:
    """Derive why a call ended.

    Args:
        status: how Twilio says that it ended.
        sip_response_code: the last SIP answer, where Twilio names it.
        duration_seconds: how long it lasted.
        mark: why the app ended it; None: it did not, or never had it.
        max_seconds: how long a call may last; the app's or Twilio's own limit.
    """
    match status:
        case "completed":
            if mark is not None:
                return mark
            if sip_response_code is not None and sip_response_code >= 500:
                return "error"
            return "max_duration" if duration_seconds >= max_seconds else "caller_hangup"
        case "failed":
            return _BY_SIP.get(sip_response_code or 0, "failed")
        case "busy" | "no_answer" | "canceled":
            return status
        case _:
            return "other"
