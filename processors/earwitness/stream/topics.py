"""Kafka's ids of topics: a name can be given again, an id cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confluent_kafka import KafkaException, TopicCollection

from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.kafka_admin import admin_client, topic_id_bytes
from earwitness.runtime.settings import KafkaSettings

__all__ = ["TopicIds", "topic_ids"]

_TIMEOUT_SECONDS = 20.0


def topic_ids(kafka: KafkaSettings, topics: Sequence[str]) -> dict[str, bytes]:
    """The ids of topics, 16 bytes each (a Kafka Uuid: two big-endian longs). Asks the broker; may take seconds.

    Raises:
        UnavailableError: the broker does not answer, or has no such topic, or does not let us see it.
    """
    admin = admin_client(kafka, **{"socket.timeout.ms": int(_TIMEOUT_SECONDS * 1000)})
    found = {}
    for topic, future in admin.describe_topics(TopicCollection(list(topics)), request_timeout=_TIMEOUT_SECONDS).items():
        try:
            found[topic] = topic_id_bytes(future.result(_TIMEOUT_SECONDS).topic_id)
        except (KafkaException, TimeoutError) as error:
            raise UnavailableError(
                f"cannot look up topic {topic} at {kafka.bootstrap}: {error}; check: earwitness topics plan"
            ) from error
    return found


class TopicIds:
    """The ids of a stage's topics, looked up once an assignment."""

    def __init__(self, kafka: KafkaSettings, topics: Sequence[str]) -> None:
        self._kafka = kafka
        self._topics = tuple(topics)
        self._known: dict[str, bytes] = {}

    def forget(self) -> None:
        """Look them up again: after a rebalance a topic may be another one."""
        self._known = {}

    async def get(self, topic: str) -> bytes:
        """The id of one of the topics.

        Raises:
            UnavailableError: as `topic_ids`.
        """
        if topic not in self._known:
            self._known = await asyncio.to_thread(topic_ids, self._kafka, self._topics)
        return self._known[topic]
