"""The clients, jobs and people of the example: made up, with places that do not exist."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from voice_app.errors import DependencyError
from voice_app.jobs import Client, Job
from voice_app.line import Backends
from voice_app.stand_ins.airtable import AirtableStandIn
from voice_app.stand_ins.faults import Faults, Outage
from voice_app.stand_ins.redis import RedisStandIn
from voice_app.stand_ins.storage import S3StandIn, TwilioMediaStandIn

__all__ = ["sample_backends"]

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


def sample_backends(*, requests_a_second: int = 5, drill: bool = False) -> Backends:
    """Stand-ins with the sample data: an Airtable a few milliseconds away, out of order for changes of job 48209.

    Args:
        requests_a_second: how many requests that Airtable takes.
        drill: whether they fail now and then on a schedule, as neighbours do: an Airtable that is away for a second, a
            Redis that loses and garbles states, recordings that are not there yet, a bucket that does not take them.
    """
    jitter = random.Random(1)  # noqa: S311 - delays need no secrecy
    jobs = AirtableStandIn(
        clients=_CLIENTS,
        jobs=_jobs(),
        now=lambda: datetime.now(UTC),
        assignees=frozenset(_ASSIGNEES),
        broken=frozenset({"48209"}),
        requests_a_second=requests_a_second,
        latency=lambda: jitter.uniform(0.002, 0.012),
        faults=_airtable_drill() if drill else None,
    )
    return Backends(
        jobs=jobs,
        states=RedisStandIn(_redis_drill() if drill else None),
        media=TwilioMediaStandIn(Faults({"fetch": {8: DependencyError(404, "NOT_FOUND")}}) if drill else None),
        storage=S3StandIn(_s3_drill() if drill else None),
    )


def _airtable_drill() -> Faults:
    return Faults(
        {"job": {29: DependencyError(429, "RATE_LIMIT_REACHED")}},
        outage=Outage(after_requests=20, seconds=1.0, requests=24),
    )


def _redis_drill() -> Faults:
    away = DependencyError(None, "CONNECTION_REFUSED")
    return Faults({"get": {151: "lose", 199: "corrupt", 307: away}, "set": {263: away}})


def _s3_drill() -> Faults:
    slow_down = DependencyError(503, "SLOW_DOWN")
    return Faults({"store": {11: slow_down}, "sign": {47: DependencyError(403, "ACCESS_DENIED")}})
