"""Whatever is replayed, rewound, killed and half stored: each event id that was ever replayed is stored exactly once."""

from __future__ import annotations

import random
import sys
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from earwitness.clickhouse import replays
from earwitness.clickhouse.batch import Batch, Partition, Sorter
from earwitness.clickhouse.replays import Replays
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError
from earwitness.schemas.framing import HEADER_SIZE, REPLAYED_HEADERS
from earwitness.schemas.varint import read_long

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
from masked_records import masked_record

KEY = ("audit.masked.system", 3)
KIND = "system.error_rate"
SCHEMA = catalogue.masked(KIND)
TOPIC = b"\7" * 16
NOW = 1_780_000_000_000_000
BEHIND = 6
TEMPLATE = masked_record(KIND, random.Random(1), TOPIC, KEY[1], 0)


@dataclass(frozen=True)
class Raw:
    """A record of the raw partition: the event it holds, and whether it is marked."""

    event: int
    replayed: bool
    readable: bool = True


class Masked:
    """A masked record in its log."""

    def __init__(self, at: int, offset: int, raw: Raw) -> None:
        self.at, self.raw_offset, self.raw = at, offset, raw
        fields = {
            "source_offset": offset,
            "received_at": NOW + offset,
            "occurred_at": NOW - raw.event,
            "event_id": str(uuid.UUID(int=raw.event + 1)),
            "replayed": raw.replayed,
        }
        self.bytes = codec.encode(SCHEMA, TEMPLATE | fields)

    def topic(self):
        return KEY[0]

    def partition(self):
        return KEY[1]

    def offset(self):
        return self.at

    def value(self):
        return self.bytes

    def timestamp(self):
        return 1, 0

    def headers(self):
        return REPLAYED_HEADERS if self.raw.replayed else None


class Pipeline(RuleBasedStateMachine):
    """A raw partition that clients write and replay into, its masked partition, a sink, and the tables behind it.

    An event comes unmarked at most once, at any time up to a while behind its replays; marked as often as one likes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.behind, replays.BEHIND = replays.BEHIND, BEHIND
        self.raw: list[Raw] = []
        self.log: list[Masked] = []
        self.masked_to = 0
        self.unmarked_until: dict[int, int] = {}
        self.events: Counter[int] = Counter()
        self.rows: dict[int, Raw] = {}
        self.dead: dict[int, Raw] = {}
        self.duplicates: dict[int, Raw] = {}
        self.committed = 0
        self.start_anew()

    def teardown(self):
        try:
            self.mask(100)
            self.start_anew()
            self.read(1000)
            self.store(commit=True)
            self.complete()
        finally:
            replays.BEHIND = self.behind

    def complete(self):
        """Every position is in exactly one book; every event that was replayed has one row, if any copy is readable."""
        assert sorted([*self.rows, *self.dead, *self.duplicates]) == list(range(len(self.raw)))
        stored = Counter(raw.event for raw in self.rows.values())
        readable = {raw.event for raw in self.raw if raw.readable}
        assert stored == Counter(dict.fromkeys(readable, 1))

    # Clients

    @rule(late=st.booleans())
    def emit(self, late):
        """An event that the broker takes now, or has taken and will append some time."""
        event = len(self.events)
        self.events[event] += 1
        if late:
            self.unmarked_until[event] = 10**9
        else:
            self.raw.append(Raw(event, replayed=False))

    @precondition(lambda self: self.events)
    @rule(data=st.data(), readable=st.booleans())
    def replay(self, data, readable):
        event = data.draw(st.sampled_from(sorted(self.events)))
        if event in self.unmarked_until:
            self.unmarked_until[event] = min(self.unmarked_until[event], len(self.raw) + BEHIND)
        self.raw.append(Raw(event, replayed=True, readable=readable))

    @precondition(lambda self: self.unmarked_until)
    @rule(data=st.data())
    def come_late(self, data):
        """The unmarked copy is appended at last, unless the broker has given it up."""
        event = data.draw(st.sampled_from(sorted(self.unmarked_until)))
        if len(self.raw) <= self.unmarked_until.pop(event):
            self.raw.append(Raw(event, replayed=False))

    # Masking

    @rule(count=st.integers(1, 8))
    def mask(self, count):
        for offset in range(self.masked_to, min(len(self.raw), self.masked_to + count)):
            self._write(offset)
        self.masked_to = min(len(self.raw), self.masked_to + count)

    @rule(back=st.integers(1, 8))
    def masker_killed(self, back):
        for offset in range(max(0, self.masked_to - back), self.masked_to):
            self._write(offset)

    def _write(self, offset: int) -> None:
        self.log.append(Masked(len(self.log), offset, self.raw[offset]))

    # The sink

    @rule(count=st.integers(1, 12))
    def read(self, count):
        records = self.log[self.read_to : self.read_to + count]
        at = 0
        while at < len(records):
            at, question = self.sorter.sort(records, at, self.batch)
            if question is not None:
                # What was accepted must be stored before anybody asks what is.
                self.store(commit=False)
                held = {offset for offset in self.rows if offset >= question.first}
                if question.last is None:
                    self.sorter.active[KEY].answer(question, {max(held)} if held else set())
                else:
                    self.sorter.active[KEY].answer(question, {each for each in held if each <= question.last})
        self.read_to += len(records)

    @rule(commit=st.booleans())
    def store(self, commit):
        """As `Store` does it: what is refused is set aside, and then its copies are first ones."""
        rows = self.batch.rows.pop("events", [])
        kept, again = self.replays.split(rows)
        refused = self._insert(kept)
        while refused and again:
            kept, again = self.replays.split(again)
            refused = self._insert(kept)
        self._tell(again)
        self.batch = Batch()
        if commit:
            self.committed = self.read_to

    def _insert(self, rows: list[Masked]) -> int:
        for row in rows:
            assert row.raw_offset not in self.rows
            (self.rows if row.raw.readable else self.dead)[row.raw_offset] = row.raw
        return sum(not row.raw.readable for row in rows)

    def _tell(self, rows: list[Masked]) -> None:
        for row in rows:
            (self.duplicates if row.raw.readable else self.dead)[row.raw_offset] = row.raw

    def _held(self, wanted: Mapping[bytes, int]) -> dict[bytes, bool]:
        held: dict[bytes, bool] = {}
        for raw in self.rows.values():
            event_id = uuid.UUID(int=raw.event + 1).bytes
            if event_id in wanted:
                assert wanted[event_id] == NOW - raw.event
                held[event_id] = held.get(event_id, False) or raw.replayed
        return held

    @rule()
    def start_anew(self):
        """Killed, taken over, or an insert's answer was lost: what is not stored is read again."""
        self.sorter = Sorter()
        self.sorter.known = {SCHEMA.prefix}
        self.sorter.active[KEY] = Partition(KEY, "events", positioned=True)
        self.sorter.active[KEY].found({(TOPIC, KEY[1]): max(self.rows)} if self.rows else {})
        self.replays = Replays(lambda frame: int.from_bytes(frame[1:], "big"), self._held)
        times = [NOW + offset for offset, raw in self.rows.items() if raw.replayed]
        if times:
            self.replays.seen(max(times))
        self.batch, self.read_to = Batch(), self.committed

    @precondition(lambda self: self.batch.rows["events"])
    @rule(data=st.data(), told=st.booleans())
    def killed_in_the_middle(self, data, told):
        """Some of the batch is stored, all of it, or none; its duplicates are told only behind all of it."""
        kept, again = self.replays.split(self.batch.rows["events"])
        if not any(not row.raw.readable for row in kept):
            landed = data.draw(st.lists(st.booleans(), min_size=len(kept), max_size=len(kept)))
            self._insert([row for row, stored in zip(kept, landed, strict=True) if stored])
            if all(landed) and told:
                self._tell(again)
        self.start_anew()

    @rule(back=st.integers(1, 10))
    def commit_lost(self, back):
        self.committed = max(0, self.committed - back)
        self.start_anew()

    @invariant()
    def no_position_is_in_two_books(self):
        assert not self.rows.keys() & self.duplicates.keys()

    @invariant()
    def each_event_has_one_row(self):
        assert all(count == 1 for count in Counter(raw.event for raw in self.rows.values()).values())


