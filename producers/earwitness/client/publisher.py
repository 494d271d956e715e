"""Publishes events that came in through the JSON door, and knows of each whether the broker has it.

For a command or a script, which may wait; an app uses the client, which never does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Message

from earwitness.client import envelope, producer
from earwitness.client.envelope import Record
from earwitness.client.jsonevents import JsonEvents, Refused, read
from earwitness.runtime.errors import UnavailableError
from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = ["Emitted", "Publisher", "emit"]

_REACH_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True)
class Emitted:
    """What became of an input.

    Attributes:
        delivered: events that the broker confirmed.
        refused: lines that are no events.
        failed: events that the broker did not take, by reason.
        unknown_fields: fields that were moved to `attributes`.
    """

    delivered: int
    refused: int
    failed: Mapping[str, int] = field(default_factory=dict)
    unknown_fields: int = 0


class Publisher:
    """A producer that waits: for room in its queue, and at the end for every confirmation.

    Args:
        kafka: where the broker is.
        client_id: what the broker knows it by.
        wire_ids: give what stands in front of each event.

    Raises:
        SettingsError: librdkafka refuses the settings.
        UnavailableError: the broker does not answer, or refuses the login.
    """

    def __init__(
        self, kafka: KafkaSettings, client_id: str = "earwitness-emit", wire_ids: WireIds = CONTENT_IDS
    ) -> None:
        producer.check(kafka)
        self._wire_ids = wire_ids
        self.delivered = 0
        self.failed: Counter[str] = Counter()
        self._trouble: KafkaError | None = None
        self._producer = producer.connect(kafka, client_id, self._on_error, timeout_seconds=_GIVE_UP_SECONDS)
        self._reach(kafka.bootstrap)

    def _reach(self, bootstrap: str) -> None:
        deadline = time.monotonic() + _REACH_SECONDS
        while True:
            try:
                self._producer.list_topics(timeout=_LOOK_SECONDS)
            except KafkaException as error:
                self._producer.poll(0)  # tells what is behind it: a refused login shows nowhere else
                problem: KafkaError = self._trouble or error.args[0]
                refused = problem.code() == KafkaError._AUTHENTICATION  # noqa: SLF001 (named so by librdkafka)
                if refused or time.monotonic() > deadline:
                    what = "refuses the login" if refused else "does not answer"
                    raise UnavailableError(
                        f"the broker at {bootstrap} {what}: {problem.str()}; check the address, the user and the password"
                    ) from None
            else:
                return

    def send(self, kind: str, record: Record) -> None:
        """Hand over a record; waits while the queue is full. Whether it arrived shows after `flush`.

        Raises:
            RegistryAwayError: the registry does not say what stands in front of it.
        """
        self.publish(envelope.message(kind, record, self._wire_ids))

    def publish(self, made: envelope.Message, on_delivered: Callable[[], None] | None = None) -> None:
        """Hand over a message as it is; waits while the queue is full.

        Args:
            made: the message.
            on_delivered: called, from this method or `flush`, when the broker has it.
        """

        def on_delivery(error: KafkaError | None, _: Message) -> None:
            self._on_delivery(error)
            if error is None and on_delivered is not None:
                on_delivered()

        while True:
            try:
                self._producer.produce(made.topic, made.value, made.key, on_delivery=on_delivery)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                self.failed[producer.reason(error.args[0])] += 1
                return
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Wait until every record that was sent is delivered or has failed: at most as long as Kafka tries, 30 s."""
        self._producer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        else:
            self._producer.purge()

    def _on_delivery(self, error: KafkaError | None) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failed[producer.reason(error)] += 1

    def _on_error(self, error: KafkaError) -> None:
        authentication = KafkaError._AUTHENTICATION  # noqa: SLF001 (named so by librdkafka)
        if self._trouble is None or self._trouble.code() != authentication:  # the cause, not what follows from it
            self._trouble = error


def emit(
    lines: Iterable[bytes], door: JsonEvents, publisher: Publisher, on_refused: Callable[[Refused], None]
) -> Emitted:
    """Publish a file of JSON lines, and wait for all of it.

    Args:
        lines: the file's lines.
        door: reads them.
        publisher: takes them to the broker.
        on_refused: is told of each line that is no event, while the rest goes on.
    """
    refused = 0
    delivered, failed, moved = publisher.delivered, Counter(publisher.failed), door.unknown_fields
    for found in read(lines, door):
        if isinstance(found, Refused):
            refused += 1
            on_refused(found)
        else:
            publisher.send(found.kind, found.record)
    publisher.flush()
    return Emitted(
        publisher.delivered - delivered, refused, dict(publisher.failed - failed), door.unknown_fields - moved
    )
