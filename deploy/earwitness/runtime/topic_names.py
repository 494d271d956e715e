"""The names of Kafka's topics, as `topics.toml` declares them. Needs the standard library only: the client reads it too."""

from __future__ import annotations

__all__ = ["DEAD_LETTERS", "LEDGER", "MASKED", "QUARANTINE", "RAW"]

RAW = "audit.raw."
"""With a family behind it: what the app publishes."""
MASKED = "audit.masked."
"""With a family behind it: what is stored."""
DEAD_LETTERS = "audit.dead-letters"
QUARANTINE = "audit.quarantine"
LEDGER = "audit.ledger"
