"""A call's recording on its way from Twilio into the store and into the job's history."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from earwitness.client.methods import EventMethods
from voice_app.dependency import Dependency
from voice_app.errors import DependencyError
from voice_app.history import recording_line
from voice_app.jobs import Change, Job, Jobs

__all__ = ["Media", "Recordings", "Storage"]

T = TypeVar("T")
_Step = Literal["fetch", "store", "sign", "append"]
_Outcome = Literal["ok", "retry", "failed"]


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
        audit: EventMethods,
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
        told = _Told(self._audit, self._storage.bucket, recording_sid, object_key)
        try:
            content = await told.step("fetch", self._twilio, lambda: self._media.fetch(url))
            await told.step("store", self._s3, lambda: self._storage.put(object_key, content))
            signed_url = await told.step("sign", self._s3, lambda: self._storage.sign(object_key))
            if job is not None:
                line = recording_line(signed_url, self._now())
                change = Change(job.record_id, fields={}, line=line, correlation_id=uuid.uuid4().hex)
                await told.step("append", None, lambda: self._jobs.change(job, change))  # retries by itself
        except DependencyError:  # the step has told the trail
            return False
        return True


class _Told:
    """What is known of a recording so far, and the events of each step."""

    def __init__(self, audit: EventMethods, bucket: str, recording_sid: str | None, object_key: str) -> None:
        self._audit = audit
        self._bucket = bucket
        self._recording_sid = recording_sid
        self._object_key = object_key
        self._url: str | None = None
        self._size_bytes: int | None = None

    async def step(self, step: _Step, dependency: Dependency | None, work: Callable[[], Awaitable[T]]) -> T:
        began = time.perf_counter()

        def tell(outcome: _Outcome, severity: Literal["WARN", "ERROR"] | None = None) -> None:
            self._audit.system_recording_pipeline(
                step=step,
                outcome=outcome,
                recording_sid=self._recording_sid,
                bucket=self._bucket,
                object_key=self._object_key,
                url=self._url,
                size_bytes=self._size_bytes,
                latency_ms=(time.perf_counter() - began) * 1000,
                severity=severity,
            )

        try:
            if dependency is None:
                result = await work()
            else:
                result = await dependency.request(step, work, on_retry=lambda _: tell("retry", "WARN"))
        except DependencyError:
            tell("failed", "ERROR")
            raise
        if isinstance(result, bytes):  # the recording itself
            self._size_bytes = len(result)
        elif isinstance(result, str):  # its signed URL
            self._url = result
        tell("ok")
        return result
