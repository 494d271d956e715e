"""Where events wait on disk while the broker is away, for how long, and how much of them.

Standard library only, like all settings: the client reads them while the app starts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.file_names import file_name
from earwitness.runtime.secret import PREFIX

__all__ = ["NAMES", "Durability", "SpoolSettings", "durability"]

Durability = Literal["buffered", "spool_first", "journal"]
"""What survives what: see the client's page of the documentation."""

NAMES: Final = frozenset({"spool_dir", "spool_max_bytes", "spool_max_days", "spool_sync", "durability"})
"""The settings that this module reads."""

_SMALLEST_BYTES = 1 << 20
_LARGEST_BYTES = 1 << 42
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def _default_directory() -> Path | None:
    given = os.environ.get("XDG_STATE_HOME")
    if given and Path(given).is_absolute():  # the XDG specification has relative ones ignored
        return Path(given) / "earwitness" / "spool"
    try:
        return Path.home() / ".local" / "state" / "earwitness" / "spool"
    except RuntimeError:  # a user without a home
        return None


@dataclass(frozen=True)
class SpoolSettings:
    """Settings of the spool.

    Attributes:
        directory: where it lives; one directory a service in it. None: the user has no home and no directory was given.
            It is an environment's own: what waits for one broker must never go to another one's.
        max_bytes: how large one process's file may grow; what would be more is refused.
        max_days: events older than that are dropped, and counted.
        sync: `normal` survives the process, `full` the machine's power too, for a wait on the disk at every commit.
    """

    directory: Path | None = field(default_factory=_default_directory)
    max_bytes: int = 512 << 20
    max_days: float = 7.0
    sync: Literal["normal", "full"] = "normal"

    def __post_init__(self) -> None:
        if not _SMALLEST_BYTES <= self.max_bytes <= _LARGEST_BYTES:
            raise SettingsError(f"{PREFIX}SPOOL_MAX_BYTES is {self.max_bytes}; give at least 1 MiB (1M)")
        if not 0 < self.max_days <= 36_500:
            raise SettingsError(f"{PREFIX}SPOOL_MAX_DAYS is {self.max_days:g}; give a number of days above 0")
        if self.sync not in {"normal", "full"}:
            raise SettingsError(f"{PREFIX}SPOOL_SYNC is {self.sync!r}; give normal or full")

    @classmethod
    def read(cls, values: Mapping[str, str], environment: str) -> SpoolSettings:
        """The settings by their names in lower case without the prefix.

        Args:
            values: all that are given.
            environment: the one that the process runs in: a directory in `spool_dir`.

        Raises:
            SettingsError: one cannot be used.
        """
        given = values.get("spool_dir")
        if given and not Path(given).is_absolute():
            # A relative one would be another directory, and what is in it forgotten, when the app starts elsewhere.
            raise SettingsError(f"{PREFIX}SPOOL_DIR is {given!r}; give an absolute path")
        directory = Path(given) if given else _default_directory()
        return cls(
            directory=None if directory is None else directory / file_name(environment),
            max_bytes=_bytes(values["spool_max_bytes"]) if "spool_max_bytes" in values else cls.max_bytes,
            max_days=_days(values["spool_max_days"]) if "spool_max_days" in values else cls.max_days,
            sync="full" if (sync := values.get("spool_sync", cls.sync).lower()) == "full" else _normal(sync),
        )


def durability(values: Mapping[str, str]) -> Durability:
    """What the client promises.

    Raises:
        SettingsError: it is none of the three.
    """
    given = values.get("durability", "spool_first").lower()
    for known in get_args(Durability):
        if given == known:
            found: Durability = known
            return found
    raise SettingsError(f"{PREFIX}DURABILITY is {given!r}; give buffered, spool_first or journal")


def _bytes(value: str) -> int:
    text = value.strip().lower().removesuffix("ib").removesuffix("b")
    try:
        return int(text[:-1]) * _UNITS[text[-1]] if text[-1:] in _UNITS else int(text)
    except ValueError:
        raise SettingsError(f"{PREFIX}SPOOL_MAX_BYTES is {value!r}; give bytes, or 512M, 2G") from None


def _days(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise SettingsError(f"{PREFIX}SPOOL_MAX_DAYS is {value!r}; give a number of days") from None


def _normal(value: str) -> Literal["normal"]:
    if value != "normal":
        raise SettingsError(f"{PREFIX}SPOOL_SYNC is {value!r}; give normal or full")
    return "normal"
