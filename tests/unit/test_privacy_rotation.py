"""A rotation through the masker: which key masks a record, and how its tokens join with those of the key before."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.masker import Masker
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.step import MaskingStep
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError
from earwitness.schemas.masked import HEAD_TOKENS
from earwitness.stream.step import SourceSlice
from envelopes import ENVELOPE

TOPIC_ID = bytes(range(16))
TURN = datetime(2026, 10, 1, tzinfo=UTC)
TURN_MS = int(TURN.timestamp() * 1000)
COMMON = ENVELOPE | {"occurred_at": TURN, "call_sid": "CA" + "0" * 32, "caller": "+14155550134"}
LOOKUP = COMMON | {"client_id": "ACME-12", "job_number": "48213", "found": True, "latency_ms": 2.5}
ATTEMPT = COMMON | {
    "action": "update_assignee",
    "outcome": "success",
    "client_id": "ACME-12",
    "job_number": "48213",
    "value": "Rosa Delgado, 415-555-0177",
    "actor": "María García",
    "correlation_id": "c1",
}


def line(name: str, since: str = "") -> str:
    secret = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
    return f"{name}:{secret}" + (f" from={since}" if since else "")


BEFORE = KeyRing.parse(line("k1"), where="")
DURING = KeyRing.parse(f"{line('k1')}\n{line('k2', '2026-10-01')}", where="")
AFTER = KeyRing.parse(line("k2", "2026-10-01"), where="")


def masker(ring: KeyRing, family: str = "data") -> Masker:
    return Masker(RawSchemas(ring.eras()), family=family, topic_id=TOPIC_ID, partition=3)


def masked(one: Masker, kind: str, record: dict[str, object], received_ms: int) -> dict[str, object]:
    message = codec.encode(catalogue.raw(kind), record, strict=True)
    return codec.decode(one.mask(message, 7, received_ms)[0])[1]


def test_before_the_time_the_new_key_changes_nothing():
    message = codec.encode(catalogue.raw("data.job_lookup"), LOOKUP, strict=True)
    for received in (0, TURN_MS - 1):
        assert masker(DURING).mask(message, 7, received) == masker(BEFORE).mask(message, 7, received)


def test_from_its_time_on_records_carry_both():
    old = masked(masker(BEFORE), "data.job_lookup", LOOKUP, TURN_MS)
    new = masked(masker(DURING), "data.job_lookup", LOOKUP, TURN_MS)
    alone = masked(masker(AFTER), "data.job_lookup", LOOKUP, TURN_MS)
    names = ["caller", "client_id", "job_number", *HEAD_TOKENS]
    assert (old["masking_key_id"], new["masking_key_id"]) == ("k1", "k2")
    assert new["previous_tokens"] == {name: old[name] for name in names}
    assert all(str(new[name]).split("_")[1] == "k2" for name in names)
    # Once the old line is out of the file, all is as if there had only been the new key.
    assert alone == new | {"previous_tokens": {}}


def test_what_was_counted_by_the_old_token_goes_on_by_the_link():
    """As detection does it: a window's state moves to the new token with the first record that carries both."""
    one = masker(DURING)
    counts: dict[object, int] = {}
    for received in range(TURN_MS - 3, TURN_MS + 3):
        record = masked(one, "data.job_lookup", LOOKUP, received)
        link = record["previous_tokens"]
        assert isinstance(link, dict)
        counts[record["caller"]] = counts.get(record["caller"], 0) + counts.pop(link.get("caller"), 0) + 1
    assert list(counts.values()) == [6]


def test_names_are_carried_too_and_texts_are_not():
    old = masked(masker(BEFORE, "call"), "call.action_attempted", ATTEMPT, TURN_MS)
    new = masked(masker(DURING, "call"), "call.action_attempted", ATTEMPT, TURN_MS)
    names = ["caller", "client_id", "job_number", "actor", *HEAD_TOKENS]
    assert new["previous_tokens"] == {name: old[name] for name in names}
    assert "_k2_" in str(new["value"])
    assert "_k1_" not in str(new["value"])
    assert "0177" not in str(new)


