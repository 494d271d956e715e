"""What a stage is made of: a pure function from a slice of records to what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = ["Dead", "NeedsAnswerError", "Output", "Reason", "Result", "SourceRecord", "SourceSlice", "Step", "place_of"]

Reason = Literal[
    "framing",
    "unknown_schema",
    "truncated",
    "malformed",
    "too_large",
    "stage_failed",
    "refused",
    "other",
]


class SourceRecord(Protocol):
    """One record as it was read; aiokafka's ConsumerRecord has this form."""

    @property
    def offset(self) -> int:
        """Its offset."""

    @property
    def timestamp(self) -> int:
        """The broker's or the producer's time, as the topic says: milliseconds since 1970-01-01 UTC."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its bytes; None is a tombstone, or anybody's mistake."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""


@dataclass(frozen=True, slots=True)
class SourceSlice:
    """Records of one partition, in order. Offsets may have holes (transactions, compaction).

    Attributes:
        topic: its name.
        topic_id: Kafka's id of the topic, 16 bytes: another one after the topic was deleted and made again.
        partition: its number.
        records: at least one.
    """

    topic: str
    topic_id: bytes
    partition: int
    records: Sequence[SourceRecord]

    @property
    def first(self) -> int:
        """The first record's offset."""
        return self.records[0].offset

    @property
    def last(self) -> int:
        """The last record's offset."""
        return self.records[-1].offset


@dataclass(slots=True)
class Output:
    """Messages for one partition of one topic, in order.

    Attributes:
        topic: where they go.
        partition: its number.
        messages: dictionaries with `value` and `key`, bytes or None, as `Producer.produce_batch` takes them. The
            library takes no timestamps here and adds to the dictionaries: they belong to it now.
        headers: of each of the messages. They make it several times as costly: for few.
    """

    topic: str
    partition: int
    messages: list[dict[str, Any]]
    headers: list[tuple[str, str | bytes | None]] | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """A record that could not be read.

    Attributes:
        offset: where it stands in the slice's partition.
        reason: why, as the dead letter's schema has it.
        detail: what the reader said, without anything of the record's content.
        value: its bytes, which are sealed before they go anywhere.
        schema_id: the id in its frame, if it has one.
    """

    offset: int
    reason: Reason
    detail: str
    value: bytes | None
    schema_id: int | None = None


@dataclass(slots=True)
class Result:
    """What becomes of a slice.

    Attributes:
        outputs: what goes on.
        dead: what could not be read.
        outcomes: for the ledger, `(outcome, first offset, last offset)`: every record stands in exactly one.
    """

    outputs: list[Output] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    outcomes: list[tuple[str, int, int]] = field(default_factory=list)


class NeedsAnswerError(Exception):
    """A slice cannot be judged before somebody has been asked; then the same slice is processed again.

    Args:
        ask: asks, and remembers the answer. Called on another thread; may take its time, and raises `UnavailableError`
            when there is no answer now.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__()
        self.ask = ask


def place_of(error: BaseException) -> str:
    """Where an exception was raised: file and line, nothing of what was worked on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


class Step(Protocol):
    """A stage's work.

    `process` is called on the event loop: no input or output, no waiting, at most about 50 µs a record. The same slice
    cut elsewhere must give the same messages. A record that cannot be read is `Dead`; an exception ends the process,
    nothing of the slice counts as done, and it comes again.
    """

    def process(self, source: SourceSlice) -> Result:
        """Say what becomes of each record.

        Raises:
            NeedsAnswerError: somebody is to be asked first.
        """
