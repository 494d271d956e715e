"""The books by minute and kind: what is counted, and where what is missing is put."""

from __future__ import annotations

from earwitness.clickhouse.ledger import PartitionBalance
from earwitness.clickhouse.ledger_kinds import KindBalance, attribute

A = "aa" * 16
FIRST, SECOND, THIRD = 60, 120, 180


def partition(in_flight: int = 0) -> PartitionBalance:
    return PartitionBalance("audit.raw.call", A, 0, 0, 29, in_flight=in_flight)


def test_every_line_balances():
    spans = [(A, 0, FIRST, 0, 10), (A, 0, SECOND, 10, 20), (A, 0, THIRD, 20, 30)]
    stored = {
        (A, 0, FIRST, "call.started"): 4,
        (A, 0, FIRST, "call.ended"): 5,
        (A, 0, SECOND, "call.started"): 8,
        (A, 0, THIRD, "call.ended"): 6,
    }
    again = {(A, 0, THIRD, "call.ended"): 1}
    others = {(A, 0, FIRST, "dead"): 1, (A, 0, THIRD, "remainder"): 1}
    lines = attribute(spans, {"stored": stored, "duplicates": again}, others, [partition(in_flight=2)])
    for line in lines:
        explained = line.stored + line.duplicates + line.sampled + line.dead + line.lost
        assert line.produced == explained + line.in_flight + line.unexplained
    assert sum(line.produced for line in lines) == 30
    # What is on its way is the end of the partition; what lacks before it is not explained.
    assert [line for line in lines if line.in_flight or line.unexplained] == [
        KindBalance(SECOND, "call.?", 2, unexplained=2),
        KindBalance(THIRD, "call.?", 3, sampled=1, in_flight=2),
    ]
    assert KindBalance(FIRST, "call.?", 1, dead=1) in lines
    assert KindBalance(THIRD, "call.ended", 7, stored=6, duplicates=1) in lines


def test_more_on_its_way_than_came_in_these_minutes():
    assert attribute([(A, 0, FIRST, 0, 3)], {}, {}, [partition(in_flight=9)]) == [
        KindBalance(FIRST, "call.?", 3, in_flight=3)
    ]


def test_rows_that_were_stored_twice_are_no_hole():
    spans = [(A, 0, FIRST, 0, 3)]
    stored = {"stored": {(A, 0, FIRST, "call.ended"): 3}}
    assert attribute(spans, stored, {(A, 0, FIRST, "dead"): 1}, [partition()]) == [
        KindBalance(FIRST, "call.?", 1, dead=1),
        KindBalance(FIRST, "call.ended", 3, stored=3),
    ]
