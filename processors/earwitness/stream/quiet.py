"""What aiokafka says while a broker is away: hundreds of lines a second, of which one a minute tells as much."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiokafka.errors import KafkaError

from earwitness.runtime.complaints import Complaints

__all__ = ["quieten"]

_LOGGERS = ("aiokafka", "aiokafka.conn", "aiokafka.consumer.fetcher", "aiokafka.consumer.group_coordinator")


def quieten() -> None:
    """Let aiokafka log errors only, each sort once a minute, and nothing of a broker that is away: the producer tells that."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR)
        logger.addFilter(_filter(Complaints(logger)))


def _filter(complaints: Complaints) -> Callable[[logging.LogRecord], bool]:
    def passes(record: logging.LogRecord) -> bool:
        return not _is_passing(record) and complaints.due(str(record.msg))

    return passes


def _is_passing(record: logging.LogRecord) -> bool:
    """Whether it tells of something that aiokafka tries again until it works."""
    values = record.args if isinstance(record.args, tuple) else ()
    return "update metadata" in str(record.msg) or any(
        isinstance(value, OSError) or (isinstance(value, KafkaError) and value.retriable) for value in values
    )
