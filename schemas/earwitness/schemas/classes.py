"""The source of the event classes and of the client's methods, made from the raw schemas."""

from __future__ import annotations

import textwrap
from typing import Any

from earwitness.schemas.lint import ENVELOPE

__all__ = ["class_name", "events_module", "method_name", "methods_module"]

_BASE = ("occurred_at", "severity", "call_sid", "caller", "attributes")
"""Envelope fields that a caller may give; the client fills in the rest."""

_PLAIN = {"string": "str", "int": "Int32", "long": "Int64", "double": "float", "boolean": "bool"}
_WIDTH = 120


def class_name(raw: dict[str, Any]) -> str:
    """The event class of a kind: `call.started` is CallStarted."""
    return str(raw["name"])


def method_name(raw: dict[str, Any]) -> str:
    """The client's method of a kind: `call.started` is call_started."""
    return str(raw["kind"]).replace(".", "_")


def events_module(raws: list[dict[str, Any]]) -> str:
    """The text of `earwitness/schemas/events.py`."""
    nested: dict[str, str] = {}
    classes = []
    for raw in raws:
        rows = []
        for field in _own_fields(raw):
            rows.append(f"    {field['name']}: {_type(field['type'], nested)}{_default(field)}")
            rows.append(_docstring(field["doc"], 4))
        body = "\n".join(rows)
        classes.append(
            f"class {class_name(raw)}(Event, frozen=True, kw_only=True, tag={raw['kind']!r}):\n"
            f"{_docstring(raw['doc'], 4)}\n\n{body}\n",
        )
    names = [class_name(raw) for raw in raws]
    exported = sorted([*names, *nested, "EVENTS", "TELEMETRY", "Event"], key=_export_order)
    table = "\n".join(f'    "{raw["kind"]}": {class_name(raw)},' for raw in raws)
    return _EVENTS.format(
        exported="\n".join(f'    "{name}",' for name in exported),
        nested="\n\n".join(nested.values()),
        classes="\n\n".join(classes),
        table=table,
        telemetry="\n".join(f"        {class_name(raw)}," for raw in raws if raw.get("lane") == "telemetry"),
    )


def methods_module(raws: list[dict[str, Any]]) -> str:
    """The text of `earwitness/client/methods.py`."""
    methods, silent = [], []
    for raw in raws:
        fields = _own_fields(raw)
        bare = ", ".join(
            [*(f["name"] + _default(f).replace(" ", "") for f in fields), *(f"{name}=None" for name in _BASE)]
        )
        silent.append(f"        def {method_name(raw)}(self, *, {bare}):\n            return True\n")
        parameters = "".join(
            f"        {f['name']}: {_type(f['type'], {}, prefix='events.')}{_default(f)},\n" for f in fields
        )
        arguments = "".join(f"                {f['name']}={f['name']},\n" for f in fields)
        docs = "".join(textwrap.indent(_item(f["name"], f["doc"]), " " * 12) for f in fields)
        methods.append(
            f"    def {method_name(raw)}(\n        self,\n        *,\n{parameters}{_COMMON_PARAMETERS}    ) -> bool:\n"
            f'        """{raw["doc"]}\n\n        Args:\n{docs}{_COMMON_DOCS}        """\n'
            f"        return self.emit(\n            events.{class_name(raw)}(\n"
            f"{arguments}{_COMMON_ARGUMENTS}            ),\n        )\n",
        )
    return _METHODS.format(methods="\n".join(methods), silent="\n".join(silent))


