"""Random histories of a client: whatever happens, its books balance, and nothing is missing that it promised to keep."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from client_world import World
from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

MOST_PROCESSES = 5


class History(RuleBasedStateMachine):
    """Processes of one service that come and go, over one directory and one broker."""

    durability = "buffered"

    def __init__(self):
        super().__init__()
        self._directory = tempfile.TemporaryDirectory(prefix="history-")
        self.world = World(Path(self._directory.name), self.durability)
        self.killed_with = {}

    @initialize()
    def begin(self):
        self.world.start()

    def one(self, choice):
        living = self.world.living()
        return living[choice % len(living)]

    choices = strategies.integers(0, 3)

    @precondition(lambda self: self.world.living())
    @rule(
        choice=choices,
        sort=strategies.sampled_from(["protected", "protected", "telemetry", "invalid", "large"]),
        count=strategies.integers(1, 40),
    )
    def emit(self, choice, sort, count):
        process = self.one(choice)
        for _ in range(count):
            self.world.marks += 1
            process.emit(self.world.marks, sort)

    @precondition(lambda self: self.world.living())
    @rule(choice=choices, count=strategies.integers(1, 12))
    def work(self, choice, count):
        process = self.one(choice)
        for _ in range(count):
            process.turn()

    @rule(seconds=strategies.sampled_from([1.1, 4.0, 16.0, 31.0]))
    def time_passes(self, seconds):
        self.world.now += seconds

    @rule(is_up=strategies.booleans(), loses=strategies.booleans())
    def broker(self, is_up, loses):
        self.world.broker.is_up = is_up
        self.world.broker.loses_answers = loses

    @rule(is_full=strategies.booleans())
    def disk(self, is_full):
        self.world.disk_is_full = is_full
        self.world.disk_was_full |= is_full
        for process in self.world.living():
            process.limit_spool()

    @precondition(lambda self: self.world.living())
    @rule(choice=choices)
    def fatal_error(self, choice):
        process = self.one(choice)
        if process.producer is not None:
            process.producer.fails = True

    @precondition(lambda self: self.world.living())
    @rule(choice=choices)
    def kill(self, choice):
        process = self.one(choice)
        stats = process.stats()
        self.killed_with[process] = stats.queued + stats.in_flight
        process.kill()

    @precondition(lambda self: self.world.living())
    @rule(choice=choices, seconds=strategies.sampled_from([0.0, 0.5, 5.0]))
    def close(self, choice, seconds):
        process = self.one(choice)
        process.end(seconds)
        stats = process.stats()
        assert stats.queued == stats.in_flight == 0, stats

    @precondition(lambda self: len(self.world.processes) < MOST_PROCESSES)
    @rule()
    def start(self):
        self.world.start()

    @invariant()
    def balances(self):
        for process in self.world.processes:
            stats = process.stats()
            parts = (stats.acknowledged, stats.spooled, stats.queued, stats.in_flight)
            assert min(parts) >= 0, stats
            assert stats.accepted == sum(parts) + sum(stats.dropped.values()) + sum(stats.invalid.values()), stats
            assert stats.accepted == len(process.accepted)
            assert stats.internal_errors == 0
            if process.alive:
                assert stats.in_flight >= len(process.on_the_way())

    def teardown(self):
        try:
            if self.world.processes:
                self.heals()
        finally:
            for process in self.world.living():
                process.kill()
            self._directory.cleanup()

    def heals(self):
        world = self.world
        world.broker.is_up, world.broker.loses_answers = True, False
        self.disk(False)
        for _ in range(2):
            for process in [*world.living(), *([] if world.living() else [world.start()])]:
                self.settle(process)
        last = world.living()[-1]
        for process in world.living()[:-1]:
            process.end(60.0)
        world.now += 31.0
        self.settle(last)
        self.balances()
        assert last.spool.count == 0, "everything was replayed"
        self.compare()

    def settle(self, process):
        for _ in range(4):
            for _ in range(600):
                process.turn()
                stats = process.stats()
                if not (stats.queued or stats.in_flight or stats.spooled or process.worker._shelf.waiting):
                    break
            self.world.now += 31.0  # until it looks for orphans again
        assert stats.undelivered == 0, stats

    def compare(self):
        world = self.world
        events = [record for record in world.broker.stored if "mark" in record["attributes"]]
        ids = {}
        for record in events:
            ids.setdefault(int(record["attributes"]["mark"]), set()).add(record["event_id"])
        assert all(len(names) == 1 for names in ids.values()), "an event has one id, however often it is sent"
        firsts = Counter(record["event_id"] for record in events if not record["replayed"])
        assert not firsts or max(firsts.values()) == 1, "what is sent again says so"
        numbers = Counter(
            (record["producer_id"], record["sequence"], record["event_id"]) for record in world.broker.stored
        )
        assert len(numbers) == len({number[:2] for number in numbers}), "no number is given twice"
        for process in world.processes:
            accepted, given_up = set(process.accepted), process.given_up()
            missing = accepted - ids.keys()
            if process not in self.killed_with:
                assert missing <= given_up, "what is missing was declared lost"
            elif process.durability == "buffered":
                assert len(missing - given_up) <= self.killed_with[process]
            else:
                assert missing - given_up <= process.exposed | process.invalid, (
                    "a kill takes no more than the mode says"
                )
        assert ids.keys() <= {mark for process in world.processes for mark in process.accepted}


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("durability", ["buffered", "spool_first", "journal"])
def test_every_history_balances_and_loses_no_more_than_promised(durability):
    class Mode(History):
        pass

    Mode.durability = durability
    examples = max(settings.default.max_examples // 5, 20)
    run_state_machine_as_test(Mode, settings=settings(max_examples=examples, stateful_step_count=30))


@pytest.mark.parametrize("durability", ["buffered", "spool_first"])
def test_a_spool_that_is_damaged_while_it_is_used_is_in_the_books(durability, tmp_path):
    world = World(tmp_path, durability)
    process = world.start()
    world.broker.is_up = False
    for mark in range(1, 31):
        process.emit(mark, "protected")
    for _ in range(10):
        process.turn()
    world.now += 4.0
    for _ in range(3):
        process.turn()
    assert process.stats().spooled == 30
    (file,) = (world.settings.directory / "ivr").glob("*.db")
    process.spool._store.one("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    process.spool._store.one("PRAGMA shrink_memory")
    for mark in range(31, 41):
        process.emit(mark, "protected")
    world.broker.is_up = True
    for _ in range(100):
        world.now += 1.0
        process.turn()
    stats = process.stats()
    assert stats.undelivered == 0, stats
    arrived = {int(record["attributes"]["mark"]) for record in world.broker.stored if "mark" in record["attributes"]}
    assert set(process.accepted) - arrived == process.given_up()
    assert stats.accepted == stats.acknowledged + sum(stats.dropped.values())
    assert sum(stats.dropped.values()) == stats.dropped.get("spool_damaged", 0) > 0
    process.end(1.0)
