"""What an app can hand its events to, each behind the same few functions. What a system needs is imported only when it is made.

    clock        nothing at all: what the measuring costs
    off          the client, switched off
    buffered, spool_first, journal       the client, by its durability
    structlog    JSON by orjson, written to a file by the caller
    queue        the standard library: QueueHandler, and a QueueListener that writes JSON to a file
    otel         OpenTelemetry's logs SDK: a batch processor and an exporter that throws all away
    confluent    fastavro and `produce` in the caller, a thread that polls; configured as our producer is

All are set up as somebody would who cares: nothing is written through a root logger, nothing is flushed by each call that
need not be, no queue drops what it is measured with.
"""

from __future__ import annotations

import contextlib
import io
import logging
import logging.handlers
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from client_systems.event import CALL, CALL_SID, CALLER, KIND, PROCESS, TRACE, Emit, stamped

OURS = ("buffered", "spool_first", "journal")
ABROAD = ("structlog", "queue", "otel")
"""Run in the peers' environment."""
NEED_BROKER = (*OURS, "confluent")
ALL = ("clock", "off", *OURS, *ABROAD, "confluent")

_ROOM = 100_000
_DEADLINE_SECONDS = 60.0


class System(NamedTuple):
    """A system that takes events.

    Attributes:
        emit: takes one.
        settle: waits until memory holds no more of them than in a quiet moment; not for their delivery while the broker
            is away.
        refused: how many were not taken, or lost.
    """

    emit: Emit
    settle: Callable[[], None]
    refused: Callable[[], int]


@contextlib.contextmanager
def running(name: str, directory: Path) -> Iterator[System]:
    """A system of that name, until the block ends. It may write into the directory."""
    with _MADE[name](directory) as system:
        yield system


def waits(ended: Callable[[], bool], what: str, seconds: float = _DEADLINE_SECONDS) -> None:
    """Look every millisecond until it has ended.

    Raises:
        TimeoutError: it has not by then.
    """
    deadline = time.monotonic() + seconds
    while not ended():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.001)


def _nothing() -> None:
    pass


@contextlib.contextmanager
def _clock(_: Path) -> Iterator[System]:
    def emit(**said: Any) -> None:
        raise AssertionError("the clock takes no events")

    yield System(emit, _nothing, lambda: 0)


@contextlib.contextmanager
def _client(_: Path) -> Iterator[System]:
    # How it is switched off, its durability, broker and spool come from the environment, as in an app.
    from earwitness.client import AuditClient

    audit = AuditClient.from_env(service="bench")

    def refused() -> int:
        found = audit.stats()
        return sum(found.refused.values()) + sum(found.dropped.values()) + sum(found.invalid.values())

    def settle() -> None:
        waits(lambda: is_quiet(audit.stats()), "the client takes its queue to the broker, or to the spool")

    def is_quiet(found: Any) -> bool:
        return not found.queued and (not found.in_flight or found.breaker_open)

    with audit.call(call_sid=CALL_SID, caller=CALLER):
        if audit.enabled:
            from earwitness.client.context import TRACE as REQUEST

            REQUEST.set(TRACE)
        yield System(audit.call_action_attempted, settle, refused)
    audit.close(10)


