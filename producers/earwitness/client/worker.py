"""The one thread that does all the work: checks, encodes, produces, counts, reports.

It looks every 20 ms instead of being woken by every event, which would cost the caller two to three times as much. And it
paces itself, 8 events and then half a millisecond off, because the app's event loop competes with it for the GIL; when
the queue fills up it runs flat out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from earwitness.client import envelope, snapshot
from earwitness.client.capture import Capture
from earwitness.client.errors import InvalidEventError
from earwitness.client.frames import Frames
from earwitness.client.identity import Origin
from earwitness.client.producer import reason
from earwitness.client.reports import Reporter
from earwitness.client.stats import Books
from earwitness.runtime.complaints import Complaints
from earwitness.schemas import codec
from earwitness.schemas.errors import RegistryAwayError
from earwitness.schemas.wire import WireIds

__all__ = ["Connect", "Worker"]

Connect = Callable[[str, Callable[[KafkaError], None]], Producer]
"""Makes a producer from a client id and what is to be told of its errors."""

_REPORT = "trail.client_report"
_TICK_SECONDS = 0.02
_PACED, _PAUSE_SECONDS = 8, 0.0005
_SPRINT, _SPRINT_ABOVE = 256, 0.25
_AFTER_ERROR_SECONDS = 1.0
_AFTER_PURGE_SECONDS = 0.2  # at most, for a call back for each purged message
_FOR_EVENTS = 0.8  # of the time that a close has; the rest is for the last report


class Worker:
    """Takes events from the queue to Kafka until it is told to finish.

    Numbers are given here, in the order of the queue: so they have no gap, whatever was refused or interrupted before.
    """

    def __init__(  # noqa: PLR0917 - the outbox makes it once, with all of them
        self,
        capture: Capture,
        books: Books,
        origin: Origin,
        connect: Connect,
        report_seconds: float,
        wire_ids: WireIds,
    ) -> None:
        self._capture = capture
        self._books = books
        self._origin = origin
        self._connect = connect
        self._reporter = Reporter(books, report_seconds, time.monotonic())
        self._complaints = Complaints(logging.getLogger("earwitness.client"))
        self._frames = Frames(wire_ids, books, self._complaints)
        self._producer: Producer | None = None
        self._sequence = 0
        self._unframed: tuple[int, bytes] | None = None  # taken from the queue, and its frame is not known yet
        self._held: tuple[int, envelope.Message] | None = None  # what librdkafka's queue had no room for
        self._failed = False
        self._loss = "shutdown"  # what a purge is counted as
        self._wake = threading.Event()
        self._hurry_until, self._hurry_goal = 0.0, 0
        self._deadline: float | None = None

    def hurry(self, goal: int, until: float) -> None:
        """Neither pace nor linger before so many events have met their end: somebody waits, till `until` (monotonic)."""
        self._hurry_until, self._hurry_goal = max(until, self._hurry_until), max(goal, self._hurry_goal)
        self._wake.set()

    def finish(self, deadline: float) -> None:
        """Deliver what is there, report, and end, by that moment of the monotonic clock."""
        self._deadline = deadline
        self._wake.set()

    def run(self) -> None:
        """The thread's body."""
        while self._deadline is None:
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next event must not suffer for it)
                self._complaints.say("internal", "the audit client had to start over after %r", error)
                self._wake.wait(_AFTER_ERROR_SECONDS)
        try:
            self._finish(self._deadline)
        except Exception as error:  # noqa: BLE001 (nobody is left to handle it)
            self._complaints.say("close", "the audit client could not end in order: %r", error)
        finally:
            self._producer = None

    def _turn(self) -> None:
        producer = self._ready()
        producer.poll(0)
        hurried = self._books.ended < self._hurry_goal and time.monotonic() < self._hurry_until
        sprints = hurried or self._capture.filled > _SPRINT_ABOVE
        more = self._send_up_to(producer, _SPRINT if sprints else _PACED)
        if self._reporter.due(len(self._capture), time.monotonic()):
            self._report(producer)
        self._notify()
        if self._held is not None:
            producer.poll(_TICK_SECONDS)
        elif self._unframed is None and not more and hurried:
            producer.flush(_TICK_SECONDS)  # does not linger
            self._notify()
        elif not more:
            self._wait()
        elif not sprints:
            time.sleep(_PAUSE_SECONDS)

    def _wait(self) -> None:
        self._wake.wait(_TICK_SECONDS)
        self._wake.clear()

    def _notify(self) -> None:
        with self._books.settled:
            self._books.settled.notify_all()

    def _ready(self) -> Producer:
        if self._failed and self._producer is not None:
            # An idempotent producer that met a fatal error takes nothing any more, and what it holds it cannot send.
            self._loss = "producer_failed"
            self._producer.purge()
            self._producer.flush(_AFTER_PURGE_SECONDS)
            self._producer = None
        if self._producer is None:
            self._producer = self._connect(self._origin.producer_id, self._on_error)
            self._failed = False
        return self._producer

    def _send_up_to(self, producer: Producer, count: int) -> bool:
        """Send so many events; whether there are more that can be sent."""
        if self._held is not None and not self._send(producer, *self._held):
            return False
        if self._frames.missing:
            self._frames.look()
        for _ in range(count):
            if self._unframed is None:
                taken = self._capture.pop()
                if taken is None:
                    return False
                self._sequence += 1
                self._unframed = (self._sequence, taken)
            sequence, taken = self._unframed
            try:
                made = self._make(taken, sequence)
            except RegistryAwayError:
                return False
            self._unframed = None
            if made is not None and not self._send(producer, sequence, made):
                return False
        return True

    def _make(self, taken: bytes, sequence: int) -> envelope.Message | None:
        kind = "unknown"
        try:
            captured = snapshot.decode(taken)
            kind = snapshot.kind_of(captured.event)
            self._frames.need(kind)
            return envelope.message(kind, envelope.record(captured, self._origin, sequence), self._frames.wire_ids)
        except RegistryAwayError:
            raise
        except InvalidEventError as error:
            kind, problem = error.kind, f"{error.field or 'it'} does not fit"
        except Exception as error:  # noqa: BLE001 (a value that no check foresaw must not stop the others)
            problem = f"cannot be encoded ({type(error).__name__})"
        self._books.invalid(sequence, kind)
        # The field's name, not its value: that may be what a caller said.
        self._complaints.say(f"invalid {kind}", "a %s event is invalid and lost: %s; see strict=True", kind, problem)
        return None

    def _send(self, producer: Producer, sequence: int, made: envelope.Message) -> bool:
        self._held = None
        try:
            producer.produce(made.topic, made.value, made.key, on_delivery=self._delivered)
        except BufferError:
            self._held = (sequence, made)
        except KafkaException as error:
            problem: KafkaError = error.args[0]
            if problem.code() == KafkaError._FATAL:  # noqa: SLF001 (named so by librdkafka)
                self._failed, self._held = True, (sequence, made)
            else:
                self._books.drop(sequence, sequence, reason(problem))
                self._complaints.say(problem.name(), "an audit event is lost: %s", problem.str())
        return self._held is None

    def _delivered(self, error: KafkaError | None, sent: Message) -> None:
        if error is None:
            self._books.acknowledge()
            return
        _, lost = codec.decode(sent.value() or b"", self._frames.wire_ids)
        purged = error.code() in {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}  # noqa: SLF001
        self._books.drop(lost["sequence"], lost["sequence"], self._loss if purged else reason(error))
        if not purged:
            self._complaints.say(error.name(), "audit events are lost: %s (%s)", error.str(), sent.topic())

    def _report(self, producer: Producer) -> None:
        if _REPORT in self._frames.missing:
            return
        report = self._reporter.make(len(self._capture), time.monotonic())
        self._sequence += 1
        sequence = self._sequence
        captured = snapshot.Snapshot(time.time_ns(), None, None, report)
        made = envelope.message(_REPORT, envelope.record(captured, self._origin, sequence), self._frames.wire_ids)

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is None:
                self._reporter.confirmed()
            else:
                self._reporter.failed(sequence)

        try:
            producer.produce(made.topic, made.value, made.key, on_delivery=delivered)
        except (BufferError, KafkaException):
            self._reporter.failed(sequence)

    def _on_error(self, error: KafkaError) -> None:
        self._failed = self._failed or error.fatal()
        self._complaints.say(
            error.name(), "Kafka: %s; %d audit events wait", error.str(), len(self._capture) + self._books.pending
        )

    def _finish(self, deadline: float) -> None:
        producer = self._ready()
        for_events = deadline - (1 - _FOR_EVENTS) * max(deadline - time.monotonic(), 0)
        while (more := self._send_up_to(producer, _SPRINT)) or self._books.pending:
            left = for_events - time.monotonic()
            if left <= 0:
                break
            if more:
                producer.poll(0)
            elif self._unframed is None:
                producer.flush(min(left, 0.1))
            else:
                producer.poll(min(left, _TICK_SECONDS))
            producer = self._ready()
        self._give_up(producer)
        left = max(deadline - time.monotonic(), 0.0)
        if self._reporter.anything(len(self._capture)):
            self._report(producer)
            if producer.flush(left):
                self._complaints.say("report", "the audit client's last report could not be delivered")
                producer.purge()
        self._notify()

    def _give_up(self, producer: Producer) -> None:
        self._loss = "shutdown"
        pending, first = self._books.pending, self._sequence + 1
        for waiting in (self._held, self._unframed):
            if waiting is not None:
                self._books.drop(waiting[0], waiting[0], self._loss)
        self._held = self._unframed = None
        if self._books.pending:
            producer.purge()
            producer.flush(_AFTER_PURGE_SECONDS)
        while self._capture.pop() is not None:
            self._sequence += 1
        if self._sequence >= first:
            self._books.drop(first, self._sequence, self._loss)
        if lost := pending + self._sequence - first + 1:
            self._complaints.say("shutdown", "%d audit events could not be delivered before the end and are lost", lost)
