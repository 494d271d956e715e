"""Masking held against a second way to do it: every byte of the masked record of every kind, and what must never be in it."""

from __future__ import annotations

import hashlib
import hmac
import re
import struct

import pytest
from avro_model import PLAIN, Blocks, Padded, encode, encode_record, plain, type_of
from avro_oracles import Apache, Fast, same
from avro_strategies import encodings, integers, records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.privacy import tokens
from earwitness.privacy.free_text import FreeText
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.masker import Masker
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.scanner import Scanner, normalise
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError, UnknownSchemaError

EACH = settings(max_examples=max(5, settings().max_examples // 20))
ROOT = hashlib.sha256(b"a root secret for tests").digest()
PAIRS = [(catalogue.raw(kind), catalogue.masked(kind)) for kind in catalogue.kinds()]
ORACLES = {raw.name: (Fast(masked.definition), Apache(masked.definition)) for raw, masked in PAIRS}
PREFIX_OF = {"phone": "tel", "name": "person", "client": "client", "job": "job", "ip": "ip"}

TOKENS = Tokens(MaskingKey("k1", ROOT))
TEXTS = FreeText(TOKENS)
SCANNERS = {"text": Scanner(owns=TOKENS.owns), "text strict": Scanner("strict", owns=TOKENS.owns)}

every_kind = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].name)


def key(root=ROOT, name="k1"):
    return MaskingKey(name, root)


def masker(family, *, topic_id=b"0123456789abcdef", partition=3, keyed=None):
    return Masker(RawSchemas(Tokens(keyed or key())), family=family, topic_id=topic_id, partition=partition)


def reference_token(prefix, normal):
    """The token of a normal form: HKDF (RFC 5869), HMAC, two letters and the seal written out."""
    extracted = hmac.digest(bytes(32), ROOT, "sha256")
    derived, sealing = (
        hmac.digest(extracted, f"earwitness/v1/{purpose}".encode() + b"\x01", "sha256")
        for purpose in (f"token/{prefix}", "seal")
    )
    parts = [b"earwitness", prefix.encode(), normal.encode()]
    message = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    digits = list(hmac.digest(derived, message, "sha256").hex()[:20])
    for at in (8, 16):
        digits[at] = "abcdefabcdabcdef"[int(digits[at], 16)]
    begun = f"{prefix}_k1_{''.join(digits)}"
    return begun + hashlib.blake2s(begun.encode(), key=sealing, digest_size=2).hexdigest()


def reference_text(pii, text):
    if not text or pii == "none":
        return text
    if pii in SCANNERS:
        return TEXTS.replaced(text, SCANNERS[pii].scan(text))
    if pii == "secret":
        return "[secret]"
    normal = getattr(normalise, pii)(text)
    return "withheld" if normal is None else reference_token(PREFIX_OF[pii], normal)


def reference_key(text):
    letters = set("abcdefghijklmnopqrstuvwxyz")
    digits = sum(character in "0123456789" for character in text)
    is_name = 0 < len(text) <= 64 and set(text) <= letters | set("0123456789_.-") and text[0] in letters
    is_name &= digits < 5 and not SCANNERS["text"].scan(re.sub("[_.-]", " ", text))
    return text if is_name or not text else "[text]"


def treated(field):
    """How a field is masked: its `pii`, and the preset if it has one."""
    return " ".join([field.get("pii", "none"), *([field["preset"]] if "preset" in field else [])])


def reference(kind, value, pii):
    """The model of what masking makes of a value."""
    schema = type_of(kind)
    match schema["type"]:
        case "string":
            return reference_text(pii, value)
        case "union":
            return (value[0], reference(schema["branches"][value[0]], value[1], pii))
        case "array":
            return [reference(schema["items"], item, pii) for item in value]
        case "map" if pii != "none":
            return [(reference_key(name), reference(schema["values"], item, pii)) for name, item in value]
        case "record":
            return {f["name"]: reference(f["type"], value[f["name"]], treated(f)) for f in schema["fields"]}
    return value


def reference_head(model, field, prefix, normal):
    found = model.get(field)
    text = found[1] if isinstance(found, tuple) else found
    coarse = normal(text) if text is not None else None
    return (0, None) if coarse is None else (1, reference_token(prefix, coarse))


