"""What all blocks have in common: they take the time, remember their call, and emit when they are left."""

from __future__ import annotations

from abc import abstractmethod
from time import perf_counter

from earwitness.client.context import HOLDER
from earwitness.client.errors import InvalidEventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any, Self

    from earwitness.client.audit import Audit
    from earwitness.client.context import Holder

__all__ = ["Measured"]


class Measured:
    """A `with` block that an event tells of. What is raised in it passes; nothing of ours is added to it.

    A name that the block does not have can be set all the same, or a slip in the app would break a call: it is counted,
    and raises in strict mode when the block is left.
    """

    # The names that a block has are slots: whatever else is set on it ends up in __dict__.
    __slots__ = ("__dict__", "_audit", "_began", "_holder")

    _audit: Audit
    _holder: Holder | None
    _began: float

    def __enter__(self) -> Self:
        self._holder = HOLDER.get()
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        audit = self._audit
        if not audit.enabled:
            return
        try:
            holder = self._holder
            bound = _HERE if holder is None or holder is HOLDER.get() else _bound(holder)
            # A generator that is closed while it is in the block was not wanted any longer: that is no failure.
            self._tell(None if isinstance(error, GeneratorExit) else error, self._milliseconds(), bound)
            if self.__dict__:
                self._refuse_unknown()
        except Exception:
            if not audit._strict:  # noqa: SLF001 (of the same package)
                audit._mishap()  # noqa: SLF001 (as above)
            elif error is None:  # else it would take the place of the app's own
                raise

    @abstractmethod
    def _tell(self, error: BaseException | None, latency_ms: float, bound: Mapping[str, Any]) -> None:
        """Emit what is to be said of the block, with those fields besides."""

    def _milliseconds(self) -> float:
        return (perf_counter() - self._began) * 1000

    def _refuse_unknown(self) -> None:
        names = ", ".join(sorted(self.__dict__))
        self.__dict__.clear()
        raise InvalidEventError(type(self).__name__, names, "is no name that this block has")


def _bound(holder: Holder) -> Mapping[str, Any]:
    # The call that the block was entered in: a generator dependency of FastAPI is left in another context than that.
    if holder.call is None:
        return _HERE
    call_sid, caller = holder.call
    return {"call_sid": call_sid, "caller": caller}


_HERE: Mapping[str, Any] = {}  # the call is that of the context
