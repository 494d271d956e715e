"""The example voice app as a process of its own, for the demo."""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earwitness.embedded import control
from earwitness.embedded.process import dies_with_parent
from earwitness.runtime.errors import EarwitnessError, UsageError

__all__ = ["VoiceApp", "running_voice_app"]

_EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "voice_app" / "main.py"
_START_SECONDS = 30.0
_STOP_SECONDS = 30.0
_SPANISH_NUMBER = "+12025550101"
# Real ones, of seconds, would make the demo wait for the app to find out that Airtable is away, and that it is back.
_HURRY = {"VOICE_APP_RETRY_WAITS": "0.05,0.1,0.2", "VOICE_APP_CIRCUIT_OPEN_SECONDS": "0.5"}
_STAND_INS = ("--drill", "--airtable-rate", "1000")
_ANNOUNCEMENT = "voice app listens on "


@dataclass(frozen=True)
class VoiceApp:
    """Where the running app listens, and the token that Twilio's requests are signed with."""

    url: str
    auth_token: str


@contextmanager
def running_voice_app(home: Path) -> Iterator[VoiceApp]:
    """Run the example app against the embedded stack in `home`; at the end it hands over its last events.

    Raises:
        UsageError: earwitness was installed without its examples.
        EarwitnessError: the app does not start.
    """
    if not _EXAMPLE.exists():
        raise UsageError("the demo needs the example app of the source tree; run it there: make demo")
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="earwitness-demo-") as directory:
        token_file = Path(directory) / "twilio-token"
        token_file.touch(0o600)
        token_file.write_text(token, "ascii")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EARWITNESS_")}
        environment |= control.environment(home, "producer")
        environment |= {"EARWITNESS_ENVIRONMENT": "demo", "VOICE_APP_TWILIO_TOKEN_FILE": str(token_file)}
        environment |= {"VOICE_APP_SPANISH_NUMBERS": _SPANISH_NUMBER, **_HURRY}
        with subprocess.Popen(
            dies_with_parent([sys.executable, str(_EXAMPLE), "--port", "0", *_STAND_INS]),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            lines = _Lines(process)
            try:
                yield VoiceApp(_address(lines), token)
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


class _Lines:
    """The app's output, read all the time so that its pipe never fills up."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.seen: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.seen = [*self.seen[-20:], line]
            self._queue.put(line)
        self._queue.put(None)

    def next(self, seconds: float) -> str | None:
        """The next line; None when there is none in time or the app ended."""
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None


def _address(lines: _Lines) -> str:
    while (line := lines.next(_START_SECONDS)) is not None:
        if line.startswith(_ANNOUNCEMENT):
            return line.removeprefix(_ANNOUNCEMENT).strip()
    raise EarwitnessError("the example app does not start: " + " ".join("".join(lines.seen).split()))
