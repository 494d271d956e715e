"""The web layer: four webhooks, each of them a few lines around the flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response

from earwitness.client import Audit
from voice_app.audited_jobs import AuditedJobs
from voice_app.audited_state import AuditedState
from voice_app.call_state import CallState, Turn
from voice_app.conversation import Conversation
from voice_app.endings import FINAL_STATUSES, call_status, disconnect_reason
from voice_app.jobs import Jobs
from voice_app.prompts import Replies
from voice_app.recordings import Recordings, Storage
from voice_app.settings import Settings
from voice_app.state import CallStates
from voice_app.twilio_webhooks import TwilioWebhooks, Webhook

__all__ = ["Backends", "create_app"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Backends:
    """What the app depends on: Airtable, Redis, Twilio's media and S3, the clock; or what stands in for them."""

    jobs: Jobs
    states: CallStates
    storage: Storage
    now: Callable[[], datetime] = _utc_now


def create_app(audit: Audit, settings: Settings, backends: Backends) -> FastAPI:
    """The app.

    Args:
        audit: where its events go. The app's lifespan starts the client and flushes it at the end.
        settings: its settings.
        backends: what it depends on.
    """
    # The lifespan is what flushes the last events: uvicorn runs no atexit hook when it is told to stop.
    app = FastAPI(title="Voice app", lifespan=audit.lifespan(), docs_url=None, redoc_url=None, openapi_url=None)
    webhooks = TwilioWebhooks(
        audit=audit,
        auth_token=settings.auth_token,
        public_base_url=settings.public_base_url,
        max_body_bytes=settings.max_body_bytes,
    )
    line = PhoneLine(audit, settings, backends)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/voice")
    async def voice(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        # Inside this block every event carries the call's id and the caller's number, wherever it is emitted.
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            return _twiml(await line.rings(webhook))

    @app.post("/gather")
    async def gather(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            return _twiml(await line.hears(webhook))

    @app.post("/status")
    async def status(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            await line.changes_status(webhook)
        return Response(status_code=204)

    @app.post("/recording")
    async def recording(request: Request) -> Response:
        webhook = await webhooks.verified(request)
        with audit.call(call_sid=webhook.call_sid, caller=webhook.caller):
            await line.was_recorded(webhook)
        return Response(status_code=204)

    return app


def _twiml(document: str) -> Response:
    return Response(document, media_type="application/xml")


class PhoneLine:
    """What each webhook does, once it is known to be Twilio's.

    Args:
        audit: where events go.
        settings: the app's settings.
        backends: what the app depends on.
    """

    def __init__(self, audit: Audit, settings: Settings, backends: Backends) -> None:
        jobs = AuditedJobs(backends.jobs, audit=audit, retry_waits=settings.retry_waits)
        self._audit = audit
        self._settings = settings
        self._now = backends.now
        self._states = AuditedState(backends.states, audit=audit)
        self._conversation = Conversation(audit=audit, jobs=jobs, now=backends.now)
        self._recordings = Recordings(audit=audit, storage=backends.storage, jobs=jobs, now=backends.now)
        self._replies = Replies(public_base_url=settings.public_base_url, transfer_to=settings.transfer_to)

    async def rings(self, webhook: Webhook) -> str:
        """A call came in: greet, and ask the first question."""
        state = await self._states.get(webhook.call_sid, expected=False)
        if state is not None:  # Twilio repeats a webhook whose answer it did not get: the call started only once
            await self._states.extend(webhook.call_sid)
            return self._replies.after(Turn(state))
        state = self._new_state(webhook)
        self._audit.call_started(
            from_number=webhook.text("From"),
            to_number=webhook.text("To"),
            caller_name=state.actor,
            direction=webhook.direction,
            language=state.language,
            stir_verstat=webhook.text("StirVerstat"),
        )
        await self._states.set(webhook.call_sid, state)
        return self._replies.welcome(state)

    async def hears(self, webhook: Webhook) -> str:
        """The caller answered, or kept silent."""
        state = await self._states.get(webhook.call_sid, expected=True)
        if state is None:  # lost: nobody knows what was asked, so ask from the beginning
            turn = Turn(self._new_state(webhook), apology="not_understood")
        else:
            turn = await self._conversation.hear(state, webhook.heard)
        await self._states.set(webhook.call_sid, turn.state)
        return self._replies.after(turn)

    async def changes_status(self, webhook: Webhook) -> None:
        """Twilio tells how the call is getting on; only its end is of interest."""
        status = call_status(webhook.text("CallStatus") or "")
        if status not in FINAL_STATUSES:
            return
        state = await self._states.get(webhook.call_sid, expected=False)
        if state is not None and state.ended:
            return  # told already
        duration = webhook.number("CallDuration") or 0
        sip_code = webhook.number("SipResponseCode")
        reason = disconnect_reason(status, sip_code, duration, state)
        self._audit.call_ended(
            duration_seconds=duration,
            disconnect_reason=reason,
            final_stage=state.stage if state else None,
            call_status=status,
            sip_response_code=sip_code,
            severity="ERROR" if reason in ("error", "failed") else "WARN" if reason.startswith("max_") else None,
        )
        if state is not None:  # not forgotten yet: the recording, which comes later, belongs to the job
            await self._states.set(webhook.call_sid, replace(state, ended=True))

    async def was_recorded(self, webhook: Webhook) -> None:
        """Twilio has finished a call's recording, or has none."""
        url = webhook.text("RecordingUrl")
        if webhook.text("RecordingStatus") != "completed" or url is None:
            return
        state = await self._states.get(webhook.call_sid, expected=False)
        # Twilio names nobody in this webhook, so the caller's number comes from the call's state.
        with self._audit.call(call_sid=webhook.call_sid, caller=state.caller if state else None):
            await self._recordings.keep(
                call_sid=webhook.call_sid,
                recording_sid=webhook.recording_sid,
                url=url,
                job=state.job if state else None,
            )
            if state is not None and state.ended:
                await self._states.delete(webhook.call_sid)

    def _new_state(self, webhook: Webhook) -> CallState:
        now = self._now().timestamp()
        return CallState(
            language="es" if webhook.text("To") in self._settings.spanish_numbers else "en",
            started_at=now,
            stage_since=now,
            human_available=self._settings.transfer_to is not None,
            caller=webhook.caller,
            actor=webhook.text("CallerName"),
        )
