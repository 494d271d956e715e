"""A trial of the client's life cycle: an app in processes of its own, and afterwards what became of each of its events.

The app notes which events the client took (`lifecycle_apps/emitting.py`). What arrived is read from the broker.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from confluent_kafka import Consumer, TopicPartition

from earwitness.client.spool import export
from earwitness.runtime.errors import EarwitnessError
from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas import catalogue, codec
from waiting import wait_for

APPS = Path(__file__).with_name("lifecycle_apps")
PYTHON = sys.executable
REPORT = "trail.client_report"
_MORTAL = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Becomes the command that follows it, and ends with the test process, however that one ends."""


class Stream:
    """What has been written to the raw topics since it was made. Reads to the end there is at the time of asking."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka.librdkafka() | {"group.id": "nobody", "enable.auto.commit": False}
        self._begin = self._ends()

    def records(self, service: str) -> list[tuple[str, dict[str, Any]]]:
        """Kind and record of all events of a service, in no order."""
        found = []
        left = {place: end for place, end in self._ends().items() if end > self._begin[place]}
        consumer = Consumer(self._kafka)
        try:
            consumer.assign([TopicPartition(*place, self._begin[place]) for place in left])
            deadline = time.monotonic() + 60
            while left:
                assert time.monotonic() < deadline, f"{left} not reached"
                for message in consumer.consume(1_000, 0.2):
                    deadline = time.monotonic() + 60  # a busy process's events are a million
                    assert message.error() is None, message.error()
                    place = (message.topic(), message.partition())
                    if message.offset() + 1 >= left.get(place, 0):
                        left.pop(place, None)
                    schema, record = codec.decode(message.value())
                    if record["service"] == service:
                        found.append((schema.kind, record))
        finally:
            consumer.close()
        return found

    def _ends(self) -> dict[tuple[str, int], int]:
        consumer = Consumer(self._kafka)
        try:
            known = consumer.list_topics(timeout=30).topics
            places = [(f"audit.raw.{f}", p) for f in catalogue.FAMILIES for p in known[f"audit.raw.{f}"].partitions]
            return {place: consumer.get_watermark_offsets(TopicPartition(*place), 30)[1] for place in places}
        finally:
            consumer.close()


@dataclass
class Books:
    """What became of the events of a trial, by the mark that each carries.

    Attributes:
        taken: those that the client took, and when (`time.time()`).
        refused: those that it did not.
        delivered: those in the topics; a duplicate, which has the same event id, counts once.
        replayed: those of them that came out of a spool.
        spooled: those that wait in files of the spool.
        processes: kind and record of each event by producer id, reports among them.
    """

    taken: dict[str, float] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    replayed: set[str] = field(default_factory=set)
    spooled: set[str] = field(default_factory=set)
    processes: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)

    @property
    def missing(self) -> set[str]:
        """Taken, and neither delivered nor spooled."""
        return self.taken.keys() - self.delivered - self.spooled

    def reports(self, producer_id: str | None = None) -> list[dict[str, Any]]:
        found = self.processes if producer_id is None else {producer_id: self.processes[producer_id]}
        return [record for events in found.values() for kind, record in events if kind == REPORT]

    def assert_complete(self, unnoted: int = 0) -> None:
        """All that was taken was delivered, nothing else was, and each process says so itself.

        Args:
            unnoted: how many may have been taken and not noted, since a signal came between the two and ended the app there.
        """
        more = self.delivered - self.taken.keys()
        assert not self.missing, (len(self.taken), self.missing)
        assert not self.spooled - self.delivered
        assert len(more) <= unnoted, (len(self.taken), more)
        for producer_id in self.processes:
            self.assert_accounted(producer_id)

    def assert_accounted(self, producer_id: str) -> None:
        """A process's own numbers: without a gap but for what it declares, and its reports agree with what arrived."""
        events, reports = self.processes[producer_id], self.reports(producer_id)
        assert reports, f"{producer_id} ended without a report"
        self.assert_numbers(producer_id)
        arrived = len({record["event_id"] for kind, record in events if kind != REPORT})
        assert sum(report["acknowledged"] + report["spooled"] for report in reports) == arrived
        dropped = sum(sum(report["dropped"].values()) for report in reports)
        assert sum(report["accepted"] for report in reports) == arrived + dropped

    def assert_numbers(self, producer_id: str) -> None:
        """No gap in what a process has numbered, but for what it declares."""
        lost = {n for report in self.reports(producer_id) for part in report["lost"] for n in _within(part)}
        numbers = {record["sequence"] for _, record in self.processes[producer_id]} | lost
        assert numbers == set(range(1, len(numbers) + 1)), producer_id

    def assert_lost_only_the_last(self, seconds: float, ended: float) -> None:
        """What is missing had been taken in the last moments before the process was killed, and one may not be noted."""
        early = {mark: ended - self.taken[mark] for mark in self.missing if self.taken[mark] < ended - seconds}
        assert not early, early
        pids = {mark.partition("-")[0] for mark in self.taken}
        assert len(self.delivered - self.taken.keys()) <= len(pids)


def _within(part: Mapping[str, int]) -> range:
    return range(part["first"], part["last"] + 1)


