"""What was found is told once a minute, by field and kind, while there is something new."""

from __future__ import annotations

import logging
from collections import Counter
from types import SimpleNamespace

import pytest

from earwitness.privacy.tally import Tally

logger = logging.getLogger("earwitness.tests")


@pytest.fixture
def world(caplog):
    caplog.set_level("INFO")
    found = SimpleNamespace(now=0.0, counts=Counter(), sources=[])
    step = SimpleNamespace(process=found.sources.append)
    found.tally = Tally(step, found.counts, logger, clock=lambda: found.now)

    def lines():
        told = [(each.levelname, each.getMessage()) for each in caplog.records]
        caplog.clear()
        return told

    found.lines = lines
    return found


def test_it_is_told_once_a_minute_while_there_is_something_new(world):
    world.counts.update({("call.ended.attributes", "PHONE"): 2, ("a.b", "SECRET"): 1, ("a.b", "CARD"): 4})
    world.tally.process("one")
    assert world.lines() == []
    world.now = 61.0
    world.tally.process("two")
    assert world.lines() == [
        ("INFO", "found in free text so far: a.b: CARD 4, SECRET 1; call.ended.attributes: PHONE 2")
    ]
    for world.now in (62.0, 130.0):
        world.tally.process("three")
    assert world.lines() == []
    world.counts["a.b", "CARD"] += 1
    world.tally.tell()
    assert world.lines() == [
        ("INFO", "found in free text so far: a.b: CARD 5, SECRET 1; call.ended.attributes: PHONE 2")
    ]
    assert world.sources == ["one", "two", "three", "three"]


def test_failures_are_a_warning_once_for_each_new_one(world):
    world.counts["a.b", "failed"] = 2
    world.tally.tell()
    assert [level for level, _ in world.lines()] == ["INFO", "WARNING"]
    world.counts["a.b", "CARD"] = 2
    world.tally.tell()
    assert [level for level, _ in world.lines()] == ["INFO"]
