"""Whatever is written twice, killed, taken over and half stored: every event is stored exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from earwitness.clickhouse import positions
from earwitness.clickhouse.batch import Batch, Partition, Question, Sorter
from earwitness.clickhouse.routes import metadata, read_metadata
from earwitness.schemas.framing import prefix
from earwitness.schemas.varint import encode_long

KEY = ("audit.masked.call", 3)
PREFIX = prefix(7)


@dataclass(frozen=True)
class Masked:
    """A masked record in its log."""

    at: int
    topic_id: bytes
    raw: int

    def topic(self):
        return KEY[0]

    def partition(self):
        return KEY[1]

    def offset(self):
        return self.at

    def value(self):
        return PREFIX + b"\0" + self.topic_id + encode_long(KEY[1]) + encode_long(self.raw) + b"rest"

    def timestamp(self):
        return 1, 0

    def headers(self):
        return None


class Sink:
    """One worker's memory, from its assignment to its end."""

    def __init__(self, masked_id: bytes, committed: int, metadata: str) -> None:
        own_id, hint = read_metadata(metadata)
        self.masked_id = masked_id
        self.sorter = Sorter()
        self.sorter.known = {PREFIX}
        self.sorter.active[KEY] = Partition(KEY, "events", positioned=True, hint=hint)
        self.read_to = committed if own_id in {None, masked_id} else 0
        self.batch = Batch()


class Pipeline(RuleBasedStateMachine):
    """A masked partition that maskers write and sinks read, and the table behind it.

    A fence stands in front of every sink's start, so an abandoned insert landed before it or never will.
    """

    def __init__(self) -> None:
        super().__init__()
        self.window = positions.WINDOW
        positions.WINDOW = 4
        self.topic_id = b"\0" * 16
        self.masked_id = b"\xff" * 16
        self.masked_to = 0
        self.log: list[Masked] = []
        self.written: set[tuple[bytes, int]] = set()
        self.table: Counter[tuple[bytes, int]] = Counter()
        self.committed, self.metadata = 0, ""
        self.sink = Sink(self.masked_id, 0, "")

    def teardown(self):
        try:
            self.start_anew()
            while self.sink.read_to < len(self.log):
                self.sort(len(self.log))
                self.store_and_commit()
            assert self.table == Counter(self.written)
        finally:
            positions.WINDOW = self.window

    @rule(dead=st.lists(st.booleans(), min_size=1, max_size=6))
    def mask(self, dead):
        """Some of what is read becomes dead letters: their positions are never in the log."""
        for each in dead:
            if not each:
                self._write(self.masked_to)
            self.masked_to += 1

    @rule(back=st.integers(1, 8), ahead=st.integers(1, 8))
    def masker_killed_or_slow(self, back, ahead):
        """A new masker writes again what was not committed; so does one that does not know yet that it lost its partition."""
        start = max(0, self.masked_to - back)
        for raw in range(start, min(self.masked_to, start + ahead)):
            if (self.topic_id, raw) in self.written:
                self._write(raw)

    @rule()
    def raw_topic_made_again(self):
        self.topic_id = bytes((self.topic_id[0] + 1,)) * 16
        self.masked_to = 0

    @rule()
    def masked_topic_made_again(self):
        """What only the old one had is gone. The sink is told later: until then it reads on where it was, in the new one."""
        self._store(self.sink.batch)
        self.masked_id = bytes((self.masked_id[0] - 1,)) * 16
        self.log = []
        self.written = set(self.table)

    def _write(self, raw: int) -> None:
        self.log.append(Masked(len(self.log), self.topic_id, raw))
        self.written.add((self.topic_id, raw))

    @rule(count=st.integers(1, 10))
    def sort(self, count):
        records = self.log[self.sink.read_to : self.sink.read_to + count]
        at = 0
        while at < len(records):
            at, question = self.sink.sorter.sort(records, at, self.sink.batch)
            if question is not None:
                # What was accepted must be stored before anybody asks what is.
                self._store(self.sink.batch)
                self.sink.sorter.active[KEY].answer(question, self._ask(question))
        self.sink.read_to += len(records)

    def _ask(self, question: Question) -> set[int]:
        stored = {raw for topic_id, raw in self.table if topic_id == question.topic_id and raw >= question.first}
        if question.last is None:
            return {max(stored)} if stored else set()
        return {raw for raw in stored if raw <= question.last}

    def _store(self, batch: Batch) -> None:
        for record in batch.rows.pop("events", []):
            self.table[record.topic_id, record.raw] += 1

    @rule()
    def store_and_commit(self):
        self.sink.sorter.seal(self.sink.batch)
        self._store(self.sink.batch)
        mark = self.sink.batch.marks.get(KEY)
        if mark is not None:
            self.committed, self.metadata = mark.next_offset, metadata(self.sink.masked_id, mark.hint)
        self.sink.batch = Batch()

    @rule()
    def store_without_commit(self):
        """The commit was lost: the worker goes on, and may be killed before the next one."""
        self._store(self.sink.batch)

    @rule()
    def start_anew(self):
        """Killed, taken over, or an insert's answer was lost. The claim tells what is stored behind the commit's hint."""
        self.sink = Sink(self.masked_id, self.committed, self.metadata)
        _, hint = read_metadata(self.metadata)
        seen = [each for each in self.table if hint is None or (each[0] == hint[0] and each[1] > hint[1])]
        highest: dict[tuple[bytes, int], int] = {}
        for topic_id, raw in seen:
            highest[topic_id, KEY[1]] = max(raw, highest.get((topic_id, KEY[1]), -1))
        self.sink.sorter.active[KEY].found(highest)

    @rule()
    def start_untold(self):
        """What is not told is asked."""
        self.sink = Sink(self.masked_id, self.committed, self.metadata)

    @precondition(lambda self: self.sink.batch.rows["events"])
    @rule(data=st.data())
    def insert_abandoned(self, data):
        """It may have stored any part of the batch by the time the fence stands."""
        rows = self.sink.batch.rows["events"]
        landed = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
        for record, stored in zip(rows, landed, strict=True):
            if stored:
                self.table[record.topic_id, record.raw] += 1
        self.start_anew()

    @rule(hint=st.sampled_from(["", ":nonsense:1", ":00:1", f":{'00' * 16}:x"]))
    def hint_unreadable(self, hint):
        self.metadata = self.metadata.split(":")[0] + hint
        self.start_anew()

    @rule(back=st.integers(1, 10))
    def group_rewound_by_hand(self, back):
        self.committed = max(0, self.committed - back)
        self.start_anew()

    @invariant()
    def stored_once(self):
        assert all(count <= 1 for count in self.table.values())
        assert self.table.keys() <= self.written


TestPipeline = pytest.mark.timeout(120)(Pipeline.TestCase)
