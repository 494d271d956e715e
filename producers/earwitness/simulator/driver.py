"""Twilio, played: whole calls against a running voice app over HTTP, signed as Twilio signs, and some that are not."""

from __future__ import annotations

import asyncio
import html
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlencode

import aiohttp
from twilio.request_validator import RequestValidator

from earwitness.runtime.errors import UnavailableError
from earwitness.simulator.callers import ACCOUNT_SID, Answer, CallPlan, plan_calls

__all__ = ["Driven", "drive"]

RECORDED_FROM_SECONDS: Final = 10
TWILIO_WAITS_SECONDS: Final = 15.0
EXAMPLE_STORY: Final = "update_assignee"

Progress = Callable[[int, int], None]
_Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Driven:
    """What was driven.

    Attributes:
        calls: whole calls.
        requests: webhooks, the forged ones included.
        forged: webhooks without a signature or with a wrong one.
        answers: how many requests the app answered with which HTTP status.
        stories: the story of each call, by its CallSid.
        example_call_sid: a call that went through every stage and changed a job; None when there was none.
    """

    calls: int
    requests: int
    forged: int
    answers: Mapping[int, int]
    stories: Mapping[str, str]
    example_call_sid: str | None


async def drive(
    base_url: str,
    *,
    auth_token: str,
    calls: int = 200,
    forged: int = 5,
    seed: int = 1,
    concurrency: int = 16,
    progress: Progress | None = None,
) -> Driven:
    """Call a voice app, several callers at a time.

    Args:
        base_url: where the app is, as it knows itself: the address is part of what is signed.
        auth_token: with which webhooks are signed.
        calls: whole calls; each of `callers.STORIES` comes once before any comes again.
        forged: requests that are wrongly signed or not at all, strewn among the calls.
        seed: the same seed makes the same calls. A running app takes a second run with the same seed for repetitions.
        concurrency: how many callers at a time.
        progress: told after each call or forged request how many are done, of how many.

    Raises:
        UnavailableError: the app does not answer.
    """
    plans = plan_calls(calls, seed)
    rng = random.Random(seed)  # noqa: S311 - made-up callers need no secrecy
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TWILIO_WAITS_SECONDS)) as http:
        twilio = _Twilio(http, base_url.rstrip("/"), auth_token)
        work: list[_Work] = [partial(twilio.call, plan) for plan in plans]
        work += [partial(twilio.forge, number, f"CA{rng.getrandbits(128):032x}") for number in range(forged)]
        rng.shuffle(work)
        try:
            async with asyncio.TaskGroup() as group:
                queue, done = iter(work), _Done(len(work), progress)
                for _ in range(max(1, concurrency)):
                    group.create_task(_work_off(queue, done))
        except* (aiohttp.ClientError, TimeoutError) as errors:
            reason = str(errors.exceptions[0]) or f"within {TWILIO_WAITS_SECONDS:g} s"
            raise UnavailableError(f"voice app at {base_url}: no answer ({reason}); see whether it runs") from None
    examples = [plan.call_sid for plan in plans if plan.story == EXAMPLE_STORY]
    return Driven(
        calls=calls,
        requests=twilio.answers.total(),
        forged=forged,
        answers=dict(sorted(twilio.answers.items())),
        stories={plan.call_sid: plan.story for plan in plans},
        example_call_sid=examples[0] if examples else None,
    )


class _Done:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self._count = 0
        self._total = total
        self._progress = progress

    def one(self) -> None:
        self._count += 1
        if self._progress is not None:
            self._progress(self._count, self._total)


async def _work_off(queue: Iterator[_Work], done: _Done) -> None:
    for one in queue:
        await one()
        done.one()


class _Twilio:
    def __init__(self, http: aiohttp.ClientSession, base_url: str, auth_token: str) -> None:
        self._http = http
        self._base_url = base_url
        self._validator = RequestValidator(auth_token)
        self._wrong_validator = RequestValidator(f"not-{auth_token}")
        self.answers: Counter[int] = Counter()

    async def call(self, plan: CallPlan) -> None:
        """Ring, answer for as long as the app asks, then tell it how the call ended."""
        twiml = await self._post(f"{self._base_url}/voice", {**plan.fields, "CallStatus": "ringing"})
        for answer in plan.answers:
            gather_url = _gather_url(twiml)
            if gather_url is None:
                break  # the app has ended the call, or put the caller through
            twiml = await self._post(gather_url, {**plan.fields, **_answer_fields(answer)})
        ended = {
            **plan.fields,
            "CallStatus": "completed",
            "CallDuration": str(plan.duration_seconds),
            "Duration": str(-(-plan.duration_seconds // 60)),
            "SipResponseCode": "200",
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
        }
        await self._post(f"{self._base_url}/status", ended)
        if plan.duration_seconds >= RECORDED_FROM_SECONDS:
            recording_sid = f"RE{plan.call_sid[2:]}"
            recorded = {
                "AccountSid": plan.fields["AccountSid"],
                "CallSid": plan.call_sid,
                "RecordingSid": recording_sid,
                "RecordingUrl": f"https://api.twilio.example/{plan.fields['AccountSid']}/Recordings/{recording_sid}",
                "RecordingStatus": "completed",
                "RecordingDuration": str(plan.duration_seconds),
                "RecordingChannels": "1",
                "RecordingSource": "StartCallRecordingTwiML",
            }
            await self._post(f"{self._base_url}/recording", recorded)

    async def forge(self, number: int, call_sid: str) -> None:
        """A webhook by somebody who does not know the token."""
        url = f"{self._base_url}{('/voice', '/gather', '/status')[number % 3]}"
        fields = {
            "AccountSid": ACCOUNT_SID,
            "CallSid": call_sid,
            "From": "+12025550199",
            "CallStatus": "in-progress",
            "Digits": "48200",
        }
        signature = None if number % 2 else self._wrong_validator.compute_signature(url, fields)
        await self._send(url, fields, signature)

    async def _post(self, url: str, fields: Mapping[str, str]) -> str:
        return await self._send(url, fields, self._validator.compute_signature(url, fields))

    async def _send(self, url: str, fields: Mapping[str, str], signature: str | None) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "TwilioProxy/1.1"}
        if signature is not None:
            headers["X-Twilio-Signature"] = signature
        async with self._http.post(url, data=urlencode(fields), headers=headers) as response:
            self.answers[response.status] += 1
            return await response.text()


def _answer_fields(answer: Answer) -> dict[str, str]:
    if answer.digits is not None:
        return {"Digits": answer.digits, "FinishedOnKey": "#"}
    if answer.speech is not None:
        return {"SpeechResult": answer.speech, "Confidence": str(answer.confidence)}
    return {}


def _gather_url(twiml: str) -> str | None:
    found = re.search(r'<Gather[^>]*\baction="([^"]*)"', twiml)
    return html.unescape(found[1]) if found else None
