# ruff: noqa: ARG002, ASYNC109, D102 (as inherited)
"""The client's twin for when it is switched off: same methods, same types, nothing behind them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final

from earwitness.client.audit import Audit
from earwitness.client.context import Binding, Holder
from earwitness.client.methods import EventMethods
from earwitness.client.stats import Stats
from earwitness.schemas.events import Event

__all__ = ["NoopAudit", "OfflineAudit"]


_NO_CALL: Final = nullcontext()
_NO_BINDING: Final = Binding(Holder(None), None)  # of a holder that nobody reads
_STATS: Final = Stats()


class OfflineAudit(Audit):
    """A client that never has anything to deliver."""

    def flush(self, timeout: float = 5.0) -> int:
        return 0

    async def aflush(self, timeout: float = 5.0) -> int:
        return 0

    def close(self, timeout: float = 5.0) -> int:
        return 0

    async def aclose(self, timeout: float = 5.0) -> int:
        return 0

    def _open(self) -> None:
        pass


class NoopAudit(OfflineAudit):
    """No thread, no file, no socket, no import of a Kafka client. Every event counts as taken."""

    @property
    def enabled(self) -> bool:
        """False: events go nowhere."""
        return False

    def emit(self, event: Event) -> bool:
        return True

    def call(self, *, call_sid: str | None = None, caller: str | None = None) -> AbstractContextManager[None]:
        return _NO_CALL

    def bind(self, *, call_sid: str | None = None, caller: str | None = None) -> Binding:
        return _NO_BINDING

    def stats(self) -> Stats:
        return _STATS


def _taken(_: NoopAudit, **_fields: object) -> bool:
    return True


for _name in vars(EventMethods):
    if not _name.startswith("_") and _name != "emit":
        setattr(NoopAudit, _name, _taken)  # spares an app that is switched off even the building of the event