def reference_record(model, raw, *, topic_id, partition, offset, received_ms):
    front = {
        "kind": 0,
        "source_topic_id": topic_id,
        "source_partition": partition,
        "source_offset": offset,
        "received_at": received_ms * 1000,
        "sample_rate": 1.0,
        "masking_key_id": "k1",
        "verdict": (0, None),
        "verdict_category": (0, None),
        "verdict_field": (0, None),
        "previous_tokens": [],
        "caller_prefix": reference_head(model, "caller", "telprefix", normalise.phone_prefix),
        "job_block": reference_head(model, "job_number", "jobblock", normalise.job_block),
    }
    fields = {f["name"]: reference(f["type"], model[f["name"]], treated(f)) for f in raw.fields}
    return front | fields


POSITIONS = {
    "topic_id": st.binary(min_size=16, max_size=16),
    "partition": st.one_of(st.sampled_from([0, 63, 64, 2**31 - 1]), st.integers(0, 10_000)),
    "offset": st.one_of(st.sampled_from([0, 63, 64, 2**31, 2**63 - 1]), st.integers(0, 2**63 - 1)),
    "received_ms": st.one_of(st.sampled_from([-1, 0, 1_790_000_000_123]), st.integers(-1, 2**53)),
}


@every_kind
@EACH
@given(position=st.fixed_dictionaries(POSITIONS), data=st.data())
def test_every_byte_of_a_masked_record_is_the_expected_one(pair, position, data):
    raw, masked = pair
    case = data.draw(encodings(raw, spellings=st.builds(Blocks, st.integers(0, 2**32))))
    model = reference_record(case.model, raw, **position)
    expected = {}
    for field in masked.fields:
        name, kind = field["name"], field["type"]
        is_kept = field.get("pii", "none") == "none" and name in case.model and name != "changes"
        start, end = case.ranges.get(name, (0, 0))
        branch = encode("long", case.model[name][0]) if is_kept and isinstance(kind, list) else b""
        expected[name] = branch + case.data[start:end] if is_kept else encode(kind, model[name])
    one = masker(raw.family, topic_id=position["topic_id"], partition=position["partition"])
    message, replayed = one.mask(raw.prefix + case.data, position["offset"], position["received_ms"])
    assert message == masked.prefix + b"".join(expected.values())
    assert replayed == model["replayed"]
    for oracle in ORACLES[raw.name]:
        assert same(oracle.read(message[5:]), plain(masked.definition, model))
    again, _ = one.mask(raw.prefix + case.data, position["offset"], position["received_ms"])
    fresh = masker(raw.family, topic_id=position["topic_id"], partition=position["partition"])
    assert message == again == fresh.mask(raw.prefix + case.data, position["offset"], position["received_ms"])[0]


@every_kind
@EACH
@given(data=st.data())
def test_a_record_written_oddly_is_masked_all_the_same(pair, data):
    raw, masked = pair
    model = data.draw(records_of(raw))
    odd, _ = encode_record(raw.definition, model, data.draw(st.builds(Padded, st.integers(0, 2**32))))
    usual, _ = encode_record(raw.definition, model, PLAIN)
    one = masker(raw.family)
    records = [ORACLES[raw.name][0].read(one.mask(raw.prefix + datum, 7, 9)[0][5:]) for datum in (odd, usual)]
    assert same(*records)
    assert {field["name"] for field in masked.fields} == set(records[0])


class Canaries:
    """Fills every text that holds personal data with one of its own, fit for its kind."""

    def __init__(self, seed):
        self.seed = seed
        self.planted = []

    def text(self, pii):
        number = len(self.planted) + 1
        made = {
            "phone": f"+1415{self.seed % 1000:03}{number:04}",
            "ip": f"203.0.{self.seed % 250}.{100 + number}",
            "job": f"{self.seed % 10_000:04}{number:04}",
            "client": f"ACME{self.seed % 10_000:04}X{number}",
            "key": f"Key of José {self.seed} {number}",
        }.get(pii, f"María {self.seed} Xylo{number}phone")
        self.planted.append(made)
        return made

    def fill(self, kind, pii):
        schema = type_of(kind)
        match schema["type"]:
            case "string":
                return f"kept{len(self.planted)}" if pii == "none" else self.text(pii)
            case "union":
                return (1, self.fill(schema["branches"][1], pii))
            case "array":
                return [self.fill(schema["items"], pii) for _ in range(3)]
            case "map":
                return [("k", 5)] if pii == "none" else [(self.text("key"), self.fill("string", pii)) for _ in range(3)]
            case "record":
                return {f["name"]: self.fill(f["type"], f.get("pii", "none")) for f in schema["fields"]}
            case "double":
                return 0.5
            case "boolean":
                return True
        return 1


