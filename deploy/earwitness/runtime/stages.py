"""How far each stage is: who reads in its consumer group, and its committed offsets against the topics' ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from earwitness.runtime import topics
from earwitness.runtime.kafka_admin import ANSWER_SECONDS, Place, committed_offsets, explain, of_group, watermarks

__all__ = ["PartitionLag", "StageLag", "look"]


@dataclass(frozen=True)
class PartitionLag:
    """One partition as one group sees it.

    Attributes:
        first: the first offset that is still there.
        end: the next one to be written.
        committed: the next one that the group reads; None when it has committed nothing.
    """

    first: int
    end: int
    committed: int | None

    @property
    def waiting(self) -> int:
        """Records that are there and not done."""
        return max(0, self.end - max(self.first, self.committed or 0))


@dataclass(frozen=True)
class StageLag:
    """One stage.

    Attributes:
        name: of the stage.
        group: its consumer group.
        members: how many workers are in it.
        partitions: what it reads, by topic and number.
    """

    name: str
    group: str
    members: int
    partitions: Mapping[Place, PartitionLag]

    @property
    def waiting(self) -> int:
        """Records that are there and not done."""
        return sum(each.waiting for each in self.partitions.values())

    @property
    def done(self) -> int:
        """Records that are behind it."""
        return sum(each.end for each in self.partitions.values()) - self.waiting


def look(admin: AdminClient) -> list[StageLag]:
    """All stages as they are now.

    Raises:
        UnavailableError: the broker does not answer.
        EarwitnessError: this user may not ask, or a topic is not there.
    """
    try:
        there = admin.list_topics(timeout=ANSWER_SECONDS).topics
        return [_stage(admin, group, user, there) for group, user in topics.groups().items()]
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "reading how far the stages are") from error


def _stage(admin: AdminClient, group: str, user: str, there: Mapping[str, Any]) -> StageLag:
    read = [spec.name for spec in topics.declared() if user in spec.readers and spec.name in there]
    partitions = [TopicPartition(topic, number) for topic in read for number in there[topic].partitions]
    committed = committed_offsets(admin, group, partitions) if partitions else {}
    ends = watermarks(admin, partitions) if partitions else {}
    return StageLag(
        group.removeprefix("earwitness-"),
        group,
        _members(admin, group),
        {
            place: PartitionLag(first, end, committed[place] if committed[place] >= 0 else None)
            for place, (first, end) in ends.items()
        },
    )


def _members(admin: AdminClient, group: str) -> int:
    try:
        return len(of_group(lambda: admin.describe_consumer_groups([group])[group]).members)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return 0
        raise
