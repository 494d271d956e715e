"""Airtable as the app uses it: every request retried as Airtable asks for, and every one of them in the trail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

from earwitness.client.methods import EventMethods
from earwitness.schemas import events
from voice_app.jobs import AirtableError, Change, Changed, Client, Job, Jobs

__all__ = ["RETRY_WAITS", "AuditedJobs"]

T = TypeVar("T")
RETRY_WAITS = (1.0, 2.0, 4.0)


class AuditedJobs:
    """Jobs that tell the trail: an event for each attempt, one for each request, one for each change.

    Args:
        jobs: what really asks Airtable.
        audit: where events go.
        retry_waits: how long to wait before each retry, seconds; as many retries as there are waits.
    """

    def __init__(self, jobs: Jobs, *, audit: EventMethods, retry_waits: Sequence[float] = RETRY_WAITS) -> None:
        self._jobs = jobs
        self._audit = audit
        self._waits = retry_waits

    async def client(self, client_id: str) -> Client | None:
        """The client of that id."""
        # What goes into a formula was checked before: letters and digits only, so nothing has to be escaped.
        formula = f"{{Client ID}}='{client_id}'"
        return await self._request("Clients", "select", lambda: self._jobs.client(client_id), formula=formula)

    async def job(self, job_number: str) -> Job | None:
        """The job of that number."""
        formula = f"{{Job Number}}='{job_number}'"
        return await self._request("Jobs", "select", lambda: self._jobs.job(job_number), formula=formula)

    async def change(self, job: Job, change: Change) -> Changed:
        """Change a job's fields and append to its history."""
        done = await self._request("Jobs", "update", lambda: self._jobs.change(job, change), record_id=change.record_id)
        if done.changes:
            self._audit.data_record_update(
                table="Jobs",
                record_id=change.record_id,
                changes=[
                    events.Change(field=one.field, old_value=one.old_value, new_value=one.new_value)
                    for one in done.changes
                ],
                updated_at=done.updated_at,
                attributes={"correlation_id": change.correlation_id},
            )
        if change.line is not None:
            self._audit.data_history_append(
                record_id=change.record_id,
                job_number=job.number,
                lines=[change.line],
                lines_added=1,
                total_length=done.history_length,
            )
        return done

    async def _request(
        self,
        table: str,
        operation: str,
        ask: Callable[[], Awaitable[T]],
        *,
        record_id: str | None = None,
        formula: str | None = None,
    ) -> T:
        began = time.perf_counter()
        retries = 0
        failure: AirtableError | None = None
        while True:
            try:
                answer = await self._attempt(f"{table}.{operation}", ask)
            except AirtableError as error:
                if retries < len(self._waits) and _may_pass(error):
                    await asyncio.sleep(self._waits[retries])
                    retries += 1
                    continue
                failure = error
            self._audit.data_airtable_query(
                table=table,
                record_id=record_id,
                operation=operation,
                formula=formula,
                status_code=failure.status_code if failure else 200,
                rows=0 if failure or answer is None else 1,
                retries=retries,
                latency_ms=_milliseconds_since(began),
                severity=_severity(failure) or ("WARN" if retries else None),
            )
            if failure is not None:
                raise failure
            return answer

    async def _attempt(self, operation: str, ask: Callable[[], Awaitable[T]]) -> T:
        began = time.perf_counter()
        status: int | None = 200
        outcome: Literal["ok", "error", "timeout", "rate_limited"] = "ok"
        severity: Literal["WARN", "ERROR"] | None = None
        try:
            return await ask()
        except AirtableError as error:
            status, severity = error.status_code, _severity(error)
            outcome = "timeout" if status is None else "rate_limited" if status == 429 else "error"
            raise
        finally:
            self._audit.system_api_latency(
                dependency="airtable",
                operation=operation,
                status_code=status,
                outcome=outcome,
                latency_ms=_milliseconds_since(began),
                severity=severity,
            )


def _severity(error: AirtableError | None) -> Literal["WARN", "ERROR"] | None:
    """A refusal is a warning, no answer or a broken one is an error."""
    if error is None:
        return None
    return "ERROR" if error.status_code is None or error.status_code >= 500 else "WARN"


def _may_pass(error: AirtableError) -> bool:
    return error.status_code is None or error.status_code == 429 or error.status_code >= 500


def _milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
