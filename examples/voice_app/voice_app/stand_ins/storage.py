"""Stand-ins for Twilio's media and for S3: recordings of silence, the newest few of them kept in memory."""

from __future__ import annotations

import uuid

from voice_app.stand_ins.faults import Faults

__all__ = ["S3StandIn", "TwilioMediaStandIn"]


class TwilioMediaStandIn:
    """Stands in for Twilio's media; it is a `Media`.

    Args:
        faults: what it does wrong, by the operation `fetch`.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()

    async def fetch(self, url: str) -> bytes:
        """A recording of silence."""
        await self.faults.meet("fetch")
        return bytes(1000 + len(url))


class S3StandIn:
    """Stands in for S3; it is a `Storage`.

    Args:
        faults: what it does wrong, by the operations `store` and `sign`.

    Attributes:
        objects: what it holds, by key.
    """

    bucket = "recordings"
    _KEPT = 100

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.objects: dict[str, bytes] = {}

    async def put(self, object_key: str, content: bytes) -> None:
        """Keep an object until newer ones push it out."""
        await self.faults.meet("store")
        self.objects[object_key] = content
        if len(self.objects) > self._KEPT:
            del self.objects[next(iter(self.objects))]

    async def sign(self, object_key: str) -> str:
        """A URL that looks signed and leads nowhere."""
        await self.faults.meet("sign")
        return f"https://{self.bucket}.example/{object_key}?signature={uuid.uuid4().hex}"
