"""The spool alone: frames in, out and away, as the worker does it.

python tests/bench/client_throughput/store.py FRAMES DIRECTORY SYNC
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from client_throughput.events import calls

from earwitness.client import snapshot
from earwitness.client.identity import Origin
from earwitness.client.packing import Packer
from earwitness.client.spool import Frame, Spool
from earwitness.client.spool.journal import Journal
from earwitness.runtime.settings import SpoolSettings

BATCH = 500  # as the worker's transactions while the broker is away
TICK = 8  # as a paced worker's turn in `spool_first`


def rate(count: int, work: Callable[[], Any]) -> int:
    """Frames a second."""
    began = time.perf_counter()
    work()
    return round(count / (time.perf_counter() - began))


def main(count: int, directory: Path, sync: str) -> None:
    settings = SpoolSettings(directory, max_bytes=8 << 30, sync="full" if sync == "full" else "normal")
    origin = Origin.here("bench", "bench", "default")
    events = [event for _, _, happening in calls(50) for event in happening]
    call = ("CA0123456789abcdef0123456789abcdef", "+12025550142")
    snapshots = [snapshot.encode((time.time_ns(), call, None, event)) for event in events]
    packer = Packer(origin)
    made = [packer.pack(taken, 1) for taken in snapshots]
    frames = [frame._replace(sequence=number) for number, frame in enumerate(islice(cycle(made), count), 1)]
    spool = Spool.open(settings, origin.service, origin.producer_id)

    def append(size: int, some: list[Frame]) -> None:
        for start in range(0, len(some), size):
            spool.append(some[start : start + size])

    def read() -> None:
        after = 0
        while rows := spool.oldest(after, BATCH):
            after = rows[-1][0]

    def delete() -> None:
        ids = range(1, count + 1)
        for start in range(0, count, BATCH):
            spool.delete(ids[start : start + BATCH])

    found = {f"append_{BATCH}": rate(count, lambda: append(BATCH, frames))}
    size = spool.bytes
    found |= {"read": rate(count, read), "delete": rate(count, delete), "bytes_per_event": round(size / count)}
    few = frames[: count // 10]
    found[f"append_{TICK}"] = rate(len(few), lambda: append(TICK, few))
    journal = Journal.open(settings, origin)
    took = list(islice(cycle(snapshots), 2_000))

    def ring() -> None:
        for _ in range(10):
            slots = [journal.write(taken) for taken in took]
            assert min(slots) >= 0, "the journal is full"
            for slot in slots:
                journal.free(slot)

    found["journal_write_and_free"] = rate(10 * len(took), ring)
    journal.close()
    spool.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
