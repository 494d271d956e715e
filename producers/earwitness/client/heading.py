"""The envelope's bytes: the same thirteen fields in front of every record, most of them the same in every event of a call."""

from __future__ import annotations

from binascii import hexlify
from typing import Final

from earwitness.client.encoder import LOW as _LOW
from earwitness.client.encoder import long, moment, prepare, text
from earwitness.client.identity import Origin
from earwitness.schemas import catalogue
from earwitness.schemas.lint import ENVELOPE

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
_MOST = 1_000  # calls that are remembered


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
        self._id_middle = f"-{0x8000 | origin.salt >> 18:04x}-".encode()
        self._id_end = (origin.salt & 0x3_FFFF) << 30
        self._block, self._time_end = -1, b""
        self._end = text(origin.tenant) + b"\0"
        self._tails: dict[Whom, bytes] = {}

    def bytes_of(self, captured_ns: int, sequence: int, occurred: int, severity: str, whom: Whom) -> bytearray:
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
        # As `Origin.event_id` makes it; many events share a millisecond, all of a process the rest.
        out = bytearray(self._id_front)
        out += _HEX[rest * 4096 // 1_000_000]
        out += self._id_middle
        out += hexlify((self._id_end | sequence & 0x3FFF_FFFF).to_bytes(6, "big"))
        zigzag = occurred << 1
        if zigzag >> 28 == self._block:
            out += _LOW[zigzag & 16383]
            out += _LOW[zigzag >> 14 & 16383]
            out += self._time_end
        else:
            out += self._moment(occurred)
        out += self._heads[severity]
        out += long(sequence)
        out += self._tails.get(whom) or self._tail(whom)
        return out

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
