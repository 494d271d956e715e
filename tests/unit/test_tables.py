"""What is made from the schemas: columns, tables, views, and the steps of a migration."""

from __future__ import annotations

import re

import pytest

from earwitness.clickhouse import migrate, tables, views
from earwitness.clickhouse.columns import Column, column_type, columns_of, union
from earwitness.clickhouse.errors import NoAnswerError, Remedy, ServerError, remedy
from earwitness.schemas import catalogue


@pytest.mark.parametrize(
    ("kind", "many", "nullable", "expected"),
    [
        ("string", False, False, "LowCardinality(String)"),
        (["null", "string"], False, False, "LowCardinality(Nullable(String))"),
        (["null", "string"], True, False, "Nullable(String)"),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, False, True, "LowCardinality(Nullable(String))"),
        ("boolean", False, False, "Bool"),
        ("long", False, True, "Nullable(Int64)"),
        ({"type": "long", "logicalType": "timestamp-micros"}, False, False, "DateTime64(6, 'UTC')"),
        ({"type": "string", "logicalType": "uuid"}, True, False, "UUID"),
        ({"type": "fixed", "name": "F", "size": 16}, False, False, "FixedString(16)"),
        ({"type": "map", "values": "long"}, False, True, "Map(String, Int64)"),
        ({"type": "array", "items": ["null", "string"]}, False, True, "Array(Nullable(String))"),
        (
            {"type": "array", "items": {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}},
            False,
            True,
            "Array(Tuple(a Int32))",
        ),
    ],
)
def test_each_type_has_its_column(kind, many, nullable, expected):
    assert column_type(kind, many=many, nullable=nullable) == expected


def test_a_union_of_two_types_has_no_column():
    with pytest.raises(ValueError, match="union"):
        column_type(["null", "string", "long"], many=False, nullable=False)


def test_the_landing_holds_every_field_of_every_kind():
    events = next(landing for landing in tables.landings() if landing.target.name == "events")
    landed = {column.name: column for column in events.source.columns}
    schemas = tables.masked_schemas()
    for schema in schemas:
        for column in columns_of(schema):
            found = landed[column.name]
            everywhere = all(column.name in {field["name"] for field in other.fields} for other in schemas)
            container = found.type.startswith(("Array", "Map"))
            assert found.nullable or container or (everywhere and not column.nullable), column.name
    assert {column.name for column in events.target.columns} == {*landed, "inserted_at"}


def test_a_field_that_one_kind_may_leave_null_is_nullable_for_all():
    columns = {column.name: column.type for column in union(tables.masked_schemas())}
    assert columns["client_id"] == "Nullable(String)"
    assert columns["outcome"] == "LowCardinality(Nullable(String))"
    assert columns["kind"] == columns["tenant"] == "LowCardinality(String)"


def test_events_are_partitioned_by_the_brokers_time():
    events = next(landing.target for landing in tables.landings() if landing.target.name == "events")
    assert "PARTITION BY toYYYYMM(received_at)" in events.engine


def test_there_is_a_view_for_each_kind_and_none_shows_what_is_hidden():
    made = {view.name: view for view in views.views()}
    kinds = {kind.replace(".", "_", 1) for kind in catalogue.kinds()}
    assert made.keys() == {"events", "calls", "duplicates", "dead_letters", "ledger", *kinds}
    for view in made.values():
        assert "DEFINER = owner SQL SECURITY DEFINER" in view.create()
        assert "previous_tokens" not in view.create()
    started = {column.name: column.type for column, _ in made["call_started"].columns}
    assert started["direction"] == "LowCardinality(String)"
    assert started["caller_name"] == "Nullable(String)"


def test_the_weight_is_computed_and_never_stored():
    events = next(view for view in views.views() if view.name == "events")
    assert "event_weight(events.`sample_rate`) AS `weight`" in events.create()
    assert not any(column.name == "weight" for landing in tables.landings() for column in landing.target.columns)


def test_a_views_mark_changes_with_its_functions(monkeypatch):
    view = views.views()[0]
    before = view.fingerprint
    monkeypatch.setitem(views.FUNCTIONS, "event_weight", "sample_rate -> 1")
    assert view.fingerprint != before


def present_as_made() -> migrate._Present:
    """What a server has on which everything was made."""
    present = migrate._Present(databases={"store", "audit"})
    present.functions = {name: f"CREATE FUNCTION {name} AS {body}" for name, body in views.FUNCTIONS.items()}
    every = [table for landing in tables.landings() for table in (landing.source, landing.target)]
    for table in [*every, tables.versions()]:
        present.comments[table.full_name] = ""
        present.columns[table.full_name] = {column.name: column.type for column in table.columns}
    for view in views.views():
        present.comments[view.full_name] = f"{view.comment} [{view.fingerprint}]"
    present.schemas = {
        schema.id: (schema.stage, schema.name, schema.version)
        for landing in tables.landings()
        for schema in landing.schemas
    }
    for step in migrate._steps(present):
        name, mark = re.search(r"VIEW IF NOT EXISTS (\S+) .*COMMENT '(\w+)'", step.statement, re.DOTALL).groups()
        present.comments[name] = mark
    return present


