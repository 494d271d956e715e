"""The envelope's bytes: the same thirteen fields in front of every record, most of them the same in every event of a call."""

from __future__ import annotations

from functools import cache
from typing import Final

from earwitness.client.encoder import LOW as _LOW
from earwitness.client.encoder import long, moment, prepare, text
from earwitness.client.identity import Origin
from earwitness.schemas import catalogue
from earwitness.schemas.lint import ENVELOPE
from earwitness.schemas.varint import encode_long

__all__ = ["Heading", "Whom"]

Whom = tuple["str | None", "str | None", "tuple[str, str] | None"]
"""CallSid, caller, trace and span id."""

_ORDER: Final = (
    "event_id",
    "occurred_at",
    "severity",
    "service",
    "environment",
    "producer_id",
    "sequence",
    "call_sid",
    "caller",
    "trace_id",
    "span_id",
    "tenant",
    "replayed",
)
_UUID_SIZE: Final = b"H"  # 36, as Avro writes it
_HEX: Final = [f"{number:03x}".encode() for number in range(4096)]
_join = b"".join
_MOST = 1_000  # calls that are remembered


@cache
def _first_sequences() -> list[bytes]:
    return [encode_long(each) for each in range(8192)]


class Heading:
    """Writes the envelopes of one process.

    Args:
        origin: who publishes.
    """

    def __init__(self, origin: Origin) -> None:
        assert tuple(ENVELOPE) == _ORDER, "the envelope has changed: so must this"  # noqa: S101
        prepare()
        head = text(origin.service) + text(origin.environment) + text(origin.producer_id)
        symbols = catalogue.raw("trail.client_report").fields[_ORDER.index("severity")]["type"]["symbols"]
        self._heads = {symbol: long(number) + head for number, symbol in enumerate(symbols)}
        self._event_id = origin.event_id
        self._millisecond, self._id_front = -1, b""
        self._salt = f"-{0x8000 | origin.salt >> 18:04x}-".encode(), (origin.salt & 0x3_FFFF) << 30
        self._sequences, self._id_middle = -1, b""
        self._sequence_start: list[bytes] = []
        self._sequence_end = b""
        self._block, self._time_end = -1, b""
        self._end = text(origin.tenant) + b"\0"
        self._tails: dict[Whom, bytes] = {}

    def bytes_of(self, captured_ns: int, sequence: int, occurred: int, severity: str, whom: Whom) -> bytes:
        """The envelope of an event that was not replayed; what is its kind's own comes behind it.

        Args:
            captured_ns: when it was captured, nanoseconds since 1970.
            sequence: its number in this process.
            occurred: when it happened, microseconds since 1970.
            severity: INFO, WARN or ERROR.
            whom: what it belongs to.
        """
        milliseconds, rest = divmod(captured_ns, 1_000_000)
        if milliseconds != self._millisecond:
            self._millisecond = milliseconds
            self._id_front = _UUID_SIZE + self._event_id(captured_ns, 0)[:15].encode()
        if sequence >> 12 != self._sequences:
            self._begin(sequence)
        zigzag = occurred << 1
        return _join((
            # As `Origin.event_id` makes it; many events share a millisecond, all of a process the rest.
            self._id_front,
            _HEX[rest * 4096 // 1_000_000],
            self._id_middle,
            _HEX[sequence & 4095],
            _LOW[zigzag & 16383] + _LOW[zigzag >> 14 & 16383] + self._time_end
            if zigzag >> 28 == self._block
            else self._moment(occurred),
            self._heads[severity],
            self._sequence_start[sequence & 8191],
            self._sequence_end,
            self._tails.get(whom) or self._tail(whom),
        ))  # fmt: skip

    def _begin(self, sequence: int) -> None:
        """What is the same in 4096 sequences: most of their hexadecimal digits, and the end of what Avro makes of them."""
        self._sequences = sequence >> 12
        middle, end = self._salt
        self._id_middle = middle + f"{(end | sequence & 0x3FFF_FFFF) >> 12:09x}".encode()
        rest = sequence >> 13
        if rest:
            self._sequence_start = _LOW[::2]
            self._sequence_end = encode_long(~(rest >> 1) if rest & 1 else rest >> 1)  # undoes its zigzag
        else:
            self._sequence_start = _first_sequences()
            self._sequence_end = b""

    def _moment(self, occurred: int) -> bytes:
        found = moment(occurred)
        if len(found) == 8:
            self._block, self._time_end = occurred << 1 >> 28, found[4:]  # the same for two minutes
        return found

    def _tail(self, whom: Whom) -> bytes:
        if len(self._tails) >= _MOST:
            self._tails.clear()
        call_sid, caller, trace = whom
        parts = [b"\0" if each is None else b"\2" + text(each) for each in (call_sid, caller, *(trace or (None, None)))]
        tail = self._tails[whom] = b"".join(parts) + self._end
        return tail
