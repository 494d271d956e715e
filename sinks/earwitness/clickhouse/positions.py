"""Which events are new: the rule that makes the sink store each event once.

An event's identity is its position in the raw topic: topic id, partition, offset. Masking writes it in front of the
datum and keeps the partition's order, so within one masked partition positions only rise, but for *rewinds*: a killed
masker, or this sink after a restart, comes again with positions that were there before.

So a `Track` of one raw partition knows the highest position that was ever accepted or found stored. Above it, a
position is new. At or below it, only what is stored decides: the track asks for the exact set of stored positions in a
window, and from then on answers within that window by itself. Order is what makes it cheap, never what makes it right.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from earwitness.schemas.errors import FramingError, MalformedError, TruncatedError
from earwitness.schemas.framing import HEADER_SIZE
from earwitness.schemas.varint import read_long

__all__ = ["WINDOW", "Answer", "Position", "Track", "front", "position_of", "read_offset"]

WINDOW = 200_000
"""How many positions one question is about, at most: it bounds the set that is read and kept."""

_TOPIC_ID = slice(HEADER_SIZE + 1, HEADER_SIZE + 17)
_AFTER_TOPIC_ID = HEADER_SIZE + 17


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands in its raw topic."""

    topic_id: bytes
    partition: int
    offset: int


def position_of(message: bytes) -> Position:
    """The position in front of a framed masked record, without decoding it.

    Raises:
        DatumError: the message is too short, has no frame, or no such position can be.
    """
    if len(message) < HEADER_SIZE or message[0]:
        raise FramingError("there is no frame in front")
    if len(message) <= _AFTER_TOPIC_ID:
        raise TruncatedError("it ends before its position does")
    if message[HEADER_SIZE]:
        raise MalformedError("its kind is none")
    partition, at = read_long(message, _AFTER_TOPIC_ID, 5)
    if partition < 0:
        raise MalformedError("its position is negative")
    return Position(message[_TOPIC_ID], partition, read_offset(message, at))


def read_offset(message: bytes, at: int) -> int:
    """The offset that starts at index `at`. Written out, because it is done for every record.

    Raises:
        DatumError: there is none, or it is negative.
    """
    try:
        byte = message[at]
        value = byte & 127
        shift = 7
        while byte > 127:
            at += 1
            byte = message[at]
            value |= (byte & 127) << shift
            shift += 7
    except IndexError:
        raise TruncatedError("it ends before its position does") from None
    if value & 1 or value >> 64:
        raise MalformedError("its position is negative or larger than any")
    return value >> 1


def front(message: bytes) -> bytes:
    """What stands between the frame and the offset: the same for all records of one raw partition.

    Raises:
        DatumError: as `position_of`.
    """
    _, at = read_long(message, _AFTER_TOPIC_ID, 5)
    return message[HEADER_SIZE:at]


class Answer(enum.Enum):
    """What a track says of a position."""

    NEW = "new"
    HELD = "held"
    ASK = "ask"


class Track:
    """What is known of one raw partition's positions.

    Args:
        highest: the highest position that is stored; -1 when none is. It may be too high, never too low.
    """

    __slots__ = ("_ceiling", "_floor", "_held", "highest")

    def __init__(self, highest: int) -> None:
        self.highest = highest
        self._floor = 0
        self._ceiling = -1
        self._held: set[int] = set()

    def judge(self, offset: int) -> Answer:
        """Whether the event at that offset is to be stored. NEW is said once for each: it counts as held from then on.

        ASK is the answer until `learn` was told about a window that holds the offset; see `window`.
        """
        if offset > self.highest:
            self.highest = offset
            return Answer.NEW
        if not self._floor <= offset <= self._ceiling:
            return Answer.ASK
        if offset in self._held:
            return Answer.HELD
        self._held.add(offset)
        return Answer.NEW

    def window(self, offset: int) -> tuple[int, int]:
        """First and last offset to ask about, when `judge` said ASK."""
        return offset, min(offset + WINDOW - 1, self.highest)

    def learn(self, first: int, last: int, held: set[int]) -> None:
        """Which offsets from `first` to `last` are stored. Nothing accepted before may be on its way still."""
        self._floor, self._ceiling, self._held = first, last, held
