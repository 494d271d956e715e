"""The events as typed structs, a class a kind. Generated from the raw schemas: do not edit.

`python -m earwitness.schemas.generate` writes this file. Fields that an app leaves out are filled in by the client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

__all__ = [
    "EVENTS",
    "TELEMETRY",
    "CallActionAttempted",
    "CallEnded",
    "CallStageTransition",
    "CallStarted",
    "CallValidationFailed",
    "Change",
    "DataAirtableQuery",
    "DataHistoryAppend",
    "DataJobLookup",
    "DataRecordUpdate",
    "Event",
    "SecurityAuthentication",
    "SecurityAuthorization",
    "SecurityErrorPattern",
    "SecurityInputValidation",
    "SequenceRange",
    "SystemApiLatency",
    "SystemErrorRate",
    "SystemRecordingPipeline",
    "SystemStateManagement",
    "TrailAdminAction",
    "TrailAlertDelivered",
    "TrailClientReport",
    "TrailDataRead",
]

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """What an app may say of any event; everything else of the envelope is the client's."""

    occurred_at: datetime | None = None
    """When it happened, aware; None: when it was given to the client."""
    severity: Literal["INFO", "WARN", "ERROR"] | None = None
    """None: the kind's own."""
    call_sid: str | None = None
    """Twilio's id of the call; None: the call context's."""
    caller: str | None = None
    """The other party's number; None: the call context's."""
    attributes: Mapping[str, str] | None = None
    """Whatever else there is to say, as text."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a list in an event."""

    field: str
    """The field that changed."""
    old_value: str | None = None
    """Its value before; null when it was empty."""
    new_value: str | None = None
    """Its value after; null when it was emptied."""


