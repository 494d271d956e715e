"""The client for other people's tests: keeps what the real one would send, and is as strict as it can be."""

from __future__ import annotations

import asyncio

import pytest

from earwitness.client import Audit, InvalidEventError
from earwitness.client.testing import CapturedAudit


def test_events_are_kept_in_order_with_their_call_and_caller():
    audit = CapturedAudit()
    with audit.call(call_sid="CA1", caller="+12025550142"):
        assert audit.call_started(direction="inbound", language="en")
        audit.data_job_lookup(client_id="A12", job_number="7", found=True, latency_ms=1.0, caller="anonymous")
    audit.system_error_rate(dependency="redis", failed=1, total=2, retries=0, circuit_state="open", window_seconds=30)
    assert audit.kinds() == ["call.started", "data.job_lookup", "system.error_rate"]
    assert [(event.call_sid, event.caller) for event in audit.events] == [
        ("CA1", "+12025550142"), ("CA1", "anonymous"), (None, None),
    ]  # fmt: skip
    (started,) = audit.told("call.started")
    assert started.language == "en"


def test_an_event_that_does_not_fit_its_kind_raises_where_it_is_emitted():
    audit = CapturedAudit()
    with pytest.raises(InvalidEventError, match=r"call\.started"):
        audit.call_started(direction="sideways", language="en")
    assert audit.events == []


def test_it_takes_the_place_of_the_real_client():
    audit: Audit = CapturedAudit()

    async def serve() -> None:
        async with audit.lifespan()(None):
            with audit.call():
                audit.bind(call_sid="CA2")
                audit.call_started(direction="inbound", language="es")

    asyncio.run(serve())
    assert audit.events[0].call_sid == "CA2"
    assert (audit.enabled, audit.flush(), audit.close()) == (True, 0, 0)
