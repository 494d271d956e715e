"""Records as a step takes them, with nothing of Kafka around them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOON", "Record"]

NOON = 1_790_000_000_000
"""When the broker took them, milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a step takes."""

    offset: int
    value: bytes
    key: bytes
    timestamp: int = NOON
    headers: tuple[()] = ()
