"""Where events wait on disk while the broker is away: one SQLite file a process, taken over when the process is dead.

Imports sqlite3: so nothing imports this before a client starts its worker.
"""

from __future__ import annotations

from earwitness.client.spool.errors import SpoolDamagedError, SpoolError, SpoolFullError
from earwitness.client.spool.frame import Frame, Lost, replayed
from earwitness.client.spool.spool import Spool
from earwitness.runtime.settings import SpoolSettings

__all__ = ["Frame", "Lost", "Spool", "SpoolDamagedError", "SpoolError", "SpoolFullError", "SpoolSettings", "replayed"]
