"""Sets up `.venv` with pinned and hashed packages; does nothing when it is up to date. Needs the standard library only.

python3 deploy/bootstrap.py run     what the demo needs
python3 deploy/bootstrap.py dev     what tests and checks need besides
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(what: str) -> int:
    """Set up; returns the exit code."""
    requirements = ROOT / "requirements" / f"{what}.txt"
    stamp = VENV / f"ready-{what}"
    for done in (stamp, VENV / "ready-dev"):
        # What the tests need holds what the demo needs.
        if done.exists() and done.read_text("ascii") == _wanted(done.name.removeprefix("ready-")):
            return 0
    count = len(re.findall(r"(?m)^[A-Za-z0-9]", requirements.read_text("utf-8")))
    print(f"setting up .venv with {count} packages; this happens once and takes about a minute", flush=True)
    if not PYTHON.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True, text=True)
        if made.returncode:
            return _fail(
                "cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv", made.stdout
            )
    pip = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    if not _run([*pip, "--require-hashes", "-r", str(requirements)], count):
        return _fail("packages could not be installed; is the package index reachable?", "")
    if not _run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], 0):
        return _fail("earwitness itself could not be installed", "")
    stamp.write_text(_wanted(what), "ascii")
    return 0


def _wanted(what: str) -> str:
    requirements = ROOT / "requirements" / f"{what}.txt"
    return hashlib.sha256(requirements.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def _run(command: list[str], count: int) -> bool:
    """Run pip, tell how many packages have come so far, and show its last lines if it fails."""
    started = time.monotonic()
    environment = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
    lines: list[str] = []
    collected = told = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            collected += line.startswith("Collecting ")
            installing = line.startswith("Installing collected packages")
            if count and (collected >= told + 15 or installing):
                told = collected
                what = "installing them" if installing else f"{collected} of {count} packages are here"
                print(f"{time.monotonic() - started:6.1f} s  {what}", flush=True)
    if process.returncode:
        sys.stderr.write("".join(lines[-12:]))
    return process.returncode == 0


def _fail(line: str, details: str) -> int:
    sys.stderr.write(f"{details}earwitness: {line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
