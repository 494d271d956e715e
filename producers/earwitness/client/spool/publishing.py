"""Publishing what dead processes of a service left, when no worker of it will start soon: for a command, which may wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from earwitness.client.envelope import Message
from earwitness.client.identity import new_producer_id
from earwitness.client.publisher import Publisher
from earwitness.client.spool.errors import SpoolError
from earwitness.client.spool.frame import replayed
from earwitness.client.spool.spool import Spool
from earwitness.runtime.settings import SpoolSettings
from earwitness.schemas import catalogue
from earwitness.schemas.wire import WireIds

__all__ = ["Published", "publish"]

_AT_ONCE = 500


@dataclass
class Published:
    """What became of them.

    Attributes:
        delivered: events that the broker confirmed, and that are deleted.
        kept: events that stay: the broker did not take them, or this release does not know their schema.
        expired: events that were too old, and are dropped.
        damaged: rows that could not be read.
        invalid: invalid events, which stay for `export`.
        notices: what a person should know, a line each.
    """

    delivered: int = 0
    kept: int = 0
    expired: int = 0
    damaged: int = 0
    invalid: int = 0
    notices: list[str] = field(default_factory=list)


def publish(
    directory: Path, settings: SpoolSettings, publisher: Publisher, wire_ids: WireIds, advance: Callable[[int], None]
) -> Published:
    """Adopt what dead processes left in a service's directory, publish it, and delete what is confirmed.

    Cut off at any moment, nothing is lost: what is left is a dead process's again.

    Args:
        directory: the service's.
        settings: the spool's.
        publisher: takes events to the broker.
        wire_ids: give what stands in front of each event.
        advance: is told how many more are done.

    Raises:
        SpoolError: the directory or a file in it cannot be used.
        RegistryAwayError: the registry does not say what stands in front of an event.
    """
    result = Published()
    spool = Spool.open_in(directory, settings, new_producer_id("spool-replay"))
    try:
        after = 0
        while not publisher.failed:
            moved = spool.adopt(_AT_ONCE)
            rows = spool.oldest(after, _AT_ONCE)
            if not rows and not moved and not spool.is_adopting:
                break
            confirmed: list[int] = []
            for row, frame in rows:
                after = row
                try:
                    made = replayed(frame)
                except SpoolError as error:
                    result.notices.append(str(error))
                    continue
                prefix = wire_ids.prefix_of(catalogue.by_id(frame.schema_id))
                message = Message(made.topic, made.key, prefix + made.body)
                publisher.publish(message, partial(confirmed.append, row))
            publisher.flush()
            spool.delete(confirmed)
            result.delivered += len(confirmed)
            advance(len(rows))
        result.kept, result.invalid = spool.count, spool.aside
        result.expired, result.damaged = spool.expired, spool.damaged
        result.notices = list(dict.fromkeys(result.notices + spool.take_notices()))
    finally:
        spool.close()
    return result
