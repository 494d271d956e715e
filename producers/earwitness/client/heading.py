"""The envelope's bytes: the same thirteen fields in front of every record, most of them the same in every event of a call."""

from __future__ import annotations

from typing import Final

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
        out = bytearray(_UUID_SIZE)
        out += self._event_id(captured_ns, sequence).encode()
        out += moment(occurred)
        out += self._heads[severity]
        out += long(sequence)
        out += self._tails.get(whom) or self._tail(whom)
        return out

    def _tail(self, whom: Whom) -> bytes:
        if len(self._tails) >= _MOST:
            self._tails.clear()
        call_sid, caller, trace = whom
        parts = [b"\0" if each is None else b"\2" + text(each) for each in (call_sid, caller, *(trace or (None, None)))]
        tail = self._tails[whom] = b"".join(parts) + self._end
        return tail
