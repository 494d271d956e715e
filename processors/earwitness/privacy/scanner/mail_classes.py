"""The classes that an e-mail address is read with, to both sides of what stands for `@`."""

from __future__ import annotations

from earwitness.privacy.scanner.alphabet import CHARACTERS, characters, members

__all__ = ["CONNECTORS", "DOTS", "LETTERS", "SKIPPED", "STOPPING"]

_C = CHARACTERS

DOTS = _C["dot"] + _C["period"] + _C["point"]
CONNECTORS = DOTS + characters("dash hyphen under plus plus_mark")
SKIPPED = _C["filler"] + _C["comma"]
STOPPING = characters("quote colon equals open close bracket unbracket newline border")
STOPPING += _C["mark"] + _C["stop"] + _C["at_mark"] + _C["at"] + _C["arroba"] + _C["own"]
LETTERS = members("lettered")
