"""The producer, and the table of what it has been given and has not confirmed.

What does not arrive comes back out of this table, never out of librdkafka's message: that one has lost its headers, and
an error that purges thousands of them would have to be waited for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from earwitness.client.parcel import Parcel
from earwitness.schemas import catalogue
from earwitness.schemas.wire import WireIds

__all__ = ["Connect", "Delivery", "Settle"]

Connect = Callable[[str, Callable[[KafkaError], None]], Producer]
"""Makes a producer from a client id and what is to be told of its errors."""

Settle = Callable[[Parcel, KafkaError | None], None]
"""Is told of each event whether the broker has it (None) or refuses it for good."""

_AFTER_PURGE_SECONDS = 0.2  # at most, for a call back for each purged message

_TAKEN_BACK = frozenset({
    KafkaError._PURGE_QUEUE,  # noqa: SLF001 (named so by librdkafka)
    KafkaError._PURGE_INFLIGHT,  # noqa: SLF001
    KafkaError._FATAL,  # noqa: SLF001
    KafkaError._MSG_TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
})  # fmt: skip


class Delivery:
    """Sends events, and knows which of them are on their way. For the worker's thread alone.

    Args:
        connect: makes a producer.
        client_id: what the broker knows it by.
        wire_ids: give what stands in front of each event; the kinds that are sent are known to it.
        settle: is told how each event ended.
        on_error: is told of librdkafka's errors.

    Attributes:
        has_failed: it has met a fatal error and takes nothing more; `take_back` and a new producer help.
        returned: what came back one by one, in no order: it has to be sent again.
    """

    def __init__(
        self,
        connect: Connect,
        client_id: str,
        wire_ids: WireIds,
        settle: Settle,
        on_error: Callable[[KafkaError], None],
    ) -> None:
        self._connect = connect
        self._client_id = client_id
        self._settle = settle
        self._on_error = on_error
        self._producer: Producer | None = None
        self._on_the_way: dict[int, Parcel] = {}
        self._number = 0
        self._prefixes: dict[int, bytes] = {}
        self._wire_ids = wire_ids
        self.has_failed = False
        self.returned: list[Parcel] = []

    def __len__(self) -> int:
        return len(self._on_the_way)

    @property
    def oldest_sent(self) -> float | None:
        """When the oldest event that is still on its way was sent; None when there is none."""
        for parcel in self._on_the_way.values():
            return parcel.sent_at
        return None

    def send(self, parcel: Parcel, now: float) -> bool:
        """Hand an event to the producer; False: it takes none now. Whether it arrives is told to `settle`, from `poll`."""
        frame = parcel.frame
        prefix = self._prefixes.get(frame.schema_id) or self._prefix(frame.schema_id)
        self._number = number = self._number + 1
        self._on_the_way[number] = parcel
        parcel.sent_at = now
        producer = self._ready() if self._producer is None else self._producer
        try:
            producer.produce(
                frame.topic, prefix + frame.body, frame.key, on_delivery=partial(self._done, number, parcel)
            )
        except BufferError:
            del self._on_the_way[number]
            return False
        except KafkaException as error:
            del self._on_the_way[number]
            problem: KafkaError = error.args[0]
            if problem.code() == KafkaError._FATAL:  # noqa: SLF001 (named so by librdkafka)
                self.has_failed = True
                return False
            self._settle(parcel, problem)
            return True
        parcel.sent = True
        return True

    def poll(self, seconds: float) -> None:
        """Settle what has been confirmed; wait for something to be, at most so long."""
        self._ready().poll(seconds)

    def flush(self, seconds: float) -> None:
        """Neither linger nor wait for more: send what is there, at most so long."""
        self._ready().flush(seconds)

    def take_back(self) -> list[Parcel]:
        """Stop sending, and give back all that is on its way, the oldest first; a new producer goes on."""
        if self._producer is not None:
            self._producer.poll(0)  # what has been confirmed already does not come back
        back = [*self.returned, *self._on_the_way.values()]
        self.returned, self._on_the_way = [], {}
        self.drop_producer()
        return back

    def drop_producer(self) -> None:
        """Let go of the producer and of all that it holds."""
        producer, self._producer = self._producer, None
        self.has_failed = False
        if producer is not None:
            with contextlib.suppress(KafkaException):
                producer.purge()
                # Each of its messages holds a callback, which would never be freed without a call.
                producer.flush(_AFTER_PURGE_SECONDS)

    def _ready(self) -> Producer:
        if self._producer is None:
            self._producer = self._connect(self._client_id, self._on_error)
        return self._producer

    def _prefix(self, schema_id: int) -> bytes:
        found = self._prefixes[schema_id] = self._wire_ids.prefix_of(catalogue.by_id(schema_id))
        return found

    def _done(self, number: int, parcel: Parcel, error: KafkaError | None, _: Message) -> None:
        if self._on_the_way.pop(number, None) is None:
            return  # taken back, and somewhere else by now
        if error is not None and (error.code() in _TAKEN_BACK or error.fatal() or error.retriable()):
            self.has_failed = self.has_failed or error.fatal()
            self.returned.append(parcel)
        else:
            self._settle(parcel, error)
