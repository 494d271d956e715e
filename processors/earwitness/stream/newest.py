"""The newest records of topics, for somebody who wants to look at them: read once, bounded, without a trace in any group.

Each partition is read backwards in windows that grow, until its topic has given enough or a bound is reached. No offset is
committed and no group is joined, so no worker notices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from earwitness.runtime.errors import EarwitnessError, SettingsError, UnavailableError
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, explain
from earwitness.runtime.settings import KafkaSettings

__all__ = ["Bounds", "Extent", "Newest", "NewestRecord"]

_FIRST_WINDOW, _GROWTH = 64, 4
_STEP_SECONDS = 0.2
_BATCH = 1_000
_FORBIDDEN = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
_OWN: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    # What retention removes while we read is no reason to jump to the end.
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": 4096,
    "log_level": 0,
    "socket.timeout.ms": int(ANSWER_SECONDS * 1000),
}


class NewestRecord(NamedTuple):
    """A record, with its place; `timestamp` is milliseconds since 1970-01-01 UTC."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None


@dataclass(frozen=True)
class Bounds:
    """How far reading goes.

    Attributes:
        records: of each partition.
        size: of all values and keys, bytes.
        seconds: of all reading.
    """

    records: int = 4_096
    size: int = 64 << 20
    seconds: float = 30.0


@dataclass
class Extent:
    """What was read of a topic.

    Attributes:
        there: how many records it has, as offsets tell.
        read: how many of them were read.
        size: their bytes.
    """

    there: int = 0
    read: int = 0
    size: int = 0


@dataclass
class Newest:
    """Reads the newest records of topics.

    Args:
        kafka: the broker, as a user who may read the topics.
        group: the consumer group that this user may name; it is neither joined nor committed to.
        bounds: how far reading goes.

    Attributes:
        extents: what was read, by topic.
        stopped: the bound at which reading stopped: `size` or `seconds`; empty when at none of these.
    """

    kafka: KafkaSettings
    group: str
    bounds: Bounds = field(default_factory=Bounds)
    extents: dict[str, Extent] = field(default_factory=dict)
    stopped: str = ""

    def read(self, topics: Sequence[str], is_enough: Callable[[str], bool]) -> Iterator[NewestRecord]:
        """Records, newer windows first, in any order within a window.

        Args:
            topics: where to read.
            is_enough: whether a topic has given what is wanted; asked between windows.

        Raises:
            UnavailableError: the broker does not answer.
            EarwitnessError: a topic is missing, or this user may not read it.
            SettingsError: librdkafka does not take the settings.
        """
        deadline = time.monotonic() + self.bounds.seconds
        try:
            consumer = Consumer({**self.kafka.librdkafka(), **_OWN, "group.id": self.group})
        except KafkaException as error:
            raise SettingsError(f"these Kafka settings cannot be used: {error.args[0].str()}") from None
        try:
            bounds = {place: each for topic in topics for place, each in self._marks(consumer, topic).items()}
            behind = {place: end for place, (_, end) in bounds.items()}
            window = _FIRST_WINDOW
            while not self.stopped:
                goals: dict[tuple[str, int], tuple[int, int]] = {}
                for place, end in behind.items():
                    first, last = bounds[place]
                    start = max(first, last - window, last - self.bounds.records)
                    if start < end and not is_enough(place[0]):
                        goals[place] = start, end
                if not goals:
                    return
                behind |= {place: start for place, (start, _) in goals.items()}
                yield from self._window(consumer, goals, deadline)
                window *= _GROWTH
        except KafkaException as error:
            raise _told(error.args[0], error) from None
        finally:
            consumer.close()

    def _marks(self, consumer: Consumer, topic: str) -> dict[tuple[str, int], tuple[int, int]]:
        found = consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
        if found.error is not None and found.error.code() in _FORBIDDEN:
            raise _told(found.error, KafkaException(found.error), topic)
        if found.error is not None or not found.partitions:
            raise EarwitnessError(f"there is no topic {topic}; run: earwitness topics apply")
        marks = {}
        for number in found.partitions:
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ANSWER_SECONDS)
            marks[topic, number] = first, end
        self.extents[topic] = Extent(sum(end - first for first, end in marks.values()))
        return marks

    def _window(
        self, consumer: Consumer, goals: dict[tuple[str, int], tuple[int, int]], deadline: float
    ) -> Iterator[NewestRecord]:
        """The records from `start` to `end - 1` of each partition."""
        consumer.assign([TopicPartition(*place, start) for place, (start, _) in goals.items()])
        left = {place: end for place, (_, end) in goals.items()}
        size = sum(extent.size for extent in self.extents.values())
        while left and not self.stopped:
            if time.monotonic() > deadline:
                self.stopped = "seconds"
            for message in consumer.consume(_BATCH, _STEP_SECONDS):
                place, error = (str(message.topic()), message.partition() or 0), message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's own
                    left.pop(place, None)
                    continue
                if error is not None:
                    raise KafkaException(error)
                offset = message.offset() or 0
                if offset >= left.get(place, 0) - 1:
                    end = left.pop(place, 0)
                    if offset >= end:
                        continue
                value = message.value()
                extent = self.extents[place[0]]
                extent.read += 1
                extent.size += len(value or b"") + len(message.key() or b"")
                size += len(value or b"") + len(message.key() or b"")
                yield NewestRecord(*place, offset, message.timestamp()[1], value)
                if size > self.bounds.size:
                    self.stopped = "size"
                    return


def _told(reason: KafkaError, error: KafkaException, topic: str = "the topics") -> EarwitnessError:
    if reason.code() in _FORBIDDEN:
        return EarwitnessError(
            f"reading {topic}: this Kafka user may not read there; use the settings of the privacy worker"
        )
    told = explain(error, f"reading {topic}")
    return told if isinstance(told, UnavailableError) else EarwitnessError(str(told))
