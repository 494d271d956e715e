"""What a change of a schema breaks, and whom.

A version must be readable by every older and every newer one, and beyond what Avro asks for, nobody's SQL, tokens or
program may stop meaning what it meant. `compare` says it of two versions; `compatibility.py` proves the Avro part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from earwitness.schemas.lint import PRESETS
from earwitness.schemas.schema import Definition

__all__ = ["Finding", "Whom", "compare"]

Whom = Literal["everybody", "producers", "privacy workers", "readers", "tables", "analysts", "auditors", "registry"]

_NUMBERS = ("int", "long", "float", "double")
_IDENTITY = ("name", "namespace", "kind", "family")


@dataclass(frozen=True)
class Finding:
    """One consequence of one change.

    Attributes:
        what: the change: `field found removed`.
        whom: who notices.
        breaks: it must not be released so; else it is to be known.
        consequence: what they notice, and what to do instead.
    """

    what: str
    whom: Whom
    breaks: bool
    consequence: str

    @property
    def line(self) -> str:
        """As one line for a person."""
        return f"{self.what}: {'breaks' if self.breaks else 'note for'} {self.whom}: {self.consequence}"


def compare(old: Definition, new: Definition, view: str) -> list[Finding]:
    """What becomes of whom when the newer of two versions of a record is released.

    Args:
        old: the version before, as Avro JSON.
        new: the version after.
        view: the view that analysts see it through.
    """
    found = list(_record(old, new, view))
    if old != new and not found:
        found.append(_note("documentation changed", "registry", "only the id is new"))
    return found


def _record(old: Definition, new: Definition, view: str) -> Iterator[Finding]:
    for key in _IDENTITY:
        if old.get(key) != new.get(key):
            yield _break(
                f"{key} changed from {old.get(key)} to {new.get(key)}",
                "everybody",
                "it is another record, no version of this one; add a new kind and keep this one",
            )
    if old.get("lane") != new.get("lane"):
        what = f"lane changed from {old.get('lane')} to {new.get('lane')}"
        if new.get("lane") == "protected":
            yield _note(what, "auditors", "all of its events are kept from then on")
        else:
            yield _break(what, "auditors", "it may be sampled out from then on; they count on every single one")
    if old.get("severity") != new.get("severity"):
        what = f"severity changed from {old.get('severity')} to {new.get('severity')}"
        yield _note(what, "analysts", "events that name none have another one from then on, and are sampled by it")
    yield from _fields(old["fields"], new["fields"], view, "")


def _fields(old: list[dict[str, Any]], new: list[dict[str, Any]], view: str, path: str) -> Iterator[Finding]:
    before, after = ({field["name"]: field for field in fields} for fields in (old, new))
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    for name in gone:
        same = next((each for each in come if _form(after[each]) == _form(before[name])), None)
        if same is None:
            yield from _removed(f"field {path}{name} removed", before[name], view, "keep it and stop filling it in")
        else:
            come.remove(same)
            what = f"field {path}{name} renamed to {path}{same}"
            yield from _removed(what, before[name], view, "names stay; change the doc")
    for name in come:
        yield from _added(f"field {path}{name} added", after[name], nested=bool(path))
    moved = list(_moved([name for name in before if name in after], [name for name in after if name in before]))
    if moved:
        names = ", ".join(path + name for name in moved)
        yield _note(f"field moved: {names}", "registry", "only the id is new; readers, tables and views go by name")
    for name in before:
        if name in after:
            yield from _field(before[name], after[name], view, path)


def _form(field: dict[str, Any]) -> tuple[Any, ...]:
    return field["type"], field.get("pii"), field.get("distinct")


def _moved(before: list[str], after: list[str]) -> Iterator[str]:
    stay: set[str] = set()
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        stay.update(before[block.a : block.a + block.size])
    return (name for name in after if name not in stay)


def _removed(what: str, field: dict[str, Any], view: str, instead: str) -> Iterator[Finding]:
    yield _break(what, "analysts", f"{view} and their queries lose {field['name']} for new events; {instead}")
    yield _break(what, "producers", "programs that set it are refused by the newer client")
    if "default" not in field:
        yield _break(what, "readers", "older versions cannot read newer events: it has no default for them")


def _added(what: str, field: dict[str, Any], *, nested: bool) -> Iterator[Finding]:
    if nested:
        yield _break(what, "tables", "the column of a list of records has a fixed form, so it would vanish; add a list")
    if "default" not in field:
        yield _break(what, "readers", "default missing: newer versions cannot read older events")
    elif not (isinstance(field["type"], list) or field["default"] in ([], {})):
        yield _break(
            what,
            "analysts",
            f"older events would seem to say {field['default']!r}; make it nullable, so that they say null",
        )
    elif not nested:
        yield _note(what, "analysts", "it is null in events of older producers")
        yield _note(what, "tables", "run `earwitness clickhouse apply`; until then the sink holds such events back")
        yield _note(
            what,
            "privacy workers",
            "older ones ask the registry for it; without one they set such events aside, and after their upgrade "
            "`earwitness deadletters reinject` brings them back",
        )


def _field(old: dict[str, Any], new: dict[str, Any], view: str, path: str) -> Iterator[Finding]:
    name = f"{path}{old['name']}"
    yield from _type(old["type"], new["type"], f"field {name}", view, f"{name}.")
    if old.get("default", ...) != new.get("default", ...):
        what = f"field {name}: default changed"
        if "default" not in new:
            yield _break(what, "readers", "default missing: newer versions cannot read events that lack it")
        else:
            yield _break(what, "readers", "older and newer versions fill in different values for the same event")
    if old.get("pii", "none") != new.get("pii", "none"):
        yield _pii(f"field {name}: pii changed from {old.get('pii', 'none')} to {new.get('pii', 'none')}", old, new)
    yield from _policy(f"field {name}", old, new)
    if old.get("distinct") != new.get("distinct"):
        yield _note(f"field {name}: distinct changed", "tables", "`earwitness clickhouse apply` may rewrite its column")


def _pii(what: str, old: dict[str, Any], new: dict[str, Any]) -> Finding:
    if new.get("pii", "none") == "none":
        return _break(
            what, "auditors", "what it holds would be stored in clear; a new field may hold what is no secret"
        )
    if old.get("pii", "none") == "none":
        return _note(
            what,
            "analysts",
            "it is masked from then on, but only in events of upgraded producers; what is stored already stays in clear",
        )
    return _break(what, "analysts", "its tokens of before and after no longer join; add a new field")


def _policy(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Finding]:
    for said, usual in (("preset", PRESETS[0]), ("keep", [])):
        before, after = old.get(said, usual), new.get(said, usual)
        if before == after:
            continue
        is_less = PRESETS.index(after) < PRESETS.index(before) if said == "preset" else bool(set(after) - set(before))
        yield _note(
            f"{where}: {said} changed from {_told(before)} to {_told(after)}",
            "auditors" if is_less else "analysts",
            f"{'less' if is_less else 'more'} of its text is masked from then on, also in events of older producers",
        )


def _told(said: Any) -> str:
    return ", ".join(said) or "nothing" if isinstance(said, list) else str(said)


def _type(old: Any, new: Any, where: str, view: str, path: str) -> Iterator[Finding]:
    was_nullable, before = _base(old)
    is_nullable, after = _base(new)
    if is_nullable and not was_nullable:
        yield _break(f"{where} may be null now", "readers", "older versions cannot read an event that says null")
    if was_nullable and not is_nullable:
        yield _break(
            f"{where} may no longer be null", "readers", "newer versions cannot read older events that say null"
        )
    kinds = before["type"], after["type"]
    if kinds[0] != kinds[1] or before.get("logicalType") != after.get("logicalType"):
        yield from _retyped(before, after, where)
    elif kinds[0] == "enum":
        yield from _symbols(before, after, where)
    elif kinds[0] in {"array", "map"}:
        part = "items" if kinds[0] == "array" else "values"
        yield from _type(before[part], after[part], where, view, path)
    elif kinds[0] == "record":
        yield from _fields(before["fields"], after["fields"], view, path)
    if before.get("name") != after.get("name") or before.get("size") != after.get("size"):
        yield _break(f"{where}: its type's name or size changed", "readers", "no other version can read it")


def _base(kind: Any) -> tuple[bool, dict[str, Any]]:
    """Whether null may stand there, and the type without it, always in its long form."""
    branches = [branch for branch in kind if branch != "null"] if isinstance(kind, list) else [kind]
    base = branches[0] if len(branches) == 1 else {"type": "union", "name": str(branches)}
    return isinstance(kind, list) and "null" in kind, base if isinstance(base, dict) else {"type": base}


def _retyped(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[Finding]:
    old, new = (each.get("logicalType", each["type"]) for each in (before, after))
    change, whose = "changed", "older and newer versions cannot read each other's events"
    if old in _NUMBERS and new in _NUMBERS:
        if _NUMBERS.index(new) > _NUMBERS.index(old):
            change, whose = "widened", "older versions cannot read newer events"
        else:
            change, whose = "narrowed", "newer versions cannot read older events"
    what = f"{where}: type {change} from {old} to {new}"
    yield _break(what, "readers", f"{whose}; add a new field")
    yield _break(what, "tables", f"its column holds {old} of all kinds and versions, and stays so")


def _symbols(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[Finding]:
    for symbol in after["symbols"]:
        if symbol not in before["symbols"]:
            what = f"{where}: enum symbol {symbol} added"
            if before.get("default") is None:
                yield _break(what, "readers", "older versions cannot read it: their enum has no default symbol")
            else:
                yield _note(what, "readers", f"old readers see `{before['default']}`")
                yield _note(what, "analysts", "SQL sees it at once, as text; queries that list all symbols miss it")
    for symbol in before["symbols"]:
        if symbol not in after["symbols"]:
            what = f"{where}: enum symbol {symbol} removed"
            yield _break(
                what, "readers", f"newer versions read `{after.get('default')}` where older events say {symbol}"
            )
            yield _break(what, "producers", "programs that say it are refused by the newer client; keep it")
    if before.get("default") != after.get("default"):
        what = f"{where}: the enum's default symbol changed"
        yield _break(what, "readers", "older and newer versions read an unknown symbol differently")


def _break(what: str, whom: Whom, consequence: str) -> Finding:
    return Finding(what, whom, True, consequence)


def _note(what: str, whom: Whom, consequence: str) -> Finding:
    return Finding(what, whom, False, consequence)
