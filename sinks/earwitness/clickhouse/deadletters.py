"""Dead letters of the sink: a record that ClickHouse cannot hold, told by its position and the reason, nothing more."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from earwitness.clickhouse.batch import Bad, Record
from earwitness.clickhouse.positions import Position, position_of
from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.kafka_admin import admin_client, topic_ids
from earwitness.runtime.settings import KafkaSettings
from earwitness.runtime.topic_names import DEAD_LETTERS, MASKED, RAW
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError
from earwitness.schemas.framing import HEADER_SIZE
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = ["SinkDeadLetters"]

_SECONDS = 15.0

logger = logging.getLogger(__name__)


class SinkDeadLetters:
    """Writes them to `audit.dead-letters`, from where they are stored like any other stage's."""

    def __init__(self, kafka: KafkaSettings, wire_ids: WireIds = CONTENT_IDS) -> None:
        self._kafka = kafka
        self._wire_ids = wire_ids
        self._producer: Producer | None = None

    def send(self, bad: Sequence[Bad]) -> None:
        """Write a dead letter for each; returns when all of them are confirmed.

        Raises:
            UnavailableError: not all of them were confirmed in time; sending them again is harmless.
            RegistryAwayError: the registry does not say what stands in front of them.
            EarwitnessError: this user may not write them.
        """
        # Made when it is needed: most sinks never write one.
        if self._producer is None:
            own = {"acks": "all", "enable.idempotence": True, "partitioner": "murmur2_random"}
            self._producer = Producer({**self._kafka.librdkafka(), **own, "message.timeout.ms": int(_SECONDS * 1000)})
        failed: list[KafkaError] = []

        def told(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error)

        try:
            for each in bad:
                topic, position = self._source(each.record)
                letter = codec.encode(
                    catalogue.record("dead_letter"), _letter(each, topic, position), wire_ids=self._wire_ids
                )
                key = f"{topic}:{position.partition}:{position.offset}"
                self._producer.produce(DEAD_LETTERS, letter, key.encode(), on_delivery=told)
                logger.warning("%s cannot be stored (%s): %s", key, each.reason, each.detail)
            left = self._producer.flush(_SECONDS + 1)
        except (KafkaException, BufferError) as error:
            raise UnavailableError(f"dead letters cannot be written: {error}") from error
        if failed and failed[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise EarwitnessError(
                f"the sink's Kafka user may not write to {DEAD_LETTERS}; run: earwitness topics apply"
            )
        if failed or left:
            raise UnavailableError(f"dead letters are not confirmed: {failed[0].str() if failed else 'no answer'}")

    def _source(self, record: Record) -> tuple[str, Position]:
        """The raw topic and position of a masked record; of any other record, or without a position, its own."""
        topic = record.topic() or ""
        if topic.startswith(MASKED):
            try:
                return RAW + topic.removeprefix(MASKED), position_of(record.value() or b"")
            except DatumError:
                pass
        return topic, Position(self._topic_id(topic), record.partition() or 0, record.offset() or 0)

    def _topic_id(self, topic: str) -> bytes:
        admin = admin_client(self._kafka)  # held until the answer is there: without its client there is none
        return topic_ids(admin, [topic], _SECONDS)[topic]


def _letter(bad: Bad, topic: str, position: Position) -> dict[str, object]:
    value = bad.record.value() or b""
    framed = len(value) >= HEADER_SIZE and value[0] == 0
    return {
        "source_topic": topic,
        "source_topic_id": position.topic_id,
        "source_partition": position.partition,
        "source_offset": position.offset,
        "stage": "sink",
        "reason": bad.reason,
        "detail": bad.detail,
        "schema_id": int.from_bytes(value[1:HEADER_SIZE], "big") & 0x7FFF_FFFF if framed else None,
        "size_bytes": len(value),
        "received_at": max(bad.record.timestamp()[1], 0) * 1000,
    }
