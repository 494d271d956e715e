"""Sends requests to the app at a rate of its own, over connections that stay open: one line of JSON with the answers' times.

python tests/bench/client_loop/caller.py PORT RATE SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from client_loop.arrivals import Arrivals
from client_loop.requests import FORM
from client_systems.event import percentiles

WARM_SECONDS = 2.0
MOST = 200  # connections; more requests than that at once mean that the app does not keep up

_HEAD = b"POST %s HTTP/1.1\r\nHost: line.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
REQUEST = _HEAD % (b"/voice", len(FORM)) + FORM
BEGIN = _HEAD % (b"/begin", 0)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Load:
    """Requests over as many connections as it takes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []
        self._open = 0
        self.took = array("q")
        self.failed = 0

    async def run(self, rate: float, seconds: float) -> None:
        running: set[asyncio.Task[None]] = set()

        def arrive() -> None:
            task = asyncio.ensure_future(self.one())
            running.add(task)
            task.add_done_callback(running.discard)

        arrivals = Arrivals(rate, seconds, arrive)
        await arrivals.wait()
        if running:
            await asyncio.wait(running)

    async def one(self, request: bytes = REQUEST) -> None:
        """One request, on a connection that is free."""
        began = time.perf_counter_ns()
        if not self._idle:
            if self._open >= MOST:
                self.failed += 1
                return
            self._open += 1
            self._idle.append(await asyncio.open_connection("127.0.0.1", self._port))
        reader, writer = connection = self._idle.pop()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
        if not head.startswith(b"http/1.1 200"):
            self.failed += 1
        self._idle.append(connection)
        self.took.append(time.perf_counter_ns() - began)

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def main(port: int, rate: float, seconds: float) -> None:
    load = Load(port)
    await load.run(rate, WARM_SECONDS)
    await load.one(BEGIN)
    del load.took[:]
    await load.run(rate, seconds)
    load.close()
    print(json.dumps({"answer": percentiles(load.took), "failed": load.failed}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
