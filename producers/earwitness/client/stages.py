"""A block around the work on one answer of the caller."""

from __future__ import annotations

from contextvars import ContextVar

from earwitness.client.measured import Measured
from earwitness.client.outcomes import is_broken_off, is_timeout, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Final, Literal, Self

    from earwitness.client.audit import Audit
    from earwitness.client.vocabulary import InputMode, StageName, Trigger

__all__ = ["Stage"]

_AROUND: Final[ContextVar[Stage | None]] = ContextVar("earwitness_stage", default=None)
"""The innermost stage that the running code is in."""


class Stage(Measured):
    """See `Audit.stage`.

    Attributes:
        user_input: what the caller said or typed.
        confidence: the recogniser's, 0 to 1.
        attempt: which try at the stage this is, from 1.
    """

    __slots__ = (
        "_from_stage",
        "_input_mode",
        "_outer",
        "_to_stage",
        "_token",
        "_told",
        "_trigger",
        "attempt",
        "confidence",
        "user_input",
    )

    def __init__(
        self,
        audit: Audit,
        name: StageName,
        input_mode: InputMode,
        *,
        user_input: str | None,
        confidence: float | None,
        attempt: int,
    ) -> None:
        self._audit = audit
        self._from_stage: StageName = name
        self._input_mode: InputMode = input_mode
        self.user_input = user_input
        self.confidence = confidence
        self.attempt = attempt
        self._to_stage: StageName | None = None
        self._trigger: Trigger = "other"
        self._outer: Stage | None = None
        self._token: Token[Stage | None] | None = None
        self._told: BaseException | None = None

    def to(self, stage: StageName, trigger: Trigger) -> None:
        """Say where the conversation goes when the block is left, and by what. The last word counts.

        Args:
            stage: the next stage; the same one, where the caller is asked again.
            trigger: what moves it.
        """
        self._to_stage = stage
        self._trigger = trigger

    def __enter__(self) -> Self:
        self._outer = _AROUND.get()
        self._token = _AROUND.set(self)
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        if token is not None:
            try:
                _AROUND.reset(token)
            except ValueError:  # left in another context than it was entered in: there is nothing to put back there
                self._outer = None
        super().__exit__(kind, error, trace)
        if error is not None and self._outer is not None:
            self._outer._told = error  # noqa: SLF001 (of the same class)
        self._outer = self._told = None

    def _tell(self, error: BaseException | None, latency_ms: float, bound: Mapping[str, Any]) -> None:  # noqa: ARG002 (as inherited)
        if error is None:
            if self._to_stage is not None:
                self._event(
                    self._to_stage, self._trigger, "WARN" if self._to_stage == "error_recovery" else None, None, bound
                )
        elif error is self._told:
            return
        elif is_broken_off(error):
            self._event("other", "other", "WARN", error, bound)
        else:
            self._event("error_recovery", "timeout" if is_timeout(error) else "error", "ERROR", error, bound)

    def _event(
        self,
        to_stage: StageName,
        trigger: Trigger,
        severity: Literal["WARN", "ERROR"] | None,
        error: BaseException | None,
        bound: Mapping[str, Any],
    ) -> None:
        self._audit.call_stage_transition(
            from_stage=self._from_stage,
            to_stage=to_stage,
            trigger=trigger,
            user_input=self.user_input,
            input_mode=self._input_mode,
            confidence=self.confidence,
            attempt=self.attempt,
            severity=severity,
            attributes=None if error is None else named(error),
            **bound,
        )
