"""What happens in the caller's thread: a snapshot, an append, and nothing else.

No lock, file, socket or wake-up. What several threads touch at once is either one operation of CPython (appending to a
deque) or an addition of two values that are known already, which it does not interrupt (a thread switches between calls
and at loops only, with the GIL).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from earwitness.client import snapshot
from earwitness.client.context import HOLDER, TRACE
from earwitness.client.errors import InvalidEventError
from earwitness.client.own_log import OURSELVES
from earwitness.client.stats import Books
from earwitness.schemas.events import TELEMETRY, Event

__all__ = ["NO_SLOT", "Capture", "Limits", "Ring", "Taken"]

_RESERVE = 10  # per cent of the room, for the protected lane alone
NO_SLOT = -1

Taken = tuple[int, bytes]
"""A slot of the journal, or `NO_SLOT`, and a snapshot."""


class Ring(Protocol):
    """Where a snapshot survives the process; the caller's side of a journal."""

    def write(self, snapshot: bytes) -> int:
        """Copy it: the slot, or -1 when there is no room. Takes no lock and makes no system call."""

    def free(self, slot: int) -> None:
        """What is in the slot is not needed any more."""


@dataclass(frozen=True)
class Limits:
    """How much may wait in memory; whichever is reached first. More is refused and counted.

    The last tenth of events and bytes is for events of the protected lane; telemetry is refused there.

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

    Attributes:
        take: takes an event, or refuses and counts it, and says which; raises `InvalidEventError` in strict mode only.
        limits: how much may wait.
        ring: in journal mode, where each snapshot is copied to before it counts as taken.
    """

    def __init__(
        self,
        books: Books,
        limits: Limits,
        start: Callable[[], bool],
        check: Callable[[bytes], None] | None = None,
    ) -> None:
        self._books = books
        self.limits = limits
        self._start = start
        self._check = check
        self._queue: deque[bytes | Taken] = deque()
        self._bytes_in = 0
        self._bytes_out = 0
        # Below these nobody asks for an event's lane: the reserve costs nothing until it is reached.
        self._open_events = self._telemetry_events = limits.events - limits.events * _RESERVE // 100
        self._telemetry_bytes = limits.bytes - limits.bytes * _RESERVE // 100
        self._squeezed: str | None = None
        self.ring: Ring | None = None
        self.started = False
        self._closed = False
        self.take = self._taker()

    def _taker(self) -> Callable[[Event], bool]:
        """What takes events. A closure: between two events of a call all caches go cold, so each object touched counts."""
        queue, check, refuse, append = self._queue, self._check, self._refuse, self._queue.append
        most_bytes, event_bytes = self._telemetry_bytes, self.limits.event_bytes
        holder_of, ours, tracing, trace_of = HOLDER.get, OURSELVES, snapshot.TRACING, TRACE.get
        now, encode = time.time_ns, snapshot.encode

        def take(event: Event) -> bool:
            try:
                if len(queue) >= self._open_events or self._bytes_in - self._bytes_out >= most_bytes:
                    reason = self._no_room(event)
                    if reason is not None:
                        return refuse(reason)
                holder = holder_of()
                if holder is ours:
                    return refuse("own_log")
                call = None if holder is None else holder.call
                trace = trace_of() if tracing[0] is None else snapshot.trace_ids()
                taken = encode((now(), call, trace, event))
                if check is not None:
                    check(taken)
                size = len(taken)
                if size > event_bytes:
                    return refuse("too_large")
                if not self.started and not self._start():
                    return refuse("no_worker")
                if self.ring is None:
                    append(taken)
                elif not self._journalled(taken):
                    return refuse("journal_full")
                self._bytes_in += size
                if self._closed:  # by another thread meanwhile
                    return self._taken_back(taken)
            except Exception as error:
                if check is None:
                    return refuse("unencodable")
                if isinstance(error, InvalidEventError):
                    raise
                raise InvalidEventError(snapshot.kind_of(event), "", f"cannot be encoded: {error}") from error
            return True

        return take

    def pop(self, count: int) -> list[Taken]:
        """The oldest events that wait, at most `count`, now the worker's."""
        take = self._queue.popleft
        with self._books.lock:
            raw = [take() for _ in range(min(count, len(self._queue)))]
            self._books.taken += len(raw)
        found: list[Taken] = [(NO_SLOT, one) if type(one) is bytes else one for one in raw]  # type: ignore[misc]
        self._bytes_out += sum([len(taken) for _, taken in found])
        return found

    def squeeze(self, reason: str | None) -> None:
        """Refuse all telemetry for that reason from now on, because there is no room behind the queue; None: no more."""
        self._squeezed = reason
        self._open_events = self._telemetry_events if reason is None and not self._closed else 0

    @property
    def closed(self) -> bool:
        """Whether it takes no more; once set, for good."""
        return self._closed

    @closed.setter
    def closed(self, closed: bool) -> None:
        self._closed = closed
        self._open_events = 0

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def filled(self) -> float:
        """How full it is: 0 to 1."""
        limits = self.limits
        return max(len(self._queue) / limits.events, (self._bytes_in - self._bytes_out) / limits.bytes)

    def _no_room(self, event: Event) -> str | None:
        if self._closed:
            return "closed"
        telemetry = type(event) in TELEMETRY
        if telemetry and self._squeezed is not None:
            return self._squeezed
        limits = self.limits
        events, size = (self._telemetry_events, self._telemetry_bytes) if telemetry else (limits.events, limits.bytes)
        if len(self._queue) < events and self._bytes_in - self._bytes_out < size:
            return None
        self._start()  # a worker that died would leave it full for ever
        return "queue_full"

    def _journalled(self, taken: bytes) -> bool:
        assert self.ring is not None  # noqa: S101 (for the type checker)
        slot = self.ring.write(taken)
        if slot < 0:
            return False
        self._queue.append((slot, taken))
        return True

    def _refuse(self, reason: str) -> bool:
        self._books.refuse(reason)
        return False

    def _taken_back(self, taken: bytes) -> bool:
        # It was closed while this event came in, so the worker may have seen the queue empty and left. What can still
        # be found in the queue was not sent; what cannot is the worker's.
        for one in list(self._queue):
            if one is taken or one[1] is taken:
                try:
                    self._queue.remove(one)
                except ValueError:
                    return True
                if self.ring is not None and one is not taken:
                    self.ring.free(one[0])
                self._bytes_out += len(taken)
                return self._refuse("closed")
        return True
