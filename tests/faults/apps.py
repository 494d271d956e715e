"""An app as it lives through an outage: it emits steadily in a thread of its own, and notes how long each emit took it.

app = App(audit)
with app.running():
    …
app.assert_unharmed()
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from brokers import REPORT, Brokers, Copy, Ends, assert_only_replays_repeat, by_event

from earwitness.client import AuditClient
from earwitness.client.stats import Stats
from waiting import wait_for

SLOW_SECONDS = 0.1
BLOCKED_SECONDS = 0.5
"""Between the two lies what a loaded machine does to any thread; what waits for a network or a disk takes longer."""


def balanced(stats: Stats) -> bool:
    lost = sum(stats.dropped.values()) + sum(stats.invalid.values())
    return stats.accepted == stats.acknowledged + stats.spooled + stats.queued + stats.in_flight + lost


class App:
    """Emits numbered events: of five, four are of the protected lane, and one is telemetry.

    Attributes:
        taken: the numbers of the events that were accepted.
        refused: of those that were not.
        raised: what an emit raised: it must be nothing.
        unbalanced: books that did not agree at some moment.
    """

    def __init__(self, audit: AuditClient, per_second: int = 500) -> None:
        self.audit = audit
        self.per_second = per_second
        self.taken: list[int] = []
        self.refused: list[int] = []
        self.raised: list[BaseException] = []
        self.unbalanced: list[Stats] = []
        self.slow: list[float] = []
        self.worst = 0.0
        self._number = 0
        self._over = threading.Event()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._over.clear()
        threads = [threading.Thread(target=self._emit), threading.Thread(target=self._watch)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def run(self, seconds: float) -> None:
        """Go on for so long, which is part of what is tested: an outage takes its time."""
        self._over.wait(seconds)

    def emit(self, number: int) -> bool:
        attributes = {"n": str(number)}
        with self.audit.call(call_sid=f"CA{number // 5:032x}", caller="+14155550100"):
            if number % 5 == 0:
                return self.audit.system_api_latency(
                    dependency="redis", operation="get", latency_ms=0.3, outcome="ok", attributes=attributes
                )
            return self.audit.data_job_lookup(
                client_id="ACME12", job_number="48213", found=True, latency_ms=1.0, attributes=attributes
            )

    def emit_many(self, count: int) -> None:
        """At once, from this thread."""
        for _ in range(count):
            self._one()

    def _one(self) -> None:
        self._number = number = self._number + 1
        began = time.perf_counter()
        try:
            taken = self.emit(number)
        except BaseException as error:  # noqa: BLE001 - whatever it is
            self.raised.append(error)
            return
        took = time.perf_counter() - began
        (self.taken if taken else self.refused).append(number)
        self.worst = max(self.worst, took)
        if took > SLOW_SECONDS:
            self.slow.append(took)

    def _emit(self) -> None:
        began, before = time.monotonic(), self._number
        while not self._over.wait(0.004):
            due = before + int((time.monotonic() - began) * self.per_second)
            while self._number < due:
                self._one()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            stats = self.audit.stats()
            if not balanced(stats):
                self.unbalanced.append(stats)

    # What came of it

    def settle(self, seconds: float = 90.0) -> Stats:
        """Wait until nothing is on its way any more."""
        wait_for(lambda: self.audit.flush(1.0) == 0, seconds, self.audit.stats)
        return self.audit.stats()

    def assert_unharmed(self) -> None:
        """It noticed nothing, and its client's books agreed at every moment."""
        assert self.raised == []
        assert self.unbalanced == []
        assert self.worst < BLOCKED_SECONDS, self.slow
        assert len(self.slow) <= max(1, self._number // 1_000), self.slow

    def assert_all_arrived(self, brokers: Brokers, since: Ends, service: str, stats: Stats) -> list[Copy]:
        """After the close: what was accepted is on the broker, as often as the books say; and so say the reports."""
        assert (stats.accepted, stats.refused, stats.dropped, stats.invalid) == (len(self.taken), {}, {}, {})
        assert stats.acknowledged == stats.accepted
        return self.assert_arrived(brokers, since, service)

    def assert_arrived(self, brokers: Brokers, since: Ends, service: str) -> list[Copy]:
        """What was accepted is on the broker, only replays more than once."""
        copies = brokers.read(since, {service})
        assert_only_replays_repeat(copies)
        events = [each for each in copies if each.kind != REPORT]
        found = {int(each.mark) for each in events if each.mark is not None}
        assert found == set(self.taken), f"{len(set(self.taken) - found)} of {len(self.taken)} are not there"
        return copies


def told(copies: list[Copy], field: str) -> int:
    """What all reports together say, each of them counted once."""
    return sum(report[field] for same in by_event(copies).values() if (report := same[0].record) is not None)


def note(request: Any, **figures: object) -> None:
    """Figures of a test, shown by `pytest -rP` and kept in its report."""
    for name, value in figures.items():
        request.node.user_properties.append((name, value))
    print(figures)
