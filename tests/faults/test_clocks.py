"""A clock that jumps an hour: it says when events happened, and nothing else depends on it.

The clock is a stand-in: `time.time` and `time.time_ns` with an offset that the tests choose, in the test's own process and, by
a `sitecustomize` module, in every worker. What librdkafka and the JVM use is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline import Pipeline, emit, new_service

from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

HOUR = 3_600

JUMPING_CLOCK = """
import time
from pathlib import Path

_offset = Path(__file__).with_name("offset")
_real, _real_ns = time.time, time.time_ns
time.time = lambda: _real() + int(_offset.read_text())
time.time_ns = lambda: _real_ns() + int(_offset.read_text()) * 1_000_000_000
"""


class Clock:
    """The clock of all workers of a pipeline."""

    def __init__(self, directory: Path) -> None:
        self._offset = directory / "offset"
        self.jump(0)
        (directory / "sitecustomize.py").write_text(JUMPING_CLOCK)

    def jump(self, seconds: int) -> None:
        new = self._offset.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._offset)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    directory = tmp_path_factory.mktemp("clock")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(directory))
        yield Clock(directory)


@pytest.fixture(scope="module")
def jumping(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline whose workers go by that clock."""
    made = Pipeline(tmp_path_factory.mktemp("faults") / "home")
    try:
        made.up()
        made.mark()
        yield made
    finally:
        clock.jump(0)
        made.down()


def test_the_workers_clock_jumps(jumping: Pipeline, clock: Clock) -> None:
    service = new_service()
    client = jumping.client(service)
    taken = 0
    for number, offset in enumerate((0, HOUR, -HOUR, 24 * HOUR, 0)):
        clock.jump(offset)
        taken += emit(client, 500, number * 500)
        began = time.monotonic()
        jumping.wait_stored(service, taken)
        assert time.monotonic() - began < 30, "no timer may wait for a wall clock"
    assert client.close() == 0
    jumping.assert_balanced()
    written = "SELECT max(written_at) - min(written_at) > {hour:UInt32} FROM store.ledger"
    assert jumping.rows(written, hour=HOUR) == [[1]], "the stand-in took hold"
    for worker in ("privacy", "sink"):
        jumping.assert_not_restarted(worker)
        jumping.assert_quiet(worker, 0)


def test_the_app_s_clock_jumps(jumping: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    real_ns, real, ahead = time.time_ns, time.time, 0
    # Before the client is made, which takes the clock's function once.
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + ahead * 1_000_000_000)
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    service = new_service()
    client = jumping.client(service, report_seconds=1.0)
    for number, offset in enumerate((0, HOUR, -HOUR, -HOUR, 0)):
        ahead = offset
        emit(client, 200, number * 200)
        assert client.flush(60) == 0, "a wait must not be an hour longer"
    monkeypatch.undo()
    jumping.wait_stored(service, 1_000)
    assert client.close() == 0
    found = jumping.rows(
        "SELECT countIf(kind = 'data.job_lookup' AND occurred_at > now() + 1800), "
        "countIf(kind = 'data.job_lookup' AND occurred_at < now() - 1800), "
        "countIf(abs(dateDiff('second', received_at, now())) > 1800), max(sequence) - min(sequence) + 1 - count() "
        "FROM store.events WHERE service = {service:String}",
        service=service,
    )
    assert found[0][:3] == [200, 400, 0], "as the app's clock said; when it arrived is the broker's to say"
    assert found[0][3] == 0, "sequences know no clock"
    periods = (
        "SELECT min(period_seconds) >= 0, max(period_seconds) < 600 FROM store.events WHERE service = {service:String}"
    )
    wait_for(lambda: jumping.rows(periods, service=service) == [[1, 1]], 30, "reports with sane periods")
    jumping.assert_balanced()