def test_nothing_is_left_to_do_when_everything_is_there():
    assert list(migrate._steps(present_as_made())) == []


def test_an_empty_server_gets_everything_and_schemas_come_last():
    lines = [step.line for step in migrate._steps(migrate._Present())]
    assert lines[0] == "create the database store"
    assert lines[-1].startswith("record ")
    assert len(lines) == len(set(lines))


def test_a_new_column_is_in_both_tables_before_it_is_stored_and_before_its_schema_is_known():
    present = present_as_made()
    for table in ("store.events", "store.landing_events"):
        del present.columns[table]["justification"]
    present.comments["store.landing_events_to_events"] = "older"
    del present.schemas[catalogue.masked("trail.admin_action").id]
    statements = [step.statement for step in migrate._steps(present)]
    starts = [
        "ALTER TABLE store.events ADD COLUMN IF NOT EXISTS `justification`",
        "ALTER TABLE store.landing_events ADD COLUMN IF NOT EXISTS `justification`",
        "ALTER TABLE store.landing_events_to_events MODIFY QUERY",
        "ALTER TABLE store.landing_events_to_events MODIFY COMMENT",
        "INSERT INTO store.schema_versions",
    ]
    assert len(statements) == len(starts)
    assert all(statement.startswith(start) for statement, start in zip(statements, starts, strict=True))


def test_an_older_release_takes_nothing_back():
    present = present_as_made()
    for table in ("store.events", "store.landing_events"):
        present.columns[table] |= {"of_a_newer_release": "Nullable(String)", "direction": "Nullable(String)"}
    present.comments["store.landing_events_to_events"] = "newer"
    steps = list(migrate._steps(present))
    assert "`of_a_newer_release`" in steps[0].statement
    assert not any("direction" in step.statement for step in steps if "MODIFY COLUMN" in step.statement)


@pytest.mark.parametrize(
    ("present", "wanted", "wider"),
    [
        ("LowCardinality(String)", "LowCardinality(Nullable(String))", True),
        ("LowCardinality(Nullable(String))", "Nullable(String)", True),
        ("LowCardinality(Nullable(String))", "LowCardinality(String)", False),
        ("LowCardinality(Nullable(String))", "String", False),
        ("Nullable(String)", "LowCardinality(String)", False),
        ("Int64", "Nullable(Int64)", True),
        ("Int64", "Int64", False),
    ],
)
def test_a_column_is_only_ever_widened(present, wanted, wider):
    assert migrate._wider(Column("x", wanted, ""), present) is wider


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoAnswerError("away"), Remedy.RETRY),
        (ServerError(241, "memory"), Remedy.RETRY),
        (ServerError(252, "too many parts"), Remedy.RETRY),
        (ServerError(394, "cancelled"), Remedy.RETRY),
        (ServerError(395, "claimed"), Remedy.RETRY),
        (ServerError(117, "incorrect data"), Remedy.BISECT),
        (
            ServerError(376, "Code: 376. DB::Exception: Cannot parse uuid x: (CANNOT_PARSE_UUID) (version 26.9)"),
            Remedy.BISECT,
        ),
        (ServerError(60, "no table"), Remedy.STOP),
        (ServerError(516, "login"), Remedy.STOP),
    ],
)
def test_each_error_has_its_remedy(error, expected):
    assert remedy(error) is expected


def test_an_error_of_an_insert_quotes_nothing_of_its_rows():
    text = "Code: 376. DB::Exception: Cannot parse uuid +15550100: (at row 1). (CANNOT_PARSE_UUID) (version 26.9)"
    assert str(ServerError(376, text, quoting=True)) == "ClickHouse refuses it (code 376): CANNOT_PARSE_UUID"
    assert "+15550100" in str(ServerError(376, text))
    missing = ServerError(
        60, "Code: 60. DB::Exception: Table store.x does not exist. (UNKNOWN_TABLE) (version 26.9.2.1)", quoting=True
    )
    assert "store.x does not exist" in str(missing)


def test_an_older_release_leaves_the_views_of_a_newer_one():
    present = present_as_made()
    view = views.views()[0]
    present.comments[view.full_name] = "with more columns [newer]"
    present.functions["event_weight"] = "CREATE FUNCTION event_weight AS newer"
    del present.comments["audit.calls"]
    assert len(list(migrate._steps(present))) == 3
    present.schemas[5] = ("masked", "data.job_lookup", len(catalogue.versions("masked", "data.job_lookup")) + 1)
    assert [step.line for step in migrate._steps(present)] == ["create the view audit.calls"]


def test_schemas_of_a_release_that_did_not_count_versions_are_recorded_again():
    present = present_as_made()
    present.schemas = {each: (stage, name, 0) for each, (stage, name, _) in present.schemas.items()}
    (step,) = migrate._steps(present)
    assert step.line == f"record {len(present.schemas)} schemas that the tables can hold now"
