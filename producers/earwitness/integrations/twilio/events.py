"""From webhooks to events: a call starts, a call is over, a recording will not come.

What a caller answered is no event by itself: `Webhook.heard` goes into the event that says what became of it, such as
`call_stage_transition(user_input=heard.text, input_mode=heard.mode, confidence=heard.confidence, …)`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from earwitness.client.audit import Audit
from earwitness.integrations.twilio.endings import DisconnectReason, disconnect_reason
from earwitness.integrations.twilio.webhook import Webhook

if TYPE_CHECKING:
    from earwitness.client.vocabulary import StageName

__all__ = ["Endings", "call_ended", "call_started", "other_fields", "recording_failed"]

_MOST_FIELDS: Final = 24
_MOST_NAME, _MOST_VALUE = 64, 256
_MOST_CALLS: Final = 10_000
_TAKEN: Final = frozenset({
    # what the events' own fields say, and From and To once more
    "AccountSid", "CallSid", "From", "To", "Caller", "Called", "CallerName", "Direction", "StirVerstat", "CallStatus",
    "CallDuration", "Duration", "SipResponseCode", "RecordingSid", "RecordingUrl", "ApiVersion",
    # what the caller said, for the event that says what became of it
    "Digits", "SpeechResult", "UnstableSpeechResult", "Confidence",
    # a secret
    "CallToken",
})  # fmt: skip
_PLACES: Final = frozenset(  # where somebody lives, which nothing needs
    f"{party}{what}" for party in ("From", "To", "Caller", "Called") for what in ("City", "State", "Zip", "Country")
)


def other_fields(webhook: Webhook) -> dict[str, str] | None:
    """What else Twilio sent: it adds parameters without notice, and they may be what is asked for later.

    At most 24 of them, names cut at 64 and values at 256 characters; without what the events say anyway, secrets and addresses.
    """
    found: dict[str, str] = {}
    for name, value in webhook.pairs:
        if value and name not in _TAKEN and name not in _PLACES:
            found[name[:_MOST_NAME]] = value[:_MOST_VALUE]
            if len(found) == _MOST_FIELDS:
                break
    return found or None


def call_started(audit: Audit, webhook: Webhook, *, language: str) -> bool:
    """Tell `call.started`, once for the first webhook of a call: Twilio repeats one whose answer it did not get.

    Args:
        audit: where it goes.
        webhook: the one that asks what to do with a call.
        language: the call's: en, es, …

    Returns:
        Whether the event was taken.
    """
    if not audit.enabled:
        return True
    return audit.call_started(
        from_number=webhook.text("From"),
        to_number=webhook.text("To"),
        caller_name=webhook.text("CallerName"),
        direction=webhook.direction,
        language=language,
        stir_verstat=webhook.text("StirVerstat"),
        call_sid=webhook.call_sid or None,
        caller=webhook.caller,
        attributes=other_fields(webhook),
    )


def call_ended(
    audit: Audit,
    webhook: Webhook,
    *,
    mark: DisconnectReason | None = None,
    final_stage: StageName | None = None,
    max_seconds: int = 600,
) -> bool:
    """Tell `call.ended`, and why it ended. Only the end of a call is told, not that it rings (`Webhook.is_final`).

    That it is told once is for the app to see to, from its calls' state, or with `Endings`.

    Args:
        audit: where it goes.
        webhook: a status callback.
        mark: why the app ended the call; None: it did not.
        final_stage: where in the conversation it ended.
        max_seconds: how long a call may last.

    Returns:
        Whether the event was taken; False too when the call is not over.
    """
    if not webhook.is_final:
        return False
    if not audit.enabled:
        return True
    reason = disconnect_reason(
        webhook.status, webhook.sip_response_code, webhook.call_seconds, mark, max_seconds=max_seconds
    )
    return audit.call_ended(
        duration_seconds=webhook.call_seconds,
        disconnect_reason=reason,
        final_stage=final_stage,
        call_status=webhook.status,
        sip_response_code=webhook.sip_response_code,
        severity="ERROR" if reason in ("error", "failed") else "WARN" if reason.startswith("max_") else None,
        call_sid=webhook.call_sid or None,
        caller=webhook.caller,
        attributes=other_fields(webhook),
    )


def recording_failed(audit: Audit, webhook: Webhook, *, bucket: str) -> bool:
    """Tell `system.recording_pipeline`, `fetch` failed, when Twilio says that there is no recording.

    Twilio's ErrorCode (16101: too short, 16102: silent) is among the event's attributes.

    Args:
        audit: where it goes.
        webhook: a recording's callback.
        bucket: where the recording would have gone.

    Returns:
        Whether the event was taken; False too when the recording did not fail.
    """
    if webhook.recording_status not in ("absent", "failed"):
        return False
    if not audit.enabled:
        return True
    return audit.system_recording_pipeline(
        step="fetch",
        outcome="failed",
        recording_sid=webhook.recording_sid,
        bucket=bucket,
        latency_ms=0.0,
        severity="WARN" if webhook.recording_status == "absent" else "ERROR",
        call_sid=webhook.call_sid or None,
        caller=webhook.caller,
        attributes=other_fields(webhook),
    )


class Endings:
    """Tells each call's end once, for an app that keeps no state of its calls elsewhere.

    Twilio sends status callbacks in any order and more than once. Remembers the last 10,000 calls of this process; behind
    several processes, a router has to keep a call on one of them.

    Args:
        audit: where events go.
        max_seconds: how long a call may last.
    """

    def __init__(self, audit: Audit, *, max_seconds: int = 600) -> None:
        self._audit = audit
        self._max_seconds = max_seconds
        self._lock = threading.Lock()
        self._marks: OrderedDict[str, tuple[DisconnectReason | None, StageName | None]] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def mark(
        self, call_sid: str, *, reason: DisconnectReason | None = None, final_stage: StageName | None = None
    ) -> None:
        """Remember where a call stands, and why the app ends it."""
        with self._lock:
            known_reason, known_stage = self._marks.pop(call_sid, (None, None))
            self._marks[call_sid] = (reason or known_reason, final_stage or known_stage)
            if len(self._marks) > _MOST_CALLS:
                self._marks.popitem(last=False)

    def tell(self, webhook: Webhook) -> bool:
        """Tell the end of the call, if that is what a status callback says, and for the first time.

        Returns:
            Whether it was told.
        """
        call_sid = webhook.call_sid
        if not webhook.is_final or not call_sid:
            return False
        with self._lock:
            if call_sid in self._ended:
                return False
            self._ended[call_sid] = None
            if len(self._ended) > _MOST_CALLS:
                self._ended.popitem(last=False)
            reason, stage = self._marks.pop(call_sid, (None, None))
        return call_ended(self._audit, webhook, mark=reason, final_stage=stage, max_seconds=self._max_seconds)
