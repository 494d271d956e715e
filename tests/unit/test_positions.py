"""Where a masked record stands, and which ones are new."""

from __future__ import annotations

import uuid

import pytest

from earwitness.clickhouse import positions
from earwitness.clickhouse.batch import Batch, Mark, Partition, Sorter
from earwitness.clickhouse.positions import Answer, Position, Track, position_of
from earwitness.clickhouse.routes import metadata, read_metadata
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError, FramingError, TruncatedError
from earwitness.schemas.framing import prefix
from earwitness.schemas.varint import encode_long

TOPIC_ID = bytes(range(16))
KEY = ("audit.masked.system", 5)


class Record:
    def __init__(self, value: bytes | None, offset: int = 0, key: tuple[str, int] = KEY) -> None:
        self._value, self._offset, self._key = value, offset, key

    def topic(self):
        return self._key[0]

    def partition(self):
        return self._key[1]

    def offset(self):
        return self._offset

    def value(self):
        return self._value

    def timestamp(self):
        return 1, 1_700_000_000_000

    def headers(self):
        return None


def message(offset: int, partition: int = 5, schema_id: int = 7) -> bytes:
    return prefix(schema_id) + b"\0" + TOPIC_ID + encode_long(partition) + encode_long(offset) + b"the rest"


def sorter(**more) -> Sorter:
    made = Sorter()
    made.known = {prefix(7)}
    made.active[KEY] = Partition(KEY, "events", positioned=True, **more)
    return made


@pytest.mark.parametrize("offset", [0, 63, 64, 8191, 8192, 2**40, 2**63 - 1])
@pytest.mark.parametrize("partition", [0, 5, 100, 70_000])
def test_the_position_is_read_without_decoding(partition, offset):
    assert position_of(message(offset, partition)) == Position(TOPIC_ID, partition, offset)


@pytest.mark.parametrize("kind", catalogue.kinds())
def test_every_masked_record_has_its_position_where_it_is_looked_for(kind):
    schema = catalogue.masked(kind)
    fields = {field["name"] for field in schema.fields[:4]}
    assert fields == {"kind", "source_topic_id", "source_partition", "source_offset"}
    names = [field["name"] for field in schema.fields[:4]]
    assert names == ["kind", "source_topic_id", "source_partition", "source_offset"]


def test_a_real_record_is_read_as_fastavro_reads_it():
    schema = catalogue.record("dead_letter")  # not a masked record: its position stands elsewhere
    letter = {
        "source_topic": "audit.raw.call",
        "source_topic_id": TOPIC_ID,
        "source_partition": 1,
        "source_offset": 2,
        "stage": "privacy",
        "reason": "framing",
        "detail": str(uuid.uuid4()),
        "size_bytes": 1,
        "received_at": 1,
    }
    with pytest.raises(DatumError):
        position_of(codec.encode(schema, letter))


@pytest.mark.parametrize("cut", range(len(message(2**20)) - len(b"the rest")))
def test_a_record_that_ends_before_its_position_does_has_none(cut):
    with pytest.raises((FramingError, TruncatedError)):
        position_of(message(2**20)[:cut])


def test_what_is_above_the_highest_is_new_and_then_it_is_held():
    track = Track(10)
    assert track.judge(11) is Answer.NEW
    assert track.judge(15) is Answer.NEW
    assert track.judge(15) is Answer.ASK
    assert track.window(15) == (15, 15)


def test_at_or_below_the_highest_only_what_is_stored_decides():
    track = Track(20)
    assert track.judge(12) is Answer.ASK
    assert track.window(12) == (12, 20)
    track.learn(12, 20, {12, 14})
    assert [track.judge(offset) for offset in (12, 13, 14, 13)] == [Answer.HELD, Answer.NEW, Answer.HELD, Answer.HELD]
    assert track.judge(11) is Answer.ASK
    assert track.judge(21) is Answer.NEW


def test_a_long_rewind_is_asked_about_in_windows(monkeypatch):
    monkeypatch.setattr(positions, "WINDOW", 3)
    track = Track(20)
    assert track.window(5) == (5, 7)
    track.learn(5, 7, {5, 6, 7})
    assert track.judge(7) is Answer.HELD
    assert track.judge(8) is Answer.ASK


