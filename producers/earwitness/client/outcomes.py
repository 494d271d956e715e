"""What an exception says of the work that it ended: its outcome, the status of the answer, how severe it is.

Pure, and careful with objects that are not ours: no attribute of an exception is trusted to be there, or to be harmless.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from earwitness.client.vocabulary import ApiOutcome, Severity

__all__ = ["is_broken_off", "is_timeout", "named", "of_error", "of_status", "severity", "status_of"]

_RATE_LIMITED = 429


def of_error(error: BaseException, status: int | None) -> ApiOutcome:
    """The outcome of an attempt that ended with that exception, given the status of the answer, if there was one."""
    if is_broken_off(error):
        return "other"
    if status == _RATE_LIMITED:
        return "rate_limited"
    return "timeout" if is_timeout(error) else "error"


def of_status(status: int | None) -> ApiOutcome:
    """The outcome of an attempt that ended without an exception: not every client library raises for a status."""
    if not _is_refusal(status):
        return "ok"
    return "rate_limited" if status == _RATE_LIMITED else "error"


def severity(error: BaseException | None, status: int | None) -> Severity | None:
    """A refusal is a WARN, and so is what was broken off; no answer, or a broken one, is an ERROR. None: normal work."""
    if error is None and not _is_refusal(status):
        return None
    if error is not None and is_broken_off(error):
        return "WARN"
    return "WARN" if isinstance(status, int) and status < 500 else "ERROR"


def is_broken_off(error: BaseException) -> bool:
    """Whether the work was stopped from outside: a cancelled task, Ctrl-C, the end of the process. It has not failed."""
    return not isinstance(error, Exception)


def is_timeout(error: BaseException) -> bool:
    """Whether nobody answered in time. Client libraries have classes of their own for that; their names say it."""
    return isinstance(error, TimeoutError) or any("Timeout" in kind.__name__ for kind in type(error).__mro__)


def status_of(error: BaseException) -> int | None:
    """The HTTP status that the exception carries: as requests, httpx, aiohttp, urllib and botocore do."""
    try:
        response: Any = getattr(error, "response", None)
        if isinstance(response, dict):  # botocore
            found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return _status(found)
        for place in (error, response):
            for name in ("status_code", "status", "code"):
                found = _status(getattr(place, name, None))
                if found is not None:
                    return found
    except Exception:  # noqa: BLE001 (a property of somebody else's exception; what it would say is then not known)
        return None
    return None


def named(error: BaseException) -> dict[str, str]:
    """The exception's type as an event's attribute. Never its text, which may quote what a person said."""
    return {"error": type(error).__name__}


def _status(found: object) -> int | None:
    return int(found) if isinstance(found, int) and 100 <= found <= 599 else None


def _is_refusal(status: object) -> bool:
    # Whatever the app has set: a type that is wrong is found where the event is checked.
    return isinstance(status, int) and status >= 400
