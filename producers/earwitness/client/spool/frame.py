"""What waits in a spool: an event as it will go to Kafka, but for the five bytes in front."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import msgspec

from earwitness.client.spool.errors import SpoolError
from earwitness.schemas import catalogue
from earwitness.schemas.errors import DatumError, SchemaError
from earwitness.schemas.walker import compile_finder

__all__ = ["Frame", "Lost", "pack", "replayed", "unpack"]

_TRUE = b"\x01"


class Frame(NamedTuple):
    """An event, encoded.

    Attributes:
        producer_id: the process that published it, be it this one or a dead one.
        sequence: its number there.
        schema_id: the catalogue's content id of its schema, whatever will stand on the wire.
        body: the Avro datum alone. The record in it says `replayed: false`; see `replayed`.
        captured_ms: when it was captured, milliseconds since 1970: its age is counted from there.
    """

    producer_id: str
    sequence: int
    kind: str
    topic: str
    key: str
    schema_id: int
    body: bytes
    captured_ms: int


class Lost(NamedTuple):
    """An event that was in a spool and is none any more, undelivered.

    Attributes:
        id: what it had in this spool; 0 when it never got into it, being a dead process's.
        reason: `spool_expired` or `spool_damaged`.
    """

    id: int
    producer_id: str
    sequence: int
    kind: str
    reason: str


pack = msgspec.msgpack.Encoder().encode
"""A frame as bytes: one column of the file instead of eight, which is what a row costs."""

unpack = msgspec.msgpack.Decoder(Frame).decode
"""The frame; raises `msgspec.MsgspecError` for what is none."""


def replayed(frame: Frame) -> Frame:
    """The frame with its record's `replayed` set; all other bytes are the same.

    Raises:
        SpoolError: this release does not know the schema, or the body is none of it.
    """
    body = frame.body
    try:
        start, end = _finder(frame.schema_id)(body, 0)
    except (DatumError, SchemaError) as error:
        raise SpoolError(f"a spooled {frame.kind} event cannot be read by this release: {error}") from None
    return frame._replace(body=body[:start] + _TRUE + body[end:])


@cache
def _finder(schema_id: int) -> Callable[[bytes, int], tuple[int, ...]]:
    return compile_finder(catalogue.by_id(schema_id).definition, ["replayed"], whole=False)