def _own_fields(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return [field for field in raw["fields"] if field["name"] not in {*ENVELOPE, "attributes"}]


def _type(kind: Any, nested: dict[str, str], prefix: str = "") -> str:
    if isinstance(kind, list):
        return " | ".join([*(_type(branch, nested, prefix) for branch in kind if branch != "null"), "None"])
    if not isinstance(kind, dict):
        plain = _PLAIN[kind]
        return prefix + plain if plain.startswith("Int") else plain
    name = kind["type"]
    if kind.get("logicalType") == "timestamp-micros":
        return "datetime"
    if name == "enum":
        return "Literal[" + ", ".join(f'"{symbol}"' for symbol in kind["symbols"]) + "]"
    if name == "array":
        return f"Sequence[{_type(kind['items'], nested, prefix)}]"
    if name == "map":
        return f"Mapping[str, {_type(kind['values'], nested, prefix)}] | None"
    if name == "record":
        rows = "\n".join(
            f"    {f['name']}: {_type(f['type'], nested)}{_default(f)}\n{_docstring(f['doc'], 4)}"
            for f in kind["fields"]
        )
        nested[kind["name"]] = (
            f"class {kind['name']}(msgspec.Struct, frozen=True, kw_only=True):\n"
            f'    """One item of a list in an event."""\n\n{rows}\n'
        )
        return prefix + str(kind["name"])
    return _type(name, nested, prefix)


def _default(field: dict[str, Any]) -> str:
    if "default" not in field:
        return ""
    default = field["default"]
    if default == []:
        return " = ()"
    return " = None" if default == {} else f" = {default!r}"


def _docstring(text: str, indent: int) -> str:
    pad = " " * indent
    if len(text) + indent + 6 <= _WIDTH:
        return f'{pad}"""{text}"""'
    lines = textwrap.wrap(text, _WIDTH - indent - 3)
    return f'{pad}"""' + ("\n" + pad).join(lines) + '"""'


def _item(name: str, doc: str) -> str:
    return "\n    ".join(textwrap.wrap(f"{name}: {doc}", _WIDTH - 16)) + "\n"


def _export_order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1, name)


_COMMON_PARAMETERS = """\
        occurred_at: datetime | None = None,
        severity: Literal["INFO", "WARN", "ERROR"] | None = None,
        call_sid: str | None = None,
        caller: str | None = None,
        attributes: Mapping[str, str] | None = None,
"""
_COMMON_DOCS = """\
            occurred_at: When it happened, aware; default: now.
            severity: Default: the kind's own.
            call_sid: Twilio's id of the call; default: the call context's.
            caller: The other party's number; default: the call context's.
            attributes: Whatever else there is to say, as text.

        Returns:
            Whether the event was taken.
"""
_COMMON_ARGUMENTS = "".join(f"                {name}={name},\n" for name in _BASE)

_EVENTS = '''\
"""The events as typed structs, a class a kind. Generated from the raw schemas: do not edit.

`python -m earwitness.schemas.generate` writes this file. Fields that an app leaves out are filled in by the client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

__all__ = [
{exported}
]

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """What an app may say of any event; everything else of the envelope is the client's."""

    occurred_at: datetime | None = None
    """When it happened, aware; None: when it was given to the client."""
    severity: Literal["INFO", "WARN", "ERROR"] | None = None
    """None: the kind's own."""
    call_sid: str | None = None
    """Twilio's id of the call; None: the call context's."""
    caller: str | None = None
    """The other party's number; None: the call context's."""
    attributes: Mapping[str, str] | None = None
    """Whatever else there is to say, as text."""


{nested}

{classes}

EVENTS: Final[Mapping[str, type[Event]]] = {{
{table}
}}
"""The class of each kind."""

TELEMETRY: Final[frozenset[type[Event]]] = frozenset(
    {{
{telemetry}
    }},
)
"""The classes of the telemetry lane: they make way for the protected ones where room is short."""
'''

_METHODS = '''\
"""A method a kind of event. Generated from the raw schemas: do not edit.

`python -m earwitness.schemas.generate` writes this file. The event classes are built when the first event is: to build
them takes longer than the whole start of an app that is switched off.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from earwitness.schemas import events
else:

    class _Events:
        """Stands where the module of event classes will, until one of them is asked for."""

        def __getattr__(self, name):
            global events
            from earwitness.schemas import events

            return getattr(events, name)

    events = _Events()

__all__ = ["EventMethods", "SilentMethods"]


class EventMethods:
    """What the client and its no-op twin have in common: a method for each kind of event."""

    def emit(self, event: events.Event) -> bool:
        """Take an event: never blocks, never raises.

        Returns:
            Whether the event was taken.
        """
        raise NotImplementedError

{methods}

class SilentMethods(EventMethods):
    """The same methods, which take an event and do nothing. Spelt out, since `**fields` would cost three times as much."""

    if not TYPE_CHECKING:

        def emit(self, event):
            return True

{silent}'''
