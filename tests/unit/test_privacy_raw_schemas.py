"""Raw ids that only a registry knows: asked for off the event loop, waited for while it is away, dead when nobody has them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from types import SimpleNamespace

import pytest

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import NotRegisteredError, RegistryAwayError, UnknownSchemaError
from earwitness.schemas.framing import prefix
from earwitness.stream.asking import is_answered
from earwitness.stream.step import NeedsAnswerError, SourceSlice

TOKENS = Tokens(MaskingKey("k1", hashlib.sha256(b"a key").digest()))
STARTED = catalogue.raw("call.started")


def newer():
    """`call.started` with one more field, which this catalogue does not have."""
    definition = json.loads(STARTED.text)
    field = {"name": "contact", "type": ["null", "string"], "default": None, "pii": "phone", "doc": "Who else."}
    definition["fields"].insert(-1, field)
    return catalogue.read(json.dumps(definition))


class Registered:
    """Wire ids as a registry gives them: one after another."""

    asks = True

    def __init__(self, *schemas):
        self.schemas = dict(enumerate(schemas, start=1))
        self.away = False
        self.asked = Counter()

    def schema_of(self, wire_id):
        self.asked[wire_id] += 1
        if self.away:
            raise RegistryAwayError("the registry does not answer")
        if wire_id not in self.schemas:
            raise UnknownSchemaError("no")
        return self.schemas[wire_id]

    def id_of(self, schema):
        for wire_id, each in self.schemas.items():
            if each.id == schema.id:
                return wire_id
        raise NotRegisteredError("run: earwitness schemas register")

    def prefix_of(self, schema):
        return prefix(self.id_of(schema))


def record(offset, value):
    return SimpleNamespace(offset=offset, value=value, key=b"CA1", timestamp=1_790_000_000_000, headers=())


def call_started(ids, schema=STARTED, **fields):
    values = {
        "event_id": "0190b2f1-9c3a-7def-8123-456789abcdef",
        "occurred_at": 1,
        "severity": "INFO",
        "service": "ivr",
    }
    values |= {
        "environment": "prod",
        "producer_id": "p",
        "sequence": 1,
        "tenant": "default",
        "to_number": "+12125550100",
    }
    values |= {"direction": "inbound", "language": "en", "from_number": None} | fields
    return codec.encode(schema, values, wire_ids=ids)


def source(*values):
    return SourceSlice("audit.raw.call", b"0123456789abcdef", 5, [record(*each) for each in enumerate(values)])


def answered(step, slice_):
    """What the loop does: ask, and process the same slice again."""
    while True:
        try:
            return step.process(slice_)
        except NeedsAnswerError as question:
            question.ask()


def test_a_field_that_this_release_does_not_know_is_masked_and_goes_on():
    new = newer()
    ids = Registered(STARTED, catalogue.masked_of(STARTED), new, catalogue.masked_of(new))
    step = MaskingStep(RawSchemas(TOKENS, ids))
    result = answered(step, source(call_started(ids), call_started(ids, new, contact="+12125550177")))
    old_value, new_value = (each["value"] for each in result.outputs[0].messages)
    assert (old_value[:5], new_value[:5]) == (prefix(2), prefix(4))
    assert b"2125550177" not in new_value
    assert codec.decode(new_value, ids)[1]["contact"].startswith("tel_k1_")
    assert result.outcomes == [("masked", 0, 1)]
    assert not result.dead


def test_an_id_is_asked_for_once_and_never_by_process():
    ids = Registered(STARTED, catalogue.masked_of(STARTED))
    step = MaskingStep(RawSchemas(TOKENS, ids))
    message = call_started(ids)
    with pytest.raises(NeedsAnswerError):
        step.process(source(message))
    assert not ids.asked
    answered(step, source(*[message] * 500))
    answered(step, source(*[message] * 500))
    assert ids.asked == {1: 1}


def test_away_is_not_bad():
    ids = Registered(STARTED, catalogue.masked_of(STARTED))
    message = call_started(ids)
    ids.away = True
    step = MaskingStep(RawSchemas(TOKENS, ids))
    with pytest.raises(RegistryAwayError):
        answered(step, source(message))
    ids.away = False
    assert answered(step, source(message)).outcomes == [("masked", 0, 0)]


def test_a_masked_schema_that_is_not_registered_is_waited_for():
    ids = Registered(STARTED)
    step = MaskingStep(RawSchemas(TOKENS, ids))
    with pytest.raises(NotRegisteredError, match="schemas register"):
        answered(step, source(call_started(ids)))
    ids.schemas[7] = catalogue.masked_of(STARTED)
    assert answered(step, source(call_started(ids))).outputs[0].messages[0]["value"][:5] == prefix(7)


@pytest.mark.parametrize("wire_id", [2, 3, 99])
def test_what_nobody_can_mask_is_dead(wire_id):
    ids = Registered(STARTED, catalogue.masked_of(STARTED), catalogue.record("ledger_entry"))
    step = MaskingStep(RawSchemas(TOKENS, ids))
    result = answered(step, source(prefix(wire_id) + b"secret", call_started(ids)))
    assert result.outcomes == [("dead", 0, 0), ("masked", 1, 1)]
    (dead,) = result.dead
    assert (dead.reason, dead.schema_id, dead.detail) == (
        "unknown_schema",
        wire_id,
        f"no raw schema has the id {wire_id}",
    )


def test_a_flood_of_unknown_ids_asks_once_for_each_and_again_later():
    now = [0.0]
    ids = Registered(STARTED, catalogue.masked_of(STARTED))
    step = MaskingStep(RawSchemas(TOKENS, ids, clock=lambda: now[0]))
    flood = source(*[prefix(99) + b"x"] * 100)
    assert answered(step, flood).outcomes == [("dead", 0, 99)]
    answered(step, flood)
    assert ids.asked[99] == 1
    ids.schemas[99], now[0] = newer(), 31.0
    ids.schemas[100] = catalogue.masked_of(ids.schemas[99])
    assert answered(step, source(call_started(ids, ids.schemas[99]))).outcomes == [("masked", 0, 0)]


def test_without_a_registry_nobody_is_asked():
    step = MaskingStep(RawSchemas(TOKENS))
    assert step.process(source(prefix(99) + b"x")).outcomes == [("dead", 0, 0)]


# The loop that asks


class App:
    """What the loop looks at in a Faust app, and the slices that it let go."""

    should_stop = rebalancing = False
    consumer_generation_id = 1

    def __init__(self):
        self.consumer = self
        self.dropped = []

    def let_go(self, message):
        self.dropped.append(message)


EVENT = SimpleNamespace(message="the slice")


def away():
    raise RegistryAwayError("the registry is away")


def test_it_asks_until_there_is_an_answer_and_says_so_once(caplog):
    caplog.set_level("INFO")
    tries = []

    def ask():
        tries.append(1)
        if len(tries) < 3:
            away()

    app = App()
    assert asyncio.run(is_answered(NeedsAnswerError(ask), EVENT, app, "privacy: audit.raw.call[5] from offset 0 on"))
    assert (len(tries), app.dropped) == (3, [])
    assert [each.getMessage() for each in caplog.records] == [
        "privacy: audit.raw.call[5] from offset 0 on waits, nothing of it is lost: the registry is away",
        "privacy: audit.raw.call[5] from offset 0 on goes on",
    ]


def test_a_slice_that_waits_is_let_go_when_its_partition_changes_hands():
    async def waits(app):
        waiting = asyncio.create_task(is_answered(NeedsAnswerError(away), EVENT, app, "here"))
        app.rebalancing = True
        while not app.dropped:  # noqa: ASYNC110 (it is the loop that is tested)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert not waiting.done(), "the next slice must not overtake it before the rebalance is over"
        app.rebalancing = False
        return await waiting

    app = App()
    assert asyncio.run(asyncio.wait_for(waits(app), 10)) is False
    assert app.dropped == ["the slice"]
