"""The partitions that the group gives this worker: what is known of each, reading them, pausing them, committing them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from earwitness.clickhouse.batch import Key, Mark, Partition, Sorter
from earwitness.clickhouse.commits import Commits
from earwitness.clickhouse.consumer import Check
from earwitness.clickhouse.routes import EVENTS, TOPICS, Hint, landing_of, metadata, read_metadata
from earwitness.clickhouse.topics import Topics
from earwitness.runtime.errors import UnavailableError

__all__ = ["Assignment"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ANSWER_SECONDS = 10.0
_ATTEMPTS = 3
_WARN_SECONDS = 60.0


class Assignment:
    """Everything that is asked of the consumer. Its callbacks run within `read` and `poll`.

    Args:
        consumer: not subscribed yet.
        check: judges its errors.
        topics: knows which topics the names stand for.
        commits: the consumer's `on_commit` is its `answered`.

    Attributes:
        sorter: sorts what is read.
        before_revoke: called before partitions are given back, while their offsets can still be committed.
        claimed: nobody else can store records of these partitions any more.
    """

    def __init__(self, consumer: Consumer, check: Check, topics: Topics, commits: Commits) -> None:
        self._consumer = consumer
        self._check = check
        self._topics = topics
        self.before_revoke: Callable[[], None] = lambda: None
        self.sorter = Sorter()
        self.claimed = False
        self._assigned = False
        self._paused = False
        self._lost = False
        self._held_back: set[Key] = set()
        self._warned = 0.0
        self._commits = commits
        self._starts: dict[Key, tuple[int, Hint | None]] = {}

    def subscribe(self) -> None:
        """Join the group."""
        self._consumer.subscribe(
            list(TOPICS), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        # Until partitions are given, there is nothing to claim.
        self.claimed = True

    def read(self, count: int, seconds: float) -> list[Message]:
        """Up to `count` records; waits for that many, but not longer than `seconds`.

        Raises:
            EarwitnessError: this user may not read, or cannot log in.
            UnavailableError: the broker did not answer while partitions were given to this worker.
        """
        try:
            records = self._consumer.consume(count, seconds)
        except KafkaException as error:
            raise UnavailableError(f"the broker does not answer: {error.args[0].str()}") from error
        if any(record.error() is not None for record in records):
            for reported in filter(None, [record.error() for record in records]):
                self._check(reported)
            records = [record for record in records if record.error() is None]
        return records

    def look(self) -> None:
        """See now and again whether the topics are still the same, and commit what is to be.

        Raises:
            TopicChangedError: one is not.
        """
        self._topics.look()
        self._commit()

    def poll(self) -> None:
        """Stay in the group while everything is paused."""
        for record in self.read(1, 0.05):
            # Read before the pause took hold: read it again later.
            self._consumer.seek(TopicPartition(record.topic() or "", record.partition() or 0, record.offset() or 0))

    def pause(self) -> None:
        """Read nothing until `resume`."""
        if not self._paused:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True

    def resume(self) -> None:
        """Read again, but for the partitions that are held back."""
        if self._paused:
            self._consumer.resume(_partitions(self.sorter.active))
            self._paused = False

    def rewind(self) -> None:
        """Begin again where everything before is stored.

        Raises:
            UnavailableError: the consumer does not go back; only a new process will.
        """
        try:
            for key, (offset, _) in self._starts.items():
                self._consumer.seek(TopicPartition(*key, offset))
        except KafkaException as error:
            raise UnavailableError(f"cannot read again what was not stored: {error.args[0].str()}") from error
        self._begin()

    def masked(self) -> dict[Key, Hint | None]:
        """The partitions whose events must be stored once; what their commits say of their raw partitions."""
        return {key: hint for key, (_, hint) in sorted(self._starts.items()) if landing_of(key[0]) == EVENTS}

    def found(self, highest: Mapping[tuple[bytes, int], int]) -> None:
        """Tell the partitions what is stored of them, now that nobody else stores any of it; see `Partition.found`."""
        for partition in self.sorter.active.values():
            if partition.positioned:
                partition.found(highest)

    def know(self, frames: set[bytes]) -> None:
        """Records with these frames can be stored now: go on with the partitions that waited for them."""
        self.sorter.known = frames
        for key, offset in self.sorter.release():
            logger.info("%s/%d goes on at offset %d: the tables have its schema now", *key, offset)
            self._held_back.discard(key)
            self._consumer.seek(TopicPartition(*key, offset))
            if not self._paused:
                self._consumer.resume(_partitions([key]))

    def hold_back(self) -> None:
        """Pause the partitions that met a schema which the tables do not have yet."""
        new = self.sorter.waiting.keys() - self._held_back
        if new:
            self._consumer.pause(_partitions(new))
            self._held_back |= new
        if self._held_back and (new or time.monotonic() - self._warned > _WARN_SECONDS):
            self._warned = time.monotonic()
            ids = sorted({schema_id for _, schema_id, _ in self.sorter.waiting.values()})
            logger.warning(
                "%d partitions wait: the tables cannot hold the schemas %s yet, or the registry has not said what they are; "
                "run: earwitness clickhouse apply",
                len(self._held_back),
                ", ".join(map(str, ids)),
            )

    def commit(self, marks: Mapping[Key, Mark]) -> None:
        """Commit how far partitions are, without waiting; nothing depends on it."""
        for key, mark in marks.items():
            self._starts[key] = mark.next_offset, mark.hint
        self._commits.want({
            key: (mark.next_offset, metadata(self._topics.ids[key[0]], mark.hint)) for key, mark in marks.items()
        })  # fmt: skip
        self._commit()

    def close(self) -> None:
        """Leave the group."""
        self._commit(at_once=True)
        self._consumer.close()

    def _commit(self, *, at_once: bool = False) -> None:
        if not self._lost:
            self._commits.send(self._consumer, at_once=at_once)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if partitions:
            # Before the commits: what is committed for another topic than the one found now is no commit of this one.
            _answered("look up the topics", lambda: self._topics.begin(each.topic for each in partitions))
        made_again: set[str] = set()
        for each in _committed(consumer, partitions) if partitions else []:
            own_id, hint = read_metadata(each.metadata)
            is_own = own_id in {None, self._topics.ids[each.topic]}
            if not is_own:
                made_again.add(each.topic)
            offset = each.offset if is_own and each.offset >= 0 else OFFSET_BEGINNING
            self._starts[each.topic, each.partition] = offset, hint
        starts = [TopicPartition(*key, offset) for key, (offset, _) in self._starts.items()]
        consumer.assign(starts)
        self._lost, self._paused = False, False
        self._begin()
        if made_again:
            logger.warning("read from the start, because they were made again: %s", ", ".join(sorted(made_again)))
        logger.info("%d partitions assigned", len(partitions))

    def _begin(self) -> None:
        """Know nothing of the partitions but where to start, and read nothing before they are claimed."""
        for key, (_, hint) in self._starts.items():
            landing = landing_of(key[0])
            self.sorter.active[key] = Partition(key, landing, positioned=landing == EVENTS, hint=hint)
        self.sorter.waiting.clear()
        self._held_back.clear()
        self.pause()
        self.claimed = False

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.before_revoke()
        self._commit(at_once=True)
        for forgotten in (self._starts, self.sorter.active, self.sorter.waiting, self._held_back):
            forgotten.clear()
        self._commits.forget()
        self.claimed = True
        logger.info("%d partitions revoked", len(partitions))

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._lost = True
        self._on_revoke(consumer, partitions)


def _committed(consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
    """What the group has committed."""
    return _answered("read what the group has committed", lambda: consumer.committed(partitions, _ANSWER_SECONDS))


def _answered(what: str, ask: Callable[[], T]) -> T:
    """The broker's answer, within a few attempts. For callbacks, out of which a KafkaException does not come as an exception."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return ask()
        except (KafkaException, UnavailableError) as error:
            reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
            logger.warning("cannot %s: %s; attempt %d of %d", what, reason, attempt, _ATTEMPTS)
    raise UnavailableError(f"cannot {what}: {reason}; is the broker overloaded?")


def _partitions(keys: Iterable[Key]) -> list[TopicPartition]:
    return [TopicPartition(*key) for key in keys]
