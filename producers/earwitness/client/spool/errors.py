"""What a spool raises, and nothing else.

::

    SpoolError               the spool cannot be used now                      (EarwitnessError)
    ├── SpoolFullError       it is at its cap, or its disk is full
    └── SpoolDamagedError    its file was damaged; it is set aside, and the spool goes on empty

Each message is one clear line: what, where, what to do. It never holds anything of an event.
"""

from __future__ import annotations

from earwitness.runtime.errors import EarwitnessError

__all__ = ["SpoolDamagedError", "SpoolError", "SpoolFullError"]


class SpoolError(EarwitnessError):
    """The spool's directory or file cannot be used."""


class SpoolFullError(SpoolError):
    """The spool has reached its cap, or the disk under it is full. Nothing of the call was stored."""


class SpoolDamagedError(SpoolError):
    """The spool's file turned out to be damaged. What can still be read of it comes back by adoption; the spool is empty."""
