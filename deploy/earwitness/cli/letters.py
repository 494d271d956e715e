"""Dead letters as ClickHouse has them: choosing some, and what each reason means."""
# ruff: noqa: S608 - the statements are made of names of our own; what a user gives is a parameter

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from earwitness.clickhouse.server import Server
from earwitness.runtime.errors import UsageError
from earwitness.schemas import catalogue
from earwitness.stream.quarantine import Place

__all__ = ["REASONS", "Choice", "DeadLetter", "choose", "count", "meaning"]

_POSITION = re.compile(r"[A-Za-z0-9._-]{1,249}:[0-9]{1,9}:[0-9]{1,18}")
_COLUMNS = (
    "source_topic, source_topic_id, source_partition, source_offset, stage, reason, schema_id, size_bytes, "
    "toString(received_at), detail"
)
_POSITION_SQL = "concat(source_topic, ':', toString(source_partition), ':', toString(source_offset))"

_MEANINGS = {
    "framing": (
        "it does not start with Confluent's frame: whoever wrote it is no producer of ours",
        "find out who else may write to the topic (earwitness topics plan)",
    ),
    "unknown_schema": (
        "the worker did not have the schema that its frame names: a newer producer, or somebody else's",
        "upgrade the privacy workers, or configure the registry; then: earwitness deadletters reinject --schema-id",
    ),
    "truncated": ("its bytes end before the record does", "look at the producer; what is cut off does not come back"),
    "malformed": (
        "its bytes do not fit the schema that its frame names, or it stands on another family's topic",
        "look at the producer; after a repair of the reader: earwitness deadletters reinject",
    ),
    "too_large": ("masked it is larger than a topic takes", "let the producer say less in one event"),
    "refused": (
        "ClickHouse does not take a value of it",
        "it stands in its masked topic for seven days; read the detail for ClickHouse's error code",
    ),
    "stage_failed": ("the stage itself failed on it", "read the detail, and the worker's log of that time"),
}
REASONS: tuple[str, ...] = next(
    tuple(field["type"]["symbols"]) for field in catalogue.record("dead_letter").fields if field["name"] == "reason"
)


@dataclass(frozen=True)
class Choice:
    """Which dead letters; None and empty are all."""

    reason: str | None = None
    topic: str | None = None
    schema_id: int | None = None
    positions: tuple[str, ...] = ()


class DeadLetter(msgspec.Struct, frozen=True):
    """One dead letter.

    Attributes:
        topic_id: as 32 hex digits.
        received_at: when the broker took the record, UTC.
    """

    topic: str
    topic_id: str
    partition: int
    offset: int
    stage: str
    reason: str
    schema_id: int | None
    size_bytes: int
    received_at: str
    detail: str

    @property
    def position(self) -> str:
        """As the quarantine and the commands name it."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def place(self) -> Place:
        """As the quarantine has it."""
        return Place(self.topic, bytes.fromhex(self.topic_id), self.partition, self.offset)

    @property
    def row(self) -> tuple[Any, ...]:
        """What a table shows of it."""
        schema_id = None if self.schema_id is None else str(self.schema_id)
        return (self.position, self.stage, self.reason, schema_id, self.size_bytes, self.received_at, self.detail)


def choose(server: Server, choice: Choice, *, most: int | None = None) -> list[DeadLetter]:
    """The chosen dead letters, the newest first.

    Raises:
        UsageError: a position has not the form topic:partition:offset.
        ServerError: ClickHouse refuses it.
        NoAnswerError: it does not answer.
    """
    where, parameters = _where(choice)
    limit = "" if most is None else f" LIMIT {most}"
    rows = server.rows(
        f"SELECT {_COLUMNS} FROM audit.dead_letters WHERE {where} ORDER BY received_at DESC, source_offset DESC{limit}",
        parameters,
    )
    return [DeadLetter(*row) for row in rows]


def count(server: Server, choice: Choice) -> int:
    """How many there are; raises as `choose`."""
    where, parameters = _where(choice)
    return int(server.rows(f"SELECT count() FROM audit.dead_letters WHERE {where}", parameters)[0][0])


def meaning(letter: DeadLetter) -> tuple[str, str]:
    """What its reason means, and what can be done."""
    says, does = _MEANINGS.get(letter.reason, ("a reason that this release does not know", "upgrade earwitness"))
    if letter.reason == "unknown_schema" and letter.schema_id is not None:
        try:
            known = catalogue.by_id(letter.schema_id)
        except KeyError:
            says += "; this release does not have it either"
        else:
            says += f"; this release has it: {known.stage} {known.name}, version {known.version}"
        does += f" {letter.schema_id}"
    return says, does


def _where(choice: Choice) -> tuple[str, dict[str, str | int]]:
    terms, parameters = ["1"], {}
    given: dict[str, tuple[str, str | int | None]] = {
        "reason": ("reason = {reason:String}", choice.reason),
        "topic": ("source_topic = {topic:String}", choice.topic),
        "schema_id": ("schema_id = {schema_id:Int64}", choice.schema_id),
    }
    for name, (term, value) in given.items():
        if value is not None:
            terms.append(term)
            parameters[name] = value
    for position in choice.positions:
        if not _POSITION.fullmatch(position):
            raise UsageError(f"{position!r} is no position; give topic:partition:offset, as in audit.raw.call:3:1742")
    if choice.positions:
        terms.append(f"has(splitByChar(',', {{positions:String}}), {_POSITION_SQL})")
        parameters["positions"] = ",".join(choice.positions)
    return " AND ".join(terms), parameters
