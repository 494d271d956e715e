"""The generator and the history: what is made, what drifts, what is released once and never changes."""

from __future__ import annotations

import json
import shutil

import pytest

from earwitness.schemas import generate

AVRO = "schemas/earwitness/schemas/avro"
LOOKUP = f"{AVRO}/raw/data/job_lookup.avsc"
FIELD = {"name": "cached", "type": ["null", "boolean"], "default": None, "doc": "It came from a cache."}
RUN = "python -m earwitness.schemas.generate"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The generator at work on a copy of the tree."""
    for path in (generate._PACKAGE, generate._METHODS, generate._DOCUMENT):
        source, target = generate._ROOT / path, tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    monkeypatch.setattr(generate, "_ROOT", tmp_path)
    return tmp_path


def change(file, edit):
    definition = json.loads(file.read_text("utf-8"))
    edit(definition)
    file.write_text(json.dumps(definition, indent=2, ensure_ascii=False) + "\n", "utf-8")


def add_field(definition):
    definition["fields"].insert(-1, FIELD)


def told(capsys, arguments, code):
    assert generate.main(arguments) == code
    return capsys.readouterr()


def test_what_is_committed_is_up_to_date_and_released(tree, capsys):
    assert told(capsys, ["--check"], 0) == ("", "")
    assert told(capsys, ["--release"], 0) == ("", "")
    assert generate.main(["--wrong"]) == 2
    (tree / "docs/schemas.md").unlink()
    assert "is no checkout" in told(capsys, ["--check"], 2).err


@pytest.mark.parametrize(
    "path", ["schemas/earwitness/schemas/events.py", "producers/earwitness/client/methods.py", "docs/schemas.md"]
)
def test_drift_is_named_and_written_away(tree, capsys, path):
    file = tree / path
    good = file.read_text("utf-8")
    file.write_text(good + "\n", "utf-8")
    assert told(capsys, ["--check"], 1).err == f"{path} is out of date; run: {RUN}\n"
    assert told(capsys, [], 0).out == f"wrote {path}\n"
    assert file.read_text("utf-8") == good


def test_what_is_written_by_hand_stays(tree):
    file = tree / "docs/schemas.md"
    file.write_text("# By hand\n\n" + file.read_text("utf-8"), "utf-8")
    assert generate.main(["--check"]) == 0


def test_a_changed_schema_is_a_draft_until_it_is_released(tree, capsys):
    change(tree / LOOKUP, add_field)
    assert (
        f"raw data.job_lookup has changed and is not released; run: {RUN} --release" in told(capsys, ["--check"], 1).err
    )
    assert generate.main([]) == 0
    listed = json.loads((tree / AVRO / "catalogue.json").read_text())
    mine = [entry["file"] for entry in listed if entry["name"] == "data.job_lookup"]
    assert mine == [
        "history/raw/data.job_lookup/1.avsc",
        "draft/raw/data.job_lookup/2.avsc",
        "history/masked/data.job_lookup/1.avsc",
        "draft/masked/data.job_lookup/2.avsc",
    ]
    assert "cached: bool | None = None" in (tree / "schemas/earwitness/schemas/events.py").read_text()
    assert "| cached | boolean or null |  | 2 | It came from a cache. |" in (tree / "docs/schemas.md").read_text()
    assert "is not released" in told(capsys, ["--check"], 1).err

    change(tree / LOOKUP, lambda definition: definition["fields"][-2].update(doc="It came out of a cache."))
    assert generate.main([]) == 0
    assert generate.main(["--release"]) == 0
    capsys.readouterr()
    assert told(capsys, ["--check"], 0) == ("", "")
    released = json.loads((tree / AVRO / "history/raw/data.job_lookup/2.avsc").read_text())
    assert released["fields"][-2]["doc"] == "It came out of a cache."
    assert not list((tree / AVRO).glob("draft/**/*.avsc"))
    assert not (tree / AVRO / "history/raw/data.job_lookup/3.avsc").exists()


def test_a_change_that_breaks_somebody_is_not_released(tree, capsys):
    change(tree / LOOKUP, lambda definition: definition["fields"].pop(-2))
    error = told(capsys, ["--release"], 1).err
    assert "raw data.job_lookup: field latency_ms removed: breaks analysts: audit.data_job_lookup" in error
    assert error.endswith("nothing was released\n")
    assert not (tree / AVRO / "history/raw/data.job_lookup/2.avsc").exists()


@pytest.mark.parametrize("stage", ["raw", "masked"])
def test_what_was_released_neither_changes_nor_goes(tree, capsys, stage):
    file = tree / AVRO / f"history/{stage}/data.job_lookup/1.avsc"
    good = file.read_text()
    file.write_text(good.replace("INFO", "WARN"))
    for arguments in (["--check"], [], ["--release"]):
        assert "was released with the id" in told(capsys, arguments, 1).err
    assert "INFO" not in file.read_text()
    file.unlink()
    for arguments in (["--check"], [], ["--release"]):
        assert "was released and is gone" in told(capsys, arguments, 1).err
    file.write_text(good)
    assert generate.main(["--check"]) == 0


def test_a_kind_that_was_released_is_not_dropped(tree, capsys):
    (tree / LOOKUP).unlink()
    for arguments in (["--check"], [], ["--release"]):
        assert "raw data.job_lookup was released and is gone from avro/raw" in told(capsys, arguments, 1).err


def test_a_version_is_not_smuggled_in_and_does_not_come_back(tree, capsys):
    good = (tree / LOOKUP).read_text()
    change(tree / LOOKUP, add_field)
    assert generate.main(["--release"]) == 0
    (tree / LOOKUP).write_text(good)
    assert "is its version 1 again" in told(capsys, ["--check"], 1).err
    change(tree / LOOKUP, add_field)
    shutil.copy(tree / LOOKUP, tree / AVRO / "history/raw/data.job_lookup/3.avsc")
    assert "3.avsc is not in the catalogue; only a release writes the history" in told(capsys, ["--check"], 1).err


def test_another_front_makes_a_masked_version_of_every_raw_version(tree, capsys, monkeypatch):
    change(tree / LOOKUP, add_field)
    assert generate.main(["--release"]) == 0
    from earwitness.schemas import masked

    grown = [*masked.FRONT, {"name": "rule_bits", "type": ["null", "long"], "default": None, "doc": "…"}]
    monkeypatch.setattr(masked, "FRONT", grown)
    assert generate.main(["--release"]) == 0
    listed = json.loads((tree / AVRO / "catalogue.json").read_text())
    mine = [
        (e["version"], e["raw_version"]) for e in listed if (e["stage"], e["name"]) == ("masked", "data.job_lookup")
    ]
    assert mine == [(1, 1), (2, 2), (3, 1), (4, 2)]
    assert generate.main(["--check"]) == 0
