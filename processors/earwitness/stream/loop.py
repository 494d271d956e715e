"""The loop of every stage: slice, process, produce, confirm, ledger, confirm, acknowledge. Or die.

Slices overlap: while the outputs of some are on their way, the next is worked on, up to a bound. A slice is acknowledged
when all its outputs, and after them its ledger entry, are confirmed; the transport commits the run of acknowledged slices.
Anything unexpected ends the process without acknowledging anything more, and what was not acknowledged comes again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.topic_names import DEAD_LETTERS, LEDGER, QUARANTINE
from earwitness.stream.asking import is_answered
from earwitness.stream.options import SliceOptions
from earwitness.stream.outputs import Outputs
from earwitness.stream.records import Records
from earwitness.stream.step import Dead, NeedsAnswerError, Result, SourceSlice, Step, place_of
from earwitness.stream.topics import Topics

__all__ = ["SliceLoop", "StageError"]

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.005
_IDLE_SECONDS = 1.0


class StageError(EarwitnessError):
    """A stage cannot go on; the process ends and the slice comes again."""

    exit_code = 1


@dataclass(slots=True)
class _Open:
    """A slice on its way. `waiting` counts the confirmations that are missing."""

    event: Any
    source: SourceSlice
    result: Result
    waiting: int = 0
    entered: bool = False


class SliceLoop:
    """Runs one step over the slices of one Faust stream."""

    def __init__(
        self, step: Step, *, outputs: Outputs, records: Records, topics: Topics, options: SliceOptions
    ) -> None:
        self._step = step
        self._outputs = outputs
        self._records = records
        self._topics = topics
        self._options = options
        self._confirmed: deque[_Open] = deque()
        self._open = 0
        self._in_flight = 0
        self._progress = 0.0
        self._changed = asyncio.Event()
        self._complaints = Complaints(logger)

    async def run(self, stream: Any) -> None:
        """The body of the Faust agent. Ends by cancellation, or raises.

        Raises:
            StageError: the step raised, or nothing was confirmed for too long.
            TopicChangedError: a topic was deleted and made again, or has more partitions.
            EarwitnessError: outputs are refused, a topic cannot be looked up.
        """
        besides = [
            asyncio.create_task(self._beside(stream.app, work)) for work in (self._confirm(), self._topics.watch())
        ]
        try:
            async for event in stream.noack().events():
                await self._room()
                await self._begin(event)
        except EarwitnessError as error:
            self._give_up(stream.app, error)
            raise
        finally:
            for task in besides:
                task.cancel()

    async def _begin(self, event: Any) -> None:
        message = event.message
        topic_id = await self._topics.confirm(message.topic, message.fetched, self._options.stall_seconds)
        source = SourceSlice(message.topic, topic_id, message.partition, event.value)
        result = await self._result(event, source)
        if result is None:
            return
        slice_ = _Open(event, source, result)
        if not self._open:
            self._progress = monotonic()
        self._open += 1
        self._in_flight += len(source.records)
        self._produce(slice_)
        self._changed.set()

    async def _result(self, event: Any, source: SourceSlice) -> Result | None:
        while True:
            try:
                return self._process(source)
            except NeedsAnswerError as question:
                where = f"{self._records.stage}: {source.topic}[{source.partition}] from offset {source.first} on"
                if not await is_answered(question, event, event.app, where):
                    return None

    def _process(self, source: SourceSlice) -> Result:
        try:
            return self._step.process(source)
        except NeedsAnswerError:
            raise
        except Exception as error:  # noqa: BLE001
            # Its message may quote the record, so only type and place are told.
            raise StageError(
                f"processing {source.topic}[{source.partition}] offsets {source.first} to {source.last} raised "
                f"{type(error).__name__} at {place_of(error)}; nothing of it is acknowledged"
            ) from None

    def _produce(self, slice_: _Open) -> None:
        def delivered() -> None:
            slice_.waiting -= 1
            if not slice_.waiting:
                self._confirmed.append(slice_)

        for output in slice_.result.outputs:
            slice_.waiting += self._outputs.produce(
                output.topic, output.messages, delivered, partition=output.partition, headers=output.headers
            )
        dead = slice_.result.dead
        if dead:
            self._tell(slice_.source, dead)
            slice_.waiting += self._outputs.produce(
                DEAD_LETTERS, self._records.dead_letters(slice_.source, dead), delivered
            )
            slice_.waiting += self._outputs.produce(QUARANTINE, self._records.sealed(slice_.source, dead), delivered)
        slice_.result.outputs = []
        if not slice_.waiting:
            self._confirmed.append(slice_)

    def _tell(self, source: SourceSlice, dead: list[Dead]) -> None:
        """A line a minute for each reason; the dead letters themselves tell of every record."""
        for reason, first in {each.reason: each for each in reversed(dead)}.items():
            self._complaints.say(
                reason,
                "%s: %s[%d] offset %d is a dead letter (%s): %s; %d in this slice, their bytes are kept sealed; "
                "see: earwitness deadletters list",
                self._records.stage,
                source.topic,
                source.partition,
                first.offset,
                reason,
                first.detail,
                sum(each.reason == reason for each in dead),
            )

    async def _room(self) -> None:
        while self._in_flight >= self._options.max_in_flight:
            self._changed.clear()
            await self._changed.wait()

    async def _beside(self, app: Any, work: Coroutine[Any, Any, None]) -> None:
        """Work beside the agent. A failure ends the app, because the agent may be waiting for its stream."""
        try:
            await work
        except EarwitnessError as error:
            self._give_up(app, error)
            await app.crash(error)

    def _give_up(self, app: Any, error: EarwitnessError) -> None:
        if app.ended_by is None:
            app.ended_by = error
            logger.error("%s: %s", self._records.stage, error)  # without a traceback, which may show what a caller said

    async def _confirm(self) -> None:
        """Poll, settle what is confirmed."""
        while True:
            self._outputs.poll()
            if not self._open:
                await self._idle()
                continue
            if self._confirmed:
                self._progress = monotonic()
                self._settle()
            elif monotonic() - self._progress > self._options.stall_seconds:
                raise StageError(
                    f"nothing was confirmed for {self._options.stall_seconds:g} s with {self._open} slices open; "
                    "is the broker up and may this user write?"
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _idle(self) -> None:
        """Wait for a slice; not for ever, because only a poll tells what the producer has to complain about."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _IDLE_SECONDS)

    def _settle(self) -> None:
        while self._confirmed:
            slice_ = self._confirmed.popleft()
            if slice_.entered:
                slice_.event.ack()
                self._open -= 1
                self._in_flight -= len(slice_.source.records)
                self._changed.set()
            else:
                slice_.entered = True
                entry = self._records.ledger_entry(slice_.source, slice_.result)
                self._outputs.produce(LEDGER, [entry], partial(self._confirmed.append, slice_))
