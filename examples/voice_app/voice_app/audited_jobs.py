"""Airtable as the app uses it: every request retried as Airtable asks for, and every one of them in the trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from earwitness.client import Audit
from earwitness.schemas import events
from voice_app.dependency import Dependency
from voice_app.jobs import Change, Changed, Client, Job, Jobs

__all__ = ["AuditedJobs"]

T = TypeVar("T")


class AuditedJobs:
    """Jobs that tell the trail: an event for each request, and one for each change.

    Args:
        jobs: what really asks Airtable.
        airtable: how patiently it is asked; tells of each attempt.
        audit: where events go.
    """

    def __init__(self, jobs: Jobs, *, airtable: Dependency, audit: Audit) -> None:
        self._jobs = jobs
        self._airtable = airtable
        self._audit = audit

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
        with self._audit.airtable(table=table, operation=operation, record_id=record_id, formula=formula) as query:
            answer = await self._airtable.request(f"{table}.{operation}", ask, on_retry=lambda _: query.retry())
            query.rows = 0 if answer is None else 1
        return answer
