"""A voice app on uvicorn, with or without the client: how late its event loop is.

    EARWITNESS_… python tests/bench/client_loop/app.py WAY

WAY is `none`, the app alone, or anything else: the client's middleware and lifespan around it, and six events a request. Says
its port, serves, and on SIGTERM says in one line of JSON how late the loop was: a timer that is due 500 times a second.
"""

from __future__ import annotations

import json
import socket
import sys
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import uvicorn
from client_loop.arrivals import Arrivals
from client_loop.requests import serve
from client_systems.event import percentiles
from fastapi import FastAPI, Request, Response

RATE = 500.0
HOUR = 3600.0


class Watched:
    """The app, and how late its loop was since `/begin` was asked for."""

    def __init__(self, way: str) -> None:
        self.spent = array("q")
        self._audit: Any = None
        if way != "none":
            from earwitness.client import AuditClient

            self._audit = AuditClient.from_env(service="bench")
        self.app = FastAPI(lifespan=self._audit.lifespan(self._watch) if self._audit is not None else self._watch)
        self.app.post("/voice")(self._voice)
        self.app.post("/begin")(self._begin)
        if self._audit is not None:
            from earwitness.integrations.asgi import AuditASGI

            self.app.add_middleware(AuditASGI, audit=self._audit)

    @asynccontextmanager
    async def _watch(self, _: FastAPI) -> AsyncIterator[None]:
        self.arrivals = Arrivals(RATE, HOUR, lambda: None)
        yield
        refused = 0 if self._audit is None else sum(self._audit.stats().refused.values())
        found = {"lag": percentiles(self.arrivals.late), "events": percentiles(self.spent), "refused": refused}
        # Here, for uvicorn ends the process by the signal that it got.
        print(json.dumps(found), flush=True)

    async def _voice(self, request: Request) -> Response:
        emit = None if self._audit is None else self._audit.call_action_attempted
        return Response(await serve(await request.body(), emit, self.spent), media_type="text/xml")

    async def _begin(self) -> Response:
        del self.arrivals.late[:], self.spent[:]
        return Response()


def main(way: str) -> None:
    watched = Watched(way)
    door = socket.create_server(("127.0.0.1", 0), backlog=512)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does that to sockets of its own only
    print(door.getsockname()[1], flush=True)  # who comes before uvicorn does is kept waiting
    config = uvicorn.Config(watched.app, loop="asyncio", access_log=False, log_level="error")
    uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main(sys.argv[1])
