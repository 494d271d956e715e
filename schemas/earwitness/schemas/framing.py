"""The Confluent wire format: a zero byte, a 4-byte big-endian schema id, then the Avro datum."""

from __future__ import annotations

from earwitness.schemas.errors import FramingError

__all__ = ["HEADER_SIZE", "REPLAYED_HEADERS", "prefix", "schema_id"]

HEADER_SIZE = 5
REPLAYED_HEADERS: list[tuple[str, str | bytes | None]] = [("replayed", b"1")]
"""Kafka's headers of a masked record whose datum is marked as replayed. No other masked record has headers, so whoever
looks for replays need not read every datum."""
MAX_ID = 0x7FFF_FFFF


def prefix(schema_id: int) -> bytes:
    """The five bytes in front of every datum of that schema.

    Raises:
        ValueError: the id is not in 1 … 2^31 - 1.
    """
    if not 0 < schema_id <= MAX_ID:
        raise ValueError(f"schema id {schema_id} is outside 1 … {MAX_ID}")
    return b"\x00" + schema_id.to_bytes(4, "big")


def schema_id(message: bytes) -> int:
    """The id that a framed message names; its datum starts at `HEADER_SIZE`.

    Raises:
        FramingError: the message is shorter than a frame or does not start with a zero byte.
    """
    if len(message) < HEADER_SIZE:
        raise FramingError(f"{len(message)} bytes are too short for a frame; send Confluent's wire format")
    if message[0] != 0:
        raise FramingError("the first byte is not zero; send Confluent's wire format")
    return int.from_bytes(message[1:HEADER_SIZE], "big")
