"""Which topics the sink reads, where each one's records land, and what a commit says beside its offset."""

from __future__ import annotations

from earwitness.runtime.topic_names import DEAD_LETTERS, LEDGER, MASKED
from earwitness.schemas.catalogue import FAMILIES

__all__ = ["EVENTS", "GROUP", "TOPICS", "landing_of", "metadata", "read_metadata"]

GROUP = "earwitness-sink"

TOPICS = (*(MASKED + family for family in FAMILIES), DEAD_LETTERS, LEDGER)

EVENTS = "landing_events"
_LANDINGS = {DEAD_LETTERS: "landing_dead_letters", LEDGER: "landing_ledger"}


def landing_of(topic: str) -> str:
    """The table of `store` that a topic's records land in."""
    return _LANDINGS.get(topic, EVENTS)


def metadata(topic_id: bytes, highest: int) -> str:
    """What a commit of a masked partition says of its raw partition: no stored offset is below it and unknown."""
    return f"{topic_id.hex()}:{highest}" if topic_id else ""


def read_metadata(text: str | None) -> tuple[bytes, int] | None:
    """The topic id and offset of a commit; None when it says nothing, or nothing that we understand.

    It only makes the first look at ClickHouse shorter, so a wrong one must merely not stop anything.
    """
    topic_id, _, highest = (text or "").partition(":")
    try:
        found = bytes.fromhex(topic_id), int(highest)
    except ValueError:
        return None
    return found if len(found[0]) == 16 and found[1] >= -1 else None
