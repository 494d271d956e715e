"""The proof: an app is killed (SIGKILL) at random moments behind a bad network; what is lost is what its mode says.

    python tests/faults/client_kills.py --rounds 200 --mode spool_first

A round is one process of the same service: it emits 2,000 to 5,000 events a second, adopts what its predecessors left, and is
killed. It writes each event's moments, before and after the emit, into a mapped file, which survives it; and its own counts. At
the end one more process adopts all the rest, and what is on the broker is compared with what was written down.

The kill's own moment is random. A process that the machine did not let run before it can have done nothing, so an event's age is
counted from the last event that was accepted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))
from brokers import REPORT, Brokers, assert_only_replays_repeat
from proxy import Proxy

from earwitness.client import AuditClient
from earwitness.client.stats import Stats
from earwitness.runtime.settings import KafkaSettings, Settings, SpoolSettings

SERVICE = "killed"
WINDOW_SECONDS = 0.02
LATE_SECONDS = 0.15
"""What a busy machine may add before the worker has its turn."""
IN_HAND = 256
"""Events that the worker takes from the queue at once when it is behind."""

_MOST = 100_000  # events of one process
_EVENTS_AT = 8192
_MOMENTS = struct.Struct("@dd")  # before the emit, after it: negative when it was refused, 0 when it did not return
_NOTE = struct.Struct("@QII")  # which one it is, how long, CRC
_NOTES_AT = (0, 4096)


class Tally:
    """What a process wrote down before it was killed; the kernel keeps what is stored in a shared mapping."""

    def __init__(self, file: Path, *, create: bool = False) -> None:
        size = _EVENTS_AT + _MOST * _MOMENTS.size
        with file.open("w+b" if create else "r+b") as handle:
            if create:
                handle.truncate(size)
            self._map = mmap.mmap(handle.fileno(), size)
        self._noted = 0

    def before(self, number: int) -> None:
        _MOMENTS.pack_into(self._map, _EVENTS_AT + number * _MOMENTS.size, time.monotonic(), 0.0)

    def after(self, number: int, *, taken: bool) -> None:
        at = _EVENTS_AT + number * _MOMENTS.size
        (before, _) = _MOMENTS.unpack_from(self._map, at)
        _MOMENTS.pack_into(self._map, at, before, time.monotonic() if taken else -time.monotonic())

    def note(self, stats: Stats) -> None:
        """The client's own counts: of two places the older one is overwritten."""
        packed = msgspec.msgpack.encode(stats)
        self._noted += 1
        at = _NOTES_AT[self._noted % 2]
        self._map[at + _NOTE.size : at + _NOTE.size + len(packed)] = packed
        _NOTE.pack_into(self._map, at, self._noted, len(packed), zlib.crc32(packed))

    def events(self) -> Iterator[tuple[int, float, float]]:
        for number in range(_MOST):
            before, after = _MOMENTS.unpack_from(self._map, _EVENTS_AT + number * _MOMENTS.size)
            if not before:
                return
            yield number, before, after

    def noted(self) -> Stats:
        """The last counts that were written down whole."""
        found = (0, Stats())
        for at in _NOTES_AT:
            number, size, checksum = _NOTE.unpack_from(self._map, at)
            packed = self._map[at + _NOTE.size : at + _NOTE.size + size]
            if number > found[0] and zlib.crc32(packed) == checksum:
                found = (number, msgspec.msgpack.decode(packed, type=Stats))
        return found[1]


@dataclass
class Life:
    """A round: a process from its start to its death, and what was found of its events afterwards.

    Attributes:
        accepted: events whose emit returned True.
        unsure: emits that had not returned; such an event may be there or not.
        lost: accepted events that are not on the broker, of the protected lane and of telemetry.
        oldest_lost: how long before the last accepted event the oldest lost protected one was accepted, seconds.
        oldest_lost_before_kill: the same, before the kill.
        was_behind: events came faster than the worker could store them.
        promised: events that the client's counts called acknowledged or spooled, when they were last written down.
    """

    number: int
    per_second: int
    seconds: float
    killed_at: float = 0.0
    accepted: int = 0
    refused: int = 0
    unsure: int = 0
    lost_protected: int = 0
    lost_telemetry: int = 0
    oldest_lost: float = 0.0
    oldest_lost_before_kill: float = 0.0
    adopted: int = 0
    promised: int = 0
    was_behind: bool = False
    wrong: list[str] = field(default_factory=list)


@dataclass
class Found:
    """What all rounds together came to."""

    mode: str
    rounds: int
    accepted: int
    lost_protected: int
    lost_telemetry: int
    rounds_with_loss: int
    rounds_behind: int
    oldest_lost_ms: float
    oldest_lost_before_kill_ms: float
    copies: int
    repeats: int
    adopted_in_the_end: int
    weather: dict[str, int]
    wrong: list[str]


def is_telemetry(number: int) -> bool:
    return number % 5 == 0


# The processes that are killed


