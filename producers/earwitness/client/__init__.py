"""The client that a voice app imports: events in, never a wait, never an exception out.

    from earwitness.client import AuditClient

    audit = AuditClient.from_env(service="ivr")
    app = FastAPI(lifespan=audit.lifespan())

    with audit.call(call_sid=form.CallSid, caller=form.From):
        audit.call_started(from_number=form.From, to_number=form.To, direction="inbound", language="en")

Switched off (`EARWITNESS_ENABLED=0`) it is `NoopAudit`, which imports neither Kafka nor Avro. The door for events as
JSON is `earwitness.client.jsonevents`.
"""

from __future__ import annotations

from earwitness.client.audit import Audit
from earwitness.client.capture import Limits
from earwitness.client.client import AuditClient
from earwitness.client.errors import InvalidEventError
from earwitness.client.noop import NoopAudit
from earwitness.client.stats import Stats

__all__ = ["Audit", "AuditClient", "InvalidEventError", "Limits", "NoopAudit", "Stats"]
