"""Every version of a schema reads what every older and newer one has written: FULL_TRANSITIVE, with both Avro libraries.

The committed history is tried as it is, and grown by what evolution allows, so that a kind of one version has others too.
"""

from __future__ import annotations

import io
import json
from copy import deepcopy
from functools import cache
from itertools import pairwise, permutations

import avro.errors
import avro.io
import avro.schema
import fastavro
import pytest
from avro_model import PLAIN, bare, encode_record
from avro_oracles import same
from avro_strategies import records_of
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.schemas import catalogue
from earwitness.schemas.compatibility import unreadable
from earwitness.schemas.evolution import compare
from earwitness.schemas.lint import lint
from earwitness.schemas.schema import Schema, content_id, text_of

NAMES = sorted({(schema.stage, schema.name) for schema in catalogue.schemas()})
every_name = pytest.mark.parametrize(("stage", "name"), NAMES, ids=lambda part: part)


def enums(kind):
    """The enums of a type that an app or a stage may add symbols to."""
    for branch in kind if isinstance(kind, list) else [kind]:
        if isinstance(branch, dict) and branch["type"] == "enum" and len(branch["symbols"]) > 1:
            yield branch


@cache
def grown(stage, name):
    """All versions, and two of tomorrow: a field, a list and a symbol more; then fields moved, and another one."""
    versions = list(catalogue.versions(stage, name))
    tomorrow = deepcopy(versions[-1].definition)
    tomorrow["fields"][-1:-1] = [
        {"name": "added", "type": ["null", "double"], "default": None, "doc": "…"},
        {"name": "listed", "type": {"type": "array", "items": "long"}, "default": [], "doc": "…"},
    ]
    for field in tomorrow["fields"]:
        for enum in enums(field["type"]):
            enum["symbols"].insert(0, "of_tomorrow")
    later = deepcopy(tomorrow)
    later["fields"].insert(
        -1, {"name": "later", "type": ["null", "string"], "default": None, "pii": "text", "doc": "…"}
    )
    later["fields"].insert(-1, later["fields"].pop(14 if stage != "pipeline" else 3))
    for definition in (tomorrow, later):
        number = len(versions) + 1
        versions.append(Schema(content_id(text_of(definition)), stage, name, definition, number))
    return versions


@every_name
def test_every_version_reads_every_other(stage, name):
    versions = catalogue.versions(stage, name)
    assert [version.version for version in versions] == list(range(1, len(versions) + 1))
    assert unreadable(versions) == []
    assert unreadable(grown(stage, name)) == []


@every_name
def test_what_evolution_allows_breaks_nobody(stage, name):
    versions = grown(stage, name)
    assert lint(versions) == []
    for older, newer in pairwise(versions):
        assert [each.line for each in compare(older.definition, newer.definition, "the view") if each.breaks] == []


@cache
def readers(reader, writer):
    """Both libraries' ways to read what `writer` wrote as `reader`."""
    plain = [bare(each.definition) for each in (writer, reader)]
    fast = [fastavro.parse_schema(each, named_schemas={}) for each in plain]
    apache = avro.io.DatumReader(*(avro.schema.parse(json.dumps(each)) for each in plain))

    def with_fastavro(data):
        source = io.BytesIO(data)
        value = fastavro.schemaless_reader(source, *fast)
        assert source.read() == b""
        return value

    def with_avro(data):
        source = io.BytesIO(data)
        value = apache.read(avro.io.BinaryDecoder(source))
        assert source.read() == b""
        return value

    return with_fastavro, with_avro


def expected(field, writer, written):
    """What a reader finds in one of its fields."""
    if field["name"] not in {each["name"] for each in writer.fields}:
        return field["default"]
    value = written[field["name"]]
    for enum in enums(field["type"]):
        if value is not None and value not in enum["symbols"]:
            return enum["default"]
    return value


@every_name
@settings(max_examples=settings().max_examples // 4)  # for each of the 44 schemas
@given(data=st.data())
def test_what_one_version_wrote_another_reads(stage, name, data):
    reader, writer = data.draw(st.sampled_from(list(permutations(grown(stage, name), 2))))
    model = data.draw(records_of(writer, small=True))
    datum, _ = encode_record(writer.definition, model, PLAIN)
    for mine, other in zip(readers(writer, writer), readers(reader, writer), strict=True):
        written = mine(datum)
        try:
            read = other(datum)
        except avro.errors.SchemaResolutionException as error:
            # The package `avro` reads no symbol that its reader lacks, although the specification gives it the default.
            assert "Symbol of_tomorrow not present" in str(error)  # noqa: PT017
            assert "of_tomorrow" in written.values()
            continue
        assert read.keys() == {field["name"] for field in reader.fields}
        for field in reader.fields:
            assert same(read[field["name"]], expected(field, writer, written)), field["name"]
