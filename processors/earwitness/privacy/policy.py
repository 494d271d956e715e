"""How each field's free text is treated: its own policy, declared in its schema beside `pii: text`.

`preset` says how it is read (`balanced` where nothing is said), `keep` what stays in it though it looks personal:
`job`, digits right behind the word job or a call's Sid, as in the keys that an app builds from its job numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from earwitness.privacy.scanner import Span
from earwitness.runtime.setting_values import Preset
from earwitness.schemas import catalogue
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import UnknownSchemaError
from earwitness.schemas.lint import PRESETS

__all__ = ["Policy", "policies"]

_JOB = re.compile(r"[0-9]{1,20}\Z")
_BEFORE_JOB = re.compile(r"(?:(?<![a-z])jobs?(?:[ _-]?(?:id|no|number))?|CA[0-9a-f]{32})[/:=_-]\Z", re.IGNORECASE)
_LOOKS_BACK = 40


@dataclass(frozen=True, slots=True)
class Policy:
    """How a field's text is treated.

    Attributes:
        preset: how it is read; `whole`: not at all, it is always `[text]`.
        keep: kinds of ids that stay in it.
    """

    preset: Preset = "balanced"
    keep: tuple[str, ...] = ()

    def under(self, site: Preset) -> Policy:
        """The policy in an installation with that preset: the stricter one holds."""
        return Policy(max(self.preset, site, key=PRESETS.index), self.keep)

    def personal(self, text: str, spans: list[Span]) -> list[Span]:
        """Those of a text's spans that do not stay."""
        if "job" not in self.keep or not spans:
            return spans
        return [span for span in spans if not _is_job(text, span)]


def _is_job(text: str, span: Span) -> bool:
    before = text[max(0, span.start - _LOOKS_BACK) : span.start]
    return _JOB.match(text[span.start : span.end]) is not None and _BEFORE_JOB.search(before) is not None


def policies(schema: Schema) -> dict[str, Policy]:
    """By path (`changes.old_value`), the policy of each free text in a raw schema.

    The newest version's policy holds for all versions of the catalogue: what is masked more today is so in events of
    yesterday's producers too. A schema of elsewhere says it itself; where it is silent, the newest version's holds.
    """
    found = dict(_declared(schema.definition["fields"]))
    try:
        newest = dict(_declared(catalogue.raw(schema.kind).definition["fields"]))
    except UnknownSchemaError:
        newest = {}
    is_ours = schema.version > 0
    return {path: (newest.get(path) if is_ours else own or newest.get(path)) or Policy() for path, own in found.items()}


def _declared(
    fields: Iterable[Mapping[str, Any]], path: str = "", pii: str = "none"
) -> Iterator[tuple[str, Policy | None]]:
    for field in fields:
        where, own = path + field["name"], str(field.get("pii", pii))
        if own == "text":
            said = "preset" in field or "keep" in field
            yield where, Policy(field.get("preset", "balanced"), tuple(field.get("keep", ()))) if said else None
        for inner in _records(field["type"]):
            yield from _declared(inner, f"{where}.", own)


def _records(kind: Any) -> Iterator[list[Mapping[str, Any]]]:
    for branch in kind if isinstance(kind, list) else [kind]:
        if not isinstance(branch, dict):
            continue
        if branch["type"] == "record":
            yield branch["fields"]
        for part in ("items", "values"):
            if part in branch:
                yield from _records(branch[part])
