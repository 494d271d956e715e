"""A record's masked bytes depend on the record alone: not on its slice, on what came before it, or on how full a memory is."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from earwitness.privacy import text_memory
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.masker import Masker
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec
from earwitness.stream.step import SourceSlice
from envelopes import ENVELOPE
from pii import generate

FEWER = settings(max_examples=max(10, settings().max_examples // 4))
KEY = MaskingKey("k1", bytes(range(100, 132)))
TOPIC_ID = b"0123456789abcdef"
NOON = 1_790_000_000_000
EVENT = ENVELOPE | {"occurred_at": NOON * 1000}
UPDATE, APPEND, QUERY = (
    catalogue.raw(kind) for kind in ("data.record_update", "data.history_append", "data.airtable_query")
)


def said(seed):
    dice = random.Random(seed)
    return generate.made(dice, dice.choice(("en", "es")), sentences=(1, 2)).text


texts = st.one_of(
    st.integers(0, 2_000).map(said),
    st.sampled_from(
        ["", "yes", "no", "%252B14155550134", "pin 7351", "[text]", "ask for Maria", "\x1e", "415 555 0134"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
maybe = st.one_of(st.none(), texts)
attributes = st.dictionaries(st.sampled_from(["note", "Maria Garcia", "variant"]), texts, max_size=2)
updates = st.builds(
    lambda pairs, more: codec.encode(
        UPDATE,
        EVENT
        | {"table": "Jobs", "record_id": "r", "updated_at": NOON, "attributes": more}
        | {"changes": [{"field": "f", "old_value": old, "new_value": new} for old, new in pairs]},
    ),
    st.lists(st.tuples(maybe, maybe), max_size=3),
    attributes,
)
appends = st.builds(
    lambda lines, more: codec.encode(
        APPEND,
        EVENT
        | {
            "record_id": "r",
            "job_number": "7",
            "lines": lines,
            "lines_added": 1,
            "total_length": 1,
            "attributes": more,
        },
    ),
    st.lists(texts, max_size=3),
    attributes,
)
queries = st.builds(
    lambda formula: codec.encode(
        QUERY,
        EVENT
        | {"table": "Jobs", "operation": "select", "record_id": None, "formula": formula, "status_code": 200}
        | {"rows": 1, "latency_ms": 2.0, "retries": 0},
    ),
    maybe,
)
values = st.one_of(updates, appends, queries, st.sampled_from([b"{}", UPDATE.prefix + b"cut off"]))


def new_schemas():
    return RawSchemas(Tokens(KEY))


def masked(step, records):
    result = step.process(SourceSlice("audit.raw.data", TOPIC_ID, 5, records))
    return [message["value"] for output in result.outputs for message in output.messages], result.dead


@FEWER
@given(st.lists(values, min_size=1, max_size=12), st.integers(1, 5), st.sampled_from([0, 1_000, 1 << 24]))
def test_slices_cut_elsewhere_give_the_same_bytes_whatever_is_remembered(given_values, size, most):
    records = [
        SimpleNamespace(offset=offset, value=value, key=b"k", timestamp=NOON, headers=())
        for offset, value in enumerate(given_values)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_memory, "MEMORY_BYTES", most)
        schemas = new_schemas()
        step = MaskingStep(schemas)
        whole, dead = masked(step, records)
        again, _ = masked(step, records)
        parts = MaskingStep(new_schemas())
        cut = [each for at in range(0, len(records), size) for each in masked(parts, records[at : at + size])[0]]
        one_schemas = new_schemas()
        one = Masker(one_schemas, family="data", topic_id=TOPIC_ID, partition=5)
        refused = {each.offset for each in dead}
        alone = [one.mask(each.value, each.offset, NOON)[0] for each in records if each.offset not in refused]
    assert whole == again == cut == alone
    # What was counted is what the records hold, once each time they were masked.
    alone_counts = one_schemas.texts.counts
    assert dict(schemas.texts.counts) == {place: 2 * count for place, count in alone_counts.items()}
