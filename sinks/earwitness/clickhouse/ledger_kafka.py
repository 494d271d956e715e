"""What Kafka adds to the books: how far each raw partition goes, and which masked partitions the sink has read to their end."""

from __future__ import annotations

from dataclasses import dataclass, field

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

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
    partitions: dict[str, list[TopicPartition]] = {}
    for topic, future in admin.describe_topics(TopicCollection([*raw, *masked])).items():
        description = future.result(ANSWER_SECONDS + 1)
        partitions[topic] = [TopicPartition(topic, number) for number in range(len(description.partitions))]
        if topic in raw:
            ends.topics[topic_id_bytes(description.topic_id).hex()] = topic
    ids = {topic: topic_id for topic_id, topic in ends.topics.items()}
    found = watermarks(admin, [each for topic in (*raw, *masked) for each in partitions[topic]])
    committed = committed_offsets(admin, GROUP, [each for topic in masked for each in partitions[topic]])
    for (topic, partition), (first, end) in found.items():
        if topic in ids:
            ends.raw[ids[topic], partition] = first, end
        elif max(committed[topic, partition], 0) >= end:
            ends.drained.add((RAW + topic.removeprefix(MASKED), partition))
    return ends
