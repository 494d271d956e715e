# ruff: noqa: PT012, TRY301 (what is raised within a block is what this is about)
"""The block around the work on a caller's answer: where the conversation goes, and how it gets there."""

from __future__ import annotations

import asyncio
import threading

import pytest

from earwitness.client.testing import CapturedAudit


class ReadTimeoutError(Exception):
    """As client libraries name theirs."""


@pytest.fixture
def audit():
    return CapturedAudit()


def moves(audit):
    return [(each.from_stage, each.to_stage, each.trigger, each.severity) for each in audit.events]


def test_a_stage_says_where_it_goes(audit):
    with audit.stage("collect_job_number", input_mode="speech", user_input="7", confidence=0.5, attempt=2) as stage:
        stage.to("goodbye", "error")
        stage.to("confirm_job", "user_input_valid")
        assert moves(audit) == []
    assert moves(audit) == [("collect_job_number", "confirm_job", "user_input_valid", None)]
    (told,) = audit.events
    assert (told.input_mode, told.user_input, told.confidence, told.attempt) == ("speech", "7", 0.5, 2)


def test_a_stage_that_goes_nowhere_tells_nothing(audit):
    with audit.stage("ask_action", input_mode="none"):
        pass
    audit.events.none()


@pytest.mark.parametrize(
    ("error", "to", "trigger", "severity"),
    [
        (ValueError(), "error_recovery", "error", "ERROR"),
        (TimeoutError(), "error_recovery", "timeout", "ERROR"),
        (ReadTimeoutError(), "error_recovery", "timeout", "ERROR"),
        (asyncio.CancelledError(), "other", "other", "WARN"),
        (KeyboardInterrupt(), "other", "other", "WARN"),
    ],
)
def test_a_stage_that_an_exception_leaves(audit, error, to, trigger, severity):
    with pytest.raises(type(error)), audit.stage("execute_action", input_mode="none") as stage:
        stage.to("goodbye", "action_success")
        raise error
    assert moves(audit) == [("execute_action", to, trigger, severity)]


def test_of_nested_stages_the_innermost_tells_of_an_exception(audit):
    with pytest.raises(ValueError), audit.stage("ask_action", input_mode="dtmf"):  # noqa: PT011
        with audit.stage("collect_action_value", input_mode="dtmf") as inner:
            inner.to("confirm_action", "user_input_valid")
        with audit.stage("confirm_action", input_mode="dtmf"):
            raise ValueError
    assert [each[:2] for each in moves(audit)] == [
        ("collect_action_value", "confirm_action"),
        ("confirm_action", "error_recovery"),
    ]
    audit.events.clear()
    with pytest.raises(KeyError), audit.stage("ask_action", input_mode="dtmf"):
        try:
            with audit.stage("confirm_action", input_mode="dtmf"):
                raise ValueError
        except ValueError:
            raise KeyError from None  # another one, which the inner stage knows nothing of
    assert [each[0] for each in moves(audit)] == ["confirm_action", "ask_action"]


def test_a_stage_left_elsewhere_is_not_taken_for_the_outer_one(audit):
    stage = audit.stage("ask_action", input_mode="none")
    thread = threading.Thread(target=stage.__enter__)
    thread.start()
    thread.join()
    stage.__exit__(None, None, None)
    with pytest.raises(ValueError), audit.stage("goodbye", input_mode="none"):  # noqa: PT011
        raise ValueError
    assert [each[0] for each in moves(audit)] == ["goodbye"]
