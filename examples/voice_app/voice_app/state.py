"""Where the state of running calls is kept, as the app wants it from Redis."""

from __future__ import annotations

from typing import Protocol

__all__ = ["CallStates"]


class CallStates(Protocol):
    """What the app needs of Redis: GET, SET with EX, DEL and EXPIRE.

    Each method makes one request. What Redis does not answer it raises as DependencyError, and nothing else.
    """

    async def get(self, key: str) -> bytes | None:
        """The value, or None when there is none or it has expired."""

    async def set(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep a value for so long."""

    async def delete(self, key: str) -> None:
        """Forget a value, if there is one."""

    async def extend(self, key: str, *, seconds: float) -> bool:
        """Keep a value for so long from now; False when there is none."""
