"""Waiting for an answer without which a slice cannot be judged."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from earwitness.runtime.complaints import Complaints
from earwitness.runtime.errors import UnavailableError
from earwitness.stream.step import NeedsAnswerError

__all__ = ["is_answered"]

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 2.0
_LOOK_SECONDS = 0.05


async def is_answered(question: NeedsAnswerError, event: Any, app: Any, where: str) -> bool:
    """Ask until there is an answer, however long that takes, and say once a minute that somebody waits.

    Args:
        question: asked on another thread.
        event: the slice that waits.
        app: its Faust app. When that stops or its partitions change hands, the slice is given up.
        where: stage and place, for the log.

    Returns:
        False when the slice was given up: it was not acknowledged, and whoever has its partition now reads it again.
    """
    complaints, pause, generation = Complaints(logger), 0.0, app.consumer_generation_id
    while True:
        try:
            await asyncio.to_thread(question.ask)
        except UnavailableError as error:
            complaints.say(where, "%s waits, nothing of it is lost: %s", where, error)
        else:
            if pause:
                logger.info("%s goes on", where)
            return True
        pause = min(pause * 2, _LONGEST_PAUSE) or _FIRST_PAUSE
        for _ in range(int(pause / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            if app.should_stop or app.rebalancing or app.consumer_generation_id != generation:
                await _let_go(event, app)
                return False


async def _let_go(event: Any, app: Any) -> None:
    """Leave the slice unacknowledged without holding up Faust, which waits for every slice that was begun.

    The next one must not be begun before Faust has dropped what is behind this one in its buffer: it would overtake.
    """
    app.consumer.let_go(event.message)
    while app.should_stop or app.rebalancing:  # noqa: ASYNC110 (Faust has no event for it)
        await asyncio.sleep(_LOOK_SECONDS)
