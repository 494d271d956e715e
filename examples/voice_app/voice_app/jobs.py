"""Jobs and clients, as the app wants them from Airtable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

__all__ = ["Action", "Change", "Changed", "Client", "FieldChange", "Job", "Jobs"]

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
        correlation_id: binds the request to the action that caused it, and its repetitions to it.
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


class Jobs(Protocol):
    """What the app needs of Airtable.

    Each method makes one request and does not retry. What Airtable refuses or does not answer it raises as DependencyError,
    and nothing else: 422 for a value that a field does not take, 429 for more than five requests a second.
    """

    async def client(self, client_id: str) -> Client | None:
        """The client of that id."""

    async def job(self, job_number: str) -> Job | None:
        """The job of that number, whoever's it is."""

    async def change(self, job: Job, change: Change) -> Changed:
        """Change a job's fields and append to its history.

        Safe to repeat: a change that was made although its answer got lost comes once more under the same correlation_id,
        and must not add its note and its line a second time.
        """
