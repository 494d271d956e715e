"""How far each stage is behind, and how fast it works: committed offsets against the topics' ends, looked at twice."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from earwitness.cli.options import settings_for
from earwitness.runtime import topics
from earwitness.runtime.kafka_admin import admin_client, committed_offsets, explain, watermarks
from earwitness.runtime.topic_names import MASKED, RAW

__all__ = ["StageRate", "stage_rates"]

_BETWEEN = 1.0
_STAGES = {"privacy": ("earwitness-privacy", RAW), "sink": ("earwitness-sink", MASKED)}


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
        EarwitnessError: the broker does not answer.
    """
    admin = admin_client(settings_for("admin", home).need_kafka())
    try:
        first = {stage: _position(admin, *where) for stage, where in _STAGES.items()}
        started = time.monotonic()
        time.sleep(_BETWEEN)
        second = {stage: _position(admin, *where) for stage, where in _STAGES.items()}
    except (KafkaException, TimeoutError) as error:
        raise explain(error, "reading how far the stages are") from error
    seconds = time.monotonic() - started
    return [
        StageRate(stage, second[stage][1] - second[stage][0], (second[stage][0] - first[stage][0]) / seconds)
        for stage in _STAGES
    ]


def _position(admin: AdminClient, group: str, prefix: str) -> tuple[int, int]:
    """The sums of the committed offsets and of the ends of a group's topics."""
    partitions = [
        TopicPartition(spec.name, number)
        for spec in topics.declared()
        if spec.name.startswith(prefix)
        for number in range(spec.partitions)
    ]
    committed = committed_offsets(admin, group, partitions)
    done = end = 0
    for place, (low, high) in watermarks(admin, partitions).items():
        end += high
        done += committed[place] if committed[place] >= 0 else low
    return done, end
