"""What Kafka adds to the books: how far each raw partition goes, and which masked partitions the sink has read to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from earwitness.clickhouse.routes import GROUP, MASKED, RAW
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, admin_client, explain
from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas.catalogue import FAMILIES

__all__ = ["Ends", "read_ends"]

RawKey = tuple[str, int]


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


def _ends(admin: AdminClient) -> Ends:
    ends = Ends()
    raw, masked = [RAW + family for family in FAMILIES], [MASKED + family for family in FAMILIES]
    partitions: dict[str, int] = {}
    for topic, future in admin.describe_topics(TopicCollection([*raw, *masked])).items():
        description = future.result(ANSWER_SECONDS + 1)
        partitions[topic] = len(description.partitions)
        uuid = description.topic_id
        if topic in raw:
            ends.topics[
                f"{_unsigned(uuid.get_most_significant_bits())}{_unsigned(uuid.get_least_significant_bits())}"
            ] = topic
    ids = {topic: topic_id for topic_id, topic in ends.topics.items()}
    first = _offsets(admin, _all(raw, partitions), OffsetSpec.earliest)
    end = _offsets(admin, _all([*raw, *masked], partitions), OffsetSpec.latest)
    for topic, partition in first:
        ends.raw[ids[topic], partition] = first[topic, partition], end[topic, partition]
    asked = ConsumerGroupTopicPartitions(GROUP, _all(masked, partitions))
    for each in admin.list_consumer_group_offsets([asked])[GROUP].result(ANSWER_SECONDS + 1).topic_partitions:
        if max(each.offset, 0) >= end[each.topic, each.partition]:
            ends.drained.add((RAW + each.topic.removeprefix(MASKED), each.partition))
    return ends


def _offsets(admin: AdminClient, where: list[TopicPartition], which: Callable[[], Any]) -> dict[RawKey, int]:
    answers = admin.list_offsets({each: which() for each in where})
    return {(each.topic, each.partition): future.result(ANSWER_SECONDS + 1).offset for each, future in answers.items()}


def _all(topics: Iterable[str], partitions: dict[str, int]) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic in topics for number in range(partitions[topic])]


def _unsigned(bits: int) -> str:
    return f"{bits % (1 << 64):016x}"
