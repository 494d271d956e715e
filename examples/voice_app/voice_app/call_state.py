"""What the app knows of a running call, and the words in which the flow speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from earwitness.integrations.twilio import Heard
from voice_app.jobs import Action, Client, Job

__all__ = [
    "Apology",
    "Asked",
    "CallState",
    "ChangeJob",
    "Ending",
    "Fact",
    "FindClient",
    "FindJob",
    "Heard",
    "Need",
    "Refused",
    "Sanitized",
    "Stage",
    "Transition",
    "Trigger",
    "Turn",
]

Stage = Literal[
    "collect_client_id",
    "collect_job_number",
    "confirm_job",
    "ask_action",
    "collect_action_value",
    "confirm_action",
    "execute_action",
    "goodbye",
    "error_recovery",
]
Trigger = Literal[
    "user_input_valid",
    "user_input_invalid",
    "user_confirmation_yes",
    "user_confirmation_no",
    "action_success",
    "action_failed",
    "timeout",
    "error",
]
Ending = Literal["completed", "max_attempts", "max_duration", "error", "transferred", "busy"]
Apology = Literal["not_understood", "not_found", "not_allowed", "not_accepted", "start_again"]


@dataclass(frozen=True)
class CallState:
    """A call between two webhooks; this is what is kept in Redis.

    Attributes:
        language: en or es.
        started_at: when the call came in, seconds since the epoch.
        stage: what the caller is asked now.
        stage_since: when that stage began, seconds since the epoch.
        tries: failed tries at this stage.
        failures: failed inputs of the whole call.
        turn: how many answers have been heard, failed or not.
        apology: what to say before the question.
        human_available: whether a caller who does not get on can be put through to somebody.
        caller: the other party's number: later webhooks of the call do not all carry it.
        actor: the caller's name, as the network gives it.
        client: for whom the caller speaks, once that is known.
        job: the job that is talked about, once it is found.
        action: what is to be changed.
        value: to what.
        correlation_id: of that change, once it was tried: trying it again is the same change.
        resume: where error recovery goes when the caller wants to try again.
        ending: why the app ended the call; None while it has not.
        ended: whether Twilio has said that the call is over.
        recording_sid: the recording that has been taken over.
    """

    language: str
    started_at: float
    stage_since: float
    stage: Stage = "collect_client_id"
    tries: int = 0
    failures: int = 0
    turn: int = 0
    apology: Apology | None = None
    human_available: bool = False
    caller: str | None = None
    actor: str | None = None
    client: Client | None = None
    job: Job | None = None
    action: Action | None = None
    value: str | None = None
    correlation_id: str | None = None
    resume: Stage | None = None
    ending: Ending | None = None
    ended: bool = False
    recording_sid: str | None = None


@dataclass(frozen=True)
class Asked:
    """The question that an answer belongs to, as the app wrote it into the address to which Twilio sends the answer.

    It tells an answer from a repetition of the one before, and it is what is left of a call whose state is lost.

    Attributes:
        stage: the stage that asked.
        turn: how many answers had been heard before.
        began: when the call came in, seconds since the epoch.
        failures: failed inputs of the call before.
    """

    stage: Stage | None = None
    turn: int | None = None
    began: int | None = None
    failures: int = 0


@dataclass(frozen=True)
class Transition:
    """The conversation moved on."""

    from_stage: Stage
    to_stage: Stage
    trigger: Trigger
    heard: Heard
    attempt: int


@dataclass(frozen=True)
class Refused:
    """An answer did not do. `malformed` names the form that it breaks; None when only its content is wrong."""

    stage: Stage
    field: str
    rule: str
    heard: Heard
    attempt: int
    malformed: str | None = None


@dataclass(frozen=True)
class Sanitized:
    """Something was taken out of an answer before it was used; `pattern` names it."""

    field: str
    pattern: str
    heard: Heard


@dataclass(frozen=True)
class FindClient:
    """The flow has to know whether there is such a client."""

    client_id: str
    heard: Heard


@dataclass(frozen=True)
class FindJob:
    """The flow has to know whether that client has such a job."""

    client: Client
    job_number: str
    heard: Heard


@dataclass(frozen=True)
class ChangeJob:
    """The flow wants a job changed."""

    client: Client
    job: Job
    action: Action
    value: str


Fact = Transition | Refused | Sanitized
Need = FindClient | FindJob | ChangeJob


@dataclass(frozen=True)
class Turn:
    """What one answer led to.

    Attributes:
        state: the call afterwards.
        facts: what happened, in order.
        need: what must be fetched or done before the caller can be answered; its result goes back into the flow.
        apology: what to say before the next question.
    """

    state: CallState
    facts: tuple[Fact, ...] = ()
    need: Need | None = None
    apology: Apology | None = None
