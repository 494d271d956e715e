"""The proof, by the `avro` library, that every version of a schema reads every other one; and what a draft breaks.

That is what a schema registry calls FULL_TRANSITIVE. `evolution.py` says in words what goes wrong otherwise, and what
Avro does not know of: queries, tokens, programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from earwitness.schemas.evolution import Finding, compare
from earwitness.schemas.history import History, Version
from earwitness.schemas.schema import Schema

__all__ = ["examine", "unreadable", "view_of"]


def unreadable(versions: Sequence[Schema]) -> list[str]:
    """The pairs of versions of which one does not read the other, a line each; empty is the proof."""
    return [
        f"version {reader.version} does not read version {writer.version}: {reason}"
        for reader, writer in permutations(versions, 2)
        if (reason := _reason(reader, writer))
    ]


def examine(history: History) -> list[tuple[Version, list[Finding]]]:
    """Each draft, with what becomes of whom when it is released. A masked one is told of only when its raw one stays."""
    found = []
    for draft in history.drafts:
        before = [
            version
            for version in history.versions
            if (version.stage, version.name) == (draft.stage, draft.name) and version.number < draft.number
        ]
        if draft.stage == "masked":
            before = [version for version in before if version.raw_version == draft.raw_version]
            if not before:
                continue
        found.append((draft, list(_findings(before, draft))))
    return found


def view_of(version: Version) -> str:
    """The view that analysts see a schema through."""
    names = {"dead_letter": "dead_letters", "ledger_entry": "ledger"}
    return f"audit.{names.get(version.name, version.name.replace('.', '_', 1))}"


def _findings(before: Sequence[Version], draft: Version) -> Iterator[Finding]:
    if not before:
        yield Finding(
            f"{draft.stage} {draft.name} is new",
            "tables",
            breaks=False,
            consequence="run `earwitness clickhouse apply` before its first producer starts",
        )
        return
    yield from compare(before[-1].definition, draft.definition, view_of(draft))
    for older in before:
        for reader, writer in ((older, draft), (draft, older)):
            reason = _reason(reader.schema, writer.schema)
            if reason:
                yield Finding(
                    f"version {reader.number} does not read version {writer.number} ({reason})",
                    "registry",
                    breaks=True,
                    consequence="one that wants FULL_TRANSITIVE does not take it",
                )


def _reason(reader: Schema, writer: Schema) -> str:
    """Why a reader does not read what a writer writes; empty when it does."""
    import avro.errors
    import avro.schema
    from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

    try:
        parsed: list[Any] = [avro.schema.parse(schema.text) for schema in (reader, writer)]
    except avro.errors.AvroException as error:
        return f"avro does not take it: {' '.join(str(error).split())[:200]}"
    result = ReaderWriterCompatibilityChecker().get_compatibility(*parsed)  # type: ignore[no-untyped-call]
    if result.compatibility is SchemaCompatibilityType.compatible:
        return ""
    kinds = sorted(each.name.replace("_", " ") for each in result.incompatibilities)
    return "; ".join([*kinds, *sorted(result.messages)])
