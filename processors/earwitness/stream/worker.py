"""A stage in the foreground: until SIGTERM, or until it fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faust

from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas.wire import CONTENT_IDS, WireIds
from earwitness.stream.app import SliceApp, add_loop, build_app
from earwitness.stream.loop import SliceLoop
from earwitness.stream.options import SliceOptions
from earwitness.stream.outputs import Outputs
from earwitness.stream.records import Records
from earwitness.stream.sealing import QuarantineKey
from earwitness.stream.step import Step
from earwitness.stream.topics import TopicIds

__all__ = ["run", "run_stage"]

logger = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
# A crash is told in one line by whoever saw it. What Faust says of it are many, and they may quote a record.
_LEVELS = {"faust": logging.CRITICAL + 1, "mode": logging.CRITICAL + 1, "aiokafka": logging.ERROR}


def run_stage(
    stage: str,
    topics: Sequence[str],
    step: Step,
    *,
    kafka: KafkaSettings,
    quarantine: QuarantineKey,
    options: SliceOptions | None = None,
    wire_ids: WireIds = CONTENT_IDS,
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    """Run one stage as consumer group `earwitness-<stage>` until SIGTERM or SIGINT.

    Args:
        stage: its name, as it stands in the ledger.
        topics: what it reads.
        step: its work.
        kafka: the broker, as the stage's own user.
        quarantine: seals what cannot be read.
        options: sizes and times.
        wire_ids: what stands in front of dead letters and ledger entries.
        on_ready: called once, when the group gave this process its partitions, be they none.

    Returns:
        0 after a signal: everything begun was finished and committed. 1 after a failure, which was logged in one line.

    Raises:
        SettingsError: a setting is unusable.
        RegistryAwayError: the registry does not say what stands in front of the records that every stage writes.
    """
    options = options or SliceOptions()
    records = Records(stage, quarantine, wire_ids=wire_ids)
    records.prepare()
    outputs = Outputs(kafka)
    ids = TopicIds(kafka, topics)

    async def look_up_again(*_: Any, **__: Any) -> None:
        ids.forget()

    loop = SliceLoop(step, outputs=outputs, records=records, topic_ids=ids, options=options)
    # A directory with a name that others can guess could be there already, and be theirs.
    with tempfile.TemporaryDirectory(prefix="earwitness-") as directory:
        app = build_app(f"earwitness-{stage}", kafka, options, directory=Path(directory))
        app.on_partitions_assigned.connect(look_up_again, weak=False)
        add_loop(app, topics, loop)
        try:
            return run(app, on_ready)
        finally:
            outputs.close()


def run(app: SliceApp, on_ready: Callable[[], None] = lambda: None) -> int:
    """Run an app in the foreground; returns the process's exit code (0 after SIGTERM or SIGINT, 1 after a failure)."""
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    ready = False

    async def assigned(*_: Any, **__: Any) -> None:
        nonlocal ready
        if not ready:
            ready = True
            on_ready()

    app.on_partitions_assigned.connect(assigned, weak=False)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Records in flight are very many objects in no cycle; by default the collector looks through them again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    worker = _Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        if end.code == 0:
            return 0
    finally:
        worker.forget_deadline()
    reason = worker.crash_reason or app.crash_reason
    if not isinstance(reason, EarwitnessError):
        logger.error("%s: ended by %s: %s", app.conf.id, type(reason).__name__, reason)
    return 1


class _Worker(faust.Worker):
    """Faust's worker without what it prints, renames and waits for, and with an end to its stopping."""

    logger = logging.getLogger("faust")
    app: SliceApp
    _deadline: threading.Timer | None = None

    async def on_execute(self) -> None:
        self.spinner = None

    def on_worker_shutdown(self) -> None:
        pass

    async def _sentinel_task(self) -> None:
        pass

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        # What is open may still be confirmed, which the loop gives up after stall_seconds.
        self._end_within(self.app.slices.stall_seconds + _STOP_SECONDS)
        super()._schedule_shutdown(signal)

    def _crash(self, reason: BaseException) -> None:
        # Stopping commits what was acknowledged and leaves the group; a broker that hangs must not hold it up.
        self._end_within(_STOP_SECONDS)
        super()._crash(reason)

    def _end_within(self, seconds: float) -> None:
        self.forget_deadline()
        self._deadline = threading.Timer(seconds, self._give_up, (seconds,))
        self._deadline.daemon = True
        self._deadline.start()

    def _give_up(self, seconds: float) -> None:
        logger.error("%s: not stopped within %g s; ending now, what is open comes again", self.app.conf.id, seconds)
        logging.shutdown()
        os._exit(1)

    def forget_deadline(self) -> None:
        """Stopping is over."""
        if self._deadline is not None:
            self._deadline.cancel()
