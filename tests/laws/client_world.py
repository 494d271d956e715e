"""A broker, a clock and processes of one service, for histories of a client: only the broker and the clock are not real.

Thousands of histories cannot run on a real broker. Queue, books, worker, spool and journal are the client's own; its
thread is not: the history says when it has its turn, so that it can be killed between any two of them.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from pathlib import Path

from confluent_kafka import KafkaError

from earwitness.client.capture import Capture, Limits
from earwitness.client.identity import Origin
from earwitness.client.parcel import NO_ROW
from earwitness.client.spool import Spool, SpoolSettings, claims
from earwitness.client.spool.journal import Journal
from earwitness.client.stats import Books
from earwitness.client.worker import Worker
from earwitness.schemas import codec
from earwitness.schemas.events import CallStarted, SystemApiLatency
from earwitness.schemas.wire import CONTENT_IDS

__all__ = ["Broker", "Process", "World"]

ROOM = 40
"""Messages that a producer takes; few, so that a history reaches the end of them."""


class Broker:
    """Holds what it was sent; may be away, or be cut off right after it stored something.

    Attributes:
        stored: records in the order in which they came.
        is_up: it answers.
        loses_answers: it stores what it is sent, and nobody hears of it.
    """

    def __init__(self):
        self.stored = []
        self.is_up = True
        self.loses_answers = False


class FakeProducer:
    """librdkafka's producer: a queue, confirmations from `poll`, errors from there as well."""

    def __init__(self, world, on_error):
        self._world = world
        self._on_error = on_error
        self._queue = deque()
        self.fails = self._told = False

    def produce(self, _topic, value, _key, on_delivery):
        if self.fails:
            raise_fatal()
        if len(self._queue) >= ROOM:
            raise BufferError
        self._queue.append((value, on_delivery))

    def poll(self, seconds):
        broker = self._world.broker
        self._world.now += seconds
        if self.fails:
            if not self._told:
                self._told = True
                self._on_error(KafkaError(KafkaError._FATAL, "fenced", fatal=True))
            return 0
        if not broker.is_up:
            self._on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
            return 0
        stays = deque()
        while self._queue:
            value, told = self._queue.popleft()
            if value is not None:
                broker.stored.append(codec.decode(value)[1])
            if broker.loses_answers:
                stays.append((None, told))  # stored; librdkafka will ask again
            else:
                told(None, None)
        self._queue = stays
        return 0

    def flush(self, seconds):
        self.poll(seconds)
        return len(self._queue)

    def purge(self):
        queue, self._queue = self._queue, deque()
        for _, told in queue:
            told(KafkaError(KafkaError._PURGE_QUEUE), None)


def raise_fatal():
    from confluent_kafka import KafkaException

    raise KafkaException(KafkaError(KafkaError._FATAL, "fenced", fatal=True))


class RememberingBooks(Books):
    """Knows every number that was ever given up."""

    def __init__(self):
        super().__init__()
        self.given_up = set()

    def lose(self, first, last):
        self.given_up.update(range(first, last + 1))
        super().lose(first, last)


