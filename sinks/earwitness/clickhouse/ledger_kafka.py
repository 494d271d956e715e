"""What Kafka adds to the books: how far each raw partition goes, and which masked partitions the sink has read to their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from earwitness.clickhouse.routes import GROUP
from earwitness.runtime.kafka_admin import (
    ANSWER_SECONDS,
    admin_client,
    committed_offsets,
    explain,
    topic_id_bytes,
    watermarks,
)
from earwitness.runtime.settings import KafkaSettings
from earwitness.runtime.topic_names import MASKED, RAW
from earwitness.schemas.catalogue import FAMILIES

__all__ = ["Ends", "RawKey", "minute_offsets", "read_ends"]

RawKey = tuple[str, int]
"""A raw topic's id (hex) and the number of one of its partitions."""


@dataclass(frozen=True)
class Ends:
    """The broker's part of the books, at one moment.

    Attributes:
        raw: by topic id (hex) and partition: the first offset that is there, and the next one to be written.
        topics: by topic id (hex), the raw topic's name.
        drained: raw topics and partitions whose masked records the sink has all stored and committed.
    """

    raw: dict[RawKey, tuple[int, int]] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    drained: set[RawKey] = field(default_factory=set)


def read_ends(kafka: KafkaSettings) -> Ends:
    """Ask the broker.

    Raises:
        UnavailableError: it does not answer.
        EarwitnessError: this user may not ask.
    """
    admin = admin_client(kafka)
    try:
        return _ends(admin)
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "reading how far the topics go") from error


def minute_offsets(kafka: KafkaSettings, starts: Sequence[int]) -> list[tuple[str, int, int, int, int]]:
    """Which offsets of the raw topics came in which minute, by the broker's own time of arrival.

    Args:
        kafka: as a user that may describe the raw topics.
        starts: the beginnings of minutes (Unix time) in order; the last one only ends the one before it.

    Returns:
        Topic id (hex), partition, minute, its first offset, and the one behind its last; only where there are any.

    Raises:
        UnavailableError: the broker does not answer.
        EarwitnessError: this user may not ask.
    """
    admin = admin_client(kafka)
    try:
        topics = _described(admin, [RAW + family for family in FAMILIES])
        places = [place for _, partitions in topics.values() for place in partitions]
        ends = watermarks(admin, places)
        spec: Any = OffsetSpec
        # Asked all at once: a day is 1,440 questions.
        asked = [admin.list_offsets(dict.fromkeys(places, spec.for_timestamp(start * 1000))) for start in starts]
        spans = []
        for place in places:
            _, end = ends[place.topic, place.partition]
            # -1 says that nothing came at that time or later.
            found = [answer[place].result(ANSWER_SECONDS + 20).offset for answer in asked]
            offsets = [offset if 0 <= offset <= end else end for offset in found]
            for minute, first, behind in zip(starts, offsets, offsets[1:], strict=False):
                if behind > first:
                    spans.append((topics[place.topic][0], place.partition, minute, first, behind))
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "reading what came in which minute") from error
    return spans


def _described(admin: AdminClient, topics: Sequence[str]) -> dict[str, tuple[str, list[TopicPartition]]]:
    """By topic its id (hex) and its partitions."""
    found = {}
    for topic, future in admin.describe_topics(TopicCollection(list(topics))).items():
        description = future.result(ANSWER_SECONDS + 1)
        numbers = range(len(description.partitions))
        found[topic] = topic_id_bytes(description.topic_id).hex(), [TopicPartition(topic, each) for each in numbers]
    return found


def _ends(admin: AdminClient) -> Ends:
    raw, masked = [RAW + family for family in FAMILIES], [MASKED + family for family in FAMILIES]
    topics = _described(admin, [*raw, *masked])
    ends = Ends(topics={topics[topic][0]: topic for topic in raw})
    found = watermarks(admin, [each for topic in (*raw, *masked) for each in topics[topic][1]])
    committed = committed_offsets(admin, GROUP, [each for topic in masked for each in topics[topic][1]])
    for (topic, partition), (first, end) in found.items():
        if topic.startswith(RAW):
            ends.raw[topics[topic][0], partition] = first, end
        elif max(committed[topic, partition], 0) >= end:
            ends.drained.add((RAW + topic.removeprefix(MASKED), partition))
    return ends
