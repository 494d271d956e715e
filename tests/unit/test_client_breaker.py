"""When the client stops believing in the broker."""

import pytest

from earwitness.client.breaker import DOWN_SECONDS, SILENT_SECONDS, Breaker

BEGIN = 100.0


@pytest.fixture
def breaker():
    return Breaker(BEGIN)


def test_it_stays_closed_while_nothing_waits(breaker):
    breaker.all_down()
    assert not breaker.judge(None, BEGIN + 3_600)
    assert not breaker.is_open


def test_it_opens_when_no_broker_is_there_and_an_event_has_waited_long_enough(breaker):
    breaker.all_down()
    assert not breaker.judge(BEGIN, BEGIN + DOWN_SECONDS)
    assert breaker.judge(BEGIN, BEGIN + DOWN_SECONDS + 0.1)
    assert breaker.is_open
    assert not breaker.judge(BEGIN, BEGIN + 60), "it is open already"
    assert breaker.openings == 1


def test_a_broker_that_was_away_and_answers_closes_it(breaker):
    breaker.all_down()
    breaker.judge(BEGIN, BEGIN + 10)
    breaker.answered(BEGIN + 20)
    assert not breaker.is_open
    assert not breaker.judge(BEGIN + 20, BEGIN + 30), "what was said before it answered counts no more"


def test_it_opens_when_a_broker_is_there_and_confirms_nothing(breaker):
    assert not breaker.judge(BEGIN, BEGIN + SILENT_SECONDS)
    assert breaker.judge(BEGIN, BEGIN + SILENT_SECONDS + 0.1)


def test_a_slow_broker_is_no_silent_one(breaker):
    for now in range(101, 200):
        breaker.answered(float(now))
        assert not breaker.judge(BEGIN, now + 10.0), "the oldest waits long, but others are confirmed"


def test_a_pause_of_the_app_is_no_silence_of_the_broker(breaker):
    assert not breaker.judge(BEGIN + 3_600, BEGIN + 3_601)
