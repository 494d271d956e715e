"""The sink's worker: settings in, a loader until SIGTERM."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from confluent_kafka import Consumer, KafkaException

from earwitness.clickhouse.assignment import check
from earwitness.clickhouse.deadletters import SinkDeadLetters
from earwitness.clickhouse.loader import Limits, Loader
from earwitness.clickhouse.routes import GROUP
from earwitness.clickhouse.server import Server
from earwitness.clickhouse.store import Store
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.settings import KafkaSettings, Settings

__all__ = ["run"]


logger = logging.getLogger(__name__)

_DEFAULTS: dict[str, Any] = {
    "session.timeout.ms": 10_000,
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 20,
    "queued.max.messages.kbytes": 32 << 10,
    "topic.metadata.refresh.interval.ms": 30_000,
}
# What the loader relies on, whatever the settings say.
_FIXED: dict[str, Any] = {
    "group.id": GROUP,
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": False,
    "partition.assignment.strategy": "range",
    "group.protocol": "classic",
}


def run(settings: Settings, on_ready: Callable[[], None], limits: Limits | None = None) -> int:
    """Load until SIGTERM or SIGINT; returns 0 then: all that was read is stored and committed, or left to the next.

    Raises:
        SettingsError: the broker or ClickHouse is not configured.
        EarwitnessError: something that waiting does not help: a missing table, a refused login.
    """
    kafka, clickhouse = settings.need_kafka(), settings.need_clickhouse()
    consumer = _consumer(kafka)
    store = Store(Server(clickhouse, timeout=60.0), SinkDeadLetters(kafka), settings.clickhouse_registry_url)
    loader = Loader(consumer, store, limits or Limits(), on_ready)

    def stop(_: int, __: FrameType | None) -> None:
        loader.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        loader.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        logger.info("%d rows stored", loader.rows)
    return 0


def _consumer(kafka: KafkaSettings) -> Consumer:
    config = {**_DEFAULTS, **kafka.librdkafka(), **_FIXED, "error_cb": check}
    try:
        return Consumer(config, logger=logging.getLogger(f"{__name__}.librdkafka"))
    except KafkaException as error:
        raise SettingsError(f"these Kafka settings cannot be used: {error.args[0].str()}") from error
