"""Writes what is made from the schemas that one edits, or checks that it is up to date.

Made are: the masked schemas, the catalogue with its ids, the event classes (`events.py`), the client's method a kind
(`earwitness/client/methods.py`) and the reference in `docs/schemas.md`. What is released is written to the history once
and never changes again.

    python -m earwitness.schemas.generate              write; a changed schema becomes a draft of its next version
    python -m earwitness.schemas.generate --release    make the drafts versions, if they break nobody
    python -m earwitness.schemas.generate --check      exit 1 and say what is out of date or not released
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from earwitness.schemas import classes, history
from earwitness.schemas.history import History
from earwitness.schemas.lint import lint
from earwitness.schemas.reference import MARK, reference

__all__ = ["main", "outputs"]

_ROOT = Path(__file__).parents[3]
_PACKAGE = Path("schemas", "earwitness", "schemas")
_METHODS = Path("producers", "earwitness", "client", "methods.py")
_DOCUMENT = Path("docs", "schemas.md")
_COMMAND = "python -m earwitness.schemas.generate"


def outputs(root: Path, found: History) -> dict[Path, str]:
    """The generated files, by path from the repository's root on: their texts."""
    newest = {version.name: version.definition for version in found.versions if version.stage == "raw"}
    raws = list(newest.values())
    files = {_PACKAGE / "avro" / version.file: version.text for version in found.versions}
    files[_PACKAGE / "avro" / "catalogue.json"] = found.catalogue()
    files[_PACKAGE / "events.py"] = classes.events_module(raws)
    files[_METHODS] = classes.methods_module(raws)
    by_hand = (root / _DOCUMENT).read_text("utf-8").partition(MARK)[0]
    files[_DOCUMENT] = f"{by_hand}{MARK}\n\n{reference(found)}"
    return files


def main(arguments: list[str]) -> int:
    """Write, release or check; the exit code."""
    if arguments not in ([], ["--check"], ["--release"]):
        sys.stderr.write(f"usage: {_COMMAND} [--check|--release]\n")
        return 2
    if not (_ROOT / _DOCUMENT).is_file():
        sys.stderr.write(f"{_ROOT} is no checkout of earwitness: it has no {_DOCUMENT}; run this in one\n")
        return 2
    avro = _ROOT / _PACKAGE / "avro"
    found = history.collect(avro)
    problems = [*found.problems, *lint(version.schema for version in found.versions)]
    if problems:
        return _tell(problems)
    if arguments == ["--release"]:
        from earwitness.schemas.compatibility import examine  # needs the avro library, which only the pipeline has

        breaks = [
            f"{draft.stage} {draft.name}: {finding.line}"
            for draft, findings in examine(found)
            for finding in findings
            if finding.breaks
        ]
        if breaks:
            return _tell([*breaks, "nothing was released"])
        found = found.released()
    wanted = {_ROOT / path: text for path, text in outputs(_ROOT, found).items()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    orphans = [path for path in sorted((avro / "draft").rglob("*.avsc")) if path not in wanted]
    if arguments == ["--check"]:
        return _tell(
            [f"{path.relative_to(_ROOT)} is out of date; run: {_COMMAND}" for path in stale + orphans]
            + [
                f"{draft.stage} {draft.name} has changed and is not released; run: {_COMMAND} --release"
                for draft in found.drafts
            ]
        )
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
        sys.stdout.write(f"wrote {path.relative_to(_ROOT)}\n")
    for path in orphans:
        path.unlink()
        with contextlib.suppress(OSError):  # the folder has others
            path.parent.rmdir()
        sys.stdout.write(f"removed {path.relative_to(_ROOT)}\n")
    return 0


def _tell(problems: list[str]) -> int:
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
