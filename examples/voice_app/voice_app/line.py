"""The phone line: what each webhook does, once it is known to be Twilio's.

Twilio promises neither that a webhook comes once nor that they come in order. It repeats one whose answer it did not get,
and it tells that a call is over before, while or long after the last answer comes in. So each call's webhooks are dealt
with one after the other, and each first looks whether it is news.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from weakref import WeakValueDictionary

from earwitness.client import Audit
from earwitness.integrations.twilio import Webhook, call_ended, call_started
from voice_app.audited_jobs import AuditedJobs
from voice_app.audited_state import AuditedState
from voice_app.call_state import CallState, Turn
from voice_app.conversation import Conversation
from voice_app.dependency import Dependency, DependencyLimits
from voice_app.jobs import Jobs
from voice_app.prompts import Replies, asked_in
from voice_app.recordings import Media, Recordings, Storage
from voice_app.settings import Settings
from voice_app.state import CallStates

__all__ = ["Backends", "PhoneLine"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Backends:
    """What the app depends on: Airtable, Redis, Twilio's media, S3; or what stands in for them; and its two clocks."""

    jobs: Jobs
    states: CallStates
    media: Media
    storage: Storage
    now: Callable[[], datetime] = _utc_now
    clock: Callable[[], float] = time.monotonic


class PhoneLine:
    """All calls.

    Args:
        audit: where events go.
        settings: the app's settings.
        backends: what the app depends on.
    """

    def __init__(self, audit: Audit, settings: Settings, backends: Backends) -> None:
        limits = DependencyLimits(retry_waits=settings.retry_waits, circuit=settings.circuit)
        dependency = partial(Dependency, audit=audit, clock=backends.clock)
        airtable = dependency("airtable", limits=limits)
        redis = dependency("redis", limits=replace(limits, attempt_seconds=1.0))
        # Nobody waits for a recording, and it may not be there yet when Twilio says that it is: 404.
        patient = replace(limits, attempt_seconds=30.0, request_seconds=120.0, retried=frozenset({404}))
        jobs = AuditedJobs(backends.jobs, airtable=airtable, audit=audit)
        self._audit = audit
        self._settings = settings
        self._now = backends.now
        self._states = AuditedState(backends.states, redis=redis, audit=audit)
        self._conversation = Conversation(audit=audit, jobs=jobs, now=backends.now, clock=backends.clock)
        self._recordings = Recordings(
            audit=audit,
            media=backends.media,
            twilio=dependency("twilio", limits=patient),
            storage=backends.storage,
            s3=dependency("s3", limits=patient),
            jobs=jobs,
            now=backends.now,
        )
        self._replies = Replies(public_base_url=settings.public_base_url, transfer_to=settings.transfer_to)
        # One call's webhooks one after the other, in this process; several processes need a lock in Redis instead.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def rings(self, webhook: Webhook) -> str:
        """A call came in: greet, and ask the first question."""
        async with self._turn_of(webhook):
            known = await self._states.get(webhook.call_sid, expected=False)
            if known is not None:  # a repetition: the call started only once
                await self._states.extend(webhook.call_sid)
                return self._replies.after(known)
            state = self._new_state(webhook)
            call_started(self._audit, webhook, language=state.language)
            if self._conversation.turns_away(webhook.caller):
                self._audit.security_input_validation(
                    field="From", category="rate_limited", pattern="invalid_inputs_in_a_row", action="throttled"
                )
                state = replace(state, stage="goodbye", ending="busy")
            await self._states.set(webhook.call_sid, state)
            return self._replies.welcome(state)

    async def hears(self, webhook: Webhook) -> str:
        """The caller answered, or kept silent."""
        asked = asked_in(webhook.query)
        async with self._turn_of(webhook):
            state = await self._states.get(webhook.call_sid, expected=True)
            answered = asked.turn if asked.turn is not None else state.turn if state else 0
            if state is not None and (state.ended or answered < state.turn):
                # Whoever has hung up is not asked any more, and a repetition gets the same answer once more.
                return self._replies.over() if state.ended else self._replies.after(state)
            if state is None or answered > state.turn:  # lost, or its newest version is
                turn = self._conversation.begin_again(self._new_state(webhook), asked, webhook.heard)
            else:
                turn = await self._conversation.hear(state, webhook.heard)
            state = _after(turn, answered)
            await self._states.set(webhook.call_sid, state)
            return self._replies.after(state)

    async def changes_status(self, webhook: Webhook) -> None:
        """Twilio tells how the call is getting on.

        Only its end is of interest, and an end is final: so neither the order in which the others come in nor their
        SequenceNumber matters.
        """
        if not webhook.is_final:
            return
        async with self._turn_of(webhook):
            state = await self._states.get(webhook.call_sid, expected=False)
            if state is not None and state.ended:
                return  # told already
            call_ended(
                self._audit,
                webhook,
                mark=state.ending if state else None,
                final_stage=state.stage if state else None,
            )
            # Not forgotten yet: what is late still belongs to it, and its recording belongs to the job.
            await self._states.set(webhook.call_sid, replace(state or self._new_state(webhook), ended=True))

    async def was_recorded(self, webhook: Webhook) -> None:
        """Twilio has finished a call's recording, or has none."""
        url = webhook.recording_url
        if url is None:
            return
        async with self._turn_of(webhook):
            state = await self._states.get(webhook.call_sid, expected=False)
            if state is not None and state.recording_sid == webhook.recording_sid:
                return  # a repetition: the history grows by one line only
            # Twilio names nobody in this webhook, so the caller's number comes from the call's state.
            with self._audit.call(call_sid=webhook.call_sid, caller=state.caller if state else None):
                kept = await self._recordings.keep(
                    call_sid=webhook.call_sid,
                    recording_sid=webhook.recording_sid,
                    url=url,
                    job=state.job if state else None,
                )
                if state is not None and kept:
                    await self._states.set(webhook.call_sid, replace(state, recording_sid=webhook.recording_sid))

    def _turn_of(self, webhook: Webhook) -> asyncio.Lock:
        return self._turns.setdefault(webhook.call_sid, asyncio.Lock())

    def _new_state(self, webhook: Webhook) -> CallState:
        """A call of which nothing is known but what its webhook tells."""
        now = self._now().timestamp()
        return CallState(
            language="es" if webhook.text("To") in self._settings.spanish_numbers else "en",
            started_at=asked_in(webhook.query).began or now,
            stage_since=now,
            human_available=self._settings.transfer_to is not None,
            caller=webhook.caller,
            actor=webhook.text("CallerName"),
        )


def _after(turn: Turn, answered: int) -> CallState:
    return replace(turn.state, turn=answered + 1, apology=turn.apology)
