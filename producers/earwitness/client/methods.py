"""A method a kind of event. Generated from the raw schemas: do not edit.

`python -m earwitness.schemas.generate` writes this file. The event classes are built when the first event is: to build
them takes longer than the whole start of an app that is switched off.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from earwitness.schemas import events
else:

    class _Events:
        """Stands where the module of event classes will, until one of them is asked for."""

        def __getattr__(self, name):
            global events
            from earwitness.schemas import events

            return getattr(events, name)

    events = _Events()

__all__ = ["EventMethods", "SilentMethods"]


class EventMethods:
    """What the client and its no-op twin have in common: a method for each kind of event."""

    def emit(self, event: events.Event) -> bool:
        """Take an event: never blocks, never raises.

        Returns:
            Whether the event was taken.
        """
        raise NotImplementedError

    def call_action_attempted(
        self,
        *,
        action: Literal["update_status", "update_scheduled_date", "update_assignee", "add_note", "other"],
        outcome: Literal["success", "validation_failed", "permission_denied", "network_error", "other"],
        error_code: str | None = None,
        client_id: str,
        job_number: str,
        value: str | None = None,
        actor: str | None = None,
        correlation_id: str | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A change to a job was tried.

        Args:
            action: What was to be changed.
            outcome: How it went.
            error_code: The failure's code, where there is one.
            client_id: The client's id, 3 to 50 letters and digits.
            job_number: The job's number, 1 to 20 digits.
            value: The new value: a status, a date, a person, a note.
            actor: Who asked for it.
            correlation_id: Binds the action to the requests that carried it out.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.CallActionAttempted(
                action=action,
                outcome=outcome,
                error_code=error_code,
                client_id=client_id,
                job_number=job_number,
                value=value,
                actor=actor,
                correlation_id=correlation_id,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def call_ended(
        self,
        *,
        duration_seconds: events.Int32,
        disconnect_reason: Literal["completed", "caller_hangup", "max_attempts", "max_duration", "error", "transferred", "no_answer", "busy", "failed", "canceled", "other"],
        final_stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"] | None = None,
        call_status: Literal["queued", "ringing", "in_progress", "completed", "busy", "failed", "no_answer", "canceled", "other"],
        sip_response_code: events.Int32 | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A call is over.

        Args:
            duration_seconds: How long it lasted, whole seconds.
            disconnect_reason: Why it ended; derived, since Twilio sends no hang-up reason.
            final_stage: The stage in which it ended; null when it never reached one.
            call_status: Twilio's CallStatus, hyphens as underscores.
            sip_response_code: SIP response code of the call's end.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.CallEnded(
                duration_seconds=duration_seconds,
                disconnect_reason=disconnect_reason,
                final_stage=final_stage,
                call_status=call_status,
                sip_response_code=sip_response_code,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def call_stage_transition(
        self,
        *,
        from_stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"],
        to_stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"],
        trigger: Literal["user_input_valid", "user_input_invalid", "user_confirmation_yes", "user_confirmation_no", "action_success", "action_failed", "timeout", "error", "other"],
        user_input: str | None = None,
        input_mode: Literal["speech", "dtmf", "none", "other"],
        confidence: float | None = None,
        attempt: events.Int32,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """The conversation moved from one stage to another.

        Args:
            from_stage: The stage it left.
            to_stage: The stage it entered.
            trigger: What moved it.
            user_input: What the caller said or typed; null on silence.
            input_mode: How the caller answered.
            confidence: The recogniser's confidence, 0 to 1; null without speech.
            attempt: Which try at the stage this was, from 1.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.CallStageTransition(
                from_stage=from_stage,
                to_stage=to_stage,
                trigger=trigger,
                user_input=user_input,
                input_mode=input_mode,
                confidence=confidence,
                attempt=attempt,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def call_started(
        self,
        *,
        from_number: str | None = None,
        to_number: str | None = None,
        caller_name: str | None = None,
        direction: Literal["inbound", "outbound", "other"],
        language: str,
        stir_verstat: str | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A call reached the phone line.

        Args:
            from_number: The number that calls; null or a withheld form when it is not shown.
            to_number: The number that was called.
            caller_name: The caller's name as the network gives it.
            direction: Who called whom.
            language: Language of the call: en, es, …
            stir_verstat: STIR/SHAKEN attestation as Twilio sends it, such as TN-Validation-Passed-A.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.CallStarted(
                from_number=from_number,
                to_number=to_number,
                caller_name=caller_name,
                direction=direction,
                language=language,
                stir_verstat=stir_verstat,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def call_validation_failed(
        self,
        *,
        stage: Literal["collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action", "execute_action", "goodbye", "error_recovery", "other"],
        field: str,
        rule: str,
        user_input: str | None = None,
        input_mode: Literal["speech", "dtmf", "none", "other"],
        attempt: events.Int32,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """What the caller gave did not fit.

        Args:
            stage: The stage that asked.
            field: What was asked for: client_id, job_number, status, …
            rule: Which rule refused it: pattern, length, low_confidence, no_input, unknown_client, not_in_list, …
            user_input: What the caller said or typed; null on silence.
            input_mode: How the caller answered.
            attempt: Which try at the stage this was, from 1.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.CallValidationFailed(
                stage=stage,
                field=field,
                rule=rule,
                user_input=user_input,
                input_mode=input_mode,
                attempt=attempt,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def data_airtable_query(
        self,
        *,
        table: str,
        record_id: str | None = None,
        operation: str,
        formula: str | None = None,
        status_code: events.Int32 | None = None,
        rows: events.Int64,
        retries: events.Int32,
        latency_ms: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """One request to Airtable, after its retries.

        Args:
            table: Airtable's table.
            record_id: Airtable's record id, where the request names one.
            operation: What was asked: select, get, create, update, …
            formula: The filter formula; holds what callers said.
            status_code: The last answer's HTTP status; null when none came.
            rows: How many records came back.
            retries: How many tries failed before the last one.
            latency_ms: From the first try to the last answer, milliseconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.DataAirtableQuery(
                table=table,
                record_id=record_id,
                operation=operation,
                formula=formula,
                status_code=status_code,
                rows=rows,
                retries=retries,
                latency_ms=latency_ms,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def data_history_append(
        self,
        *,
        record_id: str,
        job_number: str,
        lines: Sequence[str] = (),
        lines_added: events.Int32,
        total_length: events.Int64,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """Lines were added to a job's history, which only grows.

        Args:
            record_id: Airtable's record id.
            job_number: The job's number, 1 to 20 digits.
            lines: The lines as they were added; names, notes and addresses are in them.
            lines_added: How many lines were added.
            total_length: The history's length afterwards, in characters.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.DataHistoryAppend(
                record_id=record_id,
                job_number=job_number,
                lines=lines,
                lines_added=lines_added,
                total_length=total_length,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def data_job_lookup(
        self,
        *,
        client_id: str,
        job_number: str,
        found: bool,
        latency_ms: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A job was looked up.

        Args:
            client_id: The client's id, 3 to 50 letters and digits.
            job_number: The job's number, 1 to 20 digits.
            found: Whether there is such a job for that client.
            latency_ms: How long it took, milliseconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.DataJobLookup(
                client_id=client_id,
                job_number=job_number,
                found=found,
                latency_ms=latency_ms,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def data_record_update(
        self,
        *,
        table: str,
        record_id: str,
        changes: Sequence[events.Change] = (),
        updated_at: datetime,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A record was changed.

        Args:
            table: Airtable's table.
            record_id: Airtable's record id.
            changes: What changed, field by field.
            updated_at: When the store says it was changed: microseconds since 1970-01-01 UTC.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.DataRecordUpdate(
                table=table,
                record_id=record_id,
                changes=changes,
                updated_at=updated_at,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def security_authentication(
        self,
        *,
        method: str,
        valid: bool,
        reason: Literal["signature_mismatch", "missing_signature", "proxy_url", "query_resorted", "duplicate_field", "subaccount_token", "body_hash_mismatch", "expired", "other"] | None = None,
        url_path: str,
        source_ip: str | None = None,
        account_sid: str | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A webhook's signature was checked.

        Args:
            method: What was checked: twilio_signature, …
            valid: Whether it held.
            reason: Why it did not hold; null when it did.
            url_path: The path that was requested, without its query.
            source_ip: The peer's address.
            account_sid: Twilio's account (AC and 32 hex digits), where the request names one.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SecurityAuthentication(
                method=method,
                valid=valid,
                reason=reason,
                url_path=url_path,
                source_ip=source_ip,
                account_sid=account_sid,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def security_authorization(
        self,
        *,
        permission: str,
        resource: str,
        allowed: bool,
        reason: str | None = None,
        subject: str | None = None,
        client_id: str | None = None,
        job_number: str | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A permission was asked for.

        Args:
            permission: What was asked: job:read, job:update_status, client:list, admin:menu, …
            resource: On what: job, client, admin, …
            allowed: Whether it was granted.
            reason: Why not, or by which rule.
            subject: Who asked.
            client_id: The client's id, 3 to 50 letters and digits.
            job_number: The job's number, 1 to 20 digits.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SecurityAuthorization(
                permission=permission,
                resource=resource,
                allowed=allowed,
                reason=reason,
                subject=subject,
                client_id=client_id,
                job_number=job_number,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def security_error_pattern(
        self,
        *,
        pattern: str,
        count: events.Int32,
        window_seconds: events.Int32,
        subject: str | None = None,
        detail: str | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """Errors gather around one subject.

        Args:
            pattern: Which pattern.
            count: How many errors.
            window_seconds: Within how many seconds.
            subject: Around whom or what.
            detail: What the app knows about it.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SecurityErrorPattern(
                pattern=pattern,
                count=count,
                window_seconds=window_seconds,
                subject=subject,
                detail=detail,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def security_input_validation(
        self,
        *,
        field: str,
        category: Literal["malformed", "injection", "rate_limited", "other"],
        pattern: str | None = None,
        user_input: str | None = None,
        action: Literal["rejected", "sanitized", "throttled", "other"],
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """An input was refused, cleaned or slowed down for safety's sake.

        Args:
            field: Which field it was meant for.
            category: What was wrong with it.
            pattern: The matcher that spoke.
            user_input: What the caller said or typed; null on silence.
            action: What the app did.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SecurityInputValidation(
                field=field,
                category=category,
                pattern=pattern,
                user_input=user_input,
                action=action,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def system_api_latency(
        self,
        *,
        dependency: str,
        operation: str,
        status_code: events.Int32 | None = None,
        outcome: Literal["ok", "error", "timeout", "rate_limited", "other"],
        latency_ms: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """One attempt of a request to a dependency.

        Args:
            dependency: airtable, redis, s3, twilio, …
            operation: What was asked of it.
            status_code: The answer's status; null when none came.
            outcome: How it went.
            latency_ms: How long it took, milliseconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SystemApiLatency(
                dependency=dependency,
                operation=operation,
                status_code=status_code,
                outcome=outcome,
                latency_ms=latency_ms,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def system_error_rate(
        self,
        *,
        dependency: str,
        failed: events.Int32,
        total: events.Int32,
        retries: events.Int32,
        circuit_state: Literal["closed", "open", "half_open", "other"],
        window_seconds: events.Int32,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A dependency's failures over a window.

        Args:
            dependency: airtable, redis, s3, twilio, …
            failed: How many requests failed.
            total: Of how many.
            retries: How many retries that took.
            circuit_state: The circuit breaker's state.
            window_seconds: The window's length, seconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SystemErrorRate(
                dependency=dependency,
                failed=failed,
                total=total,
                retries=retries,
                circuit_state=circuit_state,
                window_seconds=window_seconds,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def system_recording_pipeline(
        self,
        *,
        step: Literal["fetch", "store", "sign", "append", "other"],
        outcome: Literal["ok", "retry", "failed", "other"],
        recording_sid: str | None = None,
        bucket: str,
        object_key: str | None = None,
        url: str | None = None,
        size_bytes: events.Int64 | None = None,
        latency_ms: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """One step of a recording's way into the store.

        Args:
            step: Which step.
            outcome: How it went.
            recording_sid: Twilio's id of the recording (RE and 32 hex digits).
            bucket: The bucket it goes to.
            object_key: The object's key; holds the job's number.
            url: The signed URL: whoever has it can listen.
            size_bytes: The recording's size.
            latency_ms: How long it took, milliseconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SystemRecordingPipeline(
                step=step,
                outcome=outcome,
                recording_sid=recording_sid,
                bucket=bucket,
                object_key=object_key,
                url=url,
                size_bytes=size_bytes,
                latency_ms=latency_ms,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def system_state_management(
        self,
        *,
        operation: Literal["get", "set", "delete", "extend", "other"],
        key: str,
        outcome: Literal["ok", "miss", "corrupt", "error", "other"],
        recovered: bool,
        latency_ms: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """A call's state was read or written.

        Args:
            operation: What was done.
            key: The key; holds the call's id.
            outcome: How it went.
            recovered: Whether lost state was rebuilt.
            latency_ms: How long it took, milliseconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.SystemStateManagement(
                operation=operation,
                key=key,
                outcome=outcome,
                recovered=recovered,
                latency_ms=latency_ms,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def trail_admin_action(
        self,
        *,
        action: str,
        subject: str,
        target: str | None = None,
        outcome: Literal["success", "refused", "failed", "other"],
        justification: str | None = None,
        affected: events.Int64 | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """Somebody with an administrator's rights did something to the trail.

        Args:
            action: What: open_dead_letter, keep_call, archive, restore, erase, rotate_key, …
            subject: Who.
            target: On what.
            outcome: How it went.
            justification: Why, in the administrator's words.
            affected: To how many records, calls or files it was done; null where that is not counted.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.TrailAdminAction(
                action=action,
                subject=subject,
                target=target,
                outcome=outcome,
                justification=justification,
                affected=affected,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def trail_alert_delivered(
        self,
        *,
        alert_id: str,
        route: str,
        attempt: events.Int32,
        outcome: Literal["delivered", "failed", "suppressed", "other"],
        status_code: events.Int32 | None = None,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """An alert was sent to somebody.

        Args:
            alert_id: The alert.
            route: By which way: webhook, slack, mail, alertmanager.
            attempt: Which try this was, from 1.
            outcome: How it went.
            status_code: The answer's status; null when none came.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.TrailAlertDelivered(
                alert_id=alert_id,
                route=route,
                attempt=attempt,
                outcome=outcome,
                status_code=status_code,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def trail_client_report(
        self,
        *,
        accepted: events.Int64,
        acknowledged: events.Int64,
        spooled: events.Int64,
        refused: Mapping[str, events.Int64] | None = None,
        dropped: Mapping[str, events.Int64] | None = None,
        lost: Sequence[events.SequenceRange] = (),
        period_seconds: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """What a client did with its events since its last report.

        Args:
            accepted: Events that it took from the app.
            acknowledged: Events that the broker confirmed.
            spooled: Events that it wrote to its spool.
            refused: Events that it did not take, by reason.
            dropped: Events that it took and lost, by reason.
            lost: The sequences that it declares lost.
            period_seconds: How long since the last report, seconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.TrailClientReport(
                accepted=accepted,
                acknowledged=acknowledged,
                spooled=spooled,
                refused=refused,
                dropped=dropped,
                lost=lost,
                period_seconds=period_seconds,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )

    def trail_data_read(
        self,
        *,
        subject: str,
        views: Sequence[str] = (),
        query_shape: str,
        rows: events.Int64,
        duration_ms: float,
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """Somebody read the trail.

        Args:
            subject: Who.
            views: Which views.
            query_shape: The query without its literals.
            rows: How many rows came back.
            duration_ms: How long it took, milliseconds.
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
        """
        return self.emit(
            events.TrailDataRead(
                subject=subject,
                views=views,
                query_shape=query_shape,
                rows=rows,
                duration_ms=duration_ms,
                occurred_at=occurred_at,
                severity=severity,
                call_sid=call_sid,
                caller=caller,
                attributes=attributes,
            ),
        )


class SilentMethods(EventMethods):
    """The same methods, which take an event and do nothing. Spelt out, since `**fields` would cost three times as much."""

    if not TYPE_CHECKING:

        def emit(self, event):
            return True

        def call_action_attempted(self, *, action, outcome, error_code=None, client_id, job_number, value=None, actor=None, correlation_id=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def call_ended(self, *, duration_seconds, disconnect_reason, final_stage=None, call_status, sip_response_code=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def call_stage_transition(self, *, from_stage, to_stage, trigger, user_input=None, input_mode, confidence=None, attempt, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def call_started(self, *, from_number=None, to_number=None, caller_name=None, direction, language, stir_verstat=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def call_validation_failed(self, *, stage, field, rule, user_input=None, input_mode, attempt, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def data_airtable_query(self, *, table, record_id=None, operation, formula=None, status_code=None, rows, retries, latency_ms, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def data_history_append(self, *, record_id, job_number, lines=(), lines_added, total_length, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def data_job_lookup(self, *, client_id, job_number, found, latency_ms, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def data_record_update(self, *, table, record_id, changes=(), updated_at, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def security_authentication(self, *, method, valid, reason=None, url_path, source_ip=None, account_sid=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def security_authorization(self, *, permission, resource, allowed, reason=None, subject=None, client_id=None, job_number=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def security_error_pattern(self, *, pattern, count, window_seconds, subject=None, detail=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def security_input_validation(self, *, field, category, pattern=None, user_input=None, action, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def system_api_latency(self, *, dependency, operation, status_code=None, outcome, latency_ms, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def system_error_rate(self, *, dependency, failed, total, retries, circuit_state, window_seconds, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def system_recording_pipeline(self, *, step, outcome, recording_sid=None, bucket, object_key=None, url=None, size_bytes=None, latency_ms, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def system_state_management(self, *, operation, key, outcome, recovered, latency_ms, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def trail_admin_action(self, *, action, subject, target=None, outcome, justification=None, affected=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def trail_alert_delivered(self, *, alert_id, route, attempt, outcome, status_code=None, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def trail_client_report(self, *, accepted, acknowledged, spooled, refused=None, dropped=None, lost=(), period_seconds, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True

        def trail_data_read(self, *, subject, views=(), query_shape, rows, duration_ms, occurred_at=None, severity=None, call_sid=None, caller=None, attributes=None):
            return True
