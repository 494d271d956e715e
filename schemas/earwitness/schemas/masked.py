"""The masked record of a kind, made from its raw record.

In front stands what the pipeline knows of the event, so that later stages never need the raw topic and the sink never
decodes: the kind (an enum of one symbol: one byte), the position in the raw topic (the event's identity), when the
broker took it, with which probability it was kept, which key masked it, the classifier's verdict, and tokens that
rules group by. Then the raw fields, in their order, under their names and types: masked text is still text.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

__all__ = ["FRONT", "HEAD_TOKENS", "derive"]

HEAD_TOKENS = {"caller_prefix": "caller", "job_block": "job_number"}
"""Coarse tokens at the end of the front, each with the raw field that it is made from."""

FRONT: list[dict[str, Any]] = [
    {
        "name": "source_topic_id",
        "type": {"type": "fixed", "name": "TopicId", "size": 16},
        "doc": "Kafka's id of the raw topic: a topic that was deleted and made again has another one.",
    },
    {"name": "source_partition", "type": "int", "doc": "The raw topic's partition."},
    {"name": "source_offset", "type": "long", "doc": "The raw record's offset there."},
    {
        "name": "received_at",
        "type": {"type": "long", "logicalType": "timestamp-micros"},
        "doc": "When the broker took the raw record: microseconds since 1970-01-01 UTC.",
    },
    {
        "name": "sample_rate",
        "type": "double",
        "default": 1.0,
        "doc": "The probability with which such an event is kept, above 0 to 1; its weight in a count is 1 / rate.",
    },
    {
        "name": "masking_key_id",
        "type": "string",
        "pii": "none",
        "doc": "The key that its tokens are made with.",
    },
    {
        "name": "verdict",
        "type": [
            "null",
            {
                "type": "enum",
                "name": "Verdict",
                "symbols": ["clean", "malformed", "injection", "other"],
                "default": "other",
            },
        ],
        "default": None,
        "doc": "The worst that the classifier found in what a caller said or typed; null when it was not asked.",
    },
    {
        "name": "verdict_category",
        "type": ["null", "string"],
        "default": None,
        "pii": "none",
        "doc": "The verdict's category: sqli, xss, control, too_long, …",
    },
    {
        "name": "verdict_field",
        "type": ["null", "string"],
        "default": None,
        "pii": "none",
        "doc": "The field that the verdict is about.",
    },
    {
        "name": "previous_tokens",
        "type": {"type": "map", "values": "string"},
        "default": {},
        "pii": "none",
        "doc": "During a rotation: by field, the token that the previous key gives.",
    },
    {
        "name": "caller_prefix",
        "type": ["null", "string"],
        "default": None,
        "pii": "none",
        "distinct": "many",
        "doc": "Token of the caller's number without its last four digits.",
    },
    {
        "name": "job_block",
        "type": ["null", "string"],
        "default": None,
        "pii": "none",
        "distinct": "many",
        "doc": "Token of the job number's block of twenty: neighbours share it.",
    },
]


def derive(raw: dict[str, Any]) -> dict[str, Any]:
    """The masked record's schema for a raw record's schema (both as Avro JSON)."""
    kind_field = {
        "name": "kind",
        "type": {"type": "enum", "name": "Kind", "symbols": [raw["kind"].replace(".", "_")]},
        "doc": "The kind of event; its family ends at the first underscore.",
    }
    return raw | {
        "namespace": raw["namespace"].replace(".raw.", ".masked."),
        "fields": [kind_field, *deepcopy(FRONT), *deepcopy(raw["fields"])],
    }
