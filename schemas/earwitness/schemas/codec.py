"""Whole records, encoded and decoded with fastavro: for tests, tools and the few records that are no events.

The hot path does not come here: it finds and replaces fields in place (`walker.py`).
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import fastavro
from fastavro.types import Schema as ParsedSchema

from earwitness.schemas import framing
from earwitness.schemas.catalogue import Schema
from earwitness.schemas.errors import DatumError, MalformedError, TruncatedError
from earwitness.schemas.walker import Finder, compile_finder
from earwitness.schemas.wire import CONTENT_IDS, WireIds

__all__ = ["decode", "encode", "parsed"]


@cache
def parsed(schema: Schema) -> ParsedSchema:
    """The schema in the form that fastavro works with."""
    result: ParsedSchema = fastavro.parse_schema(schema.definition, named_schemas={})
    return result


@cache
def _walk(schema: Schema) -> Finder:
    return compile_finder(schema.definition, ())


def encode(schema: Schema, record: dict[str, Any], *, strict: bool = False, wire_ids: WireIds = CONTENT_IDS) -> bytes:
    """A record as a framed message.

    Args:
        schema: what to write it as.
        record: its fields by name; a field with a default may be absent.
        strict: refuse fields that the schema does not have.
        wire_ids: give the id in front.

    Raises:
        ValueError, TypeError: a value does not fit its field.
        RegistryAwayError: the id is not known yet.
    """
    out = io.BytesIO()
    out.write(wire_ids.prefix_of(schema))
    try:
        fastavro.schemaless_writer(out, parsed(schema), record, strict_allow_default=strict)
    except AttributeError as error:
        raise TypeError(f"a value does not fit its field of {schema.name}: {error}") from error
    except OverflowError as error:
        raise ValueError(f"a value does not fit its field of {schema.name}: {error}") from error
    message = out.getvalue()
    try:
        _walk(schema)(message, framing.HEADER_SIZE)
    except DatumError as error:  # fastavro writes an int of any size
        raise ValueError(f"a value does not fit its field of {schema.name}: {error}") from None
    return message


def decode(message: bytes, wire_ids: WireIds = CONTENT_IDS) -> tuple[Schema, dict[str, Any]]:
    """A framed message's schema and record.

    Raises:
        FramingError: there is no frame.
        UnknownSchemaError: nobody has its schema.
        RegistryAwayError: the registry cannot be asked for it.
        TruncatedError, MalformedError: the datum does not fit the schema.
    """
    schema = wire_ids.schema_of(framing.schema_id(message))
    source = io.BytesIO(message[framing.HEADER_SIZE :])
    record = _read(source, schema)
    # Raised out here: the errors of a decoder, as a context, would carry what it read.
    if isinstance(record, EOFError):
        raise TruncatedError(f"the datum of {schema.name} ends too early")
    if isinstance(record, Exception):
        raise MalformedError(f"the datum of {schema.name} is malformed: {type(record).__name__}")
    if source.read(1):
        raise MalformedError(f"bytes are left over behind the datum of {schema.name}")
    return schema, record


def _read(source: io.BytesIO, schema: Schema) -> Any:
    try:
        return fastavro.schemaless_reader(source, parsed(schema), None)
    except (EOFError, ValueError, IndexError, OverflowError) as error:
        return error
