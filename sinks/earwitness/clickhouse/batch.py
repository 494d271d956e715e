"""What was read from Kafka, sorted: rows to store, records that cannot be stored, and how far each partition is then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from earwitness.clickhouse.positions import Answer, Track, front, position_of, read_offset
from earwitness.clickhouse.routes import Hint
from earwitness.schemas.errors import DatumError, MalformedError
from earwitness.schemas.framing import HEADER_SIZE

__all__ = ["Bad", "Batch", "Key", "Mark", "Partition", "Question", "Record", "Sorter"]

Key = tuple[str, int]


class Record(Protocol):
    """A record as confluent-kafka's `Message` has it."""

    def topic(self) -> str | None:
        """Its topic."""

    def partition(self) -> int | None:
        """Its partition."""

    def offset(self) -> int | None:
        """Its offset."""

    def value(self) -> bytes | None:
        """Its bytes."""

    def timestamp(self) -> tuple[int, int]:
        """What kind of time, and the time in milliseconds."""

    def headers(self) -> object:
        """Its headers; None when there are none."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot be stored: `reason` as the dead letter has it, `detail` without anything of its content."""

    record: Record
    reason: str
    detail: str


@dataclass(slots=True)
class Mark:
    """How far a partition is when a batch is stored: the next offset, and what is stored of its raw partition."""

    next_offset: int
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a track must know of what is stored before the next record can be judged.

    `last` is None: which offset from `first` on is the highest? Else: which offsets from `first` to `last` are there?
    """

    key: Key
    topic_id: bytes
    first: int
    last: int | None


@dataclass(slots=True)
class Batch:
    """Rows by landing, in the order they were read.

    Attributes:
        rows: what is to be stored.
        bad: what cannot be.
        marks: how far each partition is when all of that is done.
        size: the rows' bytes.
        born: when its first record was added, by the clock of whoever made it.
    """

    rows: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    bad: list[Bad] = field(default_factory=list)
    marks: dict[Key, Mark] = field(default_factory=dict)
    size: int = 0
    born: float = 0.0

    def add(self, landing: str, record: Record, value: bytes) -> None:
        """Add a row; `value` are the record's bytes."""
        self.rows[landing].append(record)
        self.size += len(value)

    @property
    def count(self) -> int:
        """How many rows."""
        return sum(map(len, self.rows.values()))


class Partition:
    """One assigned partition of a topic.

    Args:
        key: topic and number.
        landing: where its records go.
        positioned: they are masked records, with a position in front.
        hint: what the commit told, see `routes.Hint`.
    """

    def __init__(self, key: Key, landing: str, *, positioned: bool, hint: Hint | None = None) -> None:
        self.key = key
        self.landing = landing
        self.positioned = positioned
        self._hint = hint
        self._front = b"\xff"  # no record starts so
        self._offset_at = 0
        self.topic_id = b""
        self.track = Track(-1)
        self._tracks: dict[bytes, Track] = {}
        self._all_found = False

    def found(self, highest: Mapping[tuple[bytes, int], int]) -> None:
        """Learn the highest stored offsets by raw topic id and partition, so that the first record need not ask.

        With a hint they are what is stored of its topic behind it; without one, of all topics.
        """
        number = self.key[1]
        if self._hint is None:
            self._tracks = {topic_id: Track(offset) for (topic_id, each), offset in highest.items() if each == number}
            self._all_found = True
        else:
            topic_id, offset = self._hint
            self._tracks[topic_id] = Track(max(offset, highest.get((topic_id, number), -1)))

    def answer(self, question: Question, held: Collection[int]) -> None:
        """Learn what is stored: the answer to a question about this partition."""
        if question.last is None:
            self._tracks[question.topic_id] = Track(max((question.first - 1, *held)))
        else:
            self._tracks[question.topic_id].learn(question.first, question.last, set(held))

    def take(self, record: Record, value: bytes, batch: Batch) -> Question | None:
        """Put a masked record into the batch, unless it is stored already or cannot be judged yet."""
        try:
            if not value.startswith(self._front, HEADER_SIZE):
                question = self._switch(value)
                if question is not None:
                    return question
            offset = read_offset(value, self._offset_at)
        except DatumError as error:
            batch.bad.append(Bad(record, error.reason, str(error)))
            return None
        answer = self.track.judge(offset)
        if answer is Answer.NEW:
            batch.add(self.landing, record, value)
        elif answer is Answer.ASK:
            return Question(self.key, self.topic_id, *self.track.window(offset))
        return None

    def _switch(self, message: bytes) -> Question | None:
        """Take the track of another raw topic; a question, when nothing is known of it yet."""
        position = position_of(message)
        if position.partition != self.key[1]:
            raise MalformedError("its position is of another partition than it was written to")
        track = self._tracks.get(position.topic_id)
        if track is None and self._all_found:
            track = self._tracks[position.topic_id] = Track(-1)
        if track is None:
            first = self._hint[1] + 1 if self._hint and self._hint[0] == position.topic_id else 0
            return Question(self.key, position.topic_id, first, None)
        self.track, self.topic_id = track, position.topic_id
        self._front = front(message)
        self._offset_at = HEADER_SIZE + len(self._front)
        return None


