"""Per-field policies: what the catalogue declares, and what holds for versions that declared nothing."""

from __future__ import annotations

import json

from earwitness.privacy.policy import Policy, policies
from earwitness.schemas import catalogue

STRICT = {
    "call.action_attempted": {"value"},
    "data.history_append": {"lines"},
    "data.record_update": {"changes.old_value", "changes.new_value"},
    "trail.admin_action": {"justification"},
}


def text_paths(fields, path=""):
    for field in fields:
        if field.get("pii") == "text":
            yield path + field["name"]
        kind = field["type"]
        if isinstance(kind, dict) and isinstance(kind.get("items"), dict):
            yield from text_paths(kind["items"]["fields"], f"{path}{field['name']}.")


def test_every_free_text_of_every_version_has_its_policy():
    for kind in catalogue.kinds():
        for schema in catalogue.versions("raw", kind):
            found = policies(schema)
            assert set(found) == set(text_paths(schema.fields))
            assert {path for path, policy in found.items() if policy.preset == "strict"} == STRICT.get(kind, set())
            assert {path for path, policy in found.items() if policy.keep} <= {"object_key"}


def test_a_version_without_policies_is_treated_as_the_newest_one():
    first, newest = catalogue.versions("raw", "call.action_attempted")
    assert "preset" not in first.text
    assert policies(first) == policies(newest)
    assert policies(first)["value"] == Policy("strict")


def test_the_newest_version_holds_where_an_older_one_said_something_else():
    raw = catalogue.raw("data.job_lookup")
    fields = [*raw.fields[:-1], raw.fields[-1] | {"preset": "strict"}]
    older, elsewhere = (
        catalogue.Schema(7, "raw", raw.name, raw.definition | {"fields": fields}, version) for version in (1, 0)
    )
    assert policies(older) == {"attributes": Policy()}
    assert policies(elsewhere) == {"attributes": Policy("strict")}


def test_a_schema_of_elsewhere_says_it_itself():
    definition = json.loads(catalogue.raw("call.action_attempted").text)
    said = {"name": "said", "type": ["null", "string"], "default": None, "pii": "text", "doc": "…"}
    definition["fields"][-1:-1] = [said | {"preset": "whole"}, said | {"name": "more"}]
    found = policies(catalogue.read(json.dumps(definition)))
    assert (found["said"], found["more"], found["value"]) == (Policy("whole"), Policy(), Policy("strict"))


def test_texts_in_lists_of_lists_and_maps_of_records_have_one_too():
    inner = {
        "type": "record",
        "name": "I",
        "fields": [{"name": "said", "type": "string", "pii": "text", "preset": "strict"}],
    }
    raw = catalogue.raw("data.job_lookup")
    fields = [
        {"name": "outer", "type": ["null", {"type": "map", "values": {"type": "array", "items": inner}}]},
        {"name": "whole", "type": {"type": "array", "items": inner}, "pii": "text", "preset": "whole"},
    ]
    found = policies(catalogue.Schema(7, "raw", "data.job_lookup", raw.definition | {"fields": fields}))
    assert found["outer.said"] == found["whole.said"] == Policy("strict")
