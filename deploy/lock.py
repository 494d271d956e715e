"""Pins the requirements anew, with hashes, for all Pythons that are supported; needs `uv` on the PATH.

No index or other host is written into the files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_RUN = ["pipeline", "embedded", "voice-app"]
_FILES = {"run": [*_RUN, "build"], "dev": [*_RUN, "build", "dev"]}


def main() -> int:
    """Write `requirements/*.txt`; returns the exit code."""
    for name, extras in _FILES.items():
        command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--upgrade"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "-q"]
        command += [word for extra in extras for word in ("--extra", extra)]
        command += ["-o", f"requirements/{name}.txt"]
        if subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode:
            return 1
        print(f"wrote requirements/{name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
