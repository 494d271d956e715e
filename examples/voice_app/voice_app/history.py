"""The lines that a job's history is made of."""

from __future__ import annotations

from datetime import datetime

from voice_app.jobs import Action, Job

__all__ = ["history_line", "recording_line"]


def history_line(job: Job, action: Action, value: str, at: datetime) -> str:
    """The line that a change leaves in a job's history."""
    match action:
        case "update_status":
            return _line(at, "Status Update", f"Details: Status changed from {job.status} to {value}")
        case "update_scheduled_date":
            return _line(at, "Date Update", f"Details: Rescheduled from {job.scheduled_date} to {value}")
        case "update_assignee":
            return _line(at, "Assignee Update", f"Details: Reassigned from {job.assignee} to {value}")
        case "add_note":
            return _line(at, "Note", f"Details: {value}")


def recording_line(url: str, at: datetime) -> str:
    """The line that a call's recording leaves in a job's history."""
    return _line(at, "Recording", f"URL: {url}")


def _line(at: datetime, event: str, rest: str) -> str:
    return f"---- | {at:%Y-%m-%d %H:%M:%S} | Event: {event} | Source: IVR | {rest}"
