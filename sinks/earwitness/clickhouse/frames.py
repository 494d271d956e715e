"""Which frames may be landed: those of the schemas that the tables can hold, under the ids that stand on the wire."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Mapping, Sequence

from earwitness.clickhouse.batch import Record
from earwitness.runtime.complaints import Complaints
from earwitness.schemas import catalogue, framing
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import NotRegisteredError, RegistryAwayError, SchemaError
from earwitness.schemas.wire import WireIds

__all__ = ["Frames"]

logger = logging.getLogger(__name__)


class Frames:
    """Translates between what tables hold (content ids) and what is on the wire. May ask a registry, so it takes time.

    Args:
        wire_ids: gives the ids on the wire.
    """

    def __init__(self, wire_ids: WireIds) -> None:
        self._wire_ids = wire_ids
        self._contents: dict[int, int] = {}
        self._renamed: dict[bytes, bytes] = {}
        self._complaints = Complaints(logger)

    def of(self, tables: Mapping[int, str], waiting: Collection[int]) -> set[bytes]:
        """The frames that may be landed, as far as the registry says it.

        Args:
            tables: the schemas that the tables can hold, by content id.
            waiting: ids on the wire that somebody waits for.
        """
        if not self._wire_ids.asks:
            return {framing.prefix(content) for content in tables}
        try:
            for schema in _written():
                if schema.id in tables and schema.id not in self._contents.values():
                    self._name(schema)
            for wire_id in set(waiting) - self._contents.keys():
                self._recognise(wire_id)
        except RegistryAwayError as error:
            self._complaints.say("away", "what is not known of schemas yet is not stored yet: %s", error)
        return {framing.prefix(wire_id) for wire_id, content in self._contents.items() if content in tables}

    def joined(self, rows: Sequence[Record]) -> bytes:
        """Records one behind the other, as ClickHouse reads them.

        What was written before there was a registry gets the registry's id, which is the only one that ClickHouse can
        ask for.
        """
        values = [row.value() or b"" for row in rows]
        if self._renamed:
            size, renamed = framing.HEADER_SIZE, self._renamed
            values = [renamed.get(value[:size], value[:size]) + value[size:] for value in values]
        return b"".join(values)

    def content_of(self, frame: bytes) -> int:
        """The content id of the schema that a frame names, as far as it is known; asks nobody."""
        wire_id = int.from_bytes(frame[1:], "big")
        return self._contents.get(wire_id, wire_id)

    def _name(self, schema: Schema) -> None:
        with contextlib.suppress(NotRegisteredError):  # then nobody has written it: its writers ask for the same id
            self._contents[self._wire_ids.id_of(schema)] = schema.id

    def _recognise(self, wire_id: int) -> None:
        try:
            schema = self._wire_ids.schema_of(wire_id)
            if wire_id == schema.id:
                self._renamed[schema.prefix] = self._wire_ids.prefix_of(schema)
            self._contents[wire_id] = schema.id
        except SchemaError as error:
            self._complaints.say(str(wire_id), "%s", error)


def _written() -> list[Schema]:
    """What the workers of this release write: known before the first record of it comes."""
    names = ("dead_letter", "ledger_entry")
    return [*(catalogue.masked(kind) for kind in catalogue.kinds()), *(catalogue.record(name) for name in names)]
