"""What goes wrong at the app's neighbours, in one form for all of them."""

from __future__ import annotations

from typing import Literal

__all__ = ["CIRCUIT_OPEN", "TIMEOUT", "DependencyError"]

CIRCUIT_OPEN = "CIRCUIT_OPEN"
TIMEOUT = "TIMEOUT"


class DependencyError(Exception):
    """A dependency refused a request, broke on it, or did not answer.

    Whatever stands behind `Jobs`, `CallStates` or `Storage` raises this and nothing else, so the rest of the app need not
    know whose client library it was.

    Attributes:
        status_code: what it answered; None: nothing.
        code: its own word for it, such as INVALID_MULTIPLE_CHOICE_OPTIONS.
    """

    def __init__(self, status_code: int | None, code: str) -> None:
        super().__init__(f"{status_code or 'no answer'}: {code}")
        self.status_code = status_code
        self.code = code

    @property
    def is_refusal(self) -> bool:
        """Whether it answered, and the answer was no. Otherwise it is out of order."""
        return self.status_code is not None and self.status_code < 500

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.code != CIRCUIT_OPEN and (self.status_code == 429 or not self.is_refusal)

    @property
    def outcome(self) -> Literal["error", "timeout", "rate_limited"]:
        """The same as the trail's `system.api_latency` puts it."""
        if self.code == TIMEOUT:
            return "timeout"
        return "rate_limited" if self.status_code == 429 else "error"

    @property
    def severity(self) -> Literal["WARN", "ERROR"]:
        """A refusal is a warning, no answer or a broken one is an error."""
        return "WARN" if self.is_refusal else "ERROR"
