"""Runs the supervisor over services that are a few lines of Python; the tests start it as a process.

Arguments: HOME, PLAN, PARENT (0: none). PLAN is a JSON file with a list of {name, code, stop_seconds?, ready_seconds?}
or {name, raises} or {name, hangs}. A service's code finds its home in $DUMMY_HOME and `ready()` to say that it serves.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from earwitness.embedded.home import Home
from earwitness.embedded.service import Service
from earwitness.embedded.supervisor import Progress, Step, run, supervise
from earwitness.runtime.errors import UnavailableError

PRELUDE = """
import os, signal, sys, time
from pathlib import Path
home, name = Path(os.environ["DUMMY_HOME"]), os.environ["DUMMY_NAME"]
def ready():
    (home / "run" / (name + ".ready")).write_text(str(os.getpid()))
def note(word):
    with (home / "notes").open("a") as notes:
        notes.write(name + " " + word + "\\n")
def leave(number, frame):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
note("started")
"""


def step_clock(seconds: float) -> bool:
    """Let this supervisor see what it would see after somebody set the clock."""
    if seconds:
        now, create_time = time.time, psutil.Process.create_time
        time.time = lambda: now() + seconds
        psutil.Process.create_time = lambda process: create_time(process) + seconds
        logging.getLogger("clock").warning("the clock stepped")
    return True


def step(home: Home, plan: dict[str, Any]) -> Step:
    name = str(plan["name"])

    def do(progress: Progress) -> Service | None:
        if "raises" in plan:
            raise UnavailableError(str(plan["raises"]))
        if "hangs" in plan:
            progress("hanging")
            subprocess.run([sys.executable, "-c", str(plan["hangs"])], check=False)
            return None
        return Service(
            name=name,
            argv=[sys.executable, "-c", PRELUDE + str(plan["code"])],
            environment={"DUMMY_HOME": str(home.path), "DUMMY_NAME": name},
            directory=home.path,
            log=home.log(name),
            ready=lambda: home.ready_file(name).exists() and step_clock(float(str(plan.get("clock_steps", 0)))),
            ports=[int(port) for port in plan.get("ports", [])],
            stop_seconds=float(str(plan.get("stop_seconds", 5))),
        )

    return Step(f"starting {name}", do, ready_seconds=float(str(plan.get("ready_seconds", 20))))


if __name__ == "__main__":
    path, plan_file, parent = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    plans = json.loads(plan_file.read_text())
    run(lambda: supervise(path, lambda home: [step(home, plan) for plan in plans], parent or None))
