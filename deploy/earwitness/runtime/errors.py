"""The exception tree that every part of earwitness builds on.

::

    EarwitnessError               exit code 3: a part that is needed is away or failed
    ├── UsageError                exit code 2: wrong use, wrong input, wrong settings
    │   └── SettingsError         an environment variable or a key of the settings file
    └── UnavailableError          broker, ClickHouse or registry cannot be reached

A message says what happened, to what, and what to do: it is printed as one line, without a traceback.
"""

from __future__ import annotations

__all__ = ["EarwitnessError", "SettingsError", "UnavailableError", "UsageError"]


class EarwitnessError(Exception):
    """Anything that earwitness reports to a person in one line."""

    exit_code = 3


class UsageError(EarwitnessError):
    """The command, its input or its settings are wrong; trying again changes nothing."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is unknown, missing, malformed or contradicts another one."""


class UnavailableError(EarwitnessError):
    """A neighbour (broker, ClickHouse, registry) does not answer; trying again may help."""
