"""What single settings may be: texts that become a value, or an error that names the setting and says what to give."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.secret import PREFIX

__all__ = ["Preset", "boolean", "from_file", "level", "path", "preset", "url"]

Preset = Literal["strict", "balanced", "whole"]


def from_file(file: Path) -> dict[str, str]:
    """The settings of a TOML file, as texts.

    Raises:
        SettingsError: it cannot be read, is no TOML, or holds what is no setting.
    """
    import tomllib  # not before there is a file: most clients are set up by the environment alone

    try:
        loaded = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError among them
        raise SettingsError(f"{file} is no valid TOML: {error}") from error
    values: dict[str, str] = {}
    for name, value in loaded.items():
        if isinstance(value, bool):
            values[name] = "1" if value else "0"
        elif isinstance(value, str | int | float):
            values[name] = str(value)
        else:
            raise SettingsError(f"{file}: {name} must be a text, a number or true/false, not {type(value).__name__}")
    return values


def boolean(name: str, value: str) -> bool:
    """Whether it is on.

    Raises:
        SettingsError: it is neither on nor off.
    """
    lowered = value.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise SettingsError(f"{PREFIX}{name.upper()} is {value!r}; give 1 or 0")


def level(value: str) -> str:
    """A level of the log.

    Raises:
        SettingsError: it is none.
    """
    upper = value.strip().upper()
    if upper not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingsError(f"{PREFIX}LOG_LEVEL is {value!r}; give DEBUG, INFO, WARNING or ERROR")
    return upper


def preset(value: str) -> Preset:
    """How free text is read.

    Raises:
        SettingsError: there is no such way.
    """
    for known in get_args(Preset):
        if value.strip().lower() == known:
            found: Preset = known
            return found
    raise SettingsError(f"{PREFIX}PRIVACY_PRESET is {value!r}; give strict, balanced or whole")


def path(value: str | None) -> Path | None:
    """A path; None when nothing is given."""
    return Path(value) if value else None


def url(name: str, value: str | None) -> str | None:
    """An address without a slash at its end; None when nothing is given.

    Raises:
        SettingsError: it is no `http(s)://host:port`, or holds a password.
    """
    if not value:
        return None
    if not value.startswith(("http://", "https://")):
        raise SettingsError(f"{PREFIX}{name.upper()} is {value!r}; it must start with http:// or https://")
    if "@" in value:
        raise SettingsError(f"{PREFIX}{name.upper()} holds a user or password; give them as settings of their own")
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or a bracket too many
        usable = False
    if not usable:
        raise SettingsError(f"{PREFIX}{name.upper()} is {value!r}; give http(s)://host:port")
    return value.rstrip("/")
