"""The conversation as a pure state machine: no web, no clock, no store.

Each function takes the call's state and what has come in, and returns a `Turn`: the state afterwards, what happened, and
what the flow needs before it can go on (a client, a job, a change carried out). Whoever drives it fetches that and hands
the result back in::

    collect_client_id ─▶ collect_job_number ─▶ confirm_job ─▶ ask_action ─▶ collect_action_value ─▶ confirm_action
                                ▲────── no ─────────┘             ▲────────────────── no ──────────────────┤ yes
                                                                  └──── refused ──── execute_action ◀──────┘
                                                                                            └─▶ goodbye

From anywhere, too many failed tries or too much time lead through `error_recovery` to `goodbye`. Whatever breaks on the
app's own side leads to `error_recovery`, where the caller may try again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeVar, cast

from voice_app.answers import Refusal, asked_field, understand
from voice_app.call_state import (
    Apology,
    Asked,
    CallState,
    ChangeJob,
    Ending,
    Fact,
    FindClient,
    FindJob,
    Heard,
    Refused,
    Sanitized,
    Stage,
    Transition,
    Trigger,
    Turn,
)
from voice_app.jobs import Action, Client, Job
from voice_app.screening import neutralised

__all__ = ["ActionOutcome", "broke", "changed", "client_looked_up", "forgotten", "hear", "job_looked_up"]

TRIES_PER_STAGE = 3
FAILURES_PER_CALL = 5
STAGE_SECONDS = 120.0
CALL_SECONDS = 600.0

T = TypeVar("T")
ActionOutcome = Literal["success", "validation_failed", "permission_denied", "network_error"]

_SILENCE = Heard("none")


def hear(state: CallState, heard: Heard, now: float) -> Turn:
    """An answer of the caller.

    Args:
        state: the call so far.
        heard: what the caller said or typed, or silence.
        now: seconds since the epoch.
    """
    if state.stage == "goodbye":
        return Turn(state)  # a late answer changes nothing
    if now - state.started_at > CALL_SECONDS or now - state.stage_since > STAGE_SECONDS:
        return _give_up(state, heard, now, trigger="timeout", ending="max_duration")
    understood = understand(asked_field(state), heard)
    if isinstance(understood, Refusal):
        return _refuse(state, heard, now, understood, apology="not_understood")
    match state.stage:
        case "collect_client_id":
            return Turn(state, need=FindClient(understood, heard))
        case "collect_job_number":
            return Turn(state, need=FindJob(_known(state.client), understood, heard))
        case "ask_action":
            action = cast("Action", understood)
            fresh = {"action": action, "value": None, "correlation_id": None}
            return _move(state, "collect_action_value", "user_input_valid", heard, now, **fresh)
        case "collect_action_value":
            return _value_given(state, heard, now, understood)
        case _:
            return _confirmation(state, heard, now, yes=understood == "yes")


def client_looked_up(state: CallState, need: FindClient, client: Client | None, now: float) -> Turn:
    """The client that `need` asked for; None when there is none of that id."""
    if client is None:
        return _refuse(state, need.heard, now, Refusal("unknown_client"), apology="not_found")
    return _move(state, "collect_job_number", "user_input_valid", need.heard, now, client=client)


def job_looked_up(state: CallState, need: FindJob, job: Job | None, now: float) -> Turn:
    """The job that `need` asked for; None when that client has none of that number."""
    if job is None:
        return _refuse(state, need.heard, now, Refusal("unknown_job"), apology="not_found")
    return _move(state, "confirm_job", "user_input_valid", need.heard, now, job=job)


def broke(state: CallState, heard: Heard, now: float) -> Turn:
    """An answer could not be dealt with for a reason that is not the caller's: the same stage may be tried again."""
    if state.stage == "error_recovery":
        return _give_up(state, heard, now, trigger="error", ending="error")
    return _move(state, "error_recovery", "error", heard, now, resume=state.stage)


