"""Blocks around the app's neighbours: Airtable, the state in Redis, the recordings in S3."""

from __future__ import annotations

from time import perf_counter

from earwitness.client.measured import Measured
from earwitness.client.outcomes import is_broken_off, named, severity, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from earwitness.client.audit import Audit
    from earwitness.client.vocabulary import RecordingStepName, RedisOperation, StateOutcome

__all__ = ["AirtableQuery", "RecordingStep", "RedisAccess"]


class AirtableQuery(Measured):
    """See `Audit.airtable`.

    Attributes:
        rows: how many rows came back, or were changed.
        retries: how often it was tried again; `retry()` counts them.
        record_id: the record, where it is one.
        status_code: of the last answer. None: 200, or what the exception says.
    """

    __slots__ = ("_formula", "_operation", "_table", "record_id", "retries", "rows", "status_code")

    def __init__(self, audit: Audit, table: str, operation: str, *, record_id: str | None, formula: str | None) -> None:
        self._audit = audit
        self._table = table
        self._operation = operation
        self._formula = formula
        self.record_id = record_id
        self.rows = 0
        self.retries = 0
        self.status_code: int | None = None

    def retry(self) -> None:
        """A request has failed and is tried again."""
        self.retries += 1

    def _tell(self, error: BaseException | None, latency_ms: float, bound: Mapping[str, Any]) -> None:
        status = self.status_code
        if status is None:
            status = 200 if error is None else status_of(error)
        self._audit.data_airtable_query(
            table=self._table,
            record_id=self.record_id,
            operation=self._operation,
            formula=self._formula,
            status_code=status,
            rows=self.rows,
            retries=self.retries,
            latency_ms=latency_ms,
            severity=severity(error, status) or ("WARN" if self.retries else None),
            attributes=None if error is None else named(error),
            **bound,
        )


class RedisAccess(Measured):
    """See `Audit.redis`.

    Attributes:
        outcome: ok, miss, corrupt or error. None: ok, or error when an exception ends the block.
        recovered: whether a state that was lost was made anew.
    """

    __slots__ = ("_key", "_operation", "outcome", "recovered")

    def __init__(self, audit: Audit, operation: RedisOperation, key: str) -> None:
        self._audit = audit
        self._operation = operation
        self._key = key
        self.outcome: StateOutcome | None = None
        self.recovered = False

    def _tell(self, error: BaseException | None, latency_ms: float, bound: Mapping[str, Any]) -> None:
        outcome = self.outcome
        if error is not None:
            outcome = "other" if is_broken_off(error) else "error"
        elif outcome is None:
            outcome = "ok"
        failed = outcome in {"corrupt", "error"}
        self._audit.system_state_management(
            operation=self._operation,
            key=self._key,
            outcome=outcome,
            recovered=self.recovered,
            latency_ms=latency_ms,
            severity="ERROR" if failed else "WARN" if self.recovered or error is not None else None,
            attributes=None if error is None else named(error),
            **bound,
        )


class RecordingStep(Measured):
    """See `Audit.s3`.

    Attributes:
        object_key: the recording's key in the bucket.
        recording_sid: Twilio's id of the recording.
        url: a URL that gives the recording away.
        size_bytes: its size.
    """

    __slots__ = ("_bucket", "_step", "object_key", "recording_sid", "size_bytes", "url")

    def __init__(
        self,
        audit: Audit,
        step: RecordingStepName,
        bucket: str,
        *,
        object_key: str | None,
        recording_sid: str | None,
        url: str | None,
        size_bytes: int | None,
    ) -> None:
        self._audit = audit
        self._step = step
        self._bucket = bucket
        self.object_key = object_key
        self.recording_sid = recording_sid
        self.url = url
        self.size_bytes = size_bytes
        self._began = perf_counter()  # `retry` may come before the block is entered

    def retry(self) -> None:
        """The step has failed and is tried again: told at once, as a WARN, with the time since the block was entered."""
        self._event("retry", "WARN", self._milliseconds(), None, {})

    def _tell(self, error: BaseException | None, latency_ms: float, bound: Mapping[str, Any]) -> None:
        if error is None:
            self._event("ok", None, latency_ms, None, bound)
        elif is_broken_off(error):
            self._event("other", "WARN", latency_ms, error, bound)
        else:
            self._event("failed", "ERROR", latency_ms, error, bound)

    def _event(
        self,
        outcome: Literal["ok", "retry", "failed", "other"],
        severity: Literal["WARN", "ERROR"] | None,
        latency_ms: float,
        error: BaseException | None,
        bound: Mapping[str, Any],
    ) -> None:
        self._audit.system_recording_pipeline(
            step=self._step,
            outcome=outcome,
            recording_sid=self.recording_sid,
            bucket=self._bucket,
            object_key=self.object_key,
            url=self.url,
            size_bytes=self.size_bytes,
            latency_ms=latency_ms,
            severity=severity,
            attributes=None if error is None else named(error),
            **bound,
        )
