"""How far each stage is behind, and how fast it works: committed offsets against the topics' ends, looked at twice."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from earwitness.cli.options import settings_for
from earwitness.runtime import topics
from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.settings import KafkaSettings

__all__ = ["StageRate", "stage_rates"]

_SECONDS = 5.0
_BETWEEN = 1.0
_STAGES = {"privacy": ("earwitness-privacy", "audit.raw."), "sink": ("earwitness-sink", "audit.masked.")}


class StageRate(msgspec.Struct, frozen=True):
    """One stage.

    Attributes:
        stage: its name.
        waiting: records in its topics that it has not committed.
        per_second: records a second that it committed, over the last second.
    """

    stage: str
    waiting: int
    per_second: float


def stage_rates(home: Path) -> list[StageRate]:
    """Ask the broker about each stage, twice a second apart.

    Raises:
        UnavailableError: the broker does not answer.
    """
    kafka = settings_for("admin", home).need_kafka()
    try:
        first = {stage: _position(kafka, *where) for stage, where in _STAGES.items()}
        started = time.monotonic()
        time.sleep(_BETWEEN)
        second = {stage: _position(kafka, *where) for stage, where in _STAGES.items()}
    except KafkaException as error:
        raise UnavailableError(f"the broker does not tell the offsets: {error.args[0].str()}") from error
    seconds = time.monotonic() - started
    return [
        StageRate(stage, second[stage][1] - second[stage][0], (second[stage][0] - first[stage][0]) / seconds)
        for stage in _STAGES
    ]


def _position(kafka: KafkaSettings, group: str, prefix: str) -> tuple[int, int]:
    """The sums of the committed offsets and of the ends of a group's topics."""
    consumer = Consumer(
        {**kafka.librdkafka(), "group.id": group, "enable.auto.commit": False, "error_cb": lambda _: None}
    )
    try:
        partitions = [
            TopicPartition(spec.name, number)
            for spec in topics.declared()
            if spec.name.startswith(prefix)
            for number in range(spec.partitions)
        ]
        done = end = 0
        for committed in consumer.committed(partitions, timeout=_SECONDS):
            low, high = consumer.get_watermark_offsets(committed, timeout=_SECONDS)
            end += high
            done += committed.offset if committed.offset >= 0 else low
        return done, end
    finally:
        consumer.close()
