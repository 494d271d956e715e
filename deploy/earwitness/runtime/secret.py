"""Secrets come from files that only their owner may read, and are never shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from earwitness.runtime.errors import SettingsError

__all__ = ["PREFIX", "Secret", "read_private_file"]

PREFIX = "EARWITNESS_"
"""In front of every setting's name in the environment."""


class Secret:
    """A secret's text that no log line, traceback or repr shows; `reveal()` gives it to the library that needs it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def from_file(cls, path: Path, *, setting: str) -> Secret:
        """Read the first line of `path`.

        Raises:
            SettingsError: the file is missing, empty, or readable by other users of the machine.
        """
        return cls(read_private_file(path, setting=setting).decode("utf-8", "strict").strip())

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def read_private_file(path: Path, *, setting: str) -> bytes:
    """The bytes of a file that only its owner may read.

    Raises:
        SettingsError: it is missing, empty, larger than 64 KiB, or open to group or others.
    """
    name = f"{PREFIX}{setting.upper()}"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(65_537)
    except OSError as error:
        raise SettingsError(
            f"{name}: cannot read {path}: {error.strerror}; give the path of a file with mode 0600"
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"{name}: {path} is open to other users of this machine; run: chmod 600 {path}")
    if not data.strip():
        raise SettingsError(f"{name}: {path} is empty; put the secret into it")
    if len(data) > 65_536:
        raise SettingsError(f"{name}: {path} is larger than 64 KiB; that is no secret of ours")
    return data
