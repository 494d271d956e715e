"""The committed history of the schemas: what was released never changes; what differs from it is a draft.

One writes the raw and the pipeline schemas (`avro/raw`, `avro/pipeline`). A version that was released stands in
`avro/history/<stage>/<name>/<version>.avsc`, and `avro/catalogue.json` says which id it had then. A source that differs
from its newest released version is a draft, `avro/draft/…`, with the next number: it works on the machine it is made
on, and `make check` does not let it pass before it is released.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from earwitness.schemas.masked import derive
from earwitness.schemas.schema import Definition, Schema, Stage, content_id, text_of

__all__ = ["History", "Version", "collect"]

_STAGES: tuple[Stage, ...] = ("raw", "masked", "pipeline")


@dataclass(frozen=True)
class Version:
    """One version of a schema.

    Attributes:
        stage: raw, masked or pipeline.
        name: the kind, or the pipeline record's name.
        number: from 1.
        definition: as Avro JSON.
        raw_version: of a masked schema, the raw version that it is made from.
        is_released: it stands in the history.
    """

    stage: Stage
    name: str
    number: int
    definition: Definition
    raw_version: int | None = None
    is_released: bool = False

    @property
    def id(self) -> int:
        """Its content id."""
        return content_id(text_of(self.definition))

    @property
    def file(self) -> str:
        """Its file, from the folder `avro` on."""
        return f"{'history' if self.is_released else 'draft'}/{self.stage}/{self.name}/{self.number}.avsc"

    @property
    def entry(self) -> dict[str, Any]:
        """Its line of the catalogue."""
        entry = {"id": self.id, "stage": self.stage, "name": self.name, "version": self.number}
        if self.raw_version is not None:
            entry["raw_version"] = self.raw_version
        return entry | {"file": self.file}

    @property
    def text(self) -> str:
        """What its file holds."""
        return json.dumps(self.definition, indent=2, ensure_ascii=False) + "\n"

    @property
    def schema(self) -> Schema:
        """The schema, as the catalogue has it."""
        return Schema(self.id, self.stage, self.name, self.definition, self.number)


@dataclass(frozen=True)
class History:
    """All versions, the oldest of a schema first.

    Attributes:
        versions: by stage and name, released ones and drafts.
        problems: where the history was tampered with, a line each.
    """

    versions: tuple[Version, ...]
    problems: tuple[str, ...] = ()

    @property
    def drafts(self) -> list[Version]:
        """What is not released yet."""
        return [version for version in self.versions if not version.is_released]

    def released(self) -> History:
        """The same with every draft released."""
        return replace(self, versions=tuple(replace(version, is_released=True) for version in self.versions))

    def catalogue(self) -> str:
        """The text of `catalogue.json`."""
        rows = ",\n".join("  " + json.dumps(version.entry) for version in self.versions)
        return f"[\n{rows}\n]\n"


def collect(avro: Path, changed: Mapping[tuple[Stage, str], Definition] | None = None) -> History:
    """What was released, and the drafts that the sources make.

    Args:
        avro: the folder with `raw`, `pipeline`, `history` and `catalogue.json`.
        changed: by stage and name, schemas to take in place of their sources, or beside them.
    """
    problems: list[str] = []
    versions: dict[tuple[Stage, str], list[Version]] = {}
    for version in _released(avro, problems):
        versions.setdefault((version.stage, version.name), []).append(version)
    sources = {**_sources(avro), **(changed or {})}
    for stage, name in [key for key in versions if key[0] != "masked" and key not in sources]:
        problems.append(f"{stage} {name} was released and is gone from avro/{stage}; bring it back, nothing is dropped")
    for (stage, name), definition in sources.items():
        _append(versions, Version(stage, name, 0, definition), problems)
    for stage, name in [key for key in versions if key[0] == "raw"]:
        for raw in versions[stage, name]:
            _append(versions, Version("masked", name, 0, derive(raw.definition), raw.number), problems)
    order = sorted(versions, key=lambda key: (_STAGES.index(key[0]), key[1]))
    return History(tuple(version for key in order for version in versions[key]), tuple(problems))


def _released(avro: Path, problems: list[str]) -> Iterator[Version]:
    catalogue = avro / "catalogue.json"
    entries = json.loads(catalogue.read_text("utf-8")) if catalogue.exists() else []
    listed = [entry for entry in entries if entry["file"].startswith("history/")]
    unlisted = {path.relative_to(avro).as_posix() for path in (avro / "history").rglob("*.avsc")}
    for entry in listed:
        file = entry["file"]
        unlisted.discard(file)
        try:
            definition = json.loads((avro / file).read_text("utf-8"))
        except (OSError, ValueError):
            problems.append(f"avro/{file} was released and is gone or no JSON; bring it back, nothing is dropped")
            continue
        version = Version(
            entry["stage"],
            entry["name"],
            entry["version"],
            definition,
            entry.get("raw_version"),
            is_released=True,
        )
        if (version.id, version.file) != (entry["id"], file):
            problems.append(
                f"avro/{file} was released with the id {entry['id']} and differs now; bring the old text back, "
                "and change the source instead"
            )
        yield version
    problems += [f"avro/{file} is not in the catalogue; only a release writes the history" for file in sorted(unlisted)]


def _sources(avro: Path) -> dict[tuple[Stage, str], Definition]:
    raws = [json.loads(path.read_text("utf-8")) for path in sorted((avro / "raw").rglob("*.avsc"))]
    sources: dict[tuple[Stage, str], Definition] = {("raw", str(raw["kind"])): raw for raw in raws}
    for path in sorted((avro / "pipeline").glob("*.avsc")):
        sources["pipeline", path.stem] = json.loads(path.read_text("utf-8"))
    return sources


def _append(versions: dict[tuple[Stage, str], list[Version]], candidate: Version, problems: list[str]) -> None:
    """Add a version unless it is there; of masked schemas every one may come again, of others the newest only."""
    known = versions.setdefault((candidate.stage, candidate.name), [])
    same = next((version for version in known if version.id == candidate.id), None)
    if same is None:
        known.append(replace(candidate, number=len(known) + 1))
    elif candidate.stage != "masked" and same is not known[-1]:
        problems.append(
            f"{candidate.stage} {candidate.name} is its version {same.number} again, but {len(known)} is the newest; "
            "a version does not come back, change a doc to make a new one"
        )