@pytest.mark.parametrize("caller", [None, "", "anonymous"])
def test_who_is_nobody_has_no_previous_token(caller):
    record = masked(masker(DURING), "data.job_lookup", LOOKUP | {"caller": caller}, TURN_MS)
    assert set(record["previous_tokens"]) == {"client_id", "job_number", "job_block"}
    nobody = COMMON | {"caller": caller, "dependency": "redis", "operation": "get", "latency_ms": 1.0}
    one = masked(
        masker(DURING, "system"), "system.api_latency", nobody | {"outcome": "ok", "status_code": 200}, TURN_MS
    )
    assert one["previous_tokens"] == {}


@pytest.mark.parametrize("kind", catalogue.kinds())
def test_every_kind_can_be_masked_during_a_rotation(kind):
    """Each field that has a token has its previous one, and the record is read as its schema says."""
    raw = catalogue.raw(kind)
    record = {field["name"]: _sample(field) for field in raw.fields}
    message = codec.encode(raw, record)
    step = MaskingStep(RawSchemas(DURING.eras()))
    records = [_Record(offset, message, TURN_MS + offset - 1) for offset in range(3)]
    result = step.process(SourceSlice(f"audit.raw.{raw.family}", TOPIC_ID, 0, records))
    assert not result.dead
    first, second, third = (codec.decode(each["value"])[1] for output in result.outputs for each in output.messages)
    assert first["previous_tokens"] == {}
    tokens = {name: value for name, value in first.items() if str(value).startswith(_PREFIXES)}
    assert second["previous_tokens"] == third["previous_tokens"] == tokens
    assert {name.partition("_")[0] for name in tokens} >= {"caller"}


_PREFIXES = ("tel_k1_", "person_k1_", "client_k1_", "job_k1_", "ip_k1_", "telprefix_k1_", "jobblock_k1_")


class _Record:
    def __init__(self, offset: int, value: bytes, timestamp: int) -> None:
        self.offset, self.value, self.timestamp = offset, value, timestamp
        self.key, self.headers = b"key", ()


def _sample(field: dict[str, object]) -> object:
    fixed = {"phone": "+14155550134", "job": "48213", "ip": "203.0.113.7", "name": "Rosa Delgado", "client": "ACME12"}
    pii = str(field.get("pii", "none"))
    kind = field["type"]
    if isinstance(kind, list):
        kind = next(branch for branch in kind if branch != "null")
    schema = kind if isinstance(kind, dict) else {"type": kind}
    match schema["type"]:
        case "string":
            return COMMON["event_id"] if schema.get("logicalType") == "uuid" else fixed.get(pii, "kept")
        case "enum":
            return schema["symbols"][0]
        case "boolean":
            return False
        case "int" | "long":
            return TURN if schema.get("logicalType") == "timestamp-micros" else 5
        case "double":
            return 0.5
        case "array":
            return []
        case "map":
            return {}
    raise AssertionError(schema)


def test_workers_that_begin_at_different_times_give_the_same_bytes():
    message = codec.encode(catalogue.raw("data.job_lookup"), LOOKUP, strict=True)
    times = [TURN_MS - 2, TURN_MS - 1, TURN_MS, TURN_MS + 1, TURN_MS - 1, TURN_MS]
    whole = masker(DURING)
    expected = [whole.mask(message, 7, received) for received in times]
    for at, received in enumerate(times):
        assert masker(DURING).mask(message, 7, received) == expected[at]


def test_damage_is_refused_in_both_times():
    message = codec.encode(catalogue.raw("data.job_lookup"), LOOKUP, strict=True)
    one = masker(DURING)
    for received in (TURN_MS - 1, TURN_MS):
        for cut in range(5, len(message)):
            with pytest.raises(DatumError):
                one.mask(message[:cut], 7, received)
        assert one.mask(message, 7, received)[0]
