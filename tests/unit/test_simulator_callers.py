"""The simulated callers: the same from the same seed, complete, and nobody real."""

from __future__ import annotations

import re

import pytest

from earwitness.simulator.callers import LINES, plan_calls
from earwitness.simulator.stories import STORIES


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
        app, other = (plan.fields[name] for name in (("From", "To") if plan.script.outbound else ("To", "From")))
        assert app in LINES.values()
        withheld = plan.story == "withheld_number"
        assert re.fullmatch(r"[a-z]+|\+266696687" if withheld else r"\+1\d{3}55501\d{2}", other)
        for answers in plan.script.answers.values():
            assert all(answer.digits is None or answer.speech is None for answer in answers)
    assert {plan.fields["To"] for plan in plans if not plan.script.outbound} == set(LINES.values())
    assert any(plan.twice for plan in plans)


def test_callers_use_their_voice_their_keypad_and_their_right_to_remain_silent():
    answers = [a for plan in plan_calls(200, 1) for several in plan.script.answers.values() for a in several]
    ways = {(a.digits is not None, a.speech is not None) for a in answers}
    assert ways == {(True, False), (False, True), (False, False)}


def test_who_probes_for_clients_calls_from_one_number_again_and_again():
    probing = [plan for plan in plan_calls(100, 1) if plan.story == "client_probing"]
    assert len(probing) >= 5
    assert len({plan.fields["From"] for plan in probing}) == 1
