"""A stage in the foreground: until SIGTERM, or until it fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import faust
from aiokafka.errors import KafkaConnectionError

from earwitness.runtime.errors import EarwitnessError, UnavailableError
from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas.wire import CONTENT_IDS, WireIds
from earwitness.stream.app import SliceApp, add_loop, build_app
from earwitness.stream.loop import SliceLoop
from earwitness.stream.options import SliceOptions
from earwitness.stream.outputs import Outputs
from earwitness.stream.quiet import quieten
from earwitness.stream.records import Records
from earwitness.stream.sealing import QuarantineKey
from earwitness.stream.step import Step
from earwitness.stream.topics import Topics

__all__ = ["run", "run_stage"]

logger = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
# A crash is told in one line by whoever saw it. What Faust says of it are many, and they may quote a record.
_SILENT = ("faust", "mode")


def run_stage(
    stage: str,
    topics: Sequence[str],
    step: Step,
    *,
    kafka: KafkaSettings,
    mirrors: Mapping[str, str] = MappingProxyType({}),
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
        mirrors: by topic that is read, the topic into whose same partitions its outputs go.
        quarantine: seals what cannot be read.
        options: sizes and times.
        wire_ids: what stands in front of dead letters and ledger entries.
        on_ready: called once, when the group gave this process its partitions, be they none.

    Returns:
        0 after a signal: everything begun was finished and committed. After a failure, which was logged in one line, the
        code of its error: 3 when the broker is away, 1 for most others.

    Raises:
        SettingsError: a setting is unusable.
        UnavailableError: the broker does not answer, or lacks a topic.
        RegistryAwayError: the registry does not say what stands in front of the records that every stage writes.
    """
    options = options or SliceOptions()
    records = Records(stage, quarantine, wire_ids=wire_ids)
    records.prepare()
    outputs = Outputs(kafka)
    watched = Topics(kafka, {topic: mirrors.get(topic) for topic in topics})
    watched.begin()
    loop = SliceLoop(step, outputs=outputs, records=records, topics=watched, options=options)
    # A directory with a name that others can guess could be there already, and be theirs.
    with tempfile.TemporaryDirectory(prefix="earwitness-") as directory:
        app = build_app(f"earwitness-{stage}", kafka, options, directory=Path(directory))
        app.topics_read = watched
        add_loop(app, topics, loop)
        try:
            return run(app, on_ready)
        finally:
            outputs.close()


def run(app: SliceApp, on_ready: Callable[[], None] = lambda: None) -> int:
    """Run an app in the foreground; returns the process's exit code, see `run_stage`."""
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    quieten()
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
    failure: BaseException | None = None
    worker = _Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        if end.code == 0:
            return 0
        failure = end.__context__  # of a start that failed Faust keeps no reason
    except asyncio.CancelledError as end:  # Faust raises its reason, and this one is no Exception to it
        failure = end
    finally:
        worker.forget_deadline()
    return _code(app, app.ended_by or worker.crash_reason or app.crash_reason or failure)


def _code(app: SliceApp, reason: BaseException | None) -> int:
    """The exit code; says why, unless whoever raised it has said so."""
    if isinstance(reason, EarwitnessError):
        return reason.exit_code
    if isinstance(reason, KafkaConnectionError):
        servers = ",".join(f"{url.host}:{url.port}" for url in app.conf.broker)
        logger.error(
            "%s: the broker at %s cannot be reached: %s; start it, or check the address", app.conf.id, servers, reason
        )
        return UnavailableError.exit_code
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
