"""Runs one or several commands, and ends with a line that says how it went.

python deploy/verdict.py NAME COMMAND … [-- COMMAND …]
"""

from __future__ import annotations

import subprocess
import sys
import time


def main(arguments: list[str]) -> int:
    """Run the commands, all of them, also after a failure; the exit code is the first one's that is not 0."""
    name, *words = arguments
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "--":
            commands.append([])
        else:
            commands[-1].append(word)
    started = time.monotonic()
    failed = 0
    for command in commands:
        print("+ " + " ".join(command), flush=True)
        try:
            code = subprocess.run(command, check=False).returncode
        except KeyboardInterrupt:
            code = 130
        failed = failed or code
        if code == 130:
            break
    seconds = time.monotonic() - started
    print(f"{name}: {'FAILED' if failed else 'passed'} in {seconds:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