class Trial:
    """One app, its service name, its notes, its spool, its log."""

    def __init__(self, place: Path, environment: Mapping[str, str], stream: Stream) -> None:
        self.service = f"test-{secrets.token_hex(4)}"
        self.place = place
        self.notes = place / "notes"
        self.notes.mkdir()
        self.spool = place / "spool" / "trial"  # the environment's own
        self.log_file = place / "log"
        self.environment = {
            **environment,
            "PATH": os.environ["PATH"],
            "SERVICE": self.service,
            "NOTES": str(self.notes),
            "EARWITNESS_SPOOL_DIR": str(self.spool.parent),
            "EARWITNESS_ENVIRONMENT": self.spool.name,
            "PYTHONPATH": str(APPS),
            "PYTHONWARNINGS": "ignore::DeprecationWarning",
        }
        self._stream = stream
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # As for a run in the background of a shell; a program that is started would ignore it too.
            signal.signal(signal.SIGINT, signal.default_int_handler)

    # Processes

    @contextlib.contextmanager
    def process(self, command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Runs it in a group of its own, and leaves nothing of it behind."""
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [PYTHON, "-c", _MORTAL, *command],
                cwd=self.place,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            # Also what has outlived its parent: the group goes by the id of the process that made it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def run(self, command: Sequence[str], seconds: float = 60, **environment: str) -> int:
        """Runs it to its end; gives the exit code, negative for a signal."""
        with self.process(command, **environment) as process:
            return process.wait(seconds)

    def app(self, name: str, *arguments: str) -> list[str]:
        return [PYTHON, str(APPS / name), *arguments]

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    # Notes

    def noted(self) -> list[tuple[str, str, float]]:
        """Mark, `taken` or `refused`, and when, of all processes."""
        lines = [line.split() for file in self.notes.glob("*.txt") for line in file.read_text().splitlines()]
        return [(mark, what, int(when) / 1e9) for mark, what, when in lines]

    def wait_noted(self, count: int, seconds: float = 30.0) -> None:
        wait_for(
            lambda: len(self.noted()) >= count, seconds, lambda: f"{count} events: {len(self.noted())}\n{self.log}"
        )

    def books(self) -> Books:
        """What became of everything up to now."""
        books = Books()
        for mark, what, when in self.noted():
            if what == "taken":
                books.taken[mark] = when
            else:
                books.refused.add(mark)
        seen: Counter[str] = Counter()
        for kind, record in self._stream.records(self.service):
            books.processes.setdefault(record["producer_id"], []).append((kind, record))
            mark = mark_of(kind, record)
            if mark is None:
                continue
            books.delivered.add(mark)
            if record["replayed"]:
                books.replayed.add(mark)
            seen[record["event_id"]] += 1
        assert len(seen) == len(books.delivered), "an event has two ids, or two events have one"
        books.spooled = {mark for found in self.files() for mark in _spooled(found)}
        return books

    # Spool

    def files(self) -> list[export.SpoolFiles]:
        """Files of the spool, of living and of dead processes."""
        directory = self.spool / self.service
        return list(export.find(directory)) if directory.exists() else []

    def collect(self, **environment: str) -> Books:
        """What became of everything once a process of the same service has taken over what the dead ones left."""
        with self.process(self.app("script_app.py", "wait"), **environment) as collector:
            wait_for(lambda: not self._left(), 60, lambda: f"the spool is empty: {self.files()}\n{self.log}")
            collector.terminate()
            collector.wait(20)
        return self.books()

    def _left(self) -> list[export.SpoolFiles]:
        with contextlib.suppress(EarwitnessError):  # a file went away while it was looked at
            files = self.files()
            return [found for found in files if not found.alive or found.events or found.journal] if files else [None]
        return [None]


def _spooled(found: export.SpoolFiles) -> Iterator[str]:
    for event in export.events(found):
        assert not isinstance(event, export.Refusal), event
        mark = mark_of(event["kind"], event)
        if mark is not None:
            yield mark


def mark_of(kind: str, record: Mapping[str, Any]) -> str | None:
    """The mark that `emitting.emit` has put on it."""
    name = {"call.action_attempted": "correlation_id", "system.state_management": "key"}.get(kind)
    return None if name is None else record[name]


class Server:
    """A web server of a trial, and callers that do not stop when it does."""

    def __init__(self, trial: Trial, process: subprocess.Popen[bytes], port: int) -> None:
        self.trial, self.process = trial, process
        self.url = f"http://127.0.0.1:{port}"
        self._over = threading.Event()
        self._callers: list[threading.Thread] = []

    @staticmethod
    @contextlib.contextmanager
    def started(trial: Trial, command: Callable[[int], Sequence[str]], **environment: str) -> Iterator[Server]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with trial.process(command(port), **environment) as process:
            server = Server(trial, process, port)
            try:
                wait_for(server._answers, 60, lambda: f"the server\n{trial.log}")
                yield server
            finally:
                server.rest()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.trial.log
        return self.get("/pid") is not None

    def get(self, path: str) -> Any:
        """What it answers; None when it does not."""
        try:
            answer = httpx.get(self.url + path, timeout=30)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def pids(self) -> set[int]:
        """Processes that serve."""
        return {pid for pid in (self.get("/pid") for _ in range(12)) if pid is not None}

    def load(self) -> None:
        """Callers on the endpoints of both sorts, and one whose request takes a while, until `rest`."""
        for path in ("/loop/2", "/thread/3", "/slow/1"):
            caller = threading.Thread(target=self._call, args=(path,), daemon=True)
            caller.start()
            self._callers.append(caller)

    def _call(self, path: str) -> None:
        while not self._over.is_set():
            self.get(path)
            self._over.wait(0.01)

    def rest(self) -> None:
        self._over.set()
        for caller in self._callers:
            caller.join(40)

    def stop(self, number: signal.Signals, seconds: float = 40.0) -> int:
        """The signal to its main process, in the middle of the load; gives the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.rest()
        return code

    def kill_all(self) -> None:
        """SIGKILL to all of its processes at once."""
        for process in [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)
        self.rest()
