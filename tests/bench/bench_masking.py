"""Events per second and core of masking records whose texts repeat: walk, splice, tokens, beside decode, change and encode.

Free text that is new has a benchmark of its own, `bench_events.py`.

    python tests/bench/bench_masking.py [--events 60000] [--rounds 3]

Prints one line of JSON. Both ways mask the same bytes with the same tokens, and their records are compared first. What is
measured is CPU time of one thread; the best round counts. `repeating`: 200 calls, so that values come again, as they do;
`unique`: every event has a caller, client, job and key of its own, so that no cache helps.

    splice    the product: `Masker.mask`
    fastavro  schemaless read, change of the record's fields, schemaless write
    step      the product with what the worker does around it: `MaskingStep.process`, slices of 1,000
    produce   step and `produce_batch` into librdkafka until all is delivered (all its threads count);
              only with EARWITNESS_KAFKA_BOOTSTRAP, whose user must be allowed to make topics
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import fastavro
import machine
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from step_records import NOON, Record

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.masker import Masker
from earwitness.privacy.policy import Policy
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.texts import Texts
from earwitness.privacy.tokens import Tokens, encoded, text_of
from earwitness.runtime.settings import Settings
from earwitness.schemas import catalogue, codec
from earwitness.stream.step import SourceSlice

KEY = MaskingKey("k1", bytes(range(100, 132)))
TOPIC_ID = b"0123456789abcdef"
SLICE = 1_000
GOAL = 100_000

MIX = {
    "call.started": 1,
    "call.stage_transition": 8,
    "call.validation_failed": 1,
    "call.action_attempted": 1,
    "call.ended": 1,
    "data.job_lookup": 2,
    "data.airtable_query": 3,
    "data.record_update": 1,
    "system.api_latency": 6,
    "system.state_management": 6,
    "security.authentication": 4,
}
"""How often a kind occurs in one call, roughly."""


def events(count: int, *, unique: bool) -> dict[str, list[Record]]:
    """Events of the mix by family, in the order of their calls."""
    dice = random.Random(7)
    kinds = [kind for kind, times in MIX.items() for _ in range(times)]
    found: dict[str, list[Record]] = {}
    for number in range(count):
        call = number if unique else dice.randrange(200)
        raw = catalogue.raw(kinds[number % len(kinds)])
        value = codec.encode(raw, {f["name"]: value_of(f["type"], f["name"], call, number) for f in raw.fields})
        records = found.setdefault(raw.family, [])
        records.append(Record(1_000_000 + len(records), value, b"CA%032x" % call))
    return found


def value_of(kind: Any, name: str, call: int, number: int) -> Any:
    """A likely value of a field."""
    fixed: dict[str, Any] = {
        "event_id": f"0190b2f1-9c3a-7def-8123-{number:012x}",
        "caller": f"+1415{call:07}",
        "from_number": f"+1415{call:07}",
        "to_number": "+18005550100",
        "client_id": f"ACME{call}",
        "job_number": str(10_000 + call),
        "user_input": "yes that is right" if number % 3 else None,
        "source_ip": f"203.0.{call // 250 % 250}.{call % 250}",
        "key": f"call_state:CA{call:032x}",
        "call_sid": f"CA{call:032x}",
        "trace_id": f"{call:032x}",
        "span_id": f"{number:016x}",
        "attributes": {},
    }
    if name in fixed:
        return fixed[name]
    schema = kind if isinstance(kind, dict) else {"type": kind[1] if isinstance(kind, list) else kind}
    schema = schema["type"] if isinstance(schema["type"], dict) else schema
    match schema["type"]:
        case "string":
            return name[:8]
        case "int" | "long":
            return NOON * 1000 + number if schema.get("logicalType") else number % 1000
        case "double":
            return 182.4
        case "boolean":
            return True
        case "enum":
            return schema["symbols"][number % len(schema["symbols"])]
        case "array":
            return [value_of(schema["items"], name, call, number)]
        case "record":
            return {f["name"]: value_of(f["type"], f["name"], call, number) for f in schema["fields"]}
    return {}


class Whole:
    """The other way: fastavro reads the record, its fields are replaced, fastavro writes the masked one.

    Without logical types, which is fastavro's faster way.
    """

    def __init__(self, family: str, partition: int) -> None:
        self._tokens = Tokens(KEY)
        self._texts = Texts().table(self._tokens, "", Policy())
        self._partition = partition
        self._plans = {}
        for kind in catalogue.kinds():
            raw, masked = catalogue.raw(kind), catalogue.masked(kind)
            if raw.family == family:
                fields = [(f["name"], f.get("pii", "none")) for f in raw.fields if f.get("pii", "none") != "none"]
                self._plans[raw.prefix] = (bare(raw), bare(masked), masked.prefix, kind.replace(".", "_"), fields)

    def mask(self, value: bytes, offset: int, received_ms: int) -> bytes:
        """As `Masker.mask`."""
        raw, masked, prefix, kind, fields = self._plans[value[:5]]
        record = fastavro.schemaless_reader(io.BytesIO(value[5:]), raw, None)
        coarse = self._tokens.coarse
        heads = {}
        for head, source in (("caller_prefix", "caller"), ("job_block", "job_number")):
            text = record.get(source)
            answer = b"\x00" if text is None else coarse(head)[encoded(text)]
            heads[head] = None if answer == b"\x00" else text_of(answer[1:])
        for name, pii in fields:
            text = record[name]
            if isinstance(text, str):
                table = self._texts if pii == "text" else self._tokens.table(pii)
                record[name] = text_of(table[encoded(text)])
        for change in record.get("changes", ()):
            for name in ("old_value", "new_value"):
                if change[name]:
                    change[name] = text_of(self._texts[encoded(change[name])])
        record.update(heads)
        record["kind"] = kind
        record["source_topic_id"] = TOPIC_ID
        record["source_partition"] = self._partition
        record["source_offset"] = offset
        record["received_at"] = received_ms * 1000
        record["masking_key_id"] = KEY.id
        out = io.BytesIO()
        out.write(prefix)
        fastavro.schemaless_writer(out, masked, record)
        return out.getvalue()


def bare(schema: catalogue.Schema) -> Any:
    """A parsed schema without logical types."""
    text = schema.text.replace(',"logicalType":"timestamp-micros"', "").replace(',"logicalType":"uuid"', "")
    return fastavro.parse_schema(json.loads(text), named_schemas={})


def splice(family: str) -> Callable[[bytes, int, int], tuple[bytes, int]]:
    """The product's way."""
    return Masker(RawSchemas(Tokens(KEY)), family=family, topic_id=TOPIC_ID, partition=3).mask


