"""Whatever is acknowledged, given away and read again: nothing is committed that is not done, nothing done is forgotten."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from earwitness.stream.marks import Mark, Marks

PARTITIONS = range(3)


class OnePartition:
    """A log, what of it was processed, and where the group stands."""

    def __init__(self) -> None:
        self.processed: set[int] = set()
        self.committed = 0
        self.position = 0


class Reading(RuleBasedStateMachine):
    """Slices are cut at random and acknowledged in any order, also after their partition was taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: Marks[int] = Marks()
        self.logs = {each: OnePartition() for each in PARTITIONS}
        self.open: list[tuple[int, range, Mark]] = []
        self.late: list[Mark] = []

    @rule(partition=st.sampled_from(PARTITIONS), size=st.integers(1, 5), hole=st.integers(0, 3))
    def read(self, partition, size, hole):
        log = self.logs[partition]
        offsets = range(log.position + hole, log.position + hole + size)
        log.processed.update(range(log.position, log.position + hole))  # no record stands there
        log.position = offsets.stop
        self.open.append((partition, offsets, self.marks.open(partition, offsets.stop)))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def acknowledge(self, data):
        partition, offsets, mark = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        self.logs[partition].processed.update(offsets)
        mark.done = True

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def acknowledge_late(self, data):
        self.late.pop(data.draw(st.integers(0, len(self.late) - 1))).done = True

    @rule(partition=st.sampled_from(PARTITIONS))
    def commit(self, partition):
        end = self.marks.advance(partition)
        if end is not None:
            assert end > self.logs[partition].committed
            self.logs[partition].committed = end

    @rule(partitions=st.sets(st.sampled_from(PARTITIONS), min_size=1))
    def revoke(self, partitions):
        self.marks.forget(partitions)
        for each in partitions:
            self.logs[each].position = self.logs[each].committed
        self.late += [mark for partition, _, mark in self.open if partition in partitions]
        self.open = [each for each in self.open if each[0] not in partitions]

    @invariant()
    def nothing_is_committed_that_was_not_processed(self):
        for log in self.logs.values():
            assert log.processed.issuperset(range(log.committed))

    @invariant()
    def only_finished_partitions_are_offered(self):
        offered = set(self.marks.committable())
        assert all(self.marks._open[each][0].done for each in offered)

    def teardown(self):
        for _, _, mark in self.open:
            mark.done = True
        for partition, log in self.logs.items():
            assert (self.marks.advance(partition) or log.committed) == log.position
        assert len(self.marks) == 0


TestReading = Reading.TestCase
