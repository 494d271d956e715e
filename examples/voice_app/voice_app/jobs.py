"""Jobs and clients, as the app wants them from Airtable, and a stand-in that keeps them in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

__all__ = ["Action", "AirtableError", "Change", "Changed", "Client", "FieldChange", "InMemoryJobs", "Job", "Jobs"]

Action = Literal["update_status", "update_scheduled_date", "update_assignee", "add_note"]


@dataclass(frozen=True)
class Client:
    """A company whose staff call. `permissions` are such as job:read or job:update_status."""

    client_id: str
    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """What a caller hears of a job."""

    record_id: str
    number: str
    client_id: str
    status: str
    scheduled_date: str
    assignee: str
    location: str


@dataclass(frozen=True)
class Change:
    """One change of a job, and the line that its history gets for it.

    Attributes:
        record_id: Airtable's record id.
        fields: field names and their new values; `notes` is added to, everything else is replaced.
        line: the history line; None for none.
        correlation_id: binds the request to the action that caused it.
    """

    record_id: str
    fields: Mapping[str, str]
    line: str | None
    correlation_id: str


@dataclass(frozen=True)
class FieldChange:
    """A field of a record before and after."""

    field: str
    old_value: str | None
    new_value: str | None


@dataclass(frozen=True)
class Changed:
    """A record after its change."""

    changes: tuple[FieldChange, ...]
    updated_at: datetime
    history_length: int


class AirtableError(Exception):
    """A request that Airtable refused or did not answer (`status_code` None)."""

    def __init__(self, status_code: int | None, code: str) -> None:
        super().__init__(f"Airtable answered {status_code}: {code}")
        self.status_code = status_code
        self.code = code


class Jobs(Protocol):
    """What the app needs of Airtable. Every method may raise AirtableError."""

    async def client(self, client_id: str) -> Client | None:
        """The client of that id."""

    async def job(self, job_number: str) -> Job | None:
        """The job of that number, whoever's it is."""

    async def change(self, job: Job, change: Change) -> Changed:
        """Change a job's fields and append to its history."""


@dataclass
class _Record:
    job: Job
    notes: str = ""
    history: str = ""


@dataclass
class InMemoryJobs:
    """Stands in for Airtable.

    Attributes:
        assignees: the only people whom the Assignee field takes: it is a single-select.
        down: numbers of jobs whose changes are always answered with 503.
        latency: gives how long the next request takes, seconds.
        now: the clock.
    """

    clients: Iterable[Client]
    jobs: Iterable[Job]
    now: Callable[[], datetime]
    assignees: frozenset[str] = frozenset()
    down: frozenset[str] = frozenset()
    latency: Callable[[], float] = float
    _clients: dict[str, Client] = field(init=False)
    _records: dict[str, _Record] = field(init=False)

    def __post_init__(self) -> None:
        self._clients = {client.client_id: client for client in self.clients}
        self._records = {job.number: _Record(job) for job in self.jobs}

    async def client(self, client_id: str) -> Client | None:
        """The client of that id."""
        await asyncio.sleep(self.latency())
        return self._clients.get(client_id)

    async def job(self, job_number: str) -> Job | None:
        """The job of that number."""
        await asyncio.sleep(self.latency())
        record = self._records.get(job_number)
        return record.job if record else None

    async def change(self, job: Job, change: Change) -> Changed:
        """Change a job as Airtable would: refused with 422 for a choice that the field does not have."""
        await asyncio.sleep(self.latency())
        if job.number in self.down:
            raise AirtableError(503, "SERVICE_UNAVAILABLE")
        assignee = change.fields.get("assignee")
        if assignee is not None and assignee.casefold() not in {name.casefold() for name in self.assignees}:
            raise AirtableError(422, "INVALID_MULTIPLE_CHOICE_OPTIONS")
        record = self._records[job.number]
        changes = tuple(_apply(record, name, value) for name, value in change.fields.items())
        if change.line is not None:
            record.history = f"{record.history}\n{change.line}" if record.history else change.line
        return Changed(changes=changes, updated_at=self.now(), history_length=len(record.history))


def _apply(record: _Record, name: str, value: str) -> FieldChange:
    if name == "notes":
        old = record.notes
        record.notes = f"{old}\n{value}" if old else value
        return FieldChange(name, old or None, record.notes)
    old = getattr(record.job, name)
    record.job = replace(record.job, **{name: value})
    return FieldChange(name, old, value)
