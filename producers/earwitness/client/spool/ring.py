"""How the file of a journal is laid out: a page in front, then blocks of 1 KiB.

The front says whose events these are. It stands there twice, as does the highest number that was given, so that one
damaged byte does not cost all. A block has a head of 40 bytes; an event that needs more than one block is a chain of them.
Numbers are in the machine's own byte order: a file does not leave the machine, and a native 64-bit number is one store.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from earwitness.client.identity import Origin

__all__ = [
    "BLOCK",
    "BLOCKS_AT",
    "FREE",
    "HEAD",
    "HIGHEST_AT",
    "NEXT_AT",
    "NUMBER_AT",
    "PART",
    "ROOM",
    "STATE_AT",
    "Entry",
    "Ring",
    "front",
    "read",
]

_MAGIC: Final = b"EWRING\x00\x01"
_FRONT: Final = struct.Struct("@8sIIII")  # magic, block size, 1 as a mark of byte order, origin's length, CRC
_FRONTS_AT: Final = (0, 2048)
_LONGEST_ORIGIN: Final = 960
HIGHEST_AT: Final = (1024, 3072)
HIGHEST: Final = struct.Struct("@qq")  # the number and its complement

BLOCKS_AT: Final = 4096
BLOCK: Final = 1024
HEAD_OF_BLOCK: Final = struct.Struct("@qqqIIiI")
"""Ticket, number, its complement, the event's length, the part's CRC, next block or -1, state: the state is stored last."""
ROOM: Final = BLOCK - HEAD_OF_BLOCK.size
NUMBER_AT: Final = 8
NEXT_AT: Final = 32
STATE_AT: Final = 36
FREE, HEAD, PART = 0, 0x44_41_45_48, 0x54_52_41_50


class Entry(NamedTuple):
    """An event that was found: `sequence` is None when it had not got a number."""

    sequence: int | None
    snapshot: bytes


class Ring(NamedTuple):
    """What a file holds.

    Attributes:
        origin: whose it is; None when that cannot be read any more, and then nothing else is either.
        highest: the highest number that was given to any event of that process; None when that cannot be read.
        entries: in the order in which they were captured.
        torn: events that are there and cannot be read.
    """

    origin: Origin | None
    highest: int | None
    entries: list[Entry]
    torn: int


def front(origin: Origin) -> bytes:
    """The page in front.

    Raises:
        ValueError: the origin's names are too long.
    """
    text = msgspec.json.encode([origin.service, origin.environment, origin.tenant, origin.producer_id, origin.salt])
    if len(text) > _LONGEST_ORIGIN:
        raise ValueError("the names of service, environment, tenant and producer are too long for a journal")
    page = bytearray(BLOCKS_AT)
    for at in _FRONTS_AT:
        _FRONT.pack_into(page, at, _MAGIC, BLOCK, 1, len(text), crc32(text))
        page[at + _FRONT.size : at + _FRONT.size + len(text)] = text
    for at in HIGHEST_AT:
        HIGHEST.pack_into(page, at, 0, ~0)
    return bytes(page)


def read(data: bytes) -> Ring:
    """What is in a file, whatever happened to it: never raises."""
    found: list[tuple[int, Entry]] = []
    torn = 0
    for at in range(BLOCKS_AT, len(data) - BLOCK + 1, BLOCK):
        ticket, number, complement, length, _, _, state = HEAD_OF_BLOCK.unpack_from(data, at)
        if state != HEAD:
            continue
        snapshot = _snapshot(data, at, ticket, length)
        if snapshot is None:
            torn += 1
        else:
            # Killed while it was numbered, it was not sent under that number yet.
            sequence = number if number > 0 and complement == ~number else None
            found.append((ticket, Entry(sequence, snapshot)))
    origin = next(filter(None, (_origin(data, at) for at in _FRONTS_AT)), None)
    if origin is None:
        return Ring(None, None, [], torn + len(found))
    found.sort(key=lambda each: each[0])
    entries = [entry for _, entry in found]
    told = max(_highest(data), default=None)
    if told is None:
        return Ring(origin, None, entries, torn)
    return Ring(origin, max([told, *(entry.sequence or 0 for entry in entries)]), entries, torn)


def _snapshot(data: bytes, at: int, ticket: int, length: int) -> bytes | None:
    """The event that starts in the block at `at`, if all of its parts are what was written."""
    blocks = (len(data) - BLOCKS_AT) // BLOCK
    if length > blocks * ROOM:
        return None
    parts: list[bytes] = []
    left, state = length, HEAD
    while True:
        its_ticket, _, _, _, checksum, following, its_state = HEAD_OF_BLOCK.unpack_from(data, at)
        start = at + HEAD_OF_BLOCK.size
        part = data[start : start + min(left, ROOM)]
        if (its_ticket, its_state) != (ticket, state) or crc32(part, seed(ticket, length, len(parts))) != checksum:
            return None
        parts.append(part)
        left -= len(part)
        if left == 0:
            return b"".join(parts)
        if not 0 <= following < blocks:
            return None
        at, state = BLOCKS_AT + following * BLOCK, PART


def seed(ticket: int, length: int, part: int) -> int:
    """What a part's CRC starts with: so a part of another event, or of the block's last use, is none of this one."""
    return (ticket * 0x9E37_79B1 + length * 0x85EB_CA77 + part) & 0xFFFF_FFFF


def _origin(data: bytes, at: int) -> Origin | None:
    if len(data) < at + _FRONT.size + _LONGEST_ORIGIN:
        return None
    magic, block, order, length, checksum = _FRONT.unpack_from(data, at)
    text = data[at + _FRONT.size : at + _FRONT.size + length]
    if (magic, block, order) != (_MAGIC, BLOCK, 1) or length > _LONGEST_ORIGIN or crc32(text) != checksum:
        return None
    try:
        return Origin(*msgspec.json.decode(text, type=tuple[str, str, str, str, int]))
    except msgspec.MsgspecError:
        return None


def _highest(data: bytes) -> Iterator[int]:
    for at in HIGHEST_AT:
        if len(data) >= at + HIGHEST.size:
            number, complement = HIGHEST.unpack_from(data, at)
            if number >= 0 and complement == ~number:
                yield number
