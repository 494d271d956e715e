# ruff: noqa: ARG002, ASYNC109, D102 (as inherited)
"""The client's twin for when it is switched off: same methods, same types, nothing behind them."""

from __future__ import annotations

from earwitness.client.audit import Audit
from earwitness.client.context import Binding, Holder
from earwitness.client.methods import SilentMethods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Final, ParamSpec, TypeVar

    from earwitness.client.stats import Stats

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = ["NoopAudit", "OfflineAudit"]


class _NoCall:
    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


_NO_CALL: Final = _NoCall()
_NO_BINDING: Final = Binding(Holder(None), None)  # of a holder that nobody reads


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

    def stats(self) -> Stats:
        from earwitness.client.stats import Stats

        return Stats()

    def _open(self) -> None:
        pass


class NoopAudit(SilentMethods, OfflineAudit):
    """No thread, no file, no socket, no import of a Kafka client. Every event counts as taken."""

    @property
    def enabled(self) -> bool:
        """False: events go nowhere."""
        return False

    def call(self, *, call_sid: str | None = None, caller: str | None = None) -> AbstractContextManager[None]:
        return _NO_CALL

    def bind(self, *, call_sid: str | None = None, caller: str | None = None) -> Binding:
        return _NO_BINDING

    def wrap(self, function: Callable[P, T]) -> Callable[P, T]:
        return function
