"""`earwitness schemas`: each kind of change, what it breaks, and whom."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest

from earwitness.cli import main
from earwitness.schemas import catalogue
from earwitness.schemas.evolution import compare

LOOKUP = catalogue.raw("data.job_lookup").definition
ENDED = catalogue.raw("call.ended").definition
ACTION = catalogue.raw("call.action_attempted").definition
UPDATE = catalogue.raw("data.record_update").definition
OPTIONAL = {"name": "cached", "type": ["null", "boolean"], "default": None, "doc": "…"}


def field(definition, name):
    return next(each for each in definition["fields"] if each["name"] == name)


def changing(name, /, **more):
    return lambda definition: field(definition, name).update(more)


def adding(**more):
    return lambda definition: definition["fields"].insert(-1, OPTIONAL | more)


def dropping(name):
    return lambda definition: definition["fields"].remove(field(definition, name))


def symbols(edit):
    return lambda definition: edit(field(definition, "disconnect_reason")["type"]["symbols"])


def move(definition):
    definition["fields"].insert(13, definition["fields"].pop(15))


def add_inside(definition):
    field(definition, "changes")["type"]["items"]["fields"].append(OPTIONAL)


BREAKS = {
    "field found removed": (LOOKUP, dropping("found"), {"analysts", "producers", "readers"}),
    "field final_stage removed": (ENDED, dropping("final_stage"), {"analysts", "producers"}),
    "field found renamed to was_found": (
        LOOKUP,
        changing("found", name="was_found"),
        {"analysts", "producers", "readers"},
    ),
    "field cached added": (LOOKUP, lambda d: d["fields"].insert(-1, {"name": "cached", "type": "int"}), {"readers"}),
    "field cached added ": (LOOKUP, adding(type="int", default=0), {"analysts"}),
    "field changes.cached added": (UPDATE, add_inside, {"tables"}),
    "type narrowed from double to int": (LOOKUP, changing("latency_ms", type="int"), {"readers", "tables"}),
    "type widened from int to long": (ENDED, changing("duration_seconds", type="long"), {"readers", "tables"}),
    "type changed from boolean to string": (LOOKUP, changing("found", type="string"), {"readers", "tables"}),
    "field found may be null now": (LOOKUP, changing("found", type=["null", "boolean"]), {"readers"}),
    "field sip_response_code may no longer be null": (ENDED, changing("sip_response_code", type="int"), {"readers"}),
    "field replayed: default changed": (LOOKUP, changing("replayed", default=True), {"readers"}),
    "field replayed: default changed ": (LOOKUP, lambda d: field(d, "replayed").pop("default"), {"readers"}),
    "pii changed from client to job": (LOOKUP, changing("client_id", pii="job"), {"analysts"}),
    "pii changed from client to none": (LOOKUP, changing("client_id", pii="none"), {"auditors"}),
    "enum symbol busy removed": (ENDED, symbols(lambda each: each.remove("busy")), {"readers", "producers"}),
    "lane changed from protected to telemetry": (LOOKUP, lambda d: d.update(lane="telemetry"), {"auditors"}),
    "kind changed from data.job_lookup to data.lookup": (LOOKUP, lambda d: d.update(kind="data.lookup"), {"everybody"}),
}

NOTES = {
    "field cached added": (LOOKUP, adding(), {"analysts", "tables", "privacy workers"}),
    "field cached added ": (LOOKUP, adding(type={"type": "array", "items": "int"}, default=[]), {"analysts", "tables"}),
    "enum symbol voicemail added": (ENDED, symbols(lambda each: each.insert(0, "voicemail")), {"readers", "analysts"}),
    "field moved: found": (LOOKUP, move, {"registry"}),
    "pii changed from none to text": (LOOKUP, changing("service", pii="text"), {"analysts"}),
    "field attributes: preset changed from balanced to strict": (
        LOOKUP,
        changing("attributes", preset="strict"),
        {"analysts"},
    ),
    "field value: preset changed from strict to balanced": (
        ACTION,
        lambda d: field(d, "value").pop("preset"),
        {"auditors"},
    ),
    "field attributes: keep changed from nothing to job": (LOOKUP, changing("attributes", keep=["job"]), {"auditors"}),
    "severity changed from INFO to WARN": (LOOKUP, lambda d: d.update(severity="WARN"), {"analysts"}),
    "distinct changed": (LOOKUP, lambda d: field(d, "client_id").pop("distinct"), {"tables"}),
    "documentation changed": (LOOKUP, changing("found", doc="Whether."), {"registry"}),
}


def findings(old, edit):
    new = deepcopy(old)
    edit(new)
    return compare(old, new, "audit.the_view")


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_is_said_of_whom(what):
    old, edit, whom = BREAKS[what]
    found = findings(old, edit)
    assert {each.whom for each in found if each.breaks} == whom
    assert all(what.strip() in each.what for each in found if each.breaks)


@pytest.mark.parametrize("what", NOTES)
def test_what_breaks_nobody_is_noted(what):
    old, edit, whom = NOTES[what]
    found = findings(old, edit)
    assert not [each.line for each in found if each.breaks]
    assert {each.whom for each in found} >= whom
    assert all(what.strip() in each.what for each in found)


def test_nothing_is_said_of_nothing():
    assert findings(LOOKUP, lambda _: None) == []


def run(capsys, *arguments):
    code = main(["schemas", *arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


@pytest.fixture
def file(tmp_path):
    def write(old, edit):
        new = deepcopy(old)
        edit(new)
        path = tmp_path / "changed.avsc"
        path.write_text(json.dumps(new))
        return str(path)

    return write


def test_check_says_what_is_released_is_fine(capsys):
    assert run(capsys, "check") == (0, "Nothing has changed since the newest versions.\n", "")
    folder = str(catalogue.__file__).replace("catalogue.py", "avro/raw")
    assert run(capsys, "check", folder) == (0, "Nothing has changed since the newest versions.\n", "")


def test_check_of_a_harmless_change(capsys, file):
    path = file(LOOKUP, adding())
    code, out, err = run(capsys, "check", path)
    assert (code, err) == (0, "")
    assert out.startswith("raw data.job_lookup, version 2:\n  field cached added\n    note for analysts: ")
    assert out.endswith("It breaks nobody.\n")
    code, out, _ = run(capsys, "check", path, "--json")
    told = json.loads(out)
    assert (code, told["breaks"], told["problems"]) == (0, 0, [])
    assert told["changed"][0]["name"] == "data.job_lookup"
    assert {each["whom"] for each in told["changed"][0]["findings"]} == {"analysts", "tables", "privacy workers"}


def test_check_of_a_change_that_breaks(capsys, file, tmp_path):
    path = file(LOOKUP, dropping("found"))
    code, out, _ = run(capsys, "check", path)
    assert code == 1
    assert "  field found removed\n    breaks analysts: audit.data_job_lookup and their queries lose found" in out
    assert (
        "  version 1 does not read version 2 (reader field missing default value; found)\n    breaks registry: " in out
    )
    assert "It breaks 4 things." in out
    assert run(capsys, "check", str(tmp_path))[:2] == (code, out)
    code, out, _ = run(capsys, "check", file(LOOKUP, changing("latency_ms", type="int")), "--json")
    told = json.loads(out)
    assert code == 1
    assert any("lands as int, but as double" in problem for problem in told["problems"])
    assert any("type narrowed" in each["what"] for each in told["changed"][0]["findings"])


def test_what_only_the_avro_library_refuses_is_said(capsys, file):
    code, out, _ = run(capsys, "check", file(LOOKUP, changing("latency_ms", order="random")))
    assert code == 1
    assert "avro does not take it" in out


def test_a_new_kind_is_new(capsys, file):
    path = file(LOOKUP, lambda d: d.update(kind="data.job_export", name="DataJobExport"))
    code, out, _ = run(capsys, "check", path)
    assert code == 0
    assert "  raw data.job_export is new\n    note for tables: run `earwitness clickhouse apply`" in out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no Avro schema"),
        ("{}", "is no Avro schema"),
        ('"string"', "is no record"),
        ('{"type": "record", "name": "A", "fields": []}', "has no kind and is no record of the pipeline"),
        (catalogue.masked("call.ended").text, "is a masked schema, which is made from the raw one"),
    ],
)
def test_what_is_no_schema_of_ours_is_refused(capsys, tmp_path, text, says):
    path = tmp_path / "given.avsc"
    path.write_text(text)
    code, out, err = run(capsys, "check", str(path))
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_folder_without_schemas_is_refused(capsys, tmp_path):
    assert run(capsys, "check", str(tmp_path))[0] == 2


def test_list_names_every_kind_and_with_all_every_version(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()[1:]]
    assert len(rows) == 2 * 21 + 2
    assert ["raw", "trail.admin_action", "3"] in [row[:3] for row in rows]
    code, out, _ = run(capsys, "list", "--all", "--json")
    listed = json.loads(out)
    assert [each["id"] for each in listed] == [schema.id for schema in catalogue.schemas()]
    assert listed[0]["schema"] == catalogue.schemas()[0].definition


def test_register_needs_a_registry(capsys):
    code, _, err = run(capsys, "register")
    assert code == 2
    assert "no registry is configured; set EARWITNESS_REGISTRY_URL" in err
