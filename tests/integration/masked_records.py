"""Masked records of every kind, as a masker would write them, from a seed."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from earwitness.schemas import catalogue, codec

NOW = int(time.time() * 1_000_000)


def masked_record(kind: str, choose: random.Random, topic_id: bytes, partition: int, offset: int) -> dict[str, Any]:
    """One record's fields."""
    record = {field["name"]: _value(field["type"], choose, field) for field in catalogue.masked(kind).fields}
    return record | {
        "source_topic_id": topic_id,
        "source_partition": partition,
        "source_offset": offset,
        "received_at": NOW + offset,
        "sample_rate": choose.choice([1.0, 0.25]),
        "producer_id": f"p-{choose.randrange(3)}",
        # Whoever wants copies of an event makes them.
        "event_id": str(uuid.UUID(bytes=hashlib.md5(b"%b %d %d" % (topic_id, partition, offset)).digest())),  # noqa: S324 - no secret
        "replayed": False,
    }


def masked_messages(
    seed: int, topic_id: bytes, partition: int, offsets: Sequence[int], kinds: Sequence[str] = catalogue.kinds()
) -> Iterator[bytes]:
    """Framed records for these raw offsets, the kinds in turn. The same arguments give the same bytes."""
    for offset in offsets:
        kind = kinds[offset % len(kinds)]
        record = masked_record(kind, random.Random(f"{seed} {offset}"), topic_id, partition, offset)
        yield codec.encode(catalogue.masked(kind), record)


def _value(kind: Any, choose: random.Random, field: dict[str, Any]) -> Any:  # noqa: PLR0912, C901 - one branch a type
    if isinstance(kind, list):
        if choose.random() < 0.3:
            return None
        return _value(next(branch for branch in kind if branch != "null"), choose, field)
    schema = kind if isinstance(kind, dict) else {"type": kind}
    name = schema["type"]
    if schema.get("logicalType") == "uuid":
        return str(uuid.UUID(int=choose.getrandbits(128), version=4))
    if schema.get("logicalType") == "timestamp-micros":
        return NOW - choose.randrange(10**10)
    if name == "string":
        if field.get("distinct") == "many":
            return f"{field['name'][:4]}_k1_{choose.getrandbits(96):024x}"
        return choose.choice(["", "ñandú 'x' \\ \t\n", f"{field['name']}_{choose.randrange(4)}"])
    if name == "enum":
        return choose.choice(schema["symbols"])
    if name == "boolean":
        return choose.random() < 0.5
    if name == "int":
        return choose.choice([0, -1, 2**31 - 1, choose.randrange(1000)])
    if name == "long":
        return choose.choice([0, 2**53, choose.randrange(100_000)])
    if name == "double":
        return choose.choice([0.0, 0.5, choose.random() * 1000])
    if name == "array":
        return [_value(schema["items"], choose, field) for _ in range(choose.randrange(4))]
    if name == "map":
        return {f"k{number}": _value(schema["values"], choose, field) for number in range(choose.randrange(3))}
    if name == "record":
        return {each["name"]: _value(each["type"], choose, each) for each in schema["fields"]}
    return choose.randbytes(schema["size"])
