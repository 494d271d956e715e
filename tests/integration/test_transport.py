"""The transport and the loop on a real broker: kill, stop, fail and share the work, and count what arrives."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import kafka_io as io
import pytest

from earwitness.runtime.kafka_admin import admin_client, topic_ids
from earwitness.schemas import codec
from earwitness.stream import DEAD_LETTERS, LEDGER, QUARANTINE, QuarantineKey, SliceOptions, open_sealed
from waiting import wait_for

HERE = Path(__file__).parent


pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

VALUE = b"x" * 300
BACKLOG = 100_000


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    out: Path
    log: Path

    def wait_ready(self) -> None:
        wait_for(lambda: self.process.poll() is not None or "ready" in self.out.read_text(), 30, "ready")
        assert self.process.poll() is None, self.log.read_text()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    @property
    def seen(self) -> int:
        return int(self.out.read_text().rpartition("seen ")[2])


@dataclass
class Pipe:
    """Two topics, and a stage that copies from one to the other, as a group of its own."""

    io: Any
    environment: dict[str, str]
    directory: Path
    raw: str
    copy: str
    stage: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    workers: list[Worker] = field(default_factory=list)

    @property
    def group(self) -> str:
        return f"earwitness-{self.stage}"

    @property
    def key(self) -> QuarantineKey:
        return QuarantineKey.from_file(self.key_file)

    @property
    def key_file(self) -> Path:
        path = self.directory / "quarantine.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text("q1:" + base64.b64encode(os.urandom(32)).decode())
        return path

    def start(self, *, ready: bool = True, **job: Any) -> Worker:
        name = self.directory / f"worker-{len(self.workers)}"
        job = {"stage": self.stage, "topics": [self.raw], "into": self.copy, "key_file": str(self.key_file), **job}
        with name.with_suffix(".out").open("wb") as out, name.with_suffix(".log").open("wb") as log:
            process = _start(job, self.environment, out, log)
        worker = Worker(process, name.with_suffix(".out"), name.with_suffix(".log"))
        self.workers.append(worker)
        if ready:
            worker.wait_ready()
        return worker

    def copied(self) -> Counter[tuple[int, int]]:
        """How often each position of the raw topic stands in the copy. Within a partition, in order the first time."""
        positions: Counter[tuple[int, int]] = Counter()
        topic_id = topic_ids(admin_client(self.io.kafka), [self.raw])[self.raw].hex().encode()
        highest: dict[int, int] = {}
        for message in self.io.read(self.copy):
            source_id, partition, offset, value = message.value().split(b" ", 3)
            assert (source_id, int(partition), value) == (topic_id, message.partition(), VALUE)
            position = (int(partition), int(offset))
            if position not in positions:
                assert position[1] > highest.get(position[0], -1)
                highest[position[0]] = position[1]
            positions[position] += 1
        return positions

    def ledger(self) -> Counter[tuple[int, int]]:
        """How often each position stands in the ledger."""
        positions: Counter[tuple[int, int]] = Counter()
        for message in self.io.read(LEDGER):
            entry = codec.decode(message.value())[1]
            if entry["source_topic"] == self.raw:
                assert entry["stage"] == self.stage
                for each in entry["outcomes"]:
                    positions.update((entry["source_partition"], at) for at in range(each["first"], each["last"] + 1))
        return positions

    def all_positions(self) -> set[tuple[int, int]]:
        return {(partition, at) for partition, end in self.io.ends(self.raw).items() for at in range(end)}

    def done(self) -> bool:
        return self.io.committed(self.group, self.raw) == self.io.ends(self.raw)

    def copied_about(self) -> int:
        return sum(self.io.ends(self.copy).values())

    def finish(self) -> None:
        """A healthy worker does the rest."""
        worker = self.start()
        wait_for(self.done, 60, "everything committed")
        assert worker.end(signal.SIGTERM) == 0


def _start(job: dict[str, Any], environment: dict[str, str], out: IO[bytes], log: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(HERE / "copying_stage.py"), json.dumps(job)]
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=log)


@pytest.fixture
def pipe(stack: Any, tmp_path: Path) -> Iterator[Pipe]:
    kafka = io.KafkaIo(stack.settings("admin").need_kafka())
    with kafka.topics("raw", "copy") as (raw, copy):
        made = Pipe(kafka, stack.environment("admin"), tmp_path, raw, copy)
        try:
            yield made
        finally:
            for worker in made.workers:
                with contextlib.suppress(ProcessLookupError):
                    worker.process.kill()
                worker.process.wait()


def test_every_record_once_and_nothing_again_after_a_restart(pipe: Pipe) -> None:
    pipe.io.write(pipe.raw, [VALUE] * BACKLOG)
    pipe.finish()
    assert pipe.copied() == Counter(pipe.all_positions())
    assert pipe.ledger() == Counter(pipe.all_positions())

    pipe.io.write(pipe.raw, [VALUE] * 1000)
    pipe.finish()
    assert pipe.workers[1].seen == 1000
    assert pipe.copied() == Counter(pipe.all_positions())


def test_sigterm_midway_loses_nothing_and_repeats_nothing(pipe: Pipe) -> None:
    pipe.io.write(pipe.raw, [VALUE] * BACKLOG)
    worker = pipe.start(seconds_a_slice=0.05)
    wait_for(lambda: pipe.copied_about() > BACKLOG // 10, 30, "a tenth")
    assert worker.end(signal.SIGTERM) == 0
    assert 0 < worker.seen < BACKLOG
    assert sum(pipe.io.committed(pipe.group, pipe.raw).values()) == worker.seen

    pipe.finish()
    assert pipe.copied() == Counter(pipe.all_positions())
    assert pipe.ledger() == Counter(pipe.all_positions())


def test_kill_midway_loses_nothing_and_repeats_little(pipe: Pipe) -> None:
    pipe.io.write(pipe.raw, [VALUE] * BACKLOG)
    worker = pipe.start(seconds_a_slice=0.05)
    wait_for(lambda: pipe.copied_about() > BACKLOG // 4, 30, "a quarter")
    worker.process.kill()
    worker.process.wait()

    pipe.finish()
    copied = pipe.copied()
    assert copied.keys() == pipe.all_positions()
    assert pipe.ledger().keys() == pipe.all_positions()
    options = SliceOptions()
    a_commit_later = options.max_slice * (options.commit_seconds / 0.05 + 1)
    assert copied.total() - BACKLOG <= options.max_in_flight + a_commit_later


def test_a_step_that_raises_ends_the_process_and_loses_nothing(pipe: Pipe) -> None:
    pipe.io.write(pipe.raw, [VALUE] * 20_000)
    worker = pipe.start(ready=False, fail_after=8000)
    assert worker.process.wait(30) == 1
    log = worker.log.read_text()
    assert len([line for line in log.splitlines() if line.startswith("earwitness") and "ERROR" in line]) == 1
    assert f"processing {pipe.raw}[" in log
    assert "ValueError at copying_stage.py" in log
    assert VALUE.decode() not in log

    pipe.finish()
    copied = pipe.copied()
    assert copied.keys() == pipe.all_positions()
    assert copied.total() - 20_000 <= 8000
    assert pipe.ledger().keys() == pipe.all_positions()


def test_a_refused_output_ends_the_process_with_nothing_of_it_acknowledged(pipe: Pipe) -> None:
    values = [VALUE] * 6000
    values[3000] = bytes(3000)
    pipe.io.write(pipe.raw, values)
    with pipe.io.topics("small", **{"max.message.bytes": "2000"}) as (small,):
        worker = pipe.start(ready=False, into=small)
        assert worker.process.wait(30) == 1
        log = worker.log.read_text()
        assert small in log
        assert "size too large" in log
    assert pipe.io.committed(pipe.group, pipe.raw)[3000 % 6] < 3000 // 6


def test_what_cannot_be_read_is_told_sealed_and_passed_over(pipe: Pipe) -> None:
    values = [VALUE] * 600
    values[123] = b"poison of Maria Gonzalez"
    pipe.io.write(pipe.raw, values)
    pipe.finish()
    place = (123 % 6, 123 // 6)
    assert pipe.copied() == Counter(pipe.all_positions() - {place})
    assert pipe.ledger() == Counter(pipe.all_positions())

    letters = [codec.decode(each.value())[1] for each in pipe.io.read(DEAD_LETTERS)]
    [letter] = [each for each in letters if each["source_topic"] == pipe.raw]
    assert (letter["source_partition"], letter["source_offset"]) == place
    assert (letter["reason"], letter["detail"], letter["schema_id"]) == ("malformed", "starts with poison", 7)
    assert (letter["stage"], letter["size_bytes"]) == (pipe.stage, len(values[123]))

    key = f"{pipe.raw}:{place[0]}:{place[1]}".encode()
    [sealed] = [each.value() for each in pipe.io.read(QUARANTINE) if each.key() == key]
    assert b"Maria" not in sealed
    opened = open_sealed(pipe.key, sealed)
    assert (opened.topic_id, opened.partition, opened.offset) == (letter["source_topic_id"], *place)
    assert opened.value == values[123]


def test_workers_that_come_and_go_lose_nothing_and_repeat_nothing(pipe: Pipe) -> None:
    pipe.io.write(pipe.raw, [VALUE] * BACKLOG)
    first = pipe.start(seconds_a_slice=0.15)
    second = pipe.start(seconds_a_slice=0.15)
    before = pipe.copied_about()
    wait_for(lambda: pipe.copied_about() > before + 10_000, 30, "both at work")
    assert first.end(signal.SIGTERM) == 0
    wait_for(pipe.done, 60, "the other does the rest")
    assert second.end(signal.SIGTERM) == 0
    assert first.seen > 0
    assert second.seen > 0
    assert pipe.copied() == Counter(pipe.all_positions())
    assert pipe.ledger() == Counter(pipe.all_positions())


def test_a_wrong_password_ends_the_start_with_one_line(pipe: Pipe, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.password"
    wrong.touch(mode=0o600)
    wrong.write_text("not it")
    pipe.environment = {**pipe.environment, "EARWITNESS_KAFKA_SASL_PASSWORD_FILE": str(wrong)}
    worker = pipe.start(ready=False)
    assert worker.process.wait(60) == 1
    assert "uthentication" in worker.log.read_text()
    assert "not it" not in worker.log.read_text()
