"""Events from an endpoint in the event loop, from one in a thread, from a background task, and from the end of the app."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from emitting import audit, emit
from fastapi import BackgroundTasks, FastAPI


@asynccontextmanager
async def own_lifespan(_: FastAPI) -> AsyncIterator[None]:
    emit(2)
    yield
    emit(2)


app = FastAPI(lifespan=own_lifespan if os.environ.get("LIFESPAN") == "own" else audit.lifespan(own_lifespan))


@app.get("/loop/{count}")
async def loop(count: int, later: BackgroundTasks) -> int:
    later.add_task(emit, 1)
    return emit(count)


@app.get("/thread/{count}")
def thread(count: int) -> int:
    return emit(count)


@app.get("/slow/{count}")
async def slow(count: int) -> int:
    """In the middle of this one the server is told to stop."""
    taken = emit(count)
    await asyncio.sleep(0.5)
    return taken + emit(count)


@app.get("/flushed/{count}")
async def flushed(count: int, seconds: float = 5.0) -> int:
    """How many are not delivered yet, after a wait that lets others be served."""
    emit(count)
    return await audit.aflush(seconds)


@app.get("/pid")
async def pid() -> int:
    return os.getpid()