class Process:
    """A process of the service: what it accepted, in order, and what it may lose when it is killed.

    Attributes:
        accepted: the marks of its events, in the order of the queue.
        invalid: those that do not fit their kind, which the worker finds out, or the adopter of a journal.
        exposed: marks of events that a kill may take, by the mode's promise.
    """

    def __init__(self, world, number):
        self._world = world
        self.durability = world.durability
        self.origin = Origin("ivr", "test", "default", f"ivr-{number}", salt=number)
        self.books = RememberingBooks()
        self.capture = Capture(self.books, Limits(events=60), lambda: True)
        self.capture.started = True
        self.producer = None
        self.spool = None
        self.worker = Worker(
            self.capture,
            self.books,
            self.origin,
            self._connect,
            report_seconds=5.0,
            wire_ids=CONTENT_IDS,
            open_spool=self._open_spool,
            durability=world.durability,
            clock=lambda: world.now,
        )
        self.journal = None
        if world.durability == "journal":
            self.journal = Journal.open(world.settings, self.origin, size_bytes=128 * 1024)
            self.worker.keep_journal(self.journal)
            self.capture.ring = self.journal
        self.accepted = []
        self.exposed = set()
        self.invalid = set()
        self.report_numbers = []
        report_of = self.worker._intake.report

        def report(captured):
            parcel = report_of(captured)
            self.report_numbers.append(parcel.frame.sequence)
            return parcel

        self.worker._intake.report = report
        self.alive = True

    def _connect(self, _client_id, on_error):
        self.producer = FakeProducer(self._world, on_error)
        return self.producer

    def _open_spool(self):
        self.spool = Spool.open(self._world.settings, "ivr", self.origin.producer_id)
        self.limit_spool()
        return self.spool

    def limit_spool(self):
        """As the world's disk is: full or not. SQLite's own limit, so its own error."""
        if self.spool is not None:
            pages = self.spool._store.one("PRAGMA page_count") if self._world.disk_is_full else 1_000_000
            self.spool._store.one(f"PRAGMA max_page_count = {pages}")

    def emit(self, mark, sort):
        attributes = {"mark": str(mark), "fill": "x" * 2_000 if sort == "large" else ""}
        if sort == "telemetry":
            event = SystemApiLatency(
                dependency="app", operation="a", outcome="ok", latency_ms=1.0, attributes=attributes
            )
        else:
            language = 5 if sort == "invalid" else "en"
            event = CallStarted(direction="inbound", language=language, attributes=attributes)
        if self.capture.take(event):
            self.accepted.append(mark)
            if sort == "invalid":
                self.invalid.add(mark)
            if self.durability != "journal":
                self.exposed.add(mark)
            return True
        return False

    def turn(self):
        self._world.now += 0.01
        self.worker.turn()
        if not len(self.capture) and not self._world.disk_is_full and self.worker._shelf.full is None:
            unsafe = {parcel.frame.sequence for parcel in self.on_the_way() if parcel.row == NO_ROW}
            if self.durability == "spool_first":
                # Nothing is left in the queue, so what is protected is on disk by now; unless the disk was full.
                assert self._world.disk_was_full or not any(
                    parcel.protected and parcel.row == NO_ROW for parcel in self.on_the_way()
                )
            self.exposed = set() if self.durability == "journal" else self.marks_of(unsafe)

    def marks_of(self, numbers):
        """The marks of the events with these numbers."""
        reports = set(self.report_numbers)
        own = (n for n in itertools.count(1) if n not in reports)
        return {mark for mark, number in zip(self.accepted, own, strict=False) if number in numbers}

    def end(self, seconds):
        self.capture.closed = True
        self.worker.end(self._world.now + seconds)
        self.alive = False

    def kill(self):
        """As SIGKILL leaves it: nothing is closed in order, only the kernel lets go of the lock."""
        self.alive = False
        if self.spool is not None:
            self.spool._store.close()
            self.spool._claim.close()
            self._let_go_of_orphans()
        if self.journal is not None:
            self.journal._map.close()
            self.journal._claim.close()
        for stem in [stem for stem in claims._HELD if stem.name == self.origin.producer_id]:
            claims._HELD.pop(stem).close()

    def _let_go_of_orphans(self):
        orphans = self.spool._orphans
        for source in orphans._sources:
            source.close()
        if orphans._claim is not None:
            orphans._claim.close()

    def given_up(self):
        """The marks of the events whose loss is in the books."""
        return self.marks_of(self.books.given_up)

    def stats(self):
        return self.books.stats(len(self.capture))

    def on_the_way(self):
        """Marks of what is taken from the queue and not safe on disk: by the frames that the worker holds."""
        dispatch = self.worker._dispatch
        parcels = [*dispatch.hand, *dispatch.delivery._on_the_way.values(), *dispatch.delivery.returned]
        return [parcel for parcel in parcels if not parcel.replays and not parcel.reports]


class World:
    """One service on one machine."""

    def __init__(self, directory: Path, durability):
        self.settings = SpoolSettings(directory=directory / "spool")
        self.durability = durability
        self.broker = Broker()
        self.now = 1_000.0
        self.disk_is_full = self.disk_was_full = False
        self.processes = []
        self.marks = 0

    def start(self):
        self.processes.append(Process(self, len(self.processes) + 1))
        return self.processes[-1]

    def living(self):
        return [process for process in self.processes if process.alive]

    def files(self):
        with contextlib.suppress(FileNotFoundError):
            return sorted(path.name for path in (self.settings.directory / "ivr").iterdir())
        return []
