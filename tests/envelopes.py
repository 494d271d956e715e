"""The envelope that events of tests have in common; each adds when it happened and what it tells."""

from __future__ import annotations

from typing import Any

ENVELOPE: dict[str, Any] = {
    "event_id": "0190b2f1-9c3a-7def-8123-456789abcdef",
    "severity": "INFO",
    "service": "ivr",
    "environment": "prod",
    "producer_id": "ivr-7f-1",
    "sequence": 42,
    "tenant": "default",
}
