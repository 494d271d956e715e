"""What a report says of a record: fields, kinds, rules, places in the masked text, and never what stood there."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import pytest

from earwitness.client.identity import Origin
from earwitness.client.jsonevents import JsonEvents
from earwitness.privacy.dictionary import Dictionary
from earwitness.privacy.keyring import ALWAYS, Era
from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.report import FieldReport, Finding, Reporter
from earwitness.privacy.second_look import in_kept, in_masked
from earwitness.privacy.site import Site
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec
from earwitness.schemas.errors import DatumError

KEY = MaskingKey("k1", hashlib.sha256(b"a root secret for tests").digest())


def encoded(**event) -> bytes:
    kind, record = JsonEvents(Origin.here("ivr", "test", "default")).parse(event)
    return codec.encode(catalogue.raw(kind), record)


def reported(value: bytes, site: Site | None = None) -> dict[str, FieldReport]:
    site = site or Site()
    return {each.field: each for each in Reporter(RawSchemas(Tokens(KEY), site=site)).report(value, 0)}


UPDATE = {
    "kind": "data.record_update",
    "table": "jobs",
    "record_id": "rec1",
    "updated_at": "2026-11-30T20:00:00Z",
    "caller": "+14155550134",
    "changes": [
        {"field": "note", "old_value": None, "new_value": "the gate code is 4471, ask oluwaseun or call 415-555-0134"},
    ],
    "attributes": {"screen": "call me at 4155550134", "4155550134": "x", "said_by": "Maria Garcia"},
}


def test_each_text_with_what_was_replaced_and_where():
    found = reported(encoded(**UPDATE))
    assert found["caller"].findings == (Finding("PHONE", "declared", 0, len(found["caller"].text)),)
    note = found["changes[0].new_value"]
    assert [finding.kind for finding in note.findings] == ["SECRET", "PERSON", "PHONE"]
    pieces = [note.text[each.start : each.end] for each in note.findings]
    assert pieces[0] == "[secret]"
    assert pieces[1].startswith("[person_k1_")
    assert pieces[2] == f"[{found['caller'].text}]", "typed in a note and declared are one token"
    assert note.text == f"the gate code is {pieces[0]}, ask {pieces[1]} or call {pieces[2]}"
    assert [each.kind for each in found["attributes.screen"].findings] == ["PHONE"]
    assert found["attributes.[text]"].text == "x"
    assert [each.kind for each in found["attributes.said_by"].findings] == ["PERSON"]
    said = repr(found)
    assert not any(secret in said for secret in ("4471", "oluwaseun", "0134", "Garcia", "4155"))


def test_it_reads_as_the_site_does():
    site = Site("balanced", Dictionary(people=("Zorblaxia Prime",), phones=("+1 415 555 0134",)))
    value = encoded(**UPDATE | {"attributes": {"screen": "zorblaxia dialled 415 555 0134"}})
    assert reported(value)["attributes.screen"].findings[0].kind == "PHONE"
    own = reported(value, site)["attributes.screen"]
    assert [(each.kind, each.rule) for each in own.findings] == [("PERSON", "name.alone")]
    assert own.text.endswith(" dialled 415 555 0134")
    whole = reported(value, Site("whole"))["attributes.screen"]
    assert (whole.text, whole.findings) == ("[text]", (Finding("TEXT", "whole", 0, 6),))


def test_a_record_is_masked_with_the_key_of_its_time():
    eras = (Era(*ALWAYS, Tokens(KEY)), Era(1_000, ALWAYS[1], Tokens(MaskingKey("k2", bytes(range(32))))))
    eras = (replace(eras[0], until=1_000), eras[1])
    reporter = Reporter(RawSchemas(eras))
    value = encoded(**UPDATE)
    for at, key in ((999, "k1"), (1_000, "k2")):
        note = next(each for each in reporter.report(value, at) if each.field == "changes[0].new_value")
        assert f"[person_{key}_" in note.text
        assert [each.kind for each in note.findings] == ["SECRET", "PERSON", "PHONE"]


def test_what_cannot_be_read_is_refused_without_a_word_of_it():
    value = encoded(**UPDATE)
    for damaged in (b"", value[:-3], value + b"4155550134", value[:20]):
        with pytest.raises(DatumError) as found:
            reported(damaged)
        assert "4155550134" not in str(found.value)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("call [tel_k1_0123456789abcdef01234567] now", []),
        ("tel_k1_a12345c6789abcdef0123b56", []),
        ("[secret] and [card], [text] withheld", []),
        ("The house is blue. Fine.", []),
        ("job 123 on the 3rd", []),
        ("the code 4471 and 415-555 0134", ["9999", "999-999 9999"]),
        ("said by Garcia and Ñuñez, Lee", ["Xxxxxx", "Xxxxx", "Xxx"]),
        ("call [tel_k1_0123456789abcdef01234567] Garcia", ["Xxxxxx"]),
        ("four one five, five oh one", ["xxxx xxx xxxx, xxxx xx x\u2026"]),
        ("mail ann@example", ["@"]),
        ("tel_k1_4155550134", ["9999999999"]),
        ("a" * 30 + " Bcdefghijklmnopqrstuvwxyzabcdefg", ["X" + "x" * 23 + "\u2026"]),
    ],
)
def test_a_second_look_tells_forms_and_no_letters(text, shapes):
    found = list(in_masked(text))
    assert [each.shape for each in found] == shapes
    for each in found:
        assert len(each.shape.rstrip("\u2026")) == min(each.end - each.start, 24)


def test_where_nothing_should_be_masked_only_numbers_and_addresses_are_told():
    assert [each.shape for each in in_kept("call +1 415-555-0134 or ann@example.com")] == ["+9 999-999-9999", "@"]
    for text in (
        "CA0123456789abcdef0123456789abcdef",
        "2026-11-30 20:51:50",
        "rec4155550134",
        "v1.2.3",
        "4471",
        "Jobs",
    ):
        assert list(in_kept(text)) == []


@pytest.mark.parametrize("part", ["a", "a_", "1-", "Aa ", "four ", "@", "[tel_", "tel_k1_", "1" * 39 + " ", "+1 "])
def test_a_second_look_at_a_long_text_is_short(part):
    text = part * ((1 << 17) // len(part))
    start = time.process_time()
    for look in (in_masked, in_kept):
        sum(1 for _ in look(text))
    assert time.process_time() - start < 5
