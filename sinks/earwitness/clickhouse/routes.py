"""Which topics the sink reads, where each one's records land, and what a commit says beside its offset."""

from __future__ import annotations

from earwitness.runtime.topic_names import DEAD_LETTERS, LEDGER, MASKED
from earwitness.schemas.catalogue import FAMILIES

__all__ = ["DUPLICATES", "EVENTS", "GROUP", "TOPICS", "Hint", "landing_of", "metadata", "read_metadata"]

GROUP = "earwitness-sink"

Hint = tuple[bytes, int]
"""A raw topic's id, and an offset of it that the highest stored offset of the partition is not below."""

TOPICS = (*(MASKED + family for family in FAMILIES), DEAD_LETTERS, LEDGER)

EVENTS = "landing_events"
DUPLICATES = "landing_duplicates"
"""Where records land whose event is stored already, under another position."""
_LANDINGS = {DEAD_LETTERS: "landing_dead_letters", LEDGER: "landing_ledger"}


def landing_of(topic: str) -> str:
    """The table of `store` that a topic's records land in."""
    return _LANDINGS.get(topic, EVENTS)


def metadata(own_id: bytes, hint: Hint | None) -> str:
    """What a commit says beside its offset: which topic it is of, and, of a masked partition, the hint."""
    return own_id.hex() + (f":{hint[0].hex()}:{hint[1]}" if hint else "")


def read_metadata(text: str | None) -> tuple[bytes | None, Hint | None]:
    """The topic's own id and the hint of a commit; None for what it does not say, or not in a way that we understand.

    Earlier versions wrote the hint alone. It only makes the first look at ClickHouse shorter, so a wrong one must merely
    not stop anything.
    """
    parts = (text or "").split(":")
    return (None if len(parts) == 2 else _topic_id(parts[0])), _hint(parts[-2:])


def _hint(parts: list[str]) -> Hint | None:
    topic_id = _topic_id(parts[0])
    try:
        highest = int(parts[-1])
    except ValueError:
        return None
    return (topic_id, highest) if topic_id is not None and len(parts) == 2 and highest >= -1 else None


def _topic_id(text: str) -> bytes | None:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) == 16 else None