class Sorter:
    """Sorts records of the assigned partitions into a batch.

    Attributes:
        active: the partitions that are read, by topic and number. Records of others are passed over.
        waiting: partitions that met a schema which the tables do not have yet: its id, and the offset to go on from.
        known: the frames of the schemas that may be landed.
    """

    def __init__(self) -> None:
        self.active: dict[Key, Partition] = {}
        self.waiting: dict[Key, tuple[Partition, int, int]] = {}
        self.known: set[bytes] = set()

    def sort(self, records: Sequence[Record], start: int, batch: Batch) -> tuple[int, Question | None]:
        """Put records into the batch, from index `start` on, until one cannot be judged yet.

        Returns:
            The index of the first record that was not sorted, and what must be known before it can be.
        """
        marks, active, known = batch.marks, self.active, self.known
        for index in range(start, len(records)):
            record = records[index]
            key: Key = (record.topic(), record.partition())  # type: ignore[assignment]
            partition = active.get(key)
            if partition is None:
                continue
            value = record.value() or b""
            next_offset: int = record.offset() + 1  # type: ignore[operator]
            if value[:HEADER_SIZE] not in known:
                if len(value) >= HEADER_SIZE and value[0] == 0:
                    self._hold_back(partition, value, next_offset - 1)
                    continue
                batch.bad.append(Bad(record, "framing", "there is no frame in front"))
            elif partition.positioned:
                question = partition.take(record, value, batch)
                if question is not None:
                    return index, question
            else:
                batch.add(partition.landing, record, value)
            mark = marks.get(key)
            if mark is None:
                mark = marks[key] = Mark(next_offset)
            mark.next_offset = next_offset
        return len(records), None

    def seal(self, batch: Batch) -> None:
        """Complete the marks of a batch that nothing more is put into."""
        for key, mark in batch.marks.items():
            partition = self.active.get(key) or self.waiting[key][0]
            mark.hint = (partition.topic_id, partition.track.highest) if partition.topic_id else None

    def release(self) -> list[tuple[Key, int]]:
        """The partitions whose schema is known by now become active again: where each goes on from."""
        ready = [
            (key, offset)
            for key, (_, schema_id, offset) in self.waiting.items()
            if b"\x00" + schema_id.to_bytes(4, "big") in self.known
        ]
        for key, _ in ready:
            self.active[key] = self.waiting.pop(key)[0]
        return ready

    def _hold_back(self, partition: Partition, value: bytes, offset: int) -> None:
        del self.active[partition.key]
        self.waiting[partition.key] = (partition, int.from_bytes(value[1:HEADER_SIZE], "big"), offset)