@contextlib.contextmanager
def _structlog(directory: Path) -> Iterator[System]:
    import orjson
    import structlog

    def stamp(_: Any, __: str, event: Any) -> Any:
        return event | stamped()

    with (directory / "events.json").open("wb") as file:
        logger = structlog.wrap_logger(
            structlog.BytesLogger(file),
            processors=[
                structlog.contextvars.merge_contextvars,
                stamp,
                structlog.processors.JSONRenderer(orjson.dumps),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            cache_logger_on_first_use=True,
        ).bind(**PROCESS)
        structlog.contextvars.bind_contextvars(**CALL)

        def emit(**said: Any) -> None:
            logger.info(KIND, **said)

        yield System(emit, _nothing, lambda: 0)


class _Json(logging.Formatter):
    """A record's event, message and time as JSON."""

    def __init__(self) -> None:
        import orjson

        super().__init__()
        self._dumps = orjson.dumps

    def format(self, record: logging.LogRecord) -> str:
        return self._dumps({"kind": record.getMessage(), **PROCESS, **record.event}).decode()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _queue(directory: Path) -> Iterator[System]:
    handed: queue.SimpleQueue[Any] = queue.SimpleQueue()
    file = logging.FileHandler(directory / "events.json", encoding="utf-8")
    file.setFormatter(_Json())
    listener = logging.handlers.QueueListener(handed, file)
    logger = logging.getLogger("bench")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(logging.handlers.QueueHandler(handed))
    listener.start()

    def emit(**said: Any) -> None:
        logger.info(KIND, extra={"event": {**stamped(), **CALL, **said}})

    try:
        yield System(emit, lambda: waits(handed.empty, "the listener writes what is queued"), lambda: 0)
    finally:
        listener.stop()
        file.close()


@contextlib.contextmanager
def _otel(_: Path) -> Iterator[System]:
    from opentelemetry import context, trace
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
    from opentelemetry.sdk.resources import Resource

    class Thrown(LogRecordExporter):
        exported = 0

        def export(self, batch: Any) -> LogRecordExportResult:
            Thrown.exported += len(batch)
            return LogRecordExportResult.SUCCESS

        def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 (as inherited)
            return True

        def shutdown(self) -> None:
            pass

    provider = LoggerProvider(Resource.create(PROCESS))
    provider.add_log_record_processor(
        BatchLogRecordProcessor(Thrown(), max_queue_size=_ROOM, schedule_delay_millis=200)
    )
    logger = provider.get_logger("bench")
    span = trace.NonRecordingSpan(trace.SpanContext(int(TRACE[0], 16), int(TRACE[1], 16), is_remote=False))
    token = context.attach(trace.set_span_in_context(span))
    given = 0

    def emit(**said: Any) -> None:
        nonlocal given
        given += 1
        found = stamped()
        logger.emit(
            timestamp=found.pop("occurred_at") * 1000,
            severity_number=SeverityNumber.INFO,
            severity_text=found.pop("severity"),
            event_name=KIND,
            attributes={**found, "call_sid": CALL_SID, "caller": CALLER, **said},
        )

    try:
        # It exports in the calling thread when it is told to flush, which is not what is measured.
        yield System(emit, lambda: waits(lambda: Thrown.exported == given, "the batches are exported"), lambda: 0)
    finally:
        context.detach(token)
        provider.shutdown()


@contextlib.contextmanager
def _confluent(_: Path) -> Iterator[System]:
    from confluent_kafka import KafkaError, Producer
    from fastavro import schemaless_writer

    from earwitness.client import producer
    from earwitness.client.envelope import route
    from earwitness.runtime.settings import Settings
    from earwitness.schemas import codec, framing

    way = route(KIND)
    topic, schema, prefix = way.topic, codec.parsed(way.schema), framing.prefix(way.schema.id)
    ended = threading.Event()
    lost, is_away = 0, False

    def on_delivery(error: Any, _: Any) -> None:
        nonlocal lost
        lost += error is not None

    def on_error(error: KafkaError) -> None:
        nonlocal is_away
        is_away = is_away or error.code() == KafkaError._ALL_BROKERS_DOWN

    kafka = Settings.load().need_kafka()
    room = {"queue.buffering.max.messages": _ROOM, "queue.buffering.max.kbytes": 1 << 20}
    client = Producer(producer.config(kafka) | room | {"message.timeout.ms": 0, "error_cb": on_error})

    def poll() -> None:
        while not ended.is_set():
            client.poll(0.1)

    def emit(**said: Any) -> None:
        nonlocal lost
        out = io.BytesIO()
        out.write(prefix)
        schemaless_writer(out, schema, {**PROCESS, **CALL, **stamped(), **said})
        try:
            client.produce(topic, out.getvalue(), CALL_SID, on_delivery=on_delivery)
        except BufferError:
            lost += 1

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield System(emit, lambda: waits(lambda: is_away or not len(client), "the broker confirms"), lambda: lost)
    finally:
        ended.set()
        thread.join()
        client.purge()


_MADE = dict.fromkeys(("off", *OURS), _client) | {
    "clock": _clock,
    "structlog": _structlog,
    "queue": _queue,
    "otel": _otel,
    "confluent": _confluent,
}
