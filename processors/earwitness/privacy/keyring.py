"""The masking keys by time: which one a record's tokens are made with.

The file holds one key a line, the oldest first. Each line but the first says from when on it holds:

    k1:<base64 of 32 random bytes>
    k2:<base64 of 32 random bytes> from=2026-12-01T06:00Z

What counts is when the broker took the record, so that all workers change keys at the same record, and one that is masked
again gets the same tokens again. While an older line stands there, the records of the next key carry its tokens too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.tokens import Tokens
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.masking_settings import MaskingSettings

__all__ = ["ALWAYS", "Era", "KeyRing"]

ALWAYS = (-(2**63), 2**63)
"""From and until, of a single key."""
_TWO = 2
_OVERLAP_DAYS = 30
_OVERLAP_MS = _OVERLAP_DAYS * 86_400_000
_LINE = re.compile(r"(?P<key>\S+)(?:\s+from=(?P<since>\S+))?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True)
class Era:
    """The time of one key: records that the broker took from `since` on and before `until`, in milliseconds since 1970."""

    since: int
    until: int
    tokens: Tokens


@dataclass(frozen=True)
class KeyRing:
    """Keys, the oldest first, and from when on each holds; the oldest holds for all that came before as well."""

    keys: tuple[MaskingKey, ...]
    since: tuple[int, ...]

    @classmethod
    def load(cls, settings: MaskingSettings) -> KeyRing:
        """Read the keys.

        Raises:
            SettingsError: there are none, or one is not to be used.
        """
        data, where = settings.secret()
        return cls.parse(data.decode("ascii", "replace"), where=where)

    @classmethod
    def parse(cls, text: str, *, where: str) -> KeyRing:
        """Keys from their lines.

        Raises:
            SettingsError: a line is no key, its time is missing, unclear or not behind the one before, two lines have one id, or
                two ids the same bytes.
        """
        lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        keys: list[MaskingKey] = []
        since: list[int] = []
        for number, line in lines:
            place = where if len(lines) == 1 else f"{where}, line {number}"
            found = _LINE.match(line)
            if found is None:
                raise SettingsError(
                    f"{place}: a masking key is one line, k1:<base64 of 32 random bytes> [from=<UTC time>]"
                )
            key = MaskingKey.parse(found["key"], where=place)
            begins = _since(found["since"], place) if found["since"] else ALWAYS[0]
            for other in keys:
                if other.id == key.id:
                    raise SettingsError(f"{place}: the id {key.id} stands there twice; a new key has a new id")
                if other.has_bytes_of(key):
                    raise SettingsError(f"{place}: {key.id} has the bytes of {other.id}; make 32 new random bytes")
            if since and begins <= since[-1]:
                raise SettingsError(
                    f"{place}: {key.id} says no time behind that of {keys[-1].id}; "
                    "say from when on it holds, as in from=2026-12-01T06:00Z"
                )
            keys.append(key)
            since.append(begins)
        if not keys:
            raise SettingsError(f"{where}: a masking key is one line, k1:<base64 of 32 random bytes>; there is none")
        return cls(tuple(keys), (ALWAYS[0], *since[1:]))

    def at(self, milliseconds: int) -> MaskingKey:
        """The key of what the broker took then."""
        return self.keys[bisect_right(self.since, milliseconds) - 1]

    def overdue(self, now_ms: int) -> str | None:
        """What to do about an older line that has stood for a month behind the next one's time; None when there is none."""
        if len(self.keys) < _TWO or now_ms - self.since[1] < _OVERLAP_MS:
            return None
        return (
            f"the key {self.keys[0].id} was followed by {self.keys[1].id} over {_OVERLAP_DAYS} days ago, and its line still "
            "stands: records link both keys' tokens; take the line out (docs/key-rotation.md)"
        )

    def eras(self, *, keep_region: bool = False) -> tuple[Era, ...]:
        """The time of each key, with what makes its tokens."""
        found: list[Era] = []
        for key, since, until in zip(self.keys, self.since, (*self.since[1:], ALWAYS[1]), strict=True):
            before = found[-1].tokens if found else None
            found.append(Era(since, until, Tokens(key, previous=before, keep_region=keep_region)))
        return tuple(found)

    def __str__(self) -> str:
        """For logs: ids, fingerprints, times."""
        said = []
        for key, since in zip(self.keys, self.since, strict=True):
            begins = "" if since == ALWAYS[0] else f" from {datetime.fromtimestamp(since / 1000, UTC):%Y-%m-%dT%H:%MZ}"
            said.append(f"{key.id} (fingerprint {key.fingerprint}){begins}")
        return ", ".join(said)


def _since(text: str, place: str) -> int:
    try:
        found = datetime.fromisoformat(f"{text}T00:00Z" if _DATE.match(text) else text)
    except ValueError:
        raise SettingsError(f"{place}: from= is no time; give it as in 2026-12-01T06:00Z") from None
    if found.tzinfo is None:
        raise SettingsError(f"{place}: from= says no zone; give UTC, as in 2026-12-01T06:00Z")
    return int(found.timestamp() * 1000)
