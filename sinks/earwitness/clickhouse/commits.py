"""How far partitions are: told to the group, without waiting for its answer.

A commit that waits for its answer waits for ever while the broker is away, and with it everything that the consumer's thread
does: its log, its end. Nothing depends on a commit but how much the next owner asks for, so one at a time is on its way,
and what it has not confirmed goes with the next one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from earwitness.clickhouse.batch import Key
from earwitness.runtime.complaints import Complaints

__all__ = ["Commits"]

logger = logging.getLogger(__name__)

_AGAIN_SECONDS = 30.0  # without an answer


class Commits:
    """Offsets that are not committed yet. For the consumer's thread alone; `answered` is the consumer's `on_commit`."""

    def __init__(self) -> None:
        self._wanted: dict[Key, tuple[int, str]] = {}
        self._sent_at: float | None = None
        self._complaints = Complaints(logger)

    def want(self, offsets: Mapping[Key, tuple[int, str]]) -> None:
        """Note, by partition, the next offset to read and the commit's metadata."""
        self._wanted.update(offsets)

    def send(self, consumer: Consumer, *, at_once: bool = False) -> None:
        """Send what is noted, unless a commit is on its way still; `at_once`: even then, for it is the last chance."""
        now = time.monotonic()
        waits = self._sent_at is not None and now - self._sent_at < _AGAIN_SECONDS
        if not self._wanted or (waits and not at_once):
            return
        offsets = [TopicPartition(*key, offset, metadata) for key, (offset, metadata) in self._wanted.items()]
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._failed(error.args[0])
        else:
            self._sent_at = now

    def answered(self, error: KafkaError | None, partitions: Sequence[TopicPartition]) -> None:
        """The group has answered: what it has is not sent again."""
        self._sent_at = None
        for each in partitions:
            problem = error or each.error
            if problem is not None:
                self._failed(problem)
            elif self._wanted.get((each.topic, each.partition), (None,))[0] == each.offset:
                del self._wanted[each.topic, each.partition]

    def forget(self) -> None:
        """These partitions are somebody else's now."""
        self._wanted.clear()
        self._sent_at = None

    def _failed(self, error: KafkaError) -> None:
        self._complaints.say(error.name(), "offsets are not committed: %s; the next commit says them", error.str())
