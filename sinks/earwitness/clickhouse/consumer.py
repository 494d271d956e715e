"""The sink's Kafka consumer: how it is set up, and what its errors mean."""

from __future__ import annotations

import logging
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException

from earwitness.clickhouse.commits import Commits
from earwitness.clickhouse.routes import GROUP
from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import EarwitnessError, SettingsError
from earwitness.runtime.kafka_admin import is_away, is_refused, waiting_for
from earwitness.runtime.settings import KafkaSettings

__all__ = ["Check", "connect"]

logger = logging.getLogger(__name__)

_DEFAULTS: dict[str, Any] = {
    "session.timeout.ms": 10_000,
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 20,
    "queued.max.messages.kbytes": 32 << 10,
    "topic.metadata.refresh.interval.ms": 30_000,
    "log_level": 2,  # what matters comes through the error callback
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
_FORBIDDEN = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


class Check:
    """Judges an error of the consumer. It recovers from most by itself: those are logged, once a minute each.

    Args:
        bootstrap: the broker's address, for the log.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._complaints = Complaints(logger)

    def __call__(self, error: KafkaError) -> None:
        """Log it.

        Raises:
            EarwitnessError: it never recovers: this user may not log in, or not read.
        """
        if is_refused(error) or error.code() in _FORBIDDEN:
            raise EarwitnessError(f"Kafka refuses the sink: {error.str()}; check its user, password and ACLs")
        if is_away(error):
            self._complaints.say("away", *waiting_for(self._bootstrap, error))
        else:
            self._complaints.say(error.name(), "consumer: %s; trying again", error.str())


def connect(kafka: KafkaSettings, check: Check, commits: Commits) -> Consumer:
    """A consumer, not subscribed yet. Reaches for no broker.

    Raises:
        SettingsError: librdkafka refuses the settings.
    """
    try:
        return Consumer({**_DEFAULTS, **kafka.librdkafka(), **_FIXED, "error_cb": check, "on_commit": commits.answered})
    except KafkaException as error:
        raise SettingsError(f"these Kafka settings cannot be used: {error.args[0].str()}") from error