def test_the_first_record_of_a_raw_partition_asks_for_the_highest_behind_the_hint():
    for hint, first in ((None, 0), ((TOPIC_ID, 41), 42), ((bytes(16), 41), 0)):
        made = sorter(hint=hint)
        at, question = made.sort([Record(message(50))], 0, Batch())
        assert (at, question.first, question.last, question.topic_id) == (0, first, None, TOPIC_ID)


def test_what_the_claim_found_need_not_be_asked():
    found = {(TOPIC_ID, KEY[1]): 50, (TOPIC_ID, KEY[1] + 1): 99, (bytes(16), KEY[1]): 7}
    for hint in (None, (TOPIC_ID, 41)):
        made = sorter(hint=hint)
        made.active[KEY].found(found)
        assert made.sort([Record(message(51), 1)], 0, Batch()) == (1, None)
        at, question = made.sort([Record(message(50), 2)], 0, Batch())
        assert (at, question.first, question.last) == (0, 50, 51)


def test_a_topic_of_which_nothing_was_found_is_new_unless_only_another_was_looked_for():
    made = sorter()
    made.active[KEY].found({})
    assert made.sort([Record(message(0), 1)], 0, Batch()) == (1, None)
    made = sorter(hint=(bytes(16), 41))
    made.active[KEY].found({})
    assert made.sort([Record(message(0), 1)], 0, Batch())[1].topic_id == TOPIC_ID


def test_records_are_sorted_into_rows_and_marks():
    made, batch = sorter(), Batch()
    records = [Record(message(offset), at) for at, offset in enumerate((50, 51, 53), 7)]
    at, question = made.sort(records, 0, batch)
    made.active[KEY].answer(question, {51})
    at, question = made.sort(records, at, batch)
    assert (question.first, question.last) == (50, 51)
    made.active[KEY].answer(question, {51})
    assert made.sort(records, at, batch) == (3, None)
    made.seal(batch)
    assert batch.rows["events"] == [records[0], records[2]]
    assert batch.marks[KEY] == Mark(10, (TOPIC_ID, 53))
    assert batch.size == len(message(50)) + len(message(53))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "framing"),
        (b"", "framing"),
        (b"\1" + message(1)[1:], "framing"),
        (message(1)[:20], "truncated"),
        (message(1, partition=6), "malformed"),
        (prefix(7) + b"\2" + message(1)[6:], "malformed"),
        (prefix(7) + b"\0" + TOPIC_ID + encode_long(5) + encode_long(-1), "malformed"),
    ],
)
def test_a_record_without_a_position_is_set_aside_and_passed(value, reason):
    made, batch = sorter(), Batch()
    assert made.sort([Record(value, 9)], 0, batch) == (1, None)
    assert [bad.reason for bad in batch.bad] == [reason]
    assert batch.marks[KEY].next_offset == 10
    assert not batch.count


def test_an_unknown_schema_holds_its_partition_back_until_it_is_known():
    made, batch = sorter(), Batch()
    made.active[KEY]._tracks[TOPIC_ID] = Track(-1)
    records = [Record(message(1), 1), Record(message(2, schema_id=8), 2), Record(message(3), 3)]
    assert made.sort(records, 0, batch) == (3, None)
    assert batch.rows["events"] == records[:1]
    assert batch.marks[KEY].next_offset == 2
    assert made.release() == []
    made.known.add(prefix(8))
    assert made.release() == [(KEY, 2)]
    assert made.sort(records[1:], 0, batch) == (2, None)
    assert batch.rows["events"] == records


def test_partitions_that_are_not_assigned_are_passed_over():
    batch = Batch()
    assert sorter().sort([Record(message(1), key=("audit.masked.call", 1))], 0, batch) == (1, None)
    assert not batch.marks


def test_a_commit_says_what_is_stored():
    own, hint = bytes(range(16)), (TOPIC_ID, 42)
    assert read_metadata(metadata(own, hint)) == (own, hint)
    assert read_metadata(metadata(own, None)) == (own, None)


def test_a_commit_of_an_earlier_version_says_what_is_stored():
    assert read_metadata(f"{TOPIC_ID.hex()}:42") == (None, (TOPIC_ID, 42))


@pytest.mark.parametrize(
    "text", [None, "", ":", "::", "x", "00:1", "x:y:z", f"{TOPIC_ID.hex()}:", f"{TOPIC_ID.hex()}:-7"]
)
def test_a_commit_that_says_nothing_or_nonsense_stops_nobody(text):
    assert read_metadata(text) == (None, None)
