"""One answer of the caller carried through: the flow decides, Airtable is asked, and all of it goes into the trail."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from earwitness.client.methods import EventMethods
from voice_app import flow
from voice_app.call_state import (
    Asked,
    CallState,
    ChangeJob,
    Fact,
    FindClient,
    FindJob,
    Heard,
    Need,
    Refused,
    Sanitized,
    Transition,
    Turn,
)
from voice_app.errors import DependencyError
from voice_app.history import history_line
from voice_app.jobs import Action, Change, Client, Job, Jobs
from voice_app.screening import injection
from voice_app.watch import INVALID_INPUTS, Watch

__all__ = ["Conversation"]

_log = logging.getLogger(__name__)
_FIELDS: dict[Action, str] = {
    "update_status": "status",
    "update_scheduled_date": "scheduled_date",
    "update_assignee": "assignee",
    "add_note": "notes",
}


class Conversation:
    """Drives the flow of any call.

    Args:
        audit: where events go.
        jobs: Airtable, or what stands in for it.
        now: the time of day.
        clock: seconds, never going back.
    """

    def __init__(
        self, *, audit: EventMethods, jobs: Jobs, now: Callable[[], datetime], clock: Callable[[], float]
    ) -> None:
        self._audit = audit
        self._jobs = jobs
        self._now = now
        self._fumblers = Watch(INVALID_INPUTS, audit=audit, clock=clock)

    def turns_away(self, caller: str | None) -> bool:
        """Whether a number has given so many invalid inputs in a row that its calls are not taken for a while."""
        return self._fumblers.blocks(caller)

    async def hear(self, state: CallState, heard: Heard) -> Turn:
        """What an answer leads to, with everything done that the flow asked for on the way."""
        turn = Turn(state)
        try:
            turn = flow.hear(state, heard, self._seconds())
            self._tell(turn.facts, state.caller)
            while turn.need is not None:
                turn = await self._meet(turn.state, turn.need)
                self._tell(turn.facts, state.caller)
        except Exception:  # noqa: BLE001 - whatever it is, somebody is on the telephone and waits for an answer
            _log.exception("an answer could not be dealt with at %s", turn.state.stage)
            turn = flow.broke(turn.state, heard, self._seconds())
            self._tell(turn.facts, state.caller)
        return turn

    def begin_again(self, rebuilt: CallState, asked: Asked, heard: Heard) -> Turn:
        """What an answer leads to when the state of its call is lost."""
        turn = flow.forgotten(rebuilt, asked, heard, self._seconds())
        self._tell(turn.facts, rebuilt.caller)
        return turn

    async def _meet(self, state: CallState, need: Need) -> Turn:
        if isinstance(need, ChangeJob):
            correlation_id = state.correlation_id or uuid.uuid4().hex
            state = replace(state, correlation_id=correlation_id)
            outcome = await self._change(state, need, correlation_id)
            return flow.changed(state, outcome, self._seconds())
        try:
            if isinstance(need, FindClient):
                client = await self._jobs.client(need.client_id)
                return flow.client_looked_up(state, need, client, self._seconds())
            job = await self._find_job(state, need)
            return flow.job_looked_up(state, need, job, self._seconds())
        except DependencyError:  # AuditedJobs has told the trail
            return flow.broke(state, need.heard, self._seconds())

    async def _find_job(self, state: CallState, need: FindJob) -> Job | None:
        """The job, if it is the client's own: a caller must not learn that somebody else has such a job."""
        client, began = need.client, time.perf_counter()
        job = await self._jobs.job(need.job_number)
        own = job is not None and job.client_id == client.client_id
        self._audit.data_job_lookup(
            client_id=client.client_id,
            job_number=need.job_number,
            found=own,
            latency_ms=(time.perf_counter() - began) * 1000,
        )
        if job is None:
            return None
        readable = self._authorize(state, client, job, "job:read", refusal=None if own else "job_of_other_client")
        return job if readable else None

    async def _change(self, state: CallState, need: ChangeJob, correlation_id: str) -> flow.ActionOutcome:
        outcome: flow.ActionOutcome = "success"
        error_code: str | None = None
        if self._authorize(state, need.client, need.job, f"job:{need.action}"):
            change = Change(
                record_id=need.job.record_id,
                fields={_FIELDS[need.action]: need.value},
                line=history_line(need.job, need.action, need.value, self._now()),
                correlation_id=correlation_id,
            )
            try:
                await self._jobs.change(need.job, change)
            except DependencyError as error:
                outcome = "validation_failed" if error.status_code == 422 else "network_error"
                error_code = error.code
        else:
            outcome, error_code = "permission_denied", "NOT_PERMITTED"
        self._audit.call_action_attempted(
            action=need.action,
            outcome=outcome,
            error_code=error_code,
            client_id=need.client.client_id,
            job_number=need.job.number,
            value=need.value,
            actor=state.actor,
            correlation_id=correlation_id,
            severity={"success": None, "network_error": "ERROR"}.get(outcome, "WARN"),
        )
        return outcome

    def _authorize(
        self, state: CallState, client: Client, job: Job, permission: str, *, refusal: str | None = None
    ) -> bool:
        if refusal is None and permission not in client.permissions:
            refusal = "not_granted_to_client"
        self._audit.security_authorization(
            permission=permission,
            resource="job",
            allowed=refusal is None,
            reason=refusal,
            subject=state.actor,
            client_id=client.client_id,
            job_number=job.number,
            severity=None if refusal is None else "WARN",
        )
        return refusal is None

    def _seconds(self) -> float:
        return self._now().timestamp()

    def _tell(self, facts: tuple[Fact, ...], caller: str | None) -> None:
        for fact in facts:
            if isinstance(fact, Transition):
                if fact.trigger in ("user_input_valid", "user_confirmation_yes", "user_confirmation_no"):
                    self._fumblers.did_well(caller)
                self._audit.call_stage_transition(
                    from_stage=fact.from_stage,
                    to_stage=fact.to_stage,
                    trigger=fact.trigger,
                    user_input=fact.heard.text,
                    input_mode=fact.heard.mode,
                    confidence=fact.heard.confidence,
                    attempt=fact.attempt,
                    severity="WARN" if fact.to_stage == "error_recovery" else None,
                )
            elif isinstance(fact, Sanitized):
                self._audit.security_input_validation(
                    field=fact.field,
                    category="injection",
                    pattern=fact.pattern,
                    user_input=fact.heard.text,
                    action="sanitized",
                )
            else:
                self._tell_refused(fact)
                if fact.heard.mode != "none":  # silence is no input
                    self._fumblers.erred(caller, f"last one: {fact.field}, {fact.rule}")

    def _tell_refused(self, refused: Refused) -> None:
        if refused.malformed is not None:
            attack = injection(refused.heard.text or "")
            self._audit.security_input_validation(
                field=refused.field,
                category="injection" if attack else "malformed",
                pattern=attack or refused.malformed,
                user_input=refused.heard.text,
                action="rejected",
            )
        self._audit.call_validation_failed(
            stage=refused.stage,
            field=refused.field,
            rule=refused.rule,
            user_input=refused.heard.text,
            input_mode=refused.heard.mode,
            attempt=refused.attempt,
        )