@every_kind
@given(seed=st.integers(0, 10**9))
@settings(max_examples=5)
def test_nothing_personal_survives(pair, seed):
    raw, _ = pair
    canaries = Canaries(seed)
    model = canaries.fill(raw.definition, "none")
    assert len(canaries.planted) >= 7  # the caller, and three attributes with their keys
    datum, _ = encode_record(raw.definition, model)
    message, _ = masker(raw.family).mask(raw.prefix + datum, 0, 0)
    for canary in canaries.planted:
        for form in (canary, canary.casefold(), canary.upper(), canary.lstrip("+1"), canary.rpartition(" ")[0]):
            assert not form or form.encode() not in message
    assert b"kept" in message


@every_kind
@EACH
@given(data=st.data(), garbage=st.binary(max_size=30))
def test_damage_is_refused_without_a_word_of_the_content(pair, data, garbage):
    raw, _ = pair
    canaries = Canaries(4711)
    datum, ranges = encode_record(raw.definition, canaries.fill(raw.definition, "none"))
    at = data.draw(st.integers(0, len(datum)))
    damaged = [datum[:at] + garbage, datum[:at] + garbage + datum[at:]]
    damaged += [
        datum[:index] + bytes([data.draw(st.integers(0, 255))]) + datum[index + 1 :] for index in range(at, at + 9)
    ]
    for field in raw.fields:
        if field.get("pii", "none") != "none":
            _, end = ranges[field["name"]]
            end -= isinstance(type_of(field["type"]).get("values", type_of(field["type"]).get("items")), str)
            damaged.append(datum[: end - 1] + b"\xff" + datum[end:])
    one = masker(raw.family)
    for value in damaged:
        try:
            message, _ = one.mask(raw.prefix + value, 1, 1)
        except (DatumError, UnknownSchemaError) as error:
            assert_silent(error, canaries.planted)
        else:
            assert message.startswith(catalogue.masked(raw.name).prefix)
    for index in range(len(datum)):
        with pytest.raises(DatumError):
            one.mask(raw.prefix + datum[:index], 1, 1)


def assert_silent(error, planted):
    seen = []
    while error is not None:
        assert not isinstance(error, UnicodeError)  # it carries the text
        seen.append(f"{error} {error!r} {error.args}")
        error = error.__cause__ or error.__context__
    said = "\n".join(seen)
    for canary in planted:
        for start in range(0, len(canary) - 4, 3):
            assert canary[start : start + 5] not in said


@given(st.text(), integers(64), st.sampled_from(["phone", "name", "client", "job", "ip", "secret"]))
def test_no_text_stops_a_table(text, number, pii):
    made = Tokens(key())
    for value in (text, str(number), text + str(number)):
        assert made.table(pii)[encode("string", value)] == encode("string", reference_text(pii, value))
        for name in ("caller_prefix", "job_block"):
            assert made.coarse(name)[encode("string", value)][:1] in {b"\x00", b"\x02"}


@given(st.lists(st.text(max_size=3), min_size=1, max_size=60), st.integers(1, 4))
def test_a_full_cache_changes_nothing(texts, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "CACHE_SIZE", size)
        for pii in PREFIX_OF:
            table = Tokens(key()).table(pii)
            assert [table[encode("string", text)] for text in texts] == [
                encode("string", reference_text(pii, text)) for text in texts
            ]
            assert len(table) <= size


@given(st.text(min_size=1), st.binary(min_size=32, max_size=32))
def test_tokens_of_two_kinds_or_keys_are_never_equal(text, other):
    value = encode("string", text)
    ours, theirs = Tokens(key()), Tokens(key(other))
    same_id = [ours.table(pii)[value] for pii in PREFIX_OF] + [theirs.table(pii)[value] for pii in PREFIX_OF]
    digits = [token[-24:] for token in same_id if token != encode("string", "withheld")]
    assert len(set(digits)) == len(digits) or other == ROOT


@every_kind
def test_the_catalogues_codec_reads_what_masking_writes(pair):
    raw, masked = pair
    model = Canaries(1).fill(raw.definition, "none") | {
        "event_id": "0190b2f1-9c3a-7def-8123-456789abcdef",
        "occurred_at": 1_790_000_000_000_000,
    }
    datum, _ = encode_record(raw.definition, model)
    schema, record = codec.decode(masker(raw.family).mask(raw.prefix + datum, 12, 1_790_000_000_000)[0])
    assert schema is masked
    assert record["kind"] == raw.name.replace(".", "_")
    assert (record["source_partition"], record["source_offset"]) == (3, 12)
    assert str(record["event_id"]) == model["event_id"]
