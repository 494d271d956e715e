"""Events per second and core of masking whole events: walk, scan of the free text, tokens, splice.

    python tests/bench/bench_events.py [--calls 150] [--texts 12000] [--rounds 3] [--profile]

Prints one line of JSON; needs no server. What is measured is CPU time of one thread in `MaskingStep.process`, slices of 1,000
records, as the privacy worker calls it; the best round counts. Each round begins with a step that has seen nothing; that
it builds its scanners and walkers is not counted.

    simulated  what the example app tells while simulated callers call it: most events hold no text that is new
    unrepeated the same events, but whatever free text they hold is new in each: sentences of a phone line for what was said and
               noted, other ids in keys and formulas
    spoken     one kind of event, each with another sentence of a phone line, so that no memory of texts helps; eight events
               a call. Its texts per second of scanning and replacing alone stand beside it
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import sys
import time
from collections.abc import Iterator
from typing import Any

import bench_scan
import machine
import simulated
from step_records import Record

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.policy import Policy
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec
from earwitness.stream.step import SourceSlice

KEY = MaskingKey("k1", bytes(range(100, 132)))
SLICE = 1_000
EVENTS_A_CALL = 8
MOST_TEXTS_A_CALL = 25
GOALS = {"simulated": 60_000, "unrepeated": 30_000, "spoken": 30_000}
IDS = {"key", "object_key", "formula", "subject", "detail", "target"}
"""Free text that a program makes."""

Given = dict[str, list[Record]]


def spoken(texts: list[str]) -> Given:
    """An event a text, as a caller's answers."""
    raw = catalogue.raw("call.stage_transition")
    found = []
    for number, text in enumerate(texts):
        call = number // EVENTS_A_CALL
        event = {
            "event_id": f"0190b2f1-9c3a-7def-8123-{number:012x}",
            "occurred_at": 1_790_000_000_000_000 + number,
            "severity": "INFO",
            "service": "ivr",
            "environment": "prod",
            "producer_id": "ivr-7f-1",
            "sequence": number,
            "call_sid": f"CA{call:032x}",
            "caller": f"+1415{call:07}",
            "tenant": "default",
            "from_stage": "collect_action_value",
            "to_stage": "confirm_action",
            "trigger": "user_input_valid",
            "user_input": text,
            "input_mode": "speech",
            "confidence": 0.93,
            "attempt": 1,
        }
        found.append(Record(number, codec.encode(raw, event), b"CA%032x" % call))
    return {"call": found}


def unrepeated(given: Given, texts: Iterator[str]) -> Given:
    """The same events with other texts in them, each once."""
    found: Given = {}
    for family, records in given.items():
        found[family] = []
        for record in records:
            schema, event = codec.decode(record.value)
            event = {name: fresh(name, value, record.offset, texts) for name, value in event.items()}
            value = codec.encode(catalogue.raw(schema.kind), event)
            found[family].append(Record(record.offset, value, record.key))
    return found


def fresh(name: str, value: Any, number: int, texts: Iterator[str]) -> Any:
    """A field's value with its texts changed."""
    match name, value:
        case "user_input" | "value" | "justification", str():
            return next(texts)
        case "lines", list():
            return [next(texts) for _ in value]
        case "changes", list():
            return [
                {key: next(texts) if key != "field" and text else text for key, text in each.items()} for each in value
            ]
        case "attributes", dict():
            return {key: f"{text} {number}" for key, text in value.items()}
        case _, str() if name in IDS:
            return f"{value}-{number}"
    return value


def new_step(given: Given) -> MaskingStep:
    """A step that has seen no text and made no token, but has its scanners and walkers."""
    schemas = RawSchemas(Tokens(KEY))
    for preset in ("balanced", "strict"):
        schemas.texts.reader(schemas.tokens, Policy(preset)).answers(["hello"])
    for value in {record.value[:5]: record.value for records in given.values() for record in records}.values():
        schemas.get(value)
    return MaskingStep(schemas)


def seconds(given: Given) -> float:
    """CPU seconds for all events."""
    step = new_step(given)
    started = time.process_time()
    for family, records in given.items():
        for at in range(0, len(records), SLICE):
            result = step.process(SourceSlice(f"audit.raw.{family}", bytes(16), 3, records[at : at + SLICE]))
            if result.dead:
                raise SystemExit(f"dead: {result.dead[0]}")
    return time.process_time() - started


def alone(texts: list[str]) -> float:
    """CPU seconds of scanning and replacing alone."""
    schemas = RawSchemas(Tokens(KEY))
    reader = schemas.texts.reader(schemas.tokens, Policy())
    reader.answers(["hello"])
    started = time.process_time()
    reader.answers(texts)
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=150)
    parser.add_argument("--texts", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where the time goes, on standard error")
    options = parser.parse_args()
    texts = bench_scan.mix(options.texts)
    # As the worker has it: what the start made is not looked through again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    mixes = {"spoken": spoken(texts)}
    if options.calls:
        mixes["simulated"] = simulated.records(options.calls)
        mixes["unrepeated"] = unrepeated(mixes["simulated"], iter(bench_scan.mix(options.calls * MOST_TEXTS_A_CALL)))
    figures: list[dict[str, Any]] = []
    for name, given in mixes.items():
        count = sum(map(len, given.values()))
        value = round(count / min(seconds(given) for _ in range(options.rounds)))
        goal = GOALS[name]
        figures.append(
            {"figure": f"events/s/core, {name}", "value": value, "goal": f">= {goal:,}", "met": value >= goal}
        )
        if options.profile:
            profile(given)
    value = round(len(texts) / min(alone(texts) for _ in range(options.rounds)))
    figures.append({"figure": "texts/s/core, spoken, scanned and replaced alone", "value": value})
    about = {name: sum(map(len, given.values())) for name, given in mixes.items()}
    print(
        json.dumps(
            {"bench": "events", "machine": machine.facts(), "load": machine.load(), "events": about, "figures": figures}
        )
    )


def profile(given: Given) -> None:
    """The functions that take longest."""
    profiler = cProfile.Profile()
    profiler.enable()
    seconds(given)
    profiler.disable()
    pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
