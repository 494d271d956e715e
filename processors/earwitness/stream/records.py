"""The records that every stage writes beside its outputs: dead letters, sealed bytes, ledger entries."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field

from earwitness.schemas import catalogue, codec
from earwitness.schemas.wire import CONTENT_IDS, WireIds
from earwitness.stream.sealing import QuarantineKey, seal
from earwitness.stream.step import Dead, Result, SourceSlice

__all__ = ["Message", "Records"]

_DETAIL_CHARS = 200

Message = dict[str, bytes]


def _worker_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Records:
    """Writes them for one stage.

    Attributes:
        stage: its name, as the ledger has it.
        key: seals what could not be read.
        worker: this process's name.
        wire_ids: give the ids in front.
    """

    stage: str
    key: QuarantineKey
    worker: str = field(default_factory=_worker_name)
    wire_ids: WireIds = CONTENT_IDS

    def prepare(self) -> None:
        """Learn the ids in front, which may take time: afterwards no record waits for one.

        Raises:
            RegistryAwayError: the registry does not say them.
        """
        for name in ("dead_letter", "ledger_entry"):
            self.wire_ids.id_of(catalogue.record(name))

    def dead_letters(self, source: SourceSlice, dead: list[Dead]) -> list[Message]:
        """One dead letter a record that could not be read: position and reason, nothing of the content."""
        schema = catalogue.record("dead_letter")
        received = {record.offset: record.timestamp for record in source.records}
        return [
            {
                "key": _position(source, each.offset),
                "value": codec.encode(
                    schema,
                    {
                        "source_topic": source.topic,
                        "source_topic_id": source.topic_id,
                        "source_partition": source.partition,
                        "source_offset": each.offset,
                        "stage": self.stage,
                        "reason": each.reason,
                        "detail": each.detail[:_DETAIL_CHARS],
                        "schema_id": each.schema_id,
                        "size_bytes": len(each.value or b""),
                        "received_at": received[each.offset] * 1000,
                    },
                    wire_ids=self.wire_ids,
                ),
            }
            for each in dead
        ]

    def sealed(self, source: SourceSlice, dead: list[Dead]) -> list[Message]:
        """Their bytes, sealed."""
        keys = {record.offset: record.key for record in source.records} if dead else {}
        return [
            {
                "key": _position(source, each.offset),
                "value": seal(
                    self.key, source.topic_id, source.partition, each.offset, each.value, record_key=keys[each.offset]
                ),
            }
            for each in dead
            if each.value is not None
        ]

    def ledger_entry(self, source: SourceSlice, result: Result) -> Message:
        """What became of the slice."""
        value = codec.encode(
            catalogue.record("ledger_entry"),
            {
                "source_topic": source.topic,
                "source_topic_id": source.topic_id,
                "source_partition": source.partition,
                "stage": self.stage,
                "worker": self.worker,
                "outcomes": [
                    {"outcome": outcome, "first": first, "last": last} for outcome, first, last in result.outcomes
                ],
                "written_at": time.time_ns() // 1000,
            },
            wire_ids=self.wire_ids,
        )
        return {"key": f"{source.topic}:{source.partition}".encode(), "value": value}


def _position(source: SourceSlice, offset: int) -> bytes:
    return f"{source.topic}:{source.partition}:{offset}".encode()
