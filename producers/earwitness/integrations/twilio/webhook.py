"""A webhook's form, typed: what Twilio says of a call, of what its caller answered, and of its recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from earwitness.integrations.twilio.requests import Pairs

__all__ = ["CALL_SID", "CallStatus", "Direction", "Heard", "RecordingStatus", "Webhook"]

CALL_SID: Final = re.compile(r"CA[0-9a-f]{32}")
_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-f]{32}")
_RECORDING_SID: Final = re.compile(r"RE[0-9a-f]{32}")
_CONFIDENCE: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")

Direction = Literal["inbound", "outbound", "other"]
InputMode = Literal["speech", "dtmf", "none"]
CallStatus = Literal[
    "queued", "ringing", "in_progress", "completed", "busy", "failed", "no_answer", "canceled", "other"
]
RecordingStatus = Literal["in_progress", "completed", "absent", "failed", "other"]

_STATUSES: Final[dict[str, CallStatus]] = {
    "queued": "queued",
    "initiated": "queued",  # the name of the event that Twilio subscribes an app to
    "ringing": "ringing",
    "in-progress": "in_progress",
    "answered": "in_progress",
    "completed": "completed",
    "busy": "busy",
    "failed": "failed",
    "no-answer": "no_answer",
    "canceled": "canceled",
}
_RECORDING: Final[dict[str, RecordingStatus]] = {
    "in-progress": "in_progress",
    "completed": "completed",
    "absent": "absent",
    "failed": "failed",
}
_FINAL: Final = frozenset({"completed", "busy", "failed", "no_answer", "canceled"})


@dataclass(frozen=True)
class Heard:
    """One answer of the caller, as the trail writes it.

    Attributes:
        mode: speech, keys, or silence.
        text: what was said or keyed; None on silence.
        confidence: the recogniser's, 0 to 1; None without speech, or where Twilio gives none.
    """

    mode: InputMode
    text: str | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class Webhook:
    """What Twilio sent.

    Attributes:
        pairs: the form, in order; a name may occur twice.
        query_pairs: what the app itself wrote into the address that Twilio called. It is signed, so it can be relied on.
    """

    pairs: Pairs = field(repr=False)
    query_pairs: Pairs = field(default=(), repr=False)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The form; of a name that occurs twice the last value."""
        return dict(self.pairs)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query of the address; of a name that occurs twice the last value."""
        return dict(self.query_pairs)

    def text(self, name: str) -> str | None:
        """A field's value; None when it is missing or empty."""
        return self.form.get(name) or None

    def number(self, name: str) -> int | None:
        """A field's value as a whole number of at most nine digits; None when it is none."""
        value = self.form.get(name, "")
        return int(value) if _NUMBER.fullmatch(value) else None

    @property
    def call_sid(self) -> str:
        """The call; empty when the webhook names none in the proper form. Ids are not masked: nothing else may stand there."""
        return _proper(CALL_SID, self.form.get("CallSid")) or ""

    @property
    def account_sid(self) -> str | None:
        """The account that is called."""
        return _proper(_ACCOUNT_SID, self.form.get("AccountSid"))

    @property
    def direction(self) -> Direction:
        """Who called whom; Twilio tells outbound-api from outbound-dial, the trail does not."""
        sent = self.form.get("Direction", "")
        return "inbound" if sent == "inbound" else "outbound" if sent.startswith("outbound") else "other"

    @property
    def caller(self) -> str | None:
        """The other party's number, or the word that stands for a withheld one."""
        return self.text("To" if self.direction == "outbound" else "From")

    @property
    def heard(self) -> Heard:
        """What `<Gather>` collected; silence when it collected nothing."""
        if digits := self.text("Digits"):
            return Heard("dtmf", digits)
        speech = self.text("SpeechResult")
        if speech is None:
            return Heard("none")
        sent = self.form.get("Confidence", "")
        return Heard("speech", speech, min(1.0, float(sent)) if _CONFIDENCE.fullmatch(sent) else None)

    @property
    def status(self) -> CallStatus:
        """CallStatus as the trail writes it."""
        return _STATUSES.get(self.form.get("CallStatus", ""), "other")

    @property
    def is_final(self) -> bool:
        """Whether the call is over. An end is final: what comes later with a lower SequenceNumber is only late."""
        return self.status in _FINAL

    @property
    def sequence_number(self) -> int | None:
        """A status callback's place among those of its call, from 0; they may come in any order."""
        return self.number("SequenceNumber")

    @property
    def sip_response_code(self) -> int | None:
        """The last SIP answer, where Twilio names it."""
        return self.number("SipResponseCode")

    @property
    def call_seconds(self) -> int:
        """How long the call lasted, seconds; 0 before its end."""
        return self.number("CallDuration") or 0

    @property
    def recording_sid(self) -> str | None:
        """The recording that the webhook is about."""
        return _proper(_RECORDING_SID, self.form.get("RecordingSid"))

    @property
    def recording_status(self) -> RecordingStatus:
        """RecordingStatus; `<Record action=…>` sends none with a recording that is there: completed."""
        sent = self.text("RecordingStatus")
        if sent is None:
            return "completed" if self.text("RecordingUrl") else "other"
        return _RECORDING.get(sent, "other")

    @property
    def recording_url(self) -> str | None:
        """Where a completed recording can be fetched."""
        return self.text("RecordingUrl") if self.recording_status == "completed" else None


def _proper(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value is not None and pattern.fullmatch(value) else None
