"""Which frames the sink lands: what the tables hold, under the ids that are on the wire."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from earwitness.clickhouse.frames import Frames
from earwitness.schemas import catalogue
from earwitness.schemas.errors import NotRegisteredError, RegistryAwayError, UnknownSchemaError
from earwitness.schemas.framing import prefix
from earwitness.schemas.wire import CONTENT_IDS

ENDED, STARTED = catalogue.masked("call.ended"), catalogue.masked("call.started")
TABLES = {ENDED.id: "call.ended"}


class Registered:
    asks = True

    def __init__(self, schemas):
        self.schemas = schemas
        self.away = False

    def schema_of(self, wire_id):
        if self.away:
            raise RegistryAwayError("away")
        if wire_id in self.schemas:
            return self.schemas[wire_id]
        found = [schema for schema in catalogue.schemas() if schema.id == wire_id]
        if not found:
            raise UnknownSchemaError("nobody has it")
        return found[0]

    def id_of(self, schema):
        if self.away:
            raise RegistryAwayError("away")
        for wire_id, each in self.schemas.items():
            if each is schema:
                return wire_id
        raise NotRegisteredError("not there")

    def prefix_of(self, schema):
        return prefix(self.id_of(schema))


def rows(*values):
    return [SimpleNamespace(value=lambda value=value: value) for value in values]


def test_without_a_registry_they_are_the_tables_own():
    frames = Frames(CONTENT_IDS)
    assert frames.of(TABLES, {STARTED.id}) == {ENDED.prefix}
    assert frames.joined(rows(b"a", None, b"b")) == b"ab"


def test_with_a_registry_only_what_the_tables_hold():
    frames = Frames(Registered({7: ENDED, 8: STARTED}))
    assert frames.of(TABLES, ()) == {prefix(7)}
    assert frames.of(TABLES, {8, 99}) == {prefix(7)}
    assert frames.of({**TABLES, STARTED.id: "call.started"}, {8}) == {prefix(7), prefix(8)}


def test_a_version_that_this_release_does_not_know_is_landed_when_the_tables_hold_it():
    newer = SimpleNamespace(id=12345, prefix=prefix(12345))
    frames = Frames(Registered({9: newer}))
    assert frames.of({12345: "call.ended"}, {9}) == {prefix(9)}


def test_away_what_is_known_stays_known(caplog):
    ids = Registered({7: ENDED, 8: STARTED})
    frames = Frames(ids)
    frames.of(TABLES, ())
    ids.away = True
    everything = {**TABLES, STARTED.id: "call.started"}
    for _ in range(3):
        assert frames.of(everything, {8}) == {prefix(7)}
    assert len(caplog.records) == 1
    ids.away = False
    assert frames.of(everything, {8}) == {prefix(7), prefix(8)}


def test_what_was_written_before_there_was_a_registry_gets_its_id():
    frames = Frames(Registered({7: ENDED}))
    assert frames.of(TABLES, {ENDED.id}) == {prefix(7), ENDED.prefix}
    assert frames.joined(rows(ENDED.prefix + b"x", prefix(7) + b"y")) == prefix(7) + b"x" + prefix(7) + b"y"


@pytest.mark.parametrize("tables", [{}, TABLES])
def test_before_it_is_registered_it_waits(tables):
    frames = Frames(Registered({}))
    assert frames.of(tables, {ENDED.id}) == set()
