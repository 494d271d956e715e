"""A call's recording on its way from Twilio into the store and into the job's history."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from earwitness.client.methods import EventMethods
from voice_app.history import recording_line
from voice_app.jobs import AirtableError, Change, Job, Jobs

__all__ = ["InMemoryRecordings", "Recordings", "Storage", "StorageError"]

T = TypeVar("T")


class StorageError(Exception):
    """Twilio did not hand a recording out, or the store did not take it."""


class Storage(Protocol):
    """What the app needs of Twilio's media and of S3. Every method may raise StorageError."""

    bucket: str

    async def fetch(self, url: str) -> bytes:
        """A recording from Twilio. Send the account's credentials to Twilio's own host only."""

    async def put(self, object_key: str, content: bytes) -> None:
        """Store an object."""

    async def sign(self, object_key: str) -> str:
        """A URL with which whoever has it can hear the recording, for a while."""


class InMemoryRecordings:
    """Stands in for Twilio's media and for S3: recordings of silence, kept nowhere but here, the newest few only."""

    bucket = "recordings"
    _KEPT = 100

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    async def fetch(self, url: str) -> bytes:
        """A recording of silence."""
        return bytes(1000 + len(url))

    async def put(self, object_key: str, content: bytes) -> None:
        """Keep an object until newer ones push it out."""
        self._objects[object_key] = content
        if len(self._objects) > self._KEPT:
            del self._objects[next(iter(self._objects))]

    async def sign(self, object_key: str) -> str:
        """A URL that looks signed and leads nowhere."""
        return f"https://{self.bucket}.example/{object_key}?signature={uuid.uuid4().hex}"


class Recordings:
    """The steps fetch, store, sign, append; each of them in the trail.

    Args:
        audit: where events go.
        storage: Twilio's media and S3, or what stands in for them.
        jobs: whose history gets the recording's URL.
        now: the clock.
    """

    def __init__(self, *, audit: EventMethods, storage: Storage, jobs: Jobs, now: Callable[[], datetime]) -> None:
        self._audit = audit
        self._storage = storage
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
            content = await told.step("fetch", self._storage.fetch(url))
            await told.step("store", self._storage.put(object_key, content))
            signed_url = await told.step("sign", self._storage.sign(object_key))
            if job is not None:
                line = recording_line(signed_url, self._now())
                change = Change(job.record_id, fields={}, line=line, correlation_id=uuid.uuid4().hex)
                await told.step("append", self._jobs.change(job, change))
        except (StorageError, AirtableError):  # the step has told the trail
            return False
        return True


class _Told:
    """What is known of a recording so far, and the event of each step."""

    def __init__(self, audit: EventMethods, bucket: str, recording_sid: str | None, object_key: str) -> None:
        self._audit = audit
        self._bucket = bucket
        self._recording_sid = recording_sid
        self._object_key = object_key
        self._url: str | None = None
        self._size_bytes: int | None = None

    async def step(self, step: Literal["fetch", "store", "sign", "append"], work: Awaitable[T]) -> T:
        began = time.perf_counter()
        done = False
        try:
            result = await work
            if isinstance(result, bytes):  # the recording itself
                self._size_bytes = len(result)
            elif isinstance(result, str):  # its signed URL
                self._url = result
            done = True
        finally:
            self._audit.system_recording_pipeline(
                step=step,
                outcome="ok" if done else "failed",
                recording_sid=self._recording_sid,
                bucket=self._bucket,
                object_key=self._object_key,
                url=self._url,
                size_bytes=self._size_bytes,
                latency_ms=(time.perf_counter() - began) * 1000,
                severity=None if done else "ERROR",
            )
        return result
