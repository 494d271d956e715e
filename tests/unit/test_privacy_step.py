"""The privacy stage's step: each record of a slice is masked or dead, in one outcome of the ledger, however slices are cut."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest

from earwitness.privacy import step as step_module
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec
from earwitness.stream.step import SourceSlice
from envelopes import ENVELOPE

TOPIC_ID = b"0123456789abcdef"
NOON = 1_790_000_000_000
LOOKUP = catalogue.raw("data.job_lookup")
EVENT = ENVELOPE | {
    "occurred_at": NOON * 1000,
    "client_id": "Canary12",
    "job_number": "48213",
    "found": True,
    "latency_ms": 182.5,
}
GOOD = codec.encode(LOOKUP, EVENT)


@dataclass(frozen=True)
class Record:
    offset: int
    value: bytes | None
    key: bytes | None = b"CA1"
    timestamp: int = NOON
    headers: tuple = ()


@pytest.fixture
def step():
    return MaskingStep(RawSchemas(Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest()))))


def process(step, records, topic="audit.raw.data"):
    return step.process(SourceSlice(topic, TOPIC_ID, 5, records))


def test_masked_records_keep_partition_order_and_key(step):
    result = process(step, [Record(offset, GOOD, key=b"k%d" % offset) for offset in (7, 8, 11)])
    (output,) = result.outputs
    assert (output.topic, output.partition) == ("audit.masked.data", 5)
    assert [message["key"] for message in output.messages] == [b"k7", b"k8", b"k11"]
    decoded = [codec.decode(message["value"])[1] for message in output.messages]
    assert [record["source_offset"] for record in decoded] == [7, 8, 11]
    assert {record["source_partition"] for record in decoded} == {5}
    assert result.dead == []
    assert result.outcomes == [("masked", 7, 11)]


def test_replayed_records_have_a_header_and_stay_in_order(step):
    again = codec.encode(LOOKUP, EVENT | {"replayed": True})
    values = [GOOD, again, again, GOOD[:-1], again, GOOD, again]
    result = process(step, [Record(offset, value) for offset, value in enumerate(values)])
    assert [(len(output.messages), output.headers) for output in result.outputs] == [
        (1, None),
        (3, [("replayed", b"1")]),
        (1, None),
        (1, [("replayed", b"1")]),
    ]
    decoded = [codec.decode(each["value"])[1] for output in result.outputs for each in output.messages]
    assert [record["source_offset"] for record in decoded] == [0, 1, 2, 4, 5, 6]
    assert [record["replayed"] for record in decoded] == [False, True, True, True, False, True]


DEAD = {
    "framing": b"{}",
    "unknown_schema": b"\x00\x00\x00\x00\x07" + GOOD[5:],
    "truncated": GOOD[:-1],
    "malformed": GOOD + b"\x00",
}


@pytest.mark.parametrize("reason", DEAD)
def test_what_cannot_be_read_is_dead_with_its_reason(step, reason):
    result = process(step, [Record(3, DEAD[reason])])
    (dead,) = result.dead
    assert (dead.offset, dead.reason, dead.value) == (3, reason, DEAD[reason])
    assert dead.schema_id == {"framing": None, "unknown_schema": 7}.get(reason, LOOKUP.id)
    assert "Canary" not in dead.detail
    assert dead.detail
    assert result.outputs == []
    assert result.outcomes == [("dead", 3, 3)]


def test_a_tombstone_and_another_familys_event_are_dead(step):
    result = process(step, [Record(1, None), Record(2, GOOD)], topic="audit.raw.call")
    assert [(dead.reason, dead.schema_id) for dead in result.dead] == [("framing", None), ("malformed", LOOKUP.id)]
    assert result.outcomes == [("dead", 1, 2)]


def test_a_record_with_a_time_that_is_none_is_dead(step):
    result = process(step, [Record(1, GOOD, timestamp=2**63 - 1), Record(2, GOOD)])
    assert [dead.reason for dead in result.dead] == ["malformed"]
    assert result.outcomes == [("dead", 1, 1), ("masked", 2, 2)]


def test_a_record_that_masking_makes_too_large_is_dead(step, monkeypatch):
    monkeypatch.setattr(step_module, "MOST_BYTES", len(GOOD))
    result = process(step, [Record(1, GOOD)])
    (dead,) = result.dead
    assert dead.reason == "too_large"
    assert dead.schema_id == LOOKUP.id


def test_outcomes_are_runs_and_each_record_is_in_one(step):
    bad = DEAD["truncated"]
    values = [bad, GOOD, GOOD, bad, bad, GOOD, bad]
    records = [Record(10 + 2 * index, value) for index, value in enumerate(values)]
    result = process(step, records)
    assert result.outcomes == [
        ("dead", 10, 10),
        ("masked", 12, 14),
        ("dead", 16, 18),
        ("masked", 20, 20),
        ("dead", 22, 22),
    ]
    assert [dead.offset for dead in result.dead] == [10, 16, 18, 22]
    for record in records:
        runs = [outcome for outcome, first, last in result.outcomes if first <= record.offset <= last]
        assert runs == ["masked" if record.value == GOOD else "dead"]


def test_slices_cut_elsewhere_give_the_same_messages(step):
    bad = DEAD["malformed"]
    records = [Record(offset, bad if offset % 5 == 0 else GOOD) for offset in range(40)]
    whole = process(step, records)
    for size in (1, 3, 7):
        parts = [process(step, records[at : at + size]) for at in range(0, len(records), size)]
        messages = [message for part in parts for output in part.outputs for message in output.messages]
        assert messages == whole.outputs[0].messages
        assert [dead.offset for part in parts for dead in part.dead] == [dead.offset for dead in whole.dead]


def test_a_topic_made_again_has_other_positions(step):
    first = process(step, [Record(1, GOOD)])
    again = step.process(SourceSlice("audit.raw.data", TOPIC_ID[::-1], 5, [Record(1, GOOD)]))
    values = [result.outputs[0].messages[0]["value"] for result in (first, again)]
    assert [codec.decode(value)[1]["source_topic_id"] for value in values] == [TOPIC_ID, TOPIC_ID[::-1]]
