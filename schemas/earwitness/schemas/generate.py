"""Writes what is made from the raw schemas, or checks that it is up to date.

Made are: the masked schemas, the catalogue with its ids, the event classes (`events.py`) and the client's method a
kind (`earwitness/client/methods.py`).

    python -m earwitness.schemas.generate            write
    python -m earwitness.schemas.generate --check    exit 1 and name the files that differ
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from earwitness.schemas import catalogue, classes, masked
from earwitness.schemas.lint import lint

__all__ = ["main", "outputs"]

_PACKAGE = Path(__file__).parent
_ROOT = _PACKAGE.parents[2]
_METHODS = _ROOT / "producers" / "earwitness" / "client" / "methods.py"


def outputs() -> dict[Path, str]:
    """The generated files, by path: their texts."""
    avro = _PACKAGE / "avro"
    files: dict[Path, str] = {}
    entries: list[dict[str, Any]] = []
    raws = []
    for path in sorted((avro / "raw").rglob("*.avsc")):
        raw = json.loads(path.read_text("utf-8"))
        raws.append(raw)
        derived = masked.derive(raw)
        target = avro / "masked" / path.relative_to(avro / "raw")
        files[target] = json.dumps(derived, indent=2, ensure_ascii=False) + "\n"
        entries.append(_entry("raw", raw["kind"], path.relative_to(avro), raw))
        entries.append(_entry("masked", raw["kind"], target.relative_to(avro), derived))
    entries += [
        _entry("pipeline", path.stem, path.relative_to(avro), json.loads(path.read_text("utf-8")))
        for path in sorted((avro / "pipeline").glob("*.avsc"))
    ]
    entries.sort(key=lambda entry: (["raw", "masked", "pipeline"].index(entry["stage"]), entry["name"]))
    rows = ",\n".join("  " + json.dumps(entry) for entry in entries)
    files[avro / "catalogue.json"] = f"[\n{rows}\n]\n"
    raws.sort(key=lambda raw: str(raw["kind"]))
    files[_PACKAGE / "events.py"] = classes.events_module(raws)
    files[_METHODS] = classes.methods_module(raws)
    return files


def _entry(stage: str, name: str, file: Path, definition: dict[str, Any]) -> dict[str, Any]:
    schema_id = catalogue.content_id(catalogue.text_of(definition))
    return {"id": schema_id, "stage": stage, "name": name, "file": file.as_posix()}


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    checks = arguments == ["--check"]
    if arguments and not checks:
        sys.stderr.write("usage: python -m earwitness.schemas.generate [--check]\n")
        return 2
    wanted = outputs()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    orphans = [path for path in sorted((_PACKAGE / "avro" / "masked").rglob("*.avsc")) if path not in wanted]
    if checks and (stale or orphans):
        for path in stale + orphans:
            sys.stderr.write(f"{path.relative_to(_ROOT)} is out of date; run: python -m earwitness.schemas.generate\n")
        return 1
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
        sys.stdout.write(f"wrote {path.relative_to(_ROOT)}\n")
    for path in orphans:
        path.unlink()
        sys.stdout.write(f"removed {path.relative_to(_ROOT)}: its raw schema is gone\n")
    problems = lint(catalogue.schemas())
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
