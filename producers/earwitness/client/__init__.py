"""The client that a voice app imports: events in, never a wait, never an exception out.

    from earwitness.client import AuditClient

    audit = AuditClient.from_env(service="ivr")
    app = FastAPI(lifespan=audit.lifespan())

    with audit.call(call_sid=form.CallSid, caller=form.From):
        audit.call_started(from_number=form.From, to_number=form.To, direction="inbound", language="en")

Switched off (`EARWITNESS_ENABLED=0`) it is `NoopAudit`, which imports neither Kafka nor Avro. The door for events as
JSON is `earwitness.client.jsonevents`. Each name here is imported when it is asked for (PEP 562).
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # as typing's, whose import alone would be a good part of what an app that is switched off may take
)
if TYPE_CHECKING:
    from earwitness.client.audit import Audit
    from earwitness.client.backends import AirtableQuery, RecordingStep, RedisAccess
    from earwitness.client.capture import Limits
    from earwitness.client.client import AuditClient
    from earwitness.client.errors import InvalidEventError
    from earwitness.client.noop import NoopAudit
    from earwitness.client.stages import Stage
    from earwitness.client.stats import Stats
    from earwitness.client.timing import Timed

__all__ = [
    "AirtableQuery",
    "Audit",
    "AuditClient",
    "InvalidEventError",
    "Limits",
    "NoopAudit",
    "RecordingStep",
    "RedisAccess",
    "Stage",
    "Stats",
    "Timed",
]

_HOMES = {
    "AirtableQuery": "backends",
    "Audit": "audit",
    "AuditClient": "client",
    "InvalidEventError": "errors",
    "Limits": "capture",
    "NoopAudit": "noop",
    "RecordingStep": "backends",
    "RedisAccess": "backends",
    "Stage": "stages",
    "Stats": "stats",
    "Timed": "timing",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = __import__(f"{__name__}.{_HOMES[name]}", fromlist=[name])
    found: object = getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
