"""Events from Flask's views."""

from __future__ import annotations

import os
import time

from emitting import emit
from flask import Flask

app = Flask(__name__)


@app.get("/loop/<int:count>")
@app.get("/thread/<int:count>")
def view(count: int) -> str:
    return str(emit(count))


@app.get("/slow/<int:count>")
def slow(count: int) -> str:
    """In the middle of this one the server is told to stop."""
    taken = emit(count)
    time.sleep(0.5)
    return str(taken + emit(count))


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.get("/stuck/<int:count>")
def stuck(count: int) -> str:
    """Takes longer than gunicorn lets it."""
    emit(count)
    time.sleep(30)
    return "0"
