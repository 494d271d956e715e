"""Whatever happens to a service's spools, in whatever order: every event is in exactly one place, or was delivered."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import spooled
from earwitness.client.spool import Spool, SpoolFullError


class Spools(RuleBasedStateMachine):
    """Processes of one service that come and go. The model: who holds which events, and what is expected on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.living: dict[str, Spool] = {}
        self.held: dict[str, dict[int, int]] = {}
        self.orphaned: set[int] = set()
        self.made = self.processes = 0

    def teardown(self):
        for spool in self.living.values():
            spool.close()
        shutil.rmtree(self.place)

    @precondition(lambda self: len(self.living) < 3)
    @rule()
    def start(self):
        self.processes += 1
        name = f"p{self.processes}"
        self.living[name] = Spool.open(spooled.settings(self.place, max_bytes=1 << 20), "ivr", name)
        self.held[name] = {}

    def one(self, data):
        return data.draw(st.sampled_from(sorted(self.living)))

    @precondition(lambda self: self.living)
    @rule(data=st.data(), count=st.integers(0, 40), size=st.sampled_from([10, 4_000, 20_000]))
    def append(self, data, count, size):
        name = self.one(data)
        try:
            ids = self.living[name].append(spooled.frames(count, first=self.made + 1, size=size))
        except SpoolFullError:
            return
        assert len(ids) == count
        assert ids == sorted(ids)
        assert not ids or ids[0] > max(self.held[name], default=0)
        self.held[name] |= dict(zip(ids, range(self.made + 1, self.made + count + 1), strict=True))
        self.made += count

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def deliver(self, data):
        name = self.one(data)
        ids = data.draw(st.lists(st.sampled_from(sorted(self.held[name]) or [1]), max_size=30))
        self.living[name].delete(ids)
        for each in ids:
            self.held[name].pop(each, None)

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def end(self, data):
        name = self.one(data)
        self.living.pop(name).close()
        self.orphaned |= set(self.held.pop(name).values())

    @precondition(lambda self: self.living)
    @rule(data=st.data(), limit=st.integers(1, 60))
    def adopt(self, data, limit):
        name = self.one(data)
        spool = self.living[name]
        moved = spool.adopt(limit)
        new = {number: frame.sequence for number, frame in spool.oldest(max(self.held[name], default=0), 1000)}
        new = {number: sequence for number, sequence in new.items() if sequence in self.orphaned}
        assert len(new) == moved <= limit
        self.held[name] |= new
        self.orphaned -= set(new.values())

    @invariant()
    def every_event_is_where_it_should_be(self):
        for name, spool in self.living.items():
            assert {number: frame.sequence for number, frame in spool.oldest(0, 10_000)} == self.held[name]
            assert spool.count == len(self.held[name])
            assert spool.bytes <= 1 << 20

    @precondition(lambda self: self.living)
    @invariant()
    def nothing_is_lost_or_doubtful(self):
        assert all(spool.expired == spool.damaged == 0 for spool in self.living.values())
        assert not [notice for spool in self.living.values() for notice in spool.take_notices()]


TestSpools = pytest.mark.timeout(240)(Spools.TestCase)
TestSpools.settings = settings(max_examples=settings().max_examples // 5, stateful_step_count=25)
