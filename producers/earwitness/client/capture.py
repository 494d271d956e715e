"""What happens in the caller's thread: a snapshot, an append, and nothing else.

No lock, file, socket or wake-up. What several threads touch at once is either one operation of CPython (appending to a
deque) or an addition that it does not interrupt (a thread switches between calls and at loops only, with the GIL).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from earwitness.client import snapshot
from earwitness.client.context import HOLDER
from earwitness.client.errors import InvalidEventError
from earwitness.client.stats import Books
from earwitness.schemas.events import Event

__all__ = ["Capture", "Limits"]


@dataclass(frozen=True)
class Limits:
    """How much may wait in memory; whichever is reached first. More is refused and counted.

    Attributes:
        events: events that wait for the worker.
        bytes: their snapshots' bytes.
        event_bytes: one event's; a message that Kafka would refuse anyway is refused at once.
    """

    events: int = 10_000
    bytes: int = 16 * 1024 * 1024
    event_bytes: int = 512 * 1024

    def __post_init__(self) -> None:
        if min(self.events, self.bytes, self.event_bytes) < 1:
            raise ValueError("limits must be at least 1")


class Capture:
    """The queue between the app's threads and the worker.

    Args:
        start: makes sure that a worker runs; called in the caller's thread, before the first event and when the queue
            is full.
        check: strict mode: raises `InvalidEventError` for a snapshot that does not fit its kind.
    """

    def __init__(
        self,
        books: Books,
        limits: Limits,
        start: Callable[[], bool],
        check: Callable[[bytes], None] | None = None,
    ) -> None:
        self._books = books
        self._limits = limits
        self._start = start
        self._check = check
        self._queue: deque[bytes] = deque()
        self._bytes_in = 0
        self._bytes_out = 0
        self.started = False
        self.closed = False

    def take(self, event: Event) -> bool:
        """Take an event, or refuse and count it.

        Raises:
            InvalidEventError: in strict mode only.
        """
        limits = self._limits
        try:
            if self.closed:
                return self._refuse("closed")
            if len(self._queue) >= limits.events or self._bytes_in - self._bytes_out >= limits.bytes:
                self._start()  # a worker that died would leave it full for ever
                return self._refuse("queue_full")
            holder = HOLDER.get()
            call = None if holder is None else holder.call
            taken = snapshot.encode((time.time_ns(), call, snapshot.trace_ids(), event))
            if self._check is not None:
                self._check(taken)
            if len(taken) > limits.event_bytes:
                return self._refuse("too_large")
            if not self.started and not self._start():
                return self._refuse("no_worker")
            self._queue.append(taken)
            self._bytes_in += len(taken)
            if self.closed:
                return self._taken_back(taken)  # type: ignore[unreachable]  # another thread may have closed it
        except Exception as error:
            if self._check is None:
                return self._refuse("unencodable")
            if isinstance(error, InvalidEventError):
                raise
            raise InvalidEventError(snapshot.kind_of(event), "", f"cannot be encoded: {error}") from error
        return True

    def pop(self) -> bytes | None:
        """The oldest event that waits, now the worker's; None when there is none."""
        with self._books.lock:
            try:
                taken = self._queue.popleft()
            except IndexError:
                return None
            self._books.taken += 1
        self._bytes_out += len(taken)
        return taken

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def filled(self) -> float:
        """How full it is: 0 to 1."""
        limits = self._limits
        return max(len(self._queue) / limits.events, (self._bytes_in - self._bytes_out) / limits.bytes)

    def _refuse(self, reason: str) -> bool:
        self._books.refuse(reason)
        return False

    def _taken_back(self, taken: bytes) -> bool:
        # It was closed while this event came in, so the worker may have seen the queue empty and left. What can still
        # be found in the queue was not sent; what cannot is the worker's.
        try:
            self._queue.remove(taken)
        except ValueError:
            return True
        self._bytes_out += len(taken)
        return self._refuse("closed")
