"""What a service has published, as the broker has it."""

from __future__ import annotations

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from earwitness.schemas import catalogue, codec

__all__ = ["Topics"]


class Topics:
    """Reads what a service has published, from the raw topics' beginning."""

    def __init__(self, kafka):
        self._kafka = kafka

    def read(self, service, until, seconds=30):
        """All records of `service`, as (topic, partition, key, schema, record), as soon as `until(records)`."""
        consumer = Consumer(
            self._kafka.librdkafka() | {"group.id": "none", "enable.auto.commit": False, "enable.partition.eof": True}
        )
        found, ends = [], set()
        try:
            known = consumer.list_topics(timeout=10).topics
            topics = [f"audit.raw.{family}" for family in catalogue.FAMILIES]
            partitions = [TopicPartition(t, p, OFFSET_BEGINNING) for t in topics for p in known[t].partitions]
            consumer.assign(partitions)
            deadline = time.monotonic() + seconds
            while len(ends) < len(partitions) or not until([record for *_, record in found]):
                assert time.monotonic() < deadline, f"{len(found)} records after {seconds} s"
                for message in consumer.consume(500, timeout=0.2):
                    place = message.topic(), message.partition()
                    if message.error() is not None:
                        assert message.error().code() == KafkaError._PARTITION_EOF
                        ends.add(place)
                        continue
                    ends.discard(place)
                    schema, record = codec.decode(message.value())
                    if record["service"] == service:
                        found.append((*place, message.key(), schema, record))
        finally:
            consumer.close()
        return found

    def processes(self, service, count):
        """Events and reports of each process of `service`, by producer id, once `count` processes have reported."""

        def reported(records):
            return len([r for r in records if "period_seconds" in r]) >= count

        found = {}
        for *_, schema, record in self.read(service, reported):
            found.setdefault(record["producer_id"], []).append((schema.kind, record))
        return found

    def all_of(self, service):
        """All records of `service` that are there now."""
        return [record for *_, record in self.read(service, lambda _: True)]