def live(settings: Settings, mode: str, life: int, per_second: int, file: Path) -> None:
    """Emit until the end, which comes from outside."""
    tally = Tally(file)
    audit = AuditClient(settings, service=SERVICE, durability=mode, report_seconds=0.5)  # type: ignore[arg-type]

    def keep_notes() -> None:
        while True:
            tally.note(audit.stats())
            time.sleep(0.01)

    threading.Thread(target=keep_notes, daemon=True).start()
    began, number = time.monotonic(), 0
    while True:
        due = min(int((time.monotonic() - began) * per_second) + 1, number + per_second // 50, _MOST)
        for each in range(number, due):
            tally.before(each)
            tally.after(each, taken=emit(audit, f"{life}:{each}", each))
        number = max(due, number)
        time.sleep(0.001)


def emit(audit: AuditClient, mark: str, number: int) -> bool:
    attributes, call_sid = {"n": mark}, f"CA{number // 20:032x}"
    if is_telemetry(number):
        return audit.system_api_latency(
            dependency="redis", operation="get", latency_ms=0.3, outcome="ok", call_sid=call_sid, attributes=attributes
        )
    return audit.data_job_lookup(
        client_id="ACME12", job_number="4", found=True, latency_ms=1.0, call_sid=call_sid, attributes=attributes
    )


def nursery() -> None:
    """A process that has imported everything and has no threads: its children begin at once."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        address, spool, mode, life, per_second, file = json.loads(line)
        settings = Settings(kafka=KafkaSettings(address), spool=SpoolSettings(directory=Path(spool)))
        child = os.fork()
        if not child:
            try:
                live(settings, mode, life, per_second, Path(file))
            finally:
                os._exit(1)
        print(child, flush=True)


# Who kills them


class Kills:
    """Runs rounds against a broker of its own."""

    def __init__(self, directory: Path, mode: str, seed: int) -> None:
        self._directory = directory
        self._mode = mode
        self._random = random.Random(seed)
        self._spool = directory / "spool"
        self._brokers = Brokers(directory / "brokers")
        self._brokers.up()
        self._proxy = Proxy(self._brokers.address)
        self._since = self._brokers.ends()
        self._lives: list[Life] = []
        self._weather: Counter[str] = Counter()
        self._nursery = subprocess.Popen(
            [sys.executable, str(Path(__file__)), "--nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        with self._nursery:  # closes its pipes, which is what it ends at
            pass
        self._proxy.close()
        self._brokers.close()

    def run(self, rounds: int) -> Found:
        over = threading.Event()
        weather = threading.Thread(target=self._be_weather, args=(over,))
        weather.start()
        try:
            for number in range(rounds):
                self._round(number)
        finally:
            over.set()
            weather.join()
        self._proxy.resume()
        last = self._adopt_the_rest()
        return self._compare(last)

    def _round(self, number: int) -> None:
        choose = self._random.uniform
        seconds = choose(0.05, 1.5) if self._random.random() < 0.7 else choose(1.5, 6.0)
        life = Life(number, self._random.randrange(2_000, 5_001), round(seconds, 3))
        self._lives.append(life)
        file = self._file(number)
        Tally(file, create=True)
        order = (self._proxy.address, str(self._spool), self._mode, number, life.per_second, str(file))
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(order) + "\n")
        self._nursery.stdin.flush()
        child = int(self._nursery.stdout.readline())
        time.sleep(seconds)
        life.killed_at = time.monotonic()
        os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(child, 0)
                time.sleep(0.001)

    def _file(self, number: int) -> Path:
        return self._directory / f"tally-{number}"

    def _be_weather(self, over: threading.Event) -> None:
        proxy, choose = self._proxy, random.Random(self._random.random())
        kinds = {
            "fine": (0.3, 2.5),
            "cut": (0.2, 5.0),
            "silent": (0.2, 1.5),
            "slow": (0.3, 1.5),
            "reset": (0.0, 0.2),
        }
        while not over.is_set():
            for kind in ("fine", choose.choice([*kinds])):
                self._weather[kind] += 1
                match kind:
                    case "cut":
                        proxy.cut()
                    case "silent":
                        proxy.hang()
                    case "slow":
                        proxy.slow(bytes_per_second=64_000)
                    case "reset":
                        proxy.reset()
                    case _:
                        proxy.resume()
                over.wait(choose.uniform(*kinds[kind]))

    def _adopt_the_rest(self) -> Stats:
        settings = Settings(kafka=KafkaSettings(self._proxy.address), spool=SpoolSettings(directory=self._spool))
        audit = AuditClient(settings, service=SERVICE, report_seconds=1.0)
        audit.data_job_lookup(client_id="ACME12", job_number="4", found=True, latency_ms=1.0)
        deadline, settled = time.monotonic() + 300, 0
        while settled < 3:  # a file is gone a moment before what was in it is counted
            assert time.monotonic() < deadline, audit.stats()
            audit.flush(1.0)
            stats = audit.stats()
            is_settled = len(list(self._spool.rglob("*.lock"))) == 1 and stats.adopted == stats.replayed
            settled = settled + 1 if is_settled else 0
            time.sleep(0.1)
        assert audit.close(30.0) == 0
        return audit.stats()

    # What it came to

    def _compare(self, last: Stats) -> Found:
        copies = self._brokers.read(self._since)
        wrong: list[str] = []
        try:
            assert_only_replays_repeat(copies)
        except AssertionError as error:
            wrong.append(f"repeats: {error}"[:500])
        there = {each.mark for each in copies if each.mark is not None}
        for life in self._lives:
            there -= self._judge(life, there)
        if there:
            wrong.append(f"{len(there)} events are there that were never accepted: {sorted(there)[:5]}")
        if (last.adopted, last.adopted_lost, last.spooled) != (last.replayed, {}, 0):
            wrong.append(f"the last process's counts: {last}")
        files = [each.name for each in self._spool.rglob("*") if each.is_file()]
        if files:
            wrong.append(f"files are left: {files[:5]}")
        wrong += [f"round {life.number}: {text}" for life in self._lives for text in life.wrong]
        return Found(
            mode=self._mode,
            rounds=len(self._lives),
            accepted=sum(life.accepted for life in self._lives),
            lost_protected=sum(life.lost_protected for life in self._lives),
            lost_telemetry=sum(life.lost_telemetry for life in self._lives),
            rounds_with_loss=sum(bool(life.lost_protected) for life in self._lives),
            rounds_behind=sum(life.was_behind for life in self._lives),
            oldest_lost_ms=round(1e3 * max(life.oldest_lost for life in self._lives), 1),
            oldest_lost_before_kill_ms=round(1e3 * max(life.oldest_lost_before_kill for life in self._lives), 1),
            copies=sum(each.kind != REPORT for each in copies),
            repeats=len(copies) - len({each.event_id for each in copies}),
            adopted_in_the_end=last.adopted,
            weather=dict(self._weather),
            wrong=wrong,
        )

    def _judge(self, life: Life, there: set[str]) -> set[str]:
        """Count a round's events; gives back those that may be there."""
        tally = Tally(self._file(life.number))
        possible: set[str] = set()
        accepted: dict[int, float] = {}
        for number, _, after in tally.events():
            if after < 0:
                life.refused += 1
                continue
            possible.add(f"{life.number}:{number}")
            if after:
                accepted[number] = after
            else:
                life.unsure += 1
        noted = tally.noted()
        life.accepted, life.adopted = len(accepted), noted.adopted
        life.promised = noted.acknowledged + noted.spooled
        lost = {number: after for number, after in accepted.items() if f"{life.number}:{number}" not in there}
        protected = [after for number, after in lost.items() if not is_telemetry(number)]
        life.lost_protected, life.lost_telemetry = len(protected), len(lost) - len(protected)
        if protected:
            life.oldest_lost = max(accepted.values()) - min(protected)
            life.oldest_lost_before_kill = life.killed_at - min(protected)
        arrived = len(possible & there)
        ended = noted.acknowledged + noted.spooled + sum(noted.dropped.values()) + sum(noted.invalid.values())
        if noted.accepted != ended + noted.queued + noted.in_flight:
            life.wrong.append(f"its counts do not agree: {noted}")
        if noted.dropped or noted.invalid or noted.adopted_lost or noted.internal_errors:
            life.wrong.append(f"its counts tell of errors: {noted}")
        if arrived < life.promised:
            life.wrong.append(f"{arrived} events are there, and {life.promised} were acknowledged or spooled")
        if noted.accepted > life.accepted + life.unsure:
            life.wrong.append(f"it counted {noted.accepted} events and took {life.accepted}")
        if protected and not self._is_promised(life, noted):
            life.wrong.append(f"{len(protected)} protected events are lost, the oldest of {life.oldest_lost:.3f} s")
        if life.lost_telemetry and self._mode == "journal":
            life.wrong.append(f"{life.lost_telemetry} telemetry events are lost")
        return possible

    def _is_promised(self, life: Life, noted: Stats) -> bool:
        """Whether its mode allows what was lost: within a tick, or what the worker had not stored yet when there was more."""
        if self._mode == "spool_first":
            behind = noted.queued + life.accepted - noted.accepted + IN_HAND
            life.was_behind = life.oldest_lost > WINDOW_SECONDS + LATE_SECONDS
            return not life.was_behind or life.lost_protected <= behind
        return self._mode == "buffered"

    def lives(self) -> list[dict[str, Any]]:
        return [asdict(life) for life in self._lives]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--mode", choices=["buffered", "spool_first", "journal"], default="spool_first")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--nursery", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.nursery:
        nursery()
        return 0
    print(json.dumps({"seed": arguments.seed, "rounds": arguments.rounds, "mode": arguments.mode}), flush=True)
    with tempfile.TemporaryDirectory(prefix="earwitness-kills-") as directory:
        kills = Kills(Path(directory), arguments.mode, arguments.seed)
        try:
            found = kills.run(arguments.rounds)
        finally:
            kills.close()
        for life in kills.lives():
            print(json.dumps(life))
    print(json.dumps(asdict(found)))
    print(f"kills: {'FAILED' if found.wrong else 'passed'}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
