"""Who publishes, and what an event is called."""

from __future__ import annotations

import hashlib
import os
import socket
from dataclasses import dataclass, field

__all__ = ["Origin", "new_producer_id"]


def new_producer_id(service: str) -> str:
    """A name that this process gives itself: `<service>-<host>-<pid>-<random>`.

    The host goes in as a hash, since it may be named after a person. Random is part of it because in containers host and
    pid are the same after every restart, and two processes with one name would look like one that counts twice.
    """
    host = hashlib.blake2s(socket.gethostname().encode(), digest_size=3).hexdigest()
    return f"{service}-{host}-{os.getpid()}-{os.urandom(4).hex()}"


@dataclass(frozen=True, slots=True)
class Origin:
    """What is the same in every event of one process, forks not included.

    Attributes:
        salt: 32 random bits that keep the ids of two processes apart.
    """

    service: str
    environment: str
    tenant: str
    producer_id: str
    salt: int = field(default_factory=lambda: int.from_bytes(os.urandom(4), "big"), repr=False)

    @classmethod
    def here(cls, service: str, environment: str, tenant: str) -> Origin:
        """This process's origin, new at every call."""
        return cls(service, environment, tenant, new_producer_id(service))

    def event_id(self, captured_ns: int, sequence: int) -> str:
        """A UUID version 7 (RFC 9562): milliseconds, then 12 bits of the rest of the time, then salt and sequence.

        Made of what is known already, so the same event has the same id however often it is sent.
        """
        milliseconds, rest = divmod(captured_ns, 1_000_000)
        value = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | rest * 4096 // 1_000_000
        value = value << 64 | 0b10 << 62 | self.salt << 30 | sequence & 0x3FFF_FFFF
        text = value.to_bytes(16, "big").hex()  # quicker than a format
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
