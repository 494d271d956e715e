"""Twilio, played: whole calls against a running voice app over HTTP, with all that makes Twilio awkward.

Webhooks are sent twice, also at the same time; fields occur twice; status callbacks come in the wrong order, or long after
the call; some requests are forged, and some were changed on their way. The app to be driven has to name the stage that
asks in its `<Gather>`'s address, as in `/gather?stage=ask_action`: callers answer what they are asked.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiohttp

from earwitness.runtime.errors import UnavailableError, UsageError
from earwitness.simulator.caller import Answer
from earwitness.simulator.callers import CallPlan, plan_calls
from earwitness.simulator.forgeries import damage, forge
from earwitness.simulator.twilio import Question, Twilio

__all__ = ["Driven", "drive"]

RECORDED_FROM_SECONDS: Final = 10
TWILIO_WAITS_SECONDS: Final = 15.0
MAX_ANSWERS: Final = 40
EXAMPLE_STORY: Final = "update_assignee"
STRAIGHT_THROUGH: Final = (
    "collect_client_id", "collect_job_number", "confirm_job", "ask_action", "collect_action_value", "confirm_action",
)  # fmt: skip

Progress = Callable[[int, int], None]
_Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Driven:
    """What was driven.

    Attributes:
        calls: whole calls.
        requests: webhooks, the forged and the damaged ones included.
        forged: webhooks without a signature or with a wrong one.
        damaged: webhooks whose signature was right before something changed them.
        answers: how many requests the app answered with which HTTP status.
        stories: the story of each call, by its CallSid.
        example_call_sid: a call that went straight through every stage and changed a job; None when there was none.
    """

    calls: int
    requests: int
    forged: int
    damaged: int
    answers: Mapping[int, int]
    stories: Mapping[str, str]
    example_call_sid: str | None


async def drive(
    base_url: str,
    *,
    auth_token: str,
    calls: int = 200,
    forged: int = 5,
    damaged: int = 3,
    seed: int = 1,
    concurrency: int = 16,
    progress: Progress | None = None,
) -> Driven:
    """Call a voice app, several callers at a time.

    Args:
        base_url: where the app is, as it knows itself: the address is part of what is signed.
        auth_token: with which webhooks are signed.
        calls: whole calls; each of `stories.STORIES` comes once before any comes again.
        forged: requests that are wrongly signed or not at all, strewn among the calls.
        damaged: requests that were changed after they had been signed, likewise.
        seed: the same seed makes the same calls. A running app takes a second run with the same seed for repetitions.
        concurrency: how many callers at a time.
        progress: told after each call, forged or damaged request how many are done, of how many.

    Raises:
        UnavailableError: the app does not answer.
        UsageError: the app does not name the stage that asks.
    """
    plans = plan_calls(calls, seed)
    rng = random.Random(seed)  # noqa: S311 - made-up callers need no secrecy
    asked: dict[str, tuple[str, ...]] = {}

    async def call(plan: CallPlan) -> None:
        asked[plan.call_sid] = await _Call(twilio, plan).from_ring_to_recording()

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TWILIO_WAITS_SECONDS)) as http:
        twilio = Twilio(http, base_url.rstrip("/"), auth_token)
        work: list[_Work] = [partial(call, plan) for plan in plans]
        for count, request in ((forged, forge), (damaged, damage)):
            work += [partial(request, twilio, number, f"CA{rng.getrandbits(128):032x}") for number in range(count)]
        rng.shuffle(work)
        try:
            async with asyncio.TaskGroup() as group:
                queue, done = iter(work), _Done(len(work), progress)
                for _ in range(max(1, concurrency)):
                    group.create_task(_work_off(queue, done))
        except ExceptionGroup as failed:
            # Not `except*`: before Python 3.11.4 what is raised in it comes out in a group.
            if (unheard := failed.subgroup((aiohttp.ClientError, TimeoutError))) is not None:
                reason = str(unheard.exceptions[0]) or f"within {TWILIO_WAITS_SECONDS:g} s"
                raise UnavailableError(f"voice app at {base_url}: no answer ({reason}); see whether it runs") from None
            if (refused := failed.subgroup(UsageError)) is not None:
                raise refused.exceptions[0] from None
            raise
    straight = (plan for plan in plans if plan.story == EXAMPLE_STORY and asked[plan.call_sid] == STRAIGHT_THROUGH)
    return Driven(
        calls=calls,
        requests=twilio.answers.total(),
        forged=forged,
        damaged=damaged,
        answers=dict(sorted(twilio.answers.items())),
        stories={plan.call_sid: plan.story for plan in plans},
        example_call_sid=next((plan.call_sid for plan in straight), None),
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


class _Call:
    """One call, from its first webhook to its last.

    Args:
        twilio: sends them.
        plan: the call.
    """

    def __init__(self, twilio: Twilio, plan: CallPlan) -> None:
        self._twilio = twilio
        self._plan = plan
        self._script = plan.script
        self._rng = random.Random(plan.call_sid)  # noqa: S311 - as above

    async def from_ring_to_recording(self) -> tuple[str, ...]:
        """Ring, answer for as long as the app asks, tell it how the call ended; gives the stages that asked."""
        asked: list[str] = []
        status = self._script.status
        if status == "completed":
            question = Question(await self._post("/voice", {"CallStatus": "ringing"}))
            status = "busy" if question.rejected else status
            times: Counter[str] = Counter()
            while question.url is not None and len(asked) < min(MAX_ANSWERS, self._patience):
                if not question.stage:
                    raise UsageError(
                        f"<Gather action={question.url!r}>: no stage=…; callers answer what they are asked"
                    )
                answers = self._script.answers.get(question.stage, ())
                if not answers:
                    break  # the caller has no answer to that, and hangs up
                answer = answers[min(times[question.stage], len(answers) - 1)]
                times[question.stage] += 1
                asked.append(question.stage)
                question = Question(await self._post(question.url, _answer_fields(answer)))
        seconds = self._script.seconds
        seconds = 6 + 6 * len(asked) + self._rng.randrange(10) if seconds is None else seconds
        await self._tell_its_end(status, seconds if status == "completed" else 0)
        return tuple(asked)

    @property
    def _patience(self) -> int:
        return MAX_ANSWERS if self._script.hangs_up_after is None else self._script.hangs_up_after

    async def _tell_its_end(self, status: str, seconds: int) -> None:
        """The status callbacks and the recording's, in the order of a network that promises none."""
        told = ["completed"] if status == "completed" else [status]
        if self._rng.random() < 0.2:  # an app that subscribed to all of them
            told = ["ringing", "in-progress", *told] if status == "completed" else ["ringing", *told]
        callbacks: list[_Work] = [partial(self._status, one, seconds, sequence) for sequence, one in enumerate(told)]
        if status == "completed" and seconds >= RECORDED_FROM_SECONDS:
            callbacks.append(partial(self._recording, seconds))
        if self._rng.random() < 0.25:
            self._rng.shuffle(callbacks)
        for callback in callbacks:
            await callback()

    async def _status(self, status: str, seconds: int, sequence: int) -> None:
        fields = {
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
        }
        if status not in ("ringing", "in-progress"):
            fields |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
            fields["SipResponseCode"] = "486" if status == "busy" else self._script.sip_response_code
        await self._post("/status", fields)

    async def _recording(self, seconds: int) -> None:
        account_sid, sid = self._plan.fields["AccountSid"], f"RE{self._plan.call_sid[2:]}"
        fields = {
            "AccountSid": account_sid,
            "CallSid": self._plan.call_sid,
            "RecordingSid": sid,
            "RecordingUrl": f"https://api.twilio.example/{account_sid}/Recordings/{sid}",
            "RecordingStatus": "completed",
            "RecordingDuration": str(seconds),
            "RecordingChannels": "1",
            "RecordingSource": "StartCallRecordingTwiML",
        }
        await self._twilio.post(f"{self._twilio.base_url}/recording", fields, times=self._times())

    async def _post(self, where: str, fields: Mapping[str, str]) -> str:
        url = f"{self._twilio.base_url}{where}" if where.startswith("/") else where
        form = [*(dict(self._plan.fields) | dict(fields)).items(), *self._plan.twice]
        return await self._twilio.post(url, form, times=self._times())

    def _times(self) -> int:
        return 2 if self._rng.random() < 0.06 else 1


def _answer_fields(answer: Answer) -> dict[str, str]:
    if answer.digits is not None:
        return {"Digits": answer.digits, "FinishedOnKey": "#", "msg": "Gather End"}
    if answer.speech is not None:
        return {"SpeechResult": answer.speech, "Confidence": str(answer.confidence)}
    return {"msg": "Gather End"}