def forgotten(rebuilt: CallState, asked: Asked, heard: Heard, now: float) -> Turn:
    """The call's state was lost, and what the webhook tells was made into a new one: begin again with the first question.

    It counts as a failed input, or a store that is away would keep the caller going round for ever.
    """
    state = replace(rebuilt, stage=asked.stage or "collect_client_id", failures=asked.failures + 1)
    if state.failures >= FAILURES_PER_CALL or now - state.started_at > CALL_SECONDS:
        return _give_up(state, heard, now, trigger="error", ending="error")
    facts: tuple[Fact, ...] = ()
    if state.stage != "error_recovery":
        turn = _move(state, "error_recovery", "error", heard, now)
        state, facts = turn.state, turn.facts
    turn = _move(state, "collect_client_id", "error", _SILENCE, now)
    return replace(turn, facts=facts + turn.facts, apology="start_again")


def changed(state: CallState, outcome: ActionOutcome, now: float) -> Turn:
    """How the change went that the caller confirmed."""
    match outcome:
        case "success":
            return _move(state, "goodbye", "action_success", _SILENCE, now, ending="completed")
        case "network_error":
            return _move(state, "error_recovery", "action_failed", _SILENCE, now, resume="execute_action")
        case "permission_denied":
            return replace(_move(state, "ask_action", "action_failed", _SILENCE, now), apology="not_allowed")
        case "validation_failed":
            return replace(_move(state, "ask_action", "action_failed", _SILENCE, now), apology="not_accepted")


def _value_given(state: CallState, heard: Heard, now: float, value: str) -> Turn:
    if state.action != "add_note":
        return _move(state, "confirm_action", "user_input_valid", heard, now, value=value)
    note, pattern = neutralised(value)
    if not note:
        return _refuse(state, heard, now, Refusal("pattern", "pattern"), apology="not_understood")
    turn = _move(state, "confirm_action", "user_input_valid", heard, now, value=note)
    if pattern is None:
        return turn
    return replace(turn, facts=(Sanitized("note", pattern, heard), *turn.facts))


def _confirmation(state: CallState, heard: Heard, now: float, *, yes: bool) -> Turn:
    trigger: Trigger = "user_confirmation_yes" if yes else "user_confirmation_no"
    match state.stage:
        case "confirm_job":
            return _move(state, "ask_action" if yes else "collect_job_number", trigger, heard, now)
        case "confirm_action":
            turn = _move(state, "execute_action" if yes else "ask_action", trigger, heard, now)
        case _:  # error_recovery: try again?
            if not yes:
                return _move(state, "goodbye", trigger, heard, now, ending="error")
            turn = _move(state, state.resume or "collect_client_id", trigger, heard, now, resume=None)
    if turn.state.stage != "execute_action":
        return turn
    need = ChangeJob(_known(state.client), _known(state.job), _known(state.action), _known(state.value))
    return replace(turn, need=need)


def _move(state: CallState, stage: Stage, trigger: Trigger, heard: Heard, now: float, **also: Any) -> Turn:
    fact = Transition(state.stage, stage, trigger, heard, state.tries + 1)
    return Turn(replace(state, stage=stage, stage_since=now, tries=0, **also), (fact,))


def _refuse(state: CallState, heard: Heard, now: float, why: Refusal, *, apology: Apology) -> Turn:
    """Count a failed input; ask again, or end the call when there were too many."""
    attempt = state.tries + 1
    refused = Refused(state.stage, asked_field(state), why.rule, heard, attempt, why.malformed)
    if attempt < TRIES_PER_STAGE and state.failures + 1 < FAILURES_PER_CALL:
        return Turn(replace(state, tries=attempt, failures=state.failures + 1), (refused,), apology=apology)
    trigger: Trigger = "timeout" if why.rule == "no_input" else "user_input_invalid"
    turn = _give_up(replace(state, failures=state.failures + 1), heard, now, trigger=trigger, ending="max_attempts")
    return replace(turn, facts=(refused, *turn.facts))


def _give_up(state: CallState, heard: Heard, now: float, *, trigger: Trigger, ending: Ending) -> Turn:
    facts: tuple[Fact, ...] = ()
    if state.stage != "error_recovery":
        turn = _move(state, "error_recovery", trigger, heard, now)
        state, facts = turn.state, turn.facts
    if state.human_available and ending != "max_duration":  # whose time is up has no more time for a colleague
        ending = "transferred"
    turn = _move(state, "goodbye", "error", _SILENCE, now, ending=ending)
    return replace(turn, facts=facts + turn.facts)


def _known(value: T | None) -> T:
    if value is None:
        message = "the flow reached a stage without what the stages before it collect"
        raise LookupError(message)
    return value
