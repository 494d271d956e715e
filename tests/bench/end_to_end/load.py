"""The events of whole calls, the same for every system, and their way into the raw topics."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Producer

from earwitness.runtime.settings import KafkaSettings
from earwitness.schemas import catalogue, codec

Message = tuple[str, bytes, bytes]
"""Family, key, framed value."""

STARTED_AT = 1_764_000_000_000_000
_CALLERS = 800
_STAGES = ("collect_client_id", "collect_job_number", "confirm_job", "ask_action", "goodbye")
_SAID = (
    "A C M E one two",
    "four eight two one three",
    "yes that is right",
    "call me back on 202 555 0143, my name is Ada",
)
_JOBS = range(48_200, 48_600)
_WEBHOOKS = 6


class _Calls:
    """Call after call: 22 events each, as a call of the voice app leaves them behind. A caller calls again and again."""

    def __init__(self, seed: int, producer_id: str) -> None:
        self._random = random.Random(seed)
        self._producer_id = producer_id
        self._sequence = 0
        self._now = STARTED_AT

    def call(self) -> Iterator[tuple[str, dict[str, Any]]]:
        chance = self._random
        caller = f"+1202555{chance.randrange(_CALLERS):04d}"
        client, job = f"ACME{chance.randrange(60)}", str(chance.choice(_JOBS))
        state = {"key": f"call_state:{self._hex('CA', 32)}", "recovered": False}
        yield self._authentication()
        yield (
            "call.started",
            {
                "from_number": caller,
                "to_number": "+12025550100",
                "caller_name": chance.choice(("ROBIN VALE", "NOOR AZIZ", "LUCIA MORENO", None)),
                "direction": "inbound",
                "language": chance.choice(("en", "en", "es")),
                "stir_verstat": "TN-Validation-Passed-A",
            },
        )
        yield "system.state_management", {"operation": "set", "outcome": "ok", "latency_ms": self._ms(2), **state}
        for number in range(4):
            yield self._authentication()
            yield (
                "call.stage_transition",
                {
                    "from_stage": _STAGES[number],
                    "to_stage": _STAGES[number + 1],
                    "trigger": "user_input_valid",
                    "user_input": _SAID[number],
                    "input_mode": "speech",
                    "confidence": round(chance.uniform(0.6, 1.0), 3),
                    "attempt": 1,
                },
            )
            if number in {1, 3}:
                query = {
                    "table": "Jobs",
                    "record_id": self._hex("rec", 14),
                    "operation": "select",
                    "formula": f"AND({{client}}='{client}',{{number}}='{job}')",
                    "status_code": 200,
                    "rows": 1,
                    "retries": 0,
                    "latency_ms": self._ms(180),
                }
                latency = {"dependency": "airtable", "operation": "select", "status_code": 200, "outcome": "ok"}
                lookup = {"client_id": client, "job_number": job, "found": True}
                yield "data.airtable_query", query
                yield "system.api_latency", latency | {"latency_ms": self._ms(180)}
                yield "data.job_lookup", lookup | {"latency_ms": self._ms(190)}
        latency = {"dependency": "airtable", "operation": "update", "status_code": 200, "outcome": "ok"}
        yield "system.api_latency", latency | {"latency_ms": self._ms(210)}
        yield (
            "call.action_attempted",
            {
                "action": "add_note",
                "outcome": "success",
                "client_id": client,
                "job_number": job,
                "value": f"Gate code is {chance.randrange(10_000)}, ring twice, ask for Ms. Alvarez at 12 Larch Lane",
                "actor": chance.choice(("John Smith", "María García", "Wei Chen")),
                "correlation_id": self._hex("", 16),
            },
        )
        yield self._authentication()
        yield "system.state_management", {"operation": "delete", "outcome": "ok", "latency_ms": self._ms(2), **state}
        yield (
            "call.ended",
            {
                "duration_seconds": chance.randrange(30, 400),
                "disconnect_reason": "completed",
                "final_stage": "goodbye",
                "call_status": "completed",
                "sip_response_code": 200,
            },
        )

    def messages(self) -> Iterator[Message]:
        while True:
            call_sid = self._hex("CA", 32)
            trace_id = self._hex("", 32)
            caller = None
            for kind, fields in self.call():
                caller = fields.get("from_number", caller)
                schema = catalogue.raw(kind)
                self._sequence += 1
                self._now += self._random.randrange(500, 4000)
                envelope = {
                    "event_id": uuid.UUID(int=self._random.getrandbits(128), version=4),
                    "occurred_at": self._now,
                    "severity": schema.severity,
                    "service": "ivr",
                    "environment": "prod",
                    "producer_id": self._producer_id,
                    "sequence": self._sequence,
                    "call_sid": call_sid,
                    "caller": caller,
                    "trace_id": trace_id,
                    "span_id": self._hex("", 16),
                    "tenant": "default",
                    "replayed": False,
                    "attributes": {},
                }
                yield schema.family, call_sid.encode(), codec.encode(schema, envelope | fields)

    def _authentication(self) -> tuple[str, dict[str, Any]]:
        return (
            "security.authentication",
            {
                "method": "twilio_signature",
                "valid": True,
                "reason": None,
                "url_path": "/voice/gather",
                "source_ip": f"198.51.100.{self._random.randrange(64)}",
                "account_sid": "AC" + "5e" * 16,
            },
        )

    def _hex(self, prefix: str, digits: int) -> str:
        return prefix + f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def _ms(self, middle: float) -> float:
        return round(self._random.lognormvariate(0, 0.4) * middle, 2)


def events(count: int, seed: int, producer_id: str) -> list[Message]:
    """`count` framed events of consecutive calls."""
    source = _Calls(seed, producer_id).messages()
    return [next(source) for _ in range(count)]


def calls(seed: int) -> Iterator[tuple[str, str, Iterator[tuple[str, dict[str, Any]]]]]:
    """Calls without end, for an app that hands them to the client: CallSid, caller, kinds with their fields."""
    chance = random.Random(seed)
    source = _Calls(seed, "")
    while True:
        sid = f"CA{chance.getrandbits(128):032x}"
        yield sid, f"+1202555{chance.randrange(_CALLERS):04d}", source.call()


def preload(kafka: KafkaSettings, messages: list[Message], prefix: str) -> None:
    """Write the events to the topics `<prefix><family>`, as the client does: by key, compressed."""
    config = {"partitioner": "murmur2_random", "compression.type": "lz4", "linger.ms": 20, "acks": "all"}
    producer = Producer({**kafka.librdkafka(), **config, "queue.buffering.max.messages": 1_000_000})
    for family, key, value in messages:
        producer.produce(prefix + family, value, key)
    if producer.flush(120):
        raise TimeoutError(f"the broker did not take {len(producer)} of {len(messages)} events within 120 s")
