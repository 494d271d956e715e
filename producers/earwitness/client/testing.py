"""For an app's own tests: what it emits, in memory, and assertions that say what they found.

    from earwitness.client.testing import capture

    def test_a_caller_is_greeted(client):
        with capture(audit) as ev:
            client.post("/voice", data={"CallSid": "CA1", …})
        assert ev.one("call.started").language == "en"
        ev.none("security.input_validation")

`audit` is the app's own client, whether it sends to Kafka or is switched off: while the block lasts, nothing that is
emitted through it leaves the process. As a pytest fixture, in conftest.py::

    @pytest.fixture
    def ev():
        with capture(app.audit) as ev:
            yield ev

An app that makes its client in a factory is captured without one: `with capture() as ev: app = create_app()`. Until the
block ends `AuditClient.from_env` asks for no settings then and gives a `CapturedAudit`, which may also be passed by hand.

Strict, as `AuditClient(strict=True)`: an event that does not fit its kind raises `InvalidEventError` where it is emitted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import msgspec

from earwitness.client import envelope, snapshot
from earwitness.client.audit import Audit
from earwitness.client.captured import Events
from earwitness.client.client import AuditClient
from earwitness.client.context import HOLDER
from earwitness.client.errors import InvalidEventError
from earwitness.client.identity import Origin
from earwitness.client.noop import OfflineAudit
from earwitness.schemas.events import Event

__all__ = ["CapturedAudit", "Events", "capture"]

_CHANGING = threading.RLock()
_ORIGIN = Origin("test", "test", "test", "test", 0)
_NEW: list[Events] = []  # what captures all clients that `from_env` gives


class CapturedAudit(OfflineAudit):
    """An audit client without Kafka: keeps what it is given.

    Attributes:
        events: what was emitted, in order, each with the call and the caller of its `call` scope; has the assertions that
            `capture` gives.
        captures: where events are kept: there, and wherever else a block captures.
        shared: the same, for all clients that are made while a block captures.
    """

    def __init__(self) -> None:
        self.events = Events()
        self.captures = [self.events]
        self.shared: list[Events] = []

    @property
    def enabled(self) -> bool:
        """True: events are wanted."""
        return True

    def emit(self, event: Event) -> bool:
        """Keep an event.

        Raises:
            InvalidEventError: it does not fit its kind.
        """
        kept = _checked(event)
        for events in (*self.captures, *self.shared):
            events.append(kept)
        return True

    def kinds(self) -> list[str]:
        """The kind of each event, in order."""
        return self.events.kinds()

    def told(self, kind: str) -> list[Any]:
        """The events of a kind, in order."""
        return self.events.all(kind)

    @property
    def _strict(self) -> bool:  # type: ignore[override]  # has to win over what the instance of a real client says
        return True


@contextmanager
def capture(audit: Audit | None = None) -> Iterator[Events]:
    """Capture what is emitted in the block, from whatever thread, through that client or any that is made in it.

    Blocks nest: what is emitted in an inner one, the outer one has too. What the client holds from before is not
    touched: it stays on its way.

    Args:
        audit: the app's client. None: clients that `AuditClient.from_env` gives in the block.
    """
    events = Events()
    undo = _capture_new(events) if audit is None else _capture(audit, events)
    try:
        yield events
    finally:
        undo()


def _capture(audit: Audit, events: Events) -> Callable[[], None]:
    # The object changes its class for a while: wherever the app keeps it, it has its methods from here then. All the
    # methods of `CapturedAudit` are those of the new class itself, so they win over whatever the app's client has.
    with _CHANGING:
        target: Any = audit
        own = type(target)
        if not isinstance(target, CapturedAudit) and own not in _ORIGINALS:
            target.captures, target.shared = [], []
            target.__class__ = _twin(own)  # type: ignore[arg-type]  # a class can be hashed
        target.captures.append(events)

    def undo() -> None:
        with _CHANGING:
            _remove(target.captures, events)
            if not target.captures and type(target) in _ORIGINALS:
                target.__class__ = _ORIGINALS[type(target)]

    return undo


def _capture_new(events: Events) -> Callable[[], None]:
    with _CHANGING:
        original = vars(AuditClient)["from_env"]
        _NEW.append(events)
        if len(_NEW) == 1:
            _REPLACED.append(original)
            AuditClient.from_env = classmethod(_from_env)  # type: ignore[method-assign,assignment]

    def undo() -> None:
        with _CHANGING:
            _remove(_NEW, events)
            if not _NEW:
                AuditClient.from_env = _REPLACED.pop()  # type: ignore[method-assign]

    return undo


def _remove(captures: list[Events], events: Events) -> None:
    # By identity: two that captured the same are equal, but not the same.
    captures[:] = [each for each in captures if each is not events]


def _from_env(_: type[AuditClient], /, *_args: object, **_options: object) -> CapturedAudit:
    made = CapturedAudit()
    made.shared = _NEW
    return made


_ORIGINALS: dict[type[Audit], type[Audit]] = {}
_REPLACED: list[Any] = []


@cache
def _twin(kind: type[Audit]) -> type[Audit]:
    own = {"kinds", "told"}
    methods: dict[str, Any] = {}
    for base in reversed(CapturedAudit.__mro__[:-1]):
        methods |= {name: found for name, found in vars(base).items() if not name.startswith("__") and name not in own}
    # A property, because a client has an `emit` of its own, which would win over a method.
    methods["emit"] = property(lambda client: partial(CapturedAudit.emit, client))
    twin = type(f"Captured{kind.__name__}", (kind,), methods)
    _ORIGINALS[twin] = kind
    return twin


def _checked(event: Event) -> Event:
    holder = HOLDER.get()
    call = None if holder is None else holder.call
    try:
        taken = snapshot.encode((time.time_ns(), call, snapshot.trace_ids(), event))
        record = envelope.record(snapshot.decode(taken), _ORIGIN, 0)
        return msgspec.structs.replace(event, call_sid=record["call_sid"], caller=record["caller"])
    except InvalidEventError:
        raise
    except Exception as error:
        raise InvalidEventError(snapshot.kind_of(event), "", f"cannot be encoded: {error}") from error
