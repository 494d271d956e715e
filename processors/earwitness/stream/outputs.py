"""Producing, and knowing at little cost that all of it arrived.

One idempotent producer, which never gives a message up by itself (`message.timeout.ms=0`) and stops for good before it
leaves a hole (`enable.gapless.guarantee`): the log of a partition always holds a prefix of what was produced to it.
So the last message's delivery says that those before it are there, and only that one carries a callback; a callback on
each costs 0.45 µs a message more. Without the guarantee a refused batch in the middle goes unnoticed (tried: a batch over
the topic's `max.message.bytes`). Where the partitioner chooses the partition, every message carries one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.kafka_admin import is_away, is_refused, waiting_for
from earwitness.runtime.settings import KafkaSettings

__all__ = ["OutputError", "Outputs"]

logger = logging.getLogger(__name__)
# What matters comes through the error callback.
_QUIET = logging.getLogger(f"{__name__}.librdkafka")
_QUIET.setLevel(logging.CRITICAL + 1)

MAX_MESSAGE_BYTES = 2 << 20
_ANY_PARTITION = -1

_CONFIG: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "enable.gapless.guarantee": True,
    "message.timeout.ms": 0,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",  # 1.3 µs a message of 400 bytes against 1.8 with zstd
    "linger.ms": 5,
    "batch.num.messages": 10_000,
    "message.max.bytes": MAX_MESSAGE_BYTES,
    # What is in flight is bounded by the loop; these only must not be reached before.
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 1 << 20,
}


class OutputError(EarwitnessError):
    """Messages could not be produced: nothing may be acknowledged any more."""

    exit_code = 1


class Outputs:
    """The producer of one stage. Callbacks run inside `poll`, on the thread that calls it."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._error: str | None = None
        self._bootstrap = kafka.bootstrap
        self._complaints = Complaints(logger)
        self._producer = Producer({**kafka.librdkafka(), **_CONFIG, "error_cb": self._on_error}, logger=_QUIET)

    def produce(
        self,
        topic: str,
        messages: list[dict[str, Any]],
        delivered: Callable[[], None],
        *,
        partition: int = _ANY_PARTITION,
        headers: list[tuple[str, str | bytes | None]] | None = None,
    ) -> int:
        """Hand messages over; returns how many times `delivered` will be called until all of them are in the log.

        Args:
            topic: where they go.
            messages: as in `Output`.
            delivered: called by `poll`.
            partition: its number; without one the partitioner chooses by key.
            headers: of each message; only together with a partition.

        Raises:
            OutputError: the producer does not take them.
        """
        if not messages:
            return 0

        def callback(error: KafkaError | None, _: Message) -> None:
            if error is None:
                delivered()
            else:
                self._fail(f"{topic}: {error.str()}")

        try:
            if partition == _ANY_PARTITION:
                calls = len(messages)
                taken = self._producer.produce_batch(topic, messages, on_delivery=callback)
            else:
                calls = 1
                messages[-1]["callback"] = callback
                if headers is None:
                    taken = self._producer.produce_batch(topic, messages, partition)
                else:
                    for message in messages:  # the library's batches take no headers
                        self._producer.produce(topic, **message, partition=partition, headers=headers)
                    taken = len(messages)
        except (KafkaException, BufferError) as error:
            raise OutputError(f"cannot produce to {topic}: {error}") from error
        if taken != len(messages):
            self.poll()  # knows better why
            reason = next(message["_error"] for message in messages if "_error" in message).str()
            raise OutputError(f"cannot produce to {topic}: {reason}; see: earwitness topics plan")
        return calls

    def poll(self) -> None:
        """Run the callbacks of what was delivered meanwhile; does not wait.

        Raises:
            OutputError: something was not delivered and will not be.
        """
        try:
            self._producer.poll(0)
        except KafkaException as error:
            self._fail(str(error))
        if self._error is not None:
            raise OutputError(f"cannot produce to {self._error}; see: earwitness topics plan")

    def close(self) -> None:
        """Drop what is not delivered yet and end."""
        self._producer.purge()

    def _fail(self, reason: str) -> None:
        self._error = self._error or reason

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or is_refused(error):
            self._fail(error.str())
        elif is_away(error):
            # The library tries again by itself; the loop's deadline says when it was too often.
            self._complaints.say("away", *waiting_for(self._bootstrap, error))
        else:
            self._complaints.say(error.name(), "producer: %s; trying again", error.str())
