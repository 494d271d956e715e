"""What a test captured, and the assertions on it. Part of `earwitness.client.testing`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, TypeVar, overload

import msgspec

from earwitness.client.snapshot import kind_of
from earwitness.schemas.events import EVENTS, Event

__all__ = ["Events"]

E = TypeVar("E", bound=Event)

_SHOWN = 60  # characters of one value in a message
_ALWAYS = ("call_sid", "caller")  # of what all events have, what is shown first


class Events(list[Event]):
    """Events in the order in which they were emitted, each with the call and the caller of its `call` scope.

    A kind is its name or its class: `"call.started"` or `CallStarted`. Fields that are given narrow it down:
    `ev.one("data.job_lookup", found=False)`. A kind or a field that does not exist is an error of the test, and raises
    `ValueError`: `none` would find none of it for ever. After `ev.clear()` the assertions are about what comes then.
    """

    def __repr__(self) -> str:
        return f"<Events: {', '.join(self.kinds()) or 'none'}>"

    def kinds(self) -> list[str]:
        """The kind of each event."""
        return [kind_of(event) for event in self]

    @overload
    def all(self, kind: type[E], **fields: Any) -> list[E]: ...
    @overload
    def all(self, kind: str, **fields: Any) -> list[Any]: ...
    def all(self, kind: str | type[Event], **fields: Any) -> list[Any]:
        """All events of the kind, with those fields: none or many."""
        name = _name(kind, fields)
        return [event for event in self if _is(event, name, fields)]

    @overload
    def one(self, kind: type[E], **fields: Any) -> E: ...
    @overload
    def one(self, kind: str, **fields: Any) -> Any: ...
    def one(self, kind: str | type[Event], **fields: Any) -> Any:
        """The one event of the kind, with those fields, whatever else was emitted.

        Raises:
            AssertionError: there is none, or more than one; says what was emitted.
        """
        __tracebackhide__ = True
        name = _name(kind, fields)
        found = self.all(name, **fields)
        if len(found) != 1:
            raise AssertionError(self._message(f"expected one {_wanted(name, fields)}, got {len(found)}", name))
        return found[0]

    def only(self, *kinds: str | type[Event]) -> list[Event]:
        """All events, which are of these kinds, in this order, and nothing else was emitted.

        Raises:
            AssertionError: it is not so; says what was emitted.
        """
        __tracebackhide__ = True
        names = [_name(kind, {}) for kind in kinds]
        if self.kinds() != names:
            raise AssertionError(self._message(f"expected only {', '.join(names) or 'nothing'}"))
        return [*self]

    def none(self, kind: str | type[Event] | None = None, **fields: Any) -> None:
        """No event of the kind, with those fields, was emitted; without a kind: no event at all.

        Raises:
            AssertionError: there is one; says what was emitted.
        """
        __tracebackhide__ = True
        if kind is None and fields:
            raise ValueError("fields are those of a kind; give the kind too")
        name = None if kind is None else _name(kind, fields)
        found = list(self) if name is None else self.all(name, **fields)
        if found:
            wanted = "event" if name is None else _wanted(name, fields)
            raise AssertionError(self._message(f"expected no {wanted}, got {len(found)}", *([name] if name else [])))

    def _message(self, problem: str, *marked: str) -> str:
        events = list(self)
        if not events:
            return f"{problem}; nothing was emitted"
        lines = [
            f"  {'>' if kind_of(event) in marked else ' '} {number}. {_shown(event)}"
            for number, event in enumerate(events, 1)
        ]
        return f"{problem}; emitted {'was' if len(events) == 1 else 'were'}:\n" + "\n".join(lines)


def _name(kind: str | type[Event], fields: dict[str, Any]) -> str:
    name = str(kind if isinstance(kind, str) else kind.__struct_config__.tag)
    if name not in EVENTS:
        close = get_close_matches(name, EVENTS, 1)
        raise ValueError(f"there is no kind {name!r}" + (f"; do you mean {close[0]!r}?" if close else ""))
    known = EVENTS[name].__struct_fields__
    for field in fields:
        if field not in known:
            raise ValueError(f"{name} has no field {field!r}; it has {', '.join(known)}")
    return name


def _is(event: Event, name: str, fields: dict[str, Any]) -> bool:
    return kind_of(event) == name and all(getattr(event, field) == value for field, value in fields.items())


def _wanted(name: str, fields: dict[str, Any]) -> str:
    return f"{name} with {_listed(fields)}" if fields else name


def _shown(event: Event) -> str:
    own = [name for name in event.__struct_fields__ if name not in _ALWAYS]
    found = {name: getattr(event, name) for name in (*_ALWAYS, *own)}
    return f"{kind_of(event)}({_listed({name: value for name, value in found.items() if value is not None})})"


def _listed(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_short(value)}" for name, value in fields.items())


def _short(value: Any) -> str:
    text = repr(msgspec.to_builtins(value, builtin_types=(object,)) if isinstance(value, msgspec.Struct) else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
