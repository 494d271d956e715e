"""Which copies of an event are looked up, and at what price."""

from __future__ import annotations

import random
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from earwitness.clickhouse.replays import BEHIND, Replays
from earwitness.schemas import catalogue, codec
from earwitness.schemas.framing import HEADER_SIZE, REPLAYED_HEADERS, prefix

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
from masked_records import NOW, masked_record

KIND = "call.ended"
SCHEMA = catalogue.masked(KIND)
TOPIC = b"\1" * 16


class Row:
    def __init__(self, offset: int, event: int, *, replayed: bool = False, **fields: object) -> None:
        record = masked_record(KIND, random.Random(event), TOPIC, 0, offset)
        own = {"event_id": str(uuid.UUID(int=event)), "replayed": replayed, "received_at": NOW + offset}
        self.bytes = codec.encode(SCHEMA, record | own | fields)
        self._headers = REPLAYED_HEADERS if replayed else None

    def topic(self):
        return "audit.masked.call"

    def partition(self):
        return 0

    def offset(self):
        return 0

    def timestamp(self):
        return 1, 0

    def value(self):
        return self.bytes

    def headers(self):
        return self._headers


class Table:
    """What is stored: by event, whether a stored copy is marked. Notes what it is asked."""

    def __init__(self, **held: bool) -> None:
        self.held = {uuid.UUID(int=int(name[1:])).bytes: marked for name, marked in held.items()}
        self.asked: list[set[int]] = []

    def __call__(self, wanted: Mapping[bytes, int]) -> dict[bytes, bool]:
        self.asked.append({int.from_bytes(each, "big") for each in wanted})
        return {each: self.held[each] for each in wanted if each in self.held}


def replays(table: Table) -> Replays:
    return Replays(lambda frame: int.from_bytes(frame[1:], "big"), table)


def test_nobody_is_asked_when_nothing_is_marked():
    table = Table(e1=False)
    rows = [Row(number, number) for number in range(5)]
    assert replays(table).split(rows) == (rows, [])
    assert table.asked == []


def test_only_what_is_marked_is_looked_up_and_what_came_before_it_is_known():
    table = Table(e1=False)
    far = 10 * BEHIND
    rows = [Row(far, 2), Row(0, 1, replayed=True), Row(far + 1, 3), Row(1, 3, replayed=True), Row(2, 4, replayed=True)]
    kept, again = replays(table).split(rows)
    assert (kept, again) == ([rows[0], rows[2], rows[4]], [rows[1], rows[3]])
    assert table.asked == [{1, 3, 4}]


def test_behind_a_replay_unmarked_ones_are_looked_up_against_replays_alone():
    table = Table(e1=True, e2=False)
    known = replays(table)
    known.seen(NOW)
    rows = [Row(BEHIND, 1), Row(BEHIND, 2), Row(BEHIND + 1, 1)]
    # The last one is too late to be a copy that the broker held back: it is one more event of this id.
    assert known.split(rows[2:]) == (rows[2:], [])
    assert table.asked == []
    assert known.split(rows[:2]) == ([rows[1]], [rows[0]])
    assert table.asked == [{1, 2}]


def test_two_unmarked_events_of_one_id_are_two_events():
    rows = [Row(0, 1), Row(1, 1), Row(2, 1, replayed=True)]
    assert replays(Table()).split(rows) == (rows[:2], rows[2:])


def test_an_id_is_the_same_however_it_is_written():
    event = uuid.UUID(int=0xABCDEF)
    rows = [Row(0, 1, event_id=str(event)), Row(1, 1, replayed=True, event_id=str(event).upper())]
    assert replays(Table()).split(rows) == (rows[:1], rows[1:])


@pytest.mark.parametrize("event_id", ["", "no uuid", "ab", "ñ" * 36])
def test_what_cannot_be_read_is_left_to_whoever_reads_it_whole(event_id):
    rows = [Row(0, 1, replayed=True, event_id=event_id), Row(1, 1, replayed=True, event_id=event_id)]
    rows[1].bytes = rows[1].bytes[:40]
    assert replays(Table()).split(rows) == (rows, [])


def test_a_schema_of_a_newer_release_is_read_as_if_its_envelope_were_ours():
    rows = [Row(0, 1), Row(1, 1, replayed=True)]
    for row in rows:
        row.bytes = prefix(7) + row.bytes[HEADER_SIZE:]
    assert replays(Table()).split(rows) == (rows[:1], rows[1:])


def test_a_header_says_where_to_look_and_the_record_what_it_is():
    liar, silent = Row(0, 1), Row(1, 1, replayed=True)
    liar._headers, silent._headers = REPLAYED_HEADERS, None
    table = Table(e1=False)
    assert replays(table).split([liar]) == ([liar], [])
    assert table.asked == []
    # Only the privacy stage writes masked records, and it gives every replay its header.
    assert replays(table).split([silent]) == ([silent], [])


@pytest.mark.parametrize("kind", catalogue.kinds())
def test_an_ordinary_record_of_every_kind_is_told_at_a_glance(kind):
    schema = catalogue.masked(kind)
    row = Row(0, 1)
    table = Table()
    known = replays(table)
    known.seen(NOW)
    for received, early in ((NOW + BEHIND, True), (NOW + BEHIND + 1, False)):
        record = masked_record(kind, random.Random(3), TOPIC, 0, 70_000) | {"received_at": received}
        row.bytes = codec.encode(schema, record)
        assert known._came_early(row) == early
