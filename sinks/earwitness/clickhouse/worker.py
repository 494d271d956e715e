"""The sink's worker: settings in, a loader until SIGTERM."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType

from earwitness.clickhouse import consumer
from earwitness.clickhouse.assignment import Assignment
from earwitness.clickhouse.commits import Commits
from earwitness.clickhouse.deadletters import SinkDeadLetters
from earwitness.clickhouse.loader import Limits, Loader
from earwitness.clickhouse.server import Server
from earwitness.clickhouse.store import Store
from earwitness.clickhouse.topics import Topics
from earwitness.runtime.settings import Settings
from earwitness.schemas.wire import wire_ids

__all__ = ["run"]

logger = logging.getLogger(__name__)


def run(settings: Settings, on_ready: Callable[[], None], limits: Limits | None = None) -> int:
    """Load until SIGTERM or SIGINT; returns 0 then: all that was read is stored and committed, or left to the next.

    Raises:
        SettingsError: the broker or ClickHouse is not configured.
        EarwitnessError: something that waiting does not help: a missing table, a refused login.
    """
    kafka, clickhouse = settings.need_kafka(), settings.need_clickhouse()
    ids = wire_ids(settings.registry)
    store = Store(Server(clickhouse, timeout=60.0), SinkDeadLetters(kafka, ids), settings.clickhouse_registry_url, ids)
    check = consumer.Check(kafka.bootstrap)
    commits = Commits()
    assignment = Assignment(consumer.connect(kafka, check, commits), check, Topics(kafka), commits)
    loader = Loader(assignment, store, limits or Limits(), on_ready)

    def stop(_: int, __: FrameType | None) -> None:
        loader.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        loader.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        logger.info("%d rows stored, %d duplicates told", loader.rows, loader.duplicates)
    return 0
