"""Topics of a test's own, written and read to their end."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from earwitness.runtime.settings import KafkaSettings

Position = tuple[str, int, int]


@dataclass
class KafkaIo:
    kafka: KafkaSettings

    def __post_init__(self) -> None:
        self.admin = AdminClient(self.kafka.librdkafka())

    @contextlib.contextmanager
    def topics(self, *names: str, partitions: int = 6, **config: str) -> Iterator[list[str]]:
        """Topics under unused names that start with `names`; deleted at the end."""
        made = [f"{name}-{uuid.uuid4().hex[:8]}" for name in names]
        for future in self.admin.create_topics(
            [NewTopic(name, partitions, 1, config=config) for name in made]
        ).values():
            future.result(30)
        try:
            yield made
        finally:
            for future in self.admin.delete_topics(made).values():
                future.result(30)

    def write(self, topic: str, values: Iterable[bytes], partitions: int = 6) -> None:
        producer = Producer({**self.kafka.librdkafka(), "linger.ms": 20, "compression.type": "lz4", "acks": "all"})
        for number, value in enumerate(values):
            while True:
                try:
                    producer.produce(topic, value, key=b"CA%d" % number, partition=number % partitions)
                    break
                except BufferError:
                    producer.poll(0.05)
        assert producer.flush(60) == 0

    def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition."""
        return {partition: end for partition, (_, end) in self._bounds(topic).items()}

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """What a group has committed."""
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, each) for each in self.ends(topic)])
        found = self.admin.list_consumer_group_offsets([asked])[group].result(30).topic_partitions
        return {each.partition: max(each.offset, 0) for each in found}

    def read(self, topic: str) -> list[Message]:
        """Everything in a topic, up to its end at the time of the call."""
        bounds = self._bounds(topic)
        left = {partition: end for partition, (begin, end) in bounds.items() if end > begin}
        consumer = self._consumer(**{"enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, partition, bounds[partition][0]) for partition in left])
        messages: list[Message] = []
        deadline = time.monotonic() + 60
        while left:
            assert time.monotonic() < deadline, f"{topic}: {left} not reached"
            for message in consumer.consume(10_000, 0.5):
                partition = message.partition()
                if message.error() is None and message.offset() < left.get(partition, 0):
                    messages.append(message)
                if message.offset() >= left.get(partition, 1 << 62) - 1:
                    left.pop(partition)
        consumer.close()
        return messages

    def _bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        consumer = self._consumer()
        partitions = consumer.list_topics(topic, 30).topics[topic].partitions
        bounds = {each: consumer.get_watermark_offsets(TopicPartition(topic, each), 30) for each in partitions}
        consumer.close()
        return bounds

    def _consumer(self, **more: str | bool) -> Consumer:
        return Consumer({**self.kafka.librdkafka(), "group.id": "nobody", "enable.auto.commit": False, **more})
