"""What was set aside, and the way back: sealed records are opened and put into their raw topic again.

A record that is put back gets a new position; its event id is the same. So that nobody does it twice without knowing,
two marks go into the quarantine beside the sealed value, under the same key: *begun* before it is produced, *done* after
the broker has it. A run that was cut off leaves *begun* alone: the record may be back or not.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.settings import KafkaSettings
from earwitness.runtime.topic_names import QUARANTINE
from earwitness.stream.sealing import Opened, QuarantineKey, SealError, open_sealed, place_of

__all__ = ["Place", "PutBack", "Quarantine", "State"]

BEGUN, DONE = b"begun", b"done"
_MARK, _TOPIC_ID = "earwitness.put-back", "earwitness.topic-id"
_BATCH_RECORDS, _BATCH_BYTES = 1_000, 8 << 20
_SECONDS, _READ_SECONDS = 30.0, 0.2
_PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "message.max.bytes": 2 << 20,
    "message.timeout.ms": int(_SECONDS * 1000),
    "log_level": 0,
}


class Place(NamedTuple):
    """Where a record was read."""

    topic: str
    topic_id: bytes
    partition: int
    offset: int

    @property
    def key(self) -> bytes:
        """What it is called in the quarantine."""
        return f"{self.topic}:{self.partition}:{self.offset}".encode()


@dataclass(frozen=True)
class State:
    """What the quarantine knows of one record.

    Attributes:
        is_sealed: its bytes are there.
        mark: empty, or that putting it back was begun or is done.
    """

    is_sealed: bool = False
    mark: bytes = b""


@dataclass
class PutBack:
    """What became of the chosen records.

    Attributes:
        done: they are in their raw topics again, or would be.
        unreadable: they could not be read now either, by reason: they stay.
        topics: where the former went.
    """

    done: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)


class Quarantine:
    """The quarantine as an administrator sees it.

    Args:
        kafka: the broker, as a user who may read the quarantine, and write it and the raw topics.
        key: opens what is sealed.

    Its methods raise `UnavailableError` when the broker does not answer, `EarwitnessError` when it refuses.
    """

    def __init__(self, kafka: KafkaSettings, key: QuarantineKey) -> None:
        self._kafka = kafka
        self._key = key

    def states(self, places: Collection[Place]) -> dict[Place, State]:
        """What is known of these records. Reads the whole topic once."""
        states = dict.fromkeys(places, State())
        for place, message in self._read(places):
            known = states[place]
            mark = _header(message, _MARK)
            if mark is None:
                states[place] = State(True, known.mark)
            elif known.mark != DONE:
                states[place] = State(known.is_sealed, mark)
        return states

    def put_back(
        self, places: Collection[Place], problem: Callable[[str, bytes], str], result: PutBack, *, dry_run: bool = False
    ) -> None:
        """Put records back into the partitions that they came from, with their keys.

        Args:
            places: which.
            problem: says of a topic and a record's bytes why it would be set aside again; empty when it would not.
            result: is told what became of them, as it goes.
            dry_run: only open and judge them.

        Raises:
            SealError: the key does not open one of them; those before it are back.
        """
        left = set(places)
        producer = None if dry_run else Producer({**self._kafka.librdkafka(), **_PRODUCER})
        batch: list[tuple[Place, Opened]] = []
        size = 0
        for place, message in self._read(places):
            if place not in left or _header(message, _MARK) is not None:
                continue
            left.discard(place)
            opened = open_sealed(self._key, message.value() or b"")
            reason = problem(place.topic, opened.value)
            if reason:
                result.unreadable[reason] += 1
                continue
            batch.append((place, opened))
            size += len(opened.value)
            if len(batch) >= _BATCH_RECORDS or size >= _BATCH_BYTES:
                self._send(producer, batch, result)
                batch, size = [], 0
        self._send(producer, batch, result)

    def _send(self, producer: Producer | None, batch: list[tuple[Place, Opened]], result: PutBack) -> None:
        if producer is not None and batch:
            self._produce(producer, (_marked(place, BEGUN) for place, _ in batch), result.done)
            self._produce(
                producer,
                (
                    {"topic": place.topic, "partition": place.partition, "key": opened.key, "value": opened.value}
                    for place, opened in batch
                ),
                result.done,
            )
            self._produce(producer, (_marked(place, DONE) for place, _ in batch), result.done)
        result.done += len(batch)
        result.topics.update(place.topic for place, _ in batch)

    def _produce(self, producer: Producer, messages: Iterable[dict[str, Any]], before: int) -> None:
        """Produce and wait for every confirmation."""
        errors: list[KafkaError] = []

        def told(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                errors.append(error)

        try:
            for message in messages:
                producer.produce(**message, on_delivery=told)
            left = producer.flush(_SECONDS + 5)
        except (KafkaException, BufferError) as error:
            raise UnavailableError(f"putting back: {error}; {before} records are back") from None
        if errors:
            raise EarwitnessError(f"putting back: the broker refuses it: {errors[0].str()}; {before} records are back")
        if left:
            raise UnavailableError(f"putting back: the broker does not confirm it; {before} records are back")

    def _read(self, places: Collection[Place]) -> Iterator[tuple[Place, Message]]:
        """The messages about these records, up to the topic's end at the time of the call."""
        wanted = {(place.key, place.topic_id): place for place in places}
        for message in self._messages():
            topic_id = _header(message, _TOPIC_ID)
            if topic_id is None:
                with contextlib.suppress(SealError):
                    topic_id = place_of(message.value() or b"")[0]
            place = wanted.get((message.key() or b"", topic_id or b""))
            if place is not None:
                yield place, message

    def _messages(self) -> Iterator[Message]:
        own = {
            "group.id": "earwitness-admin",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
        consumer = Consumer({**self._kafka.librdkafka(), **own})
        try:
            numbers = consumer.list_topics(QUARANTINE, timeout=_SECONDS).topics[QUARANTINE].partitions
            ends: dict[int, int] = {}
            starts: list[TopicPartition] = []
            for number in numbers:
                first, end = consumer.get_watermark_offsets(TopicPartition(QUARANTINE, number), timeout=_SECONDS)
                if end > first:
                    ends[number] = end
                    starts.append(TopicPartition(QUARANTINE, number, first))
            consumer.assign(starts)
            silent = 0.0
            while ends:
                messages = consumer.consume(5_000, _READ_SECONDS)  # waits so long unless it has all of them
                silent = 0.0 if messages else silent + _READ_SECONDS
                if silent > _SECONDS:
                    raise UnavailableError("reading the quarantine: the broker does not answer; try again")
                for message in messages:
                    number, error = message.partition() or 0, message.error()
                    if error is None and number in ends:
                        yield message
                        if (message.offset() or 0) + 1 >= ends[number]:
                            del ends[number]
                    elif error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                        ends.pop(number, None)
                    elif error is not None:
                        raise EarwitnessError(f"reading the quarantine: {error.str()}")
        except KafkaException as error:
            raise UnavailableError(f"reading the quarantine: {error.args[0].str()}") from None
        finally:
            consumer.close()


def _marked(place: Place, mark: bytes) -> dict[str, Any]:
    headers = [(_MARK, mark), (_TOPIC_ID, place.topic_id)]
    return {"topic": QUARANTINE, "key": place.key, "value": None, "headers": headers}


def _header(message: Message, name: str) -> bytes | None:
    headers: Any = message.headers() or []
    found: bytes | None = dict(headers).get(name)
    return found
