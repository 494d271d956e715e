"""The report agrees with the masker about every record, and holds nothing that masking replaced."""

from __future__ import annotations

import hashlib

import pytest
from avro_model import encode_record
from avro_strategies import records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.privacy.keys import MaskingKey
from earwitness.privacy.masker import Masker
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.replacements import TEXT, is_ours
from earwitness.privacy.report import DIFFERS, Reporter
from earwitness.privacy.second_look import in_masked
from earwitness.privacy.site import Site
from earwitness.privacy.tokens import Tokens
from earwitness.schemas import catalogue, codec, framing
from earwitness.schemas.errors import DatumError

EACH = settings(max_examples=max(5, settings().max_examples // 20))
TOKENS = Tokens(MaskingKey("k1", hashlib.sha256(b"a root secret for tests").digest()))
SITES = {preset: Site(preset) for preset in ("balanced", "strict", "whole")}
SCHEMAS = {preset: RawSchemas(TOKENS, site=site) for preset, site in SITES.items()}


@pytest.mark.parametrize("kind", catalogue.kinds())
@EACH
@given(data=st.data(), preset=st.sampled_from(list(SITES)))
def test_the_report_tells_what_is_stored(kind, data, preset):
    raw = catalogue.raw(kind)
    datum, _ = encode_record(raw.definition, data.draw(records_of(raw)))
    value = raw.prefix + datum
    assert framing.schema_id(value) == raw.id
    try:
        stored = Masker(SCHEMAS[preset], family=raw.family, topic_id=bytes(16), partition=0).mask(value, 0, 0)[0]
        _, fields = codec.decode(stored)
    except DatumError:
        return
    texts = list(_texts(fields))
    for report in Reporter(SCHEMAS[preset]).report(value, 0):
        assert report.text in texts
        at = 0
        for finding in report.findings:
            assert finding.rule != DIFFERS
            assert at <= finding.start < finding.end <= len(report.text)
            piece = report.text[finding.start : finding.end]
            assert finding.rule == "declared" or is_ours(piece), piece
            at = finding.end
        if report.pii == "text" and preset == "whole":
            assert report.text in ("", TEXT)


@given(st.text())
def test_a_second_look_survives_any_text_and_tells_no_letter_of_it(text):
    for each in in_masked(text):
        assert 0 <= each.start < each.end <= len(text)
        assert all(not letter.isalnum() or letter in "Xx9" for letter in each.shape)


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