def run_each(make: Callable[[str], Callable[[bytes, int, int], object]], given: dict[str, list[Record]]) -> float:
    """CPU seconds for all events, with empty caches at the start."""
    used = 0.0
    for family, records in given.items():
        mask = make(family)
        started = time.process_time()
        for record in records:
            mask(record.value, record.offset, NOON)
        used += time.process_time() - started
    return used


def run_step(given: dict[str, list[Record]], producer: Producer | None = None, topic: str = "") -> float:
    """CPU seconds for all events as slices, produced if there is a producer."""
    step = MaskingStep(RawSchemas(Tokens(KEY)))
    started = time.process_time()
    for family, records in given.items():
        for at in range(0, len(records), SLICE):
            result = step.process(SourceSlice(f"audit.raw.{family}", TOPIC_ID, 3, records[at : at + SLICE]))
            if result.dead:
                raise SystemExit(f"dead: {result.dead[0]}")
            if producer is not None:
                messages = result.outputs[0].messages
                if producer.produce_batch(topic, messages, 0) != len(messages):
                    raise SystemExit("the producer's queue is full")
                while len(producer) > 50_000:
                    producer.poll(0.01)
    if producer is not None and producer.flush(60):
        raise SystemExit("not all records were delivered within 60 s")
    return time.process_time() - started


def compare(given: dict[str, list[Record]]) -> None:
    """Both ways give the same bytes."""
    for family, records in given.items():
        one, other = splice(family), Whole(family, 3).mask
        for record in records[:2000]:
            if one(record.value, record.offset, NOON)[0] != other(record.value, record.offset, NOON):
                raise SystemExit(f"the two ways differ: {codec.decode(record.value)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    measured: dict[str, dict[str, int]] = {}
    size = 0
    ways: dict[str, Callable[[dict[str, list[Record]]], float]] = {
        "splice": lambda given: run_each(splice, given),
        "fastavro": lambda given: run_each(lambda family: Whole(family, 3).mask, given),
        "step": run_step,
    }
    kafka = Settings.load().kafka
    topic = f"bench-{uuid.uuid4().hex[:8]}-masked"
    if kafka is not None:
        admin = AdminClient(kafka.librdkafka())
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
        producer = Producer(
            {**kafka.librdkafka(), "linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 500_000}
        )
        ways["produce"] = lambda given: run_step(given, producer, topic)
    try:
        for name, unique in (("repeating", False), ("unique", True)):
            given = events(options.events, unique=unique)
            compare(given)
            size = sum(len(record.value) for records in given.values() for record in records) // options.events
            best = {way: min(run(given) for _ in range(options.rounds)) for way, run in ways.items()}
            measured[name] = {way: round(options.events / seconds) for way, seconds in best.items()}
    finally:
        if kafka is not None:
            admin.delete_topics([topic])[topic].result(30)
    about = {"events": options.events, "mean_bytes": size, "kinds": len(MIX)}
    figures = list(figures_of(measured))
    print(
        json.dumps(
            {"bench": "masking", "machine": machine.facts(), "load": machine.load(), **about, "figures": figures}
        )
    )


def figures_of(measured: dict[str, dict[str, int]]) -> Iterator[dict[str, Any]]:
    """What was measured, a row each, with the goal where there is one."""
    for mix, ways in measured.items():
        for way, value in ways.items():
            figure: dict[str, Any] = {"figure": f"events/s/core, {mix} values, {way}", "value": value}
            if (mix, way) == ("repeating", "splice"):
                figure |= {"goal": f">= {GOAL:,}", "met": value >= GOAL}
            yield figure
        yield {"figure": f"splice / fastavro, {mix} values", "value": round(ways["splice"] / ways["fastavro"], 1)}


if __name__ == "__main__":
    main()