class SequenceRange(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a list in an event."""

    first: Int64
    """First sequence."""
    last: Int64
    """Last sequence, included."""


class CallActionAttempted(Event, frozen=True, kw_only=True, tag='call.action_attempted'):
    """A change to a job was tried."""

    action: Literal["update_status", "update_scheduled_date", "update_assignee", "add_note", "other"]
    """What was to be changed."""
    outcome: Literal["success", "validation_failed", "permission_denied", "network_error", "other"]
    """How it went."""
    error_code: str | None = None
    """The failure's code, where there is one."""
    client_id: str
    """The client's id, 3 to 50 letters and digits."""
    job_number: str
    """The job's number, 1 to 20 digits."""
    value: str | None = None
    """The new value: a status, a date, a person, a note."""
    actor: str | None = None
    """Who asked for it."""
    correlation_id: str | None = None
    """Binds the action to the requests that carried it out."""


class CallEnded(Event, frozen=True, kw_only=True, tag='call.ended'):
    """A call is over."""

    duration_seconds: Int32
    """How long it lasted, whole seconds."""
    disconnect_reason: Literal["completed", "caller_hangup", "max_attempts", "max_duration", "error", "transferred", "no_answer", "busy", "failed", "canceled", "other"]
    """Why it ended; derived, since Twilio sends no hang-up reason."""
    final_stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"] | None = None
    """The stage in which it ended; null when it never reached one."""
    call_status: Literal["queued", "ringing", "in_progress", "completed", "busy", "failed", "no_answer", "canceled", "other"]
    """Twilio's CallStatus, hyphens as underscores."""
    sip_response_code: Int32 | None = None
    """SIP response code of the call's end."""


class CallStageTransition(Event, frozen=True, kw_only=True, tag='call.stage_transition'):
    """The conversation moved from one stage to another."""

    from_stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"]
    """The stage it left."""
    to_stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"]
    """The stage it entered."""
    trigger: Literal["user_input_valid", "user_input_invalid", "user_confirmation_yes", "user_confirmation_no", "action_success", "action_failed", "timeout", "error", "other"]
    """What moved it."""
    user_input: str | None = None
    """What the caller said or typed; null on silence."""
    input_mode: Literal["speech", "dtmf", "none", "other"]
    """How the caller answered."""
    confidence: float | None = None
    """The recogniser's confidence, 0 to 1; null without speech."""
    attempt: Int32
    """Which try at the stage this was, from 1."""


class CallStarted(Event, frozen=True, kw_only=True, tag='call.started'):
    """A call reached the phone line."""

    from_number: str | None = None
    """The number that calls; null or a withheld form when it is not shown."""
    to_number: str | None = None
    """The number that was called."""
    caller_name: str | None = None
    """The caller's name as the network gives it."""
    direction: Literal["inbound", "outbound", "other"]
    """Who called whom."""
    language: str
    """Language of the call: en, es, …"""
    stir_verstat: str | None = None
    """STIR/SHAKEN attestation as Twilio sends it, such as TN-Validation-Passed-A."""


class CallValidationFailed(Event, frozen=True, kw_only=True, tag='call.validation_failed'):
    """What the caller gave did not fit."""

    stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"]
    """The stage that asked."""
    field: str
    """What was asked for: client_id, job_number, status, …"""
    rule: str
    """Which rule refused it: pattern, length, low_confidence, no_input, unknown_client, not_in_list, …"""
    user_input: str | None = None
    """What the caller said or typed; null on silence."""
    input_mode: Literal["speech", "dtmf", "none", "other"]
    """How the caller answered."""
    attempt: Int32
    """Which try at the stage this was, from 1."""


class DataAirtableQuery(Event, frozen=True, kw_only=True, tag='data.airtable_query'):
    """One request to Airtable, after its retries."""

    table: str
    """Airtable's table."""
    record_id: str | None = None
    """Airtable's record id, where the request names one."""
    operation: str
    """What was asked: select, get, create, update, …"""
    formula: str | None = None
    """The filter formula; holds what callers said."""
    status_code: Int32 | None = None
    """The last answer's HTTP status; null when none came."""
    rows: Int64
    """How many records came back."""
    retries: Int32
    """How many tries failed before the last one."""
    latency_ms: float
    """From the first try to the last answer, milliseconds."""


class DataHistoryAppend(Event, frozen=True, kw_only=True, tag='data.history_append'):
    """Lines were added to a job's history, which only grows."""

    record_id: str
    """Airtable's record id."""
    job_number: str
    """The job's number, 1 to 20 digits."""
    lines: Sequence[str] = ()
    """The lines as they were added; names, notes and addresses are in them."""
    lines_added: Int32
    """How many lines were added."""
    total_length: Int64
    """The history's length afterwards, in characters."""


class DataJobLookup(Event, frozen=True, kw_only=True, tag='data.job_lookup'):
    """A job was looked up."""

    client_id: str
    """The client's id, 3 to 50 letters and digits."""
    job_number: str
    """The job's number, 1 to 20 digits."""
    found: bool
    """Whether there is such a job for that client."""
    latency_ms: float
    """How long it took, milliseconds."""


class DataRecordUpdate(Event, frozen=True, kw_only=True, tag='data.record_update'):
    """A record was changed."""

    table: str
    """Airtable's table."""
    record_id: str
    """Airtable's record id."""
    changes: Sequence[Change] = ()
    """What changed, field by field."""
    updated_at: datetime
    """When the store says it was changed: microseconds since 1970-01-01 UTC."""


class SecurityAuthentication(Event, frozen=True, kw_only=True, tag='security.authentication'):
    """A webhook's signature was checked."""

    method: str
    """What was checked: twilio_signature, …"""
    valid: bool
    """Whether it held."""
    reason: Literal["signature_mismatch", "missing_signature", "proxy_url", "query_resorted", "duplicate_field", "subaccount_token", "body_hash_mismatch", "expired", "other"] | None = None
    """Why it did not hold; null when it did."""
    url_path: str
    """The path that was requested, without its query."""
    source_ip: str | None = None
    """The peer's address."""
    account_sid: str | None = None
    """Twilio's account (AC and 32 hex digits), where the request names one."""


class SecurityAuthorization(Event, frozen=True, kw_only=True, tag='security.authorization'):
    """A permission was asked for."""

    permission: str
    """What was asked: job:read, job:update_status, client:list, admin:menu, …"""
    resource: str
    """On what: job, client, admin, …"""
    allowed: bool
    """Whether it was granted."""
    reason: str | None = None
    """Why not, or by which rule."""
    subject: str | None = None
    """Who asked."""
    client_id: str | None = None
    """The client's id, 3 to 50 letters and digits."""
    job_number: str | None = None
    """The job's number, 1 to 20 digits."""


class SecurityErrorPattern(Event, frozen=True, kw_only=True, tag='security.error_pattern'):
    """Errors gather around one subject."""

    pattern: str
    """Which pattern."""
    count: Int32
    """How many errors."""
    window_seconds: Int32
    """Within how many seconds."""
    subject: str | None = None
    """Around whom or what."""
    detail: str | None = None
    """What the app knows about it."""


class SecurityInputValidation(Event, frozen=True, kw_only=True, tag='security.input_validation'):
    """An input was refused, cleaned or slowed down for safety's sake."""

    field: str
    """Which field it was meant for."""
    category: Literal["malformed", "injection", "rate_limited", "other"]
    """What was wrong with it."""
    pattern: str | None = None
    """The matcher that spoke."""
    user_input: str | None = None
    """What the caller said or typed; null on silence."""
    action: Literal["rejected", "sanitized", "throttled", "other"]
    """What the app did."""


class SystemApiLatency(Event, frozen=True, kw_only=True, tag='system.api_latency'):
    """One attempt of a request to a dependency."""

    dependency: str
    """airtable, redis, s3, twilio, …"""
    operation: str
    """What was asked of it."""
    status_code: Int32 | None = None
    """The answer's status; null when none came."""
    outcome: Literal["ok", "error", "timeout", "rate_limited", "other"]
    """How it went."""
    latency_ms: float
    """How long it took, milliseconds."""


class SystemErrorRate(Event, frozen=True, kw_only=True, tag='system.error_rate'):
    """A dependency's failures over a window."""

    dependency: str
    """airtable, redis, s3, twilio, …"""
    failed: Int32
    """How many requests failed."""
    total: Int32
    """Of how many."""
    retries: Int32
    """How many retries that took."""
    circuit_state: Literal["closed", "open", "half_open", "other"]
    """The circuit breaker's state."""
    window_seconds: Int32
    """The window's length, seconds."""


class SystemRecordingPipeline(Event, frozen=True, kw_only=True, tag='system.recording_pipeline'):
    """One step of a recording's way into the store."""

    step: Literal["fetch", "store", "sign", "append", "other"]
    """Which step."""
    outcome: Literal["ok", "retry", "failed", "other"]
    """How it went."""
    recording_sid: str | None = None
    """Twilio's id of the recording (RE and 32 hex digits)."""
    bucket: str
    """The bucket it goes to."""
    object_key: str | None = None
    """The object's key; holds the job's number."""
    url: str | None = None
    """The signed URL: whoever has it can listen."""
    size_bytes: Int64 | None = None
    """The recording's size."""
    latency_ms: float
    """How long it took, milliseconds."""


class SystemStateManagement(Event, frozen=True, kw_only=True, tag='system.state_management'):
    """A call's state was read or written."""

    operation: Literal["get", "set", "delete", "extend", "other"]
    """What was done."""
    key: str
    """The key; holds the call's id."""
    outcome: Literal["ok", "miss", "corrupt", "error", "other"]
    """How it went."""
    recovered: bool
    """Whether lost state was rebuilt."""
    latency_ms: float
    """How long it took, milliseconds."""


class TrailAdminAction(Event, frozen=True, kw_only=True, tag='trail.admin_action'):
    """Somebody with an administrator's rights did something to the trail."""

    action: str
    """What: open_dead_letter, keep_call, archive, restore, erase, rotate_key, …"""
    subject: str
    """Who."""
    target: str | None = None
    """On what."""
    outcome: Literal["success", "refused", "failed", "other"]
    """How it went."""
    justification: str | None = None
    """Why, in the administrator's words."""
    affected: Int64 | None = None
    """To how many records, calls or files it was done; null where that is not counted."""


class TrailAlertDelivered(Event, frozen=True, kw_only=True, tag='trail.alert_delivered'):
    """An alert was sent to somebody."""

    alert_id: str
    """The alert."""
    route: str
    """By which way: webhook, slack, mail, alertmanager."""
    attempt: Int32
    """Which try this was, from 1."""
    outcome: Literal["delivered", "failed", "suppressed", "other"]
    """How it went."""
    status_code: Int32 | None = None
    """The answer's status; null when none came."""


class TrailClientReport(Event, frozen=True, kw_only=True, tag='trail.client_report'):
    """What a client did with its events since its last report."""

    accepted: Int64
    """Events that it took from the app."""
    acknowledged: Int64
    """Events that the broker confirmed."""
    spooled: Int64
    """Events that it wrote to its spool."""
    refused: Mapping[str, Int64] | None = None
    """Events that it did not take, by reason."""
    dropped: Mapping[str, Int64] | None = None
    """Events that it took and lost, by reason."""
    lost: Sequence[SequenceRange] = ()
    """The sequences that it declares lost."""
    period_seconds: float
    """How long since the last report, seconds."""


class TrailDataRead(Event, frozen=True, kw_only=True, tag='trail.data_read'):
    """Somebody read the trail."""

    subject: str
    """Who."""
    views: Sequence[str] = ()
    """Which views."""
    query_shape: str
    """The query without its literals."""
    rows: Int64
    """How many rows came back."""
    duration_ms: float
    """How long it took, milliseconds."""


EVENTS: Final[Mapping[str, type[Event]]] = {
    "call.action_attempted": CallActionAttempted,
    "call.ended": CallEnded,
    "call.stage_transition": CallStageTransition,
    "call.started": CallStarted,
    "call.validation_failed": CallValidationFailed,
    "data.airtable_query": DataAirtableQuery,
    "data.history_append": DataHistoryAppend,
    "data.job_lookup": DataJobLookup,
    "data.record_update": DataRecordUpdate,
    "security.authentication": SecurityAuthentication,
    "security.authorization": SecurityAuthorization,
    "security.error_pattern": SecurityErrorPattern,
    "security.input_validation": SecurityInputValidation,
    "system.api_latency": SystemApiLatency,
    "system.error_rate": SystemErrorRate,
    "system.recording_pipeline": SystemRecordingPipeline,
    "system.state_management": SystemStateManagement,
    "trail.admin_action": TrailAdminAction,
    "trail.alert_delivered": TrailAlertDelivered,
    "trail.client_report": TrailClientReport,
    "trail.data_read": TrailDataRead,
}
"""The class of each kind."""

TELEMETRY: Final[frozenset[type[Event]]] = frozenset(
    {
        CallStageTransition,
        DataAirtableQuery,
        SystemApiLatency,
        SystemStateManagement,
    },
)
"""The classes of the telemetry lane: they make way for the protected ones where room is short."""
