"""A stand-in for Airtable: jobs and clients in memory, five requests a second, and a field that takes only some values."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from voice_app.errors import TIMEOUT, DependencyError
from voice_app.jobs import Change, Changed, Client, FieldChange, Job
from voice_app.stand_ins.faults import Faults

__all__ = ["AirtableStandIn"]


@dataclass
class _Record:
    job: Job
    notes: str = ""
    history: str = ""
    last_change: tuple[str, Changed] | None = None  # by its correlation id


class AirtableStandIn:
    """Stands in for Airtable; it is a `Jobs`.

    Args:
        clients: the rows of the Clients table.
        jobs: the rows of the Jobs table.
        now: the clock of its records.
        assignees: the only people whom the Assignee field takes: it is a single-select.
        broken: numbers of jobs whose changes are always answered with 503.
        requests_a_second: more of them are answered with 429.
        latency: gives how long the next request takes, seconds.
        faults: what else it does wrong, by the operations `client`, `job` and `change`.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        *,
        clients: Iterable[Client],
        jobs: Iterable[Job],
        now: Callable[[], datetime],
        assignees: frozenset[str] = frozenset(),
        broken: frozenset[str] = frozenset(),
        requests_a_second: int = 5,
        latency: Callable[[], float] = float,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults = faults or Faults()
        self._clients = {client.client_id: client for client in clients}
        self._records = {job.number: _Record(job) for job in jobs}
        self._now = now
        self._assignees = frozenset(name.casefold() for name in assignees)
        self._broken = broken
        self._latency = latency
        self._clock = clock
        self._recent: deque[float] = deque(maxlen=requests_a_second)

    async def client(self, client_id: str) -> Client | None:
        """The client of that id."""
        await self._answer("client")
        return self._clients.get(client_id)

    async def job(self, job_number: str) -> Job | None:
        """The job of that number."""
        await self._answer("job")
        record = self._records.get(job_number)
        return record.job if record else None

    async def change(self, job: Job, change: Change) -> Changed:
        """Change a job as Airtable would: refused with 422 for a choice that the field does not have."""
        fault = await self._answer("change")
        if job.number in self._broken:
            raise DependencyError(503, "SERVICE_UNAVAILABLE")
        assignee = change.fields.get("assignee")
        if assignee is not None and assignee.casefold() not in self._assignees:
            raise DependencyError(422, "INVALID_MULTIPLE_CHOICE_OPTIONS")
        changed = self._made(self._records[job.number], change)
        if fault == "lose":  # the answer, not the change
            raise DependencyError(None, TIMEOUT)
        return changed

    def _made(self, record: _Record, change: Change) -> Changed:
        if record.last_change is not None and record.last_change[0] == change.correlation_id:
            return record.last_change[1]
        changes = tuple(_apply(record, name, value) for name, value in change.fields.items())
        if change.line is not None:
            record.history = f"{record.history}\n{change.line}" if record.history else change.line
        changed = Changed(changes=changes, updated_at=self._now(), history_length=len(record.history))
        record.last_change = (change.correlation_id, changed)
        return changed

    async def _answer(self, operation: str) -> Literal["lose", "corrupt"] | None:
        now = self._clock()
        if len(self._recent) == self._recent.maxlen and now - self._recent[0] < 1.0:
            raise DependencyError(429, "RATE_LIMIT_REACHED")
        self._recent.append(now)
        await asyncio.sleep(self._latency())
        return await self.faults.meet(operation)


def _apply(record: _Record, name: str, value: str) -> FieldChange:
    if name == "notes":
        old = record.notes
        record.notes = f"{old}\n{value}" if old else value
        return FieldChange(name, old or None, record.notes)
    old = getattr(record.job, name)
    record.job = replace(record.job, **{name: value})
    return FieldChange(name, old, value)