class Plain(Masked):
    """A record of which only the bytes matter."""

    def __init__(self, data: bytes) -> None:
        self.bytes = data


TestPipeline = pytest.mark.timeout(120)(Pipeline.TestCase)


@given(
    kind=st.sampled_from(catalogue.kinds()),
    offset=st.integers(0, 2**63 - 1),
    received=st.integers(-(2**63), 2**63 - 1) | st.integers(NOW - 2**50, NOW + 2**50),
    until=st.integers(0, 2**63 - 1 - replays.BEHIND) | st.integers(NOW - 2**50, NOW + 2**50),
    damage=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=2),
)
@settings(max_examples=settings().max_examples * 4)
def test_what_came_too_late_at_a_glance_did_so_by_a_walk(kind, offset, received, until, damage):
    """Damaged or not. At a glance too early is allowed, if seldom: then all are walked."""
    schema = catalogue.masked(kind)
    fields = masked_record(kind, random.Random(offset), TOPIC, 2**31 - 1, offset)
    message = bytearray(codec.encode(schema, fields | {"received_at": received}))
    for at, byte in damage:
        message[HEADER_SIZE + at % (len(message) - HEADER_SIZE)] = byte
    row = Plain(bytes(message))
    known = Replays(lambda frame: int.from_bytes(frame[1:], "big"), lambda _: {})
    known.seen(until)
    find = replays.compile_finder(schema.definition, ("received_at",), whole=False)
    early = known._came_early(row)
    try:
        walked = read_long(row.value(), find(row.value(), HEADER_SIZE)[0])[0]
    except DatumError:
        return  # whoever reads it whole says what is wrong with it
    if not early:
        assert walked > until + replays.BEHIND
    elif not damage and all(abs(each - NOW) <= 2**50 for each in (received, until)):
        assert received <= until + replays.BEHIND
