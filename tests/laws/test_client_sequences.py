"""A set of sequences kept as ranges is a set."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies

from earwitness.client.sequences import Sequences

STEPS = strategies.lists(strategies.tuples(strategies.booleans(), strategies.integers(1, 30)), max_size=80)


@given(STEPS)
def test_it_holds_what_a_set_holds_in_as_few_ranges_as_possible(steps):
    found, model = Sequences(), set()
    for adds, number in steps:
        if adds:
            assert found.add(number) == (number not in model)
            model.add(number)
        else:
            assert found.remove(number) == (number in model)
            model.discard(number)
        ranges = list(found.ranges())
        assert {each for first, last in ranges for each in range(first, last + 1)} == model
        assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
        assert len(found) == len(model)
        assert (number in found) == (number in model)
    found.clear()
    assert not len(found)
    assert not list(found.ranges())
