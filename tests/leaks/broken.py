"""What goes wrong while a caller's data is in it: records that cannot be read, events that do not fit, lines that are none.

Every error path of the pipeline gets a canary: framing, unknown schema, truncated, malformed, another family's topic, too large.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from earwitness.client import AuditClient
from earwitness.client.errors import InvalidEventError
from earwitness.schemas import catalogue, codec
from leaks.calls import Call

__all__ = ["Broken", "bad_events", "bad_lines", "broken_records"]

_LONG = 70_000
"""Lines of a phone number each, 13 bytes, which become 34: within a megabyte before, beyond two of them after."""


class Broken(NamedTuple):
    """A raw record as it is written past the client."""

    topic: str
    value: bytes
    headers: list[tuple[str, bytes]]


def broken_records(call: Call, *, with_long: bool) -> Iterator[Broken]:
    """Records of one caller that become dead letters; one reason each."""
    caller = call.caller
    dice = random.Random(f"broken {caller.number}")
    headers = [("note", call.text().encode()), ("caller", caller.phone.encode())]
    whole = _record(call, "data.job_lookup", client_id=caller.client, job_number=caller.job, found=True, latency_ms=0.5)
    lines = {"record_id": "r", "job_number": caller.job, "lines": [call.text()], "lines_added": 1, "total_length": 9}
    history = _record(call, "data.history_append", **lines)
    text_at = history.rindex(lines["lines"][0].encode())
    broken = {
        "json where a frame should be": json.dumps({"caller": caller.phone, "note": call.text()}).encode(),
        "only text": call.text().encode(),
        "unknown schema": bytes.fromhex("007fabcdef") + history[5:],
        "cut off": history[:-1],
        "cut off within a text": history[: text_at + len(lines["lines"][0]) // 2],
        "no UTF-8 in a text": history[:text_at] + b"\xff" + history[text_at + 1 :],
        "no UTF-8 in a number": whole.replace(caller.phone[-4:].encode(), b"\xc3(" + caller.phone[-2:].encode(), 1),
        "text behind the end": whole + call.text().encode(),
        "garbage and text": whole[:5] + dice.randbytes(40) + call.text().encode(),
        "a length that lies": history[: text_at - 1] + b"\x7e" + history[text_at:],
    }
    if with_long:
        many = lines | {"lines": [call.text(), *[f"{caller.phone[:3]}-{caller.phone[3:6]}-{caller.phone[6:]}"] * _LONG]}
        broken["too large when masked"] = _record(call, "data.history_append", **many)
    for value in broken.values():
        yield Broken("audit.raw.data", value, headers)
    yield Broken("audit.raw.call", history, headers)


def _record(call: Call, kind: str, **fields: Any) -> bytes:
    envelope = {
        "event_id": f"00000000-0000-4000-8000-{call.caller.number:012d}",
        "occurred_at": 1_796_000_000_000_000,
        "severity": "INFO",
        "service": "broken",
        "environment": "test",
        "producer_id": "by-hand",
        "sequence": 0,
        "call_sid": call.caller.call_sid,
        "caller": f"+1{call.caller.phone}",
        "tenant": "default",
        "attributes": {"note": call.text()},
    }
    return codec.encode(catalogue.raw(kind), envelope | fields)


def bad_events(client: AuditClient, call: Call) -> list[str]:
    """Events that do not fit their kind; what the client raises of them, where it is strict."""
    caller = call.caller
    said: list[str] = []
    wrong: tuple[dict[str, Any], ...] = (
        {"client_id": caller.client, "job_number": int(caller.job), "found": True, "latency_ms": 0.5},
        {"client_id": caller.client, "job_number": caller.job, "found": call.text(), "latency_ms": 0.5},
        {"client_id": f"{caller.name}\ud800", "job_number": caller.job, "found": True, "latency_ms": call.text()},
        {
            "client_id": caller.client,
            "job_number": caller.job,
            "found": True,
            "latency_ms": 0.5,
            "attributes": [call.text()],
        },
        {
            "client_id": caller.client,
            "job_number": caller.job,
            "found": True,
            "latency_ms": 0.5,
            "attributes": {caller.phone: 4},
        },
        {
            "client_id": caller.client,
            "job_number": caller.job,
            "found": True,
            "latency_ms": 0.5,
            "occurred_at": call.text(),
        },
        {"client_id": call.text() * 20_000, "job_number": caller.job, "found": True, "latency_ms": 0.5},
    )
    for fields in wrong:
        try:
            client.data_job_lookup(**fields)
        except InvalidEventError as error:
            said.append(repr(error) + str(error))
    return said


def bad_lines(call: Call) -> str:
    """Lines for `earwitness emit`: some are events, most are refused."""
    caller = call.caller
    good = {
        "kind": "data.job_lookup",
        "client_id": caller.client,
        "job_number": caller.job,
        "found": True,
        "latency_ms": 0.5,
    }
    lines = (
        good | {"call_sid": caller.call_sid, "caller": caller.phone, "service": "lines"},
        good | {"found": call.text()},
        good | {"job_number": int(caller.job)},
        good | {"severity": caller.name},
        good | {"occurred_at": call.text()},
        good | {"event_id": caller.phone},
        good | {"attributes": {"note": [call.text()]}},
        {"kind": call.text()},
        {"kind": "data.job_lookup"},
        [caller.phone],
    )
    return "\n".join([*(json.dumps(line) for line in lines), call.text(), f'{{"kind": "{caller.mail}'])
