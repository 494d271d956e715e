"""The virtual environment of the peers whose requirements do not go together with ours."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "requirements" / "peers.txt"


def python() -> Path:
    """Its interpreter; the environment is made when it is missing or out of date."""
    place = ROOT / ".venv-peers"
    interpreter, stamp = place / "bin" / "python", place / "ready"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text("ascii") != wanted:
        print("setting up .venv-peers for the peers; this happens once", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
        stamp.write_text(wanted, "ascii")
    return interpreter
