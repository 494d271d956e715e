"""A call's recording on its way from Twilio into the store and into the job's history."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from earwitness.client import Audit
from voice_app.dependency import Dependency
from voice_app.errors import DependencyError
from voice_app.history import recording_line
from voice_app.jobs import Change, Job, Jobs

__all__ = ["Media", "Recordings", "Storage"]


class Media(Protocol):
    """What the app needs of Twilio's media. It raises DependencyError, and nothing else."""

    async def fetch(self, url: str) -> bytes:
        """A recording. Send the account's credentials to Twilio's own host only. 404 while it is not there yet."""


class Storage(Protocol):
    """What the app needs of S3. Every method may raise DependencyError, and nothing else."""

    bucket: str

    async def put(self, object_key: str, content: bytes) -> None:
        """Store an object."""

    async def sign(self, object_key: str) -> str:
        """A URL with which whoever has it can hear the recording, for a while."""


class Recordings:
    """The steps fetch, store, sign, append; each of them in the trail, and each failed attempt that is tried again.

    Args:
        audit: where events go.
        media: Twilio's media, or what stands in for them.
        twilio: how patiently they are asked.
        storage: S3, or what stands in for it.
        s3: how patiently it is asked.
        jobs: whose history gets the recording's URL.
        now: the clock.
    """

    def __init__(
        self,
        *,
        audit: Audit,
        media: Media,
        twilio: Dependency,
        storage: Storage,
        s3: Dependency,
        jobs: Jobs,
        now: Callable[[], datetime],
    ) -> None:
        self._audit = audit
        self._media = media
        self._twilio = twilio
        self._storage = storage
        self._s3 = s3
        self._jobs = jobs
        self._now = now

    async def keep(self, *, call_sid: str, recording_sid: str | None, url: str, job: Job | None) -> bool:
        """Take a finished recording over; says whether it worked.

        Args:
            call_sid: the call that was recorded.
            recording_sid: Twilio's id of the recording.
            url: where Twilio has it.
            job: the job that the call was about; None: no history gets the URL.
        """
        object_key = f"{self._now():%Y/%m/%d}/{call_sid}-{job.number if job else 'none'}.mp3"
        step_of = partial(
            self._audit.s3, bucket=self._storage.bucket, recording_sid=recording_sid, object_key=object_key
        )
        try:
            with step_of(step="fetch") as step:
                content = await self._twilio.request(
                    "fetch", lambda: self._media.fetch(url), on_retry=lambda _: step.retry()
                )
                step.size_bytes = len(content)
            step_of = partial(step_of, size_bytes=len(content))
            with step_of(step="store") as step:
                await self._s3.request(
                    "store", lambda: self._storage.put(object_key, content), on_retry=lambda _: step.retry()
                )
            with step_of(step="sign") as step:
                step.url = signed_url = await self._s3.request(
                    "sign", lambda: self._storage.sign(object_key), on_retry=lambda _: step.retry()
                )
            if job is not None:
                line = recording_line(signed_url, self._now())
                change = Change(job.record_id, fields={}, line=line, correlation_id=uuid.uuid4().hex)
                with step_of(step="append", url=signed_url):
                    await self._jobs.change(job, change)  # retries by itself
        except DependencyError:  # the step has told the trail
            return False
        return True
