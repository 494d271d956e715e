"""What brings a home that an earlier version made to the form that this version works with.

One function a format, from the one before. A kill in the middle leaves the old format's number in place, so that the next
start does it again: each has to bear that. Topics, users and tables are not their matter: every start makes what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from earwitness.embedded.home import FORMAT, Home
from earwitness.embedded.secrets import Secrets

__all__ = ["upgrade"]

logger = logging.getLogger(__name__)


def upgrade(home: Home) -> None:
    """Bring the home to this version's format; its lock is held and nothing runs in it.

    Raises:
        UsageError: a newer version made it.
        EarwitnessError: it cannot be written.
    """
    for made_by in range(home.check() or FORMAT, FORMAT):
        logger.info("upgrading the home from format %d to %d", made_by, made_by + 1)
        _STEPS[made_by](home)
        home.write_format(made_by + 1)


def _to_2(home: Home) -> None:
    """The owner of the views never logs in: it has no password any more."""
    Secrets(home.secrets).clickhouse_password_file("owner").unlink(missing_ok=True)


_STEPS: Mapping[int, Callable[[Home], None]] = {1: _to_2}
