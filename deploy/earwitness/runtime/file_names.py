"""Names that somebody chose, as names of files. Standard library only."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

__all__ = ["file_name"]

_LONGEST_NAME = 200  # of the 255 that a file system takes; endings are put behind


def file_name(name: str) -> str:
    """A service's, a producer's or an environment's name as a file's: itself, where that is possible, never another one's."""
    quoted = quote(name, safe=" @+,=", errors="surrogatepass")
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    if 0 < len(quoted) <= _LONGEST_NAME:
        return quoted
    digest = hashlib.blake2s(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return f"{quoted[: _LONGEST_NAME - 40]}%-{digest}"
