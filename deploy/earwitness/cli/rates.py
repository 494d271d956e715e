"""How far each stage is behind, and how fast it works: committed offsets against the topics' ends, looked at twice."""

from __future__ import annotations

import time

import msgspec

from earwitness.runtime.kafka_admin import admin_client
from earwitness.runtime.settings import KafkaSettings
from earwitness.runtime.stages import look

__all__ = ["StageRate", "stage_rates"]

_BETWEEN = 1.0


class StageRate(msgspec.Struct, frozen=True):
    """One stage.

    Attributes:
        stage: its name.
        workers: how many of them read in its consumer group.
        waiting: records in its topics that it has not committed.
        per_second: records a second that it committed, over the last second.
    """

    stage: str
    workers: int
    waiting: int
    per_second: float


def stage_rates(kafka: KafkaSettings) -> list[StageRate]:
    """Ask the broker about each stage, twice a second apart.

    Raises:
        EarwitnessError: the broker does not answer, or this user may not ask.
    """
    admin = admin_client(kafka)
    first = {stage.name: stage for stage in look(admin)}
    started = time.monotonic()
    time.sleep(_BETWEEN)
    second = look(admin)
    seconds = time.monotonic() - started
    return [
        StageRate(stage.name, stage.members, stage.waiting, (stage.done - first[stage.name].done) / seconds)
        for stage in second
    ]
