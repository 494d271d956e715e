"""A secret that a command prints, as key management systems give theirs.

The command runs without a shell and gets nothing but `PATH`: what it needs to log in it has to know itself. It has ten
seconds and 64 KiB. What it writes to standard error is thrown away, because nobody knows what is in it.
"""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.secret import PREFIX

__all__ = ["SECONDS", "command", "output_of"]

SECONDS = 10.0
"""How long a command may take."""
_MOST_BYTES = 65_536


def command(setting: str, value: str | None) -> tuple[str, ...] | None:
    """A command's words as a shell would split them; None when nothing is given.

    Raises:
        SettingsError: a quotation mark has no end, or there is no word.
    """
    if value is None:
        return None
    try:
        words = tuple(shlex.split(value))
    except ValueError as error:
        raise SettingsError(f"{_name(setting)}: {error}; give a program and its arguments") from None
    if not words:
        raise SettingsError(f"{_name(setting)} is empty; give a program and its arguments")
    return words


def output_of(words: Sequence[str], *, setting: str, seconds: float = SECONDS) -> bytes:
    """What a command prints.

    Raises:
        SettingsError: it cannot be run, others may change it, it fails, takes too long, or prints nothing or too much. The
            message holds nothing of what it printed, nor its arguments.
    """
    name, program = _name(setting), words[0]
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    _check(name, program, environment["PATH"])
    until = time.monotonic() + seconds
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise SettingsError(f"{name}: cannot run {program}: {error.strerror}; give a program's path") from None
    try:
        data = _read(process.stdout, until)
        if len(data) > _MOST_BYTES:
            raise SettingsError(f"{name}: {program} prints more than 64 KiB; that is no secret of ours")
        code = process.wait(max(0.0, until - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise SettingsError(f"{name}: {program} took more than {seconds:g} s; nothing was masked") from None
    finally:
        # It, and what it started: whoever holds on to the pipe would keep us waiting.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if code != 0:
        raise SettingsError(f"{name}: {program} ended with {code}; run it by hand, as this user, to see why")
    if not data.strip():
        raise SettingsError(f"{name}: {program} prints nothing; it has to print the secret")
    return data


def _name(setting: str) -> str:
    return f"{PREFIX}{setting.upper()}"


def _check(name: str, program: str, search: str) -> None:
    found = shutil.which(program, path=search)
    if found is None:
        raise SettingsError(f"{name}: there is no program {program}; give its path")
    if Path(found).stat().st_mode & stat.S_IWOTH:
        raise SettingsError(f"{name}: {found} can be changed by any user of this machine; run: chmod o-w {found}")


def _read(stream: IO[bytes] | None, until: float) -> bytes:
    """All that comes, and not much more than may.

    Raises:
        TimeoutError: it did not end in time.
    """
    data = bytearray()
    if stream is None:  # there is a pipe, because it was asked for
        return b""
    ready = select.poll()
    ready.register(stream, select.POLLIN)
    while len(data) <= _MOST_BYTES:
        left = until - time.monotonic()
        if left <= 0 or not ready.poll(left * 1000):
            raise TimeoutError
        chunk = os.read(stream.fileno(), _MOST_BYTES)
        if not chunk:
            break
        data += chunk
    return bytes(data)
