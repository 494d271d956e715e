"""The clients, jobs and people of the example: made up, with places that do not exist."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from voice_app.jobs import Client, InMemoryJobs, Job

__all__ = ["sample_jobs"]

_CHANGES = ("job:update_status", "job:update_scheduled_date", "job:update_assignee", "job:add_note")
_CLIENTS = (
    Client("ACME12", "Acme Facilities", ("job:read", *_CHANGES)),
    Client("NORTE7", "Servicios del Norte", ("job:read", *_CHANGES)),
    Client("30117", "Harbor Maintenance", ("job:read", *_CHANGES)),  # digits only: for callers at a keypad
    Client("VIEW55", "Viewpoint Audits", ("job:read",)),  # may listen, may not change
)
_ASSIGNEES = ("John Smith", "María García", "Wei Chen", "Amara Okafor")
_STREETS = ("Larch Lane", "Quarry Road", "Mill Street", "Orchard Way", "Calle del Río")
_STATUSES = ("pending", "in_progress", "on_hold")


def _jobs() -> list[Job]:
    """Ten jobs a client: 48200 to 48209 are ACME12's, 48210 to 48219 NORTE7's, and so on."""
    return [
        Job(
            record_id=f"rec{number:014d}",
            number=str(number),
            client_id=client.client_id,
            status=_STATUSES[number % 3],
            scheduled_date=f"2026-11-{1 + number % 28:02d}",
            assignee=_ASSIGNEES[number % 4],
            location=f"{10 + number % 80} {_STREETS[number % 5]}",
        )
        for index, client in enumerate(_CLIENTS)
        for number in range(48200 + 10 * index, 48210 + 10 * index)
    ]


def sample_jobs() -> InMemoryJobs:
    """An Airtable of its own: a few milliseconds away, and out of order for changes of job 48209."""
    jitter = random.Random(1)  # noqa: S311 - delays need no secrecy
    return InMemoryJobs(
        clients=_CLIENTS,
        jobs=_jobs(),
        now=lambda: datetime.now(UTC),
        assignees=frozenset(_ASSIGNEES),
        down=frozenset({"48209"}),
        latency=lambda: jitter.uniform(0.002, 0.012),
    )
