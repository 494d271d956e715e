"""The simulated callers: the same from the same seed, complete, and nobody real."""

from __future__ import annotations

import re

import pytest

from earwitness.simulator.callers import STORIES, plan_calls


def test_a_seed_makes_the_same_calls_every_time():
    assert plan_calls(50, seed=7) == plan_calls(50, seed=7)
    assert {plan.call_sid for plan in plan_calls(50, seed=7)}.isdisjoint(p.call_sid for p in plan_calls(50, seed=8))


def test_each_story_is_told_before_one_comes_again():
    assert sorted(plan.story for plan in plan_calls(len(STORIES), seed=1)) == sorted(STORIES)


@pytest.mark.parametrize("seed", range(3))
def test_calls_look_like_twilios_and_their_numbers_are_nobodys(seed: int):
    plans = plan_calls(200, seed)
    assert len({plan.call_sid for plan in plans}) == 200
    for plan in plans:
        assert re.fullmatch(r"CA[0-9a-f]{32}", plan.call_sid)
        assert plan.fields["CallSid"] == plan.call_sid
        withheld = plan.story == "withheld_number"
        assert re.fullmatch(r"anonymous|\+266696687" if withheld else r"\+1\d{3}55501\d{2}", plan.fields["From"])
        assert all(answer.digits is None or answer.speech is None for answer in plan.answers)
    assert {plan.fields["To"] for plan in plans} == {"+12025550100", "+12025550101"}
    assert any(answer.digits for plan in plans for answer in plan.answers)
