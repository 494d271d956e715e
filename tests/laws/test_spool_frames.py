"""Marking an event as replayed changes one byte, in every kind and every version that was ever released."""

import contextlib
import io

import fastavro
import pytest
from avro_model import bare
from avro_strategies import encodings
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.client.spool import Frame, SpoolError, replayed
from earwitness.client.spool.frame import pack, unpack
from earwitness.schemas import catalogue

RAW = [schema for schema in catalogue.schemas() if schema.stage == "raw"]


def frame(schema, body):
    return Frame("ivr-1", 1, schema.name, "audit.raw." + schema.family, "CA", schema.id, body, 0)


@pytest.mark.parametrize("schema", RAW, ids=[f"{each.name}-{each.version}" for each in RAW])
@given(data=st.data())
@settings(max_examples=settings().max_examples // 5)
def test_only_the_flag_changes(schema, data):
    encoded = data.draw(encodings(schema, small=True))
    start, end = encoded.ranges["replayed"]
    given_ = frame(schema, encoded.data)
    marked = replayed(given_)
    assert marked == given_._replace(body=encoded.data[:start] + b"\1" + encoded.data[end:])
    assert replayed(marked) == marked
    read = fastavro.schemaless_reader(io.BytesIO(marked.body), bare(schema.definition), None)
    assert read == encoded.record | {"replayed": True}


@given(schema=st.sampled_from(RAW), body=st.binary(max_size=200))
def test_what_is_no_event_is_a_spool_error_or_comes_back_as_long_as_it_was(schema, body):
    with contextlib.suppress(SpoolError):
        assert len(replayed(frame(schema, body)).body) == len(body)


@given(known=st.integers(0, 2**31 - 1))
def test_an_unknown_schema_is_a_spool_error(known):
    if known not in {each.id for each in catalogue.schemas()}:
        with pytest.raises(SpoolError, match="cannot be read by this release"):
            replayed(frame(RAW[0], b"")._replace(schema_id=known))


FRAMES = st.builds(
    Frame,
    *(st.text(max_size=20), st.integers(-(2**63), 2**63 - 1), st.text(max_size=9), st.text(max_size=9)),
    *(st.text(max_size=9), st.integers(0, 2**31), st.binary(max_size=99), st.integers(-(2**63), 2**63 - 1)),
)


@given(frame=FRAMES)
def test_a_frame_is_packed_and_unpacked(frame):
    found = unpack(pack(frame))
    assert (type(found), found) == (Frame, frame)
