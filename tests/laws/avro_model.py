"""Avro's binary encoding written a second time, from the specification: the laws compare with it.

Values are a model that keeps what bytes can say and decoders forget: a map is a list of pairs (keys may repeat), a union
is `(branch, value)`, an enum is its symbol's number. `plain` makes of it what a decoder would give.
"""

from __future__ import annotations

import random
import struct
from copy import deepcopy


class Plain:
    """The shortest way to write everything: what every library writes."""

    def integer(self, value, most=10):  # noqa: ARG002  (how long it may get, for who pads)
        rest = (value << 1) ^ (value >> 63)
        out = bytearray()
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
        return bytes(out)

    def blocks(self, items):
        """Items cut into blocks: (items, whether the block gives its size)."""
        return [(items, False)] if items else []


class Blocks(Plain):
    """Several blocks, some with their size in bytes."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def blocks(self, items):
        found = []
        while items:
            count = self.random.randint(1, len(items))
            found.append((items[:count], self.random.random() < 0.5))
            items = items[count:]
        return found


class Padded(Blocks):
    """Also integers longer than they need to be."""

    def integer(self, value, most=10):
        data = super().integer(value)
        spare = most - len(data)
        if spare <= 0 or self.random.random() < 0.5:
            return data
        padding = self.random.randint(1, spare)
        return data[:-1] + bytes([data[-1] | 128]) + b"\x80" * (padding - 1) + b"\x00"


PLAIN = Plain()


def type_of(kind):
    """A type's schema without the wrapping that JSON allows."""
    if isinstance(kind, list):
        return {"type": "union", "branches": kind}
    schema = kind if isinstance(kind, dict) else {"type": kind}
    return type_of(schema["type"]) if isinstance(schema["type"], dict | list) else schema


def encode(kind, value, spelling=PLAIN):  # noqa: C901, PLR0912  (a case a type)
    """A value of the model as bytes."""
    schema = type_of(kind)
    match schema["type"]:
        case "null":
            return b""
        case "boolean":
            return bytes([value])
        case "int":
            return spelling.integer(value, 5)
        case "long":
            return spelling.integer(value)
        case "float":
            return struct.pack("<f", value)
        case "double":
            return struct.pack("<d", value)
        case "string":
            return _sized(value.encode(), spelling)
        case "bytes":
            return _sized(value, spelling)
        case "fixed":
            return value
        case "enum":
            return PLAIN.integer(value)
        case "union":
            return PLAIN.integer(value[0]) + encode(schema["branches"][value[0]], value[1], spelling)
        case "array":
            return _blocks([encode(schema["items"], item, spelling) for item in value], spelling)
        case "map":
            items = [encode("string", key, spelling) + encode(schema["values"], item, spelling) for key, item in value]
            return _blocks(items, spelling)
        case "record":
            return encode_record(schema, value, spelling)[0]
    raise AssertionError(schema)


def encode_record(definition, record, spelling=PLAIN):
    """A record as bytes, and where each field's value stands in them (without a union's branch)."""
    out = bytearray()
    ranges = {}
    for field in definition["fields"]:
        data = encode(field["type"], record[field["name"]], spelling)
        start = len(out) + isinstance(field["type"], list)
        out += data
        ranges[field["name"]] = (start, len(out))
    return bytes(out), ranges


def plain(kind, value):
    """What a decoder gives for a value of the model."""
    schema = type_of(kind)
    match schema["type"]:
        case "enum":
            return schema["symbols"][value]
        case "union":
            return plain(schema["branches"][value[0]], value[1])
        case "array":
            return [plain(schema["items"], item) for item in value]
        case "map":
            return {key: plain(schema["values"], item) for key, item in value}
        case "record":
            return {field["name"]: plain(field["type"], value[field["name"]]) for field in schema["fields"]}
    return value


def bare(kind):
    """A schema without logical types: so decoders give numbers and texts, and take all of them."""
    if isinstance(kind, list):
        return [bare(branch) for branch in kind]
    if not isinstance(kind, dict):
        return kind
    schema = {name: deepcopy(value) for name, value in kind.items() if name != "logicalType"}
    for name in ("type", "items", "values"):
        if name in schema:
            schema[name] = bare(schema[name])
    if "fields" in schema:
        schema["fields"] = [field | {"type": bare(field["type"])} for field in schema["fields"]]
    return schema


def _sized(data, spelling):
    return spelling.integer(len(data)) + data


def _blocks(items, spelling):
    out = b""
    for block, sized in spelling.blocks(items):
        data = b"".join(block)
        out += spelling.integer(-len(block)) + spelling.integer(len(data)) if sized else spelling.integer(len(block))
        out += data
    return out + b"\x00"


def texts_as_bytes(kind):
    """A schema that reads text without looking whether it is UTF-8, as the walker does; a map's keys stay text."""
    if isinstance(kind, list):
        return [texts_as_bytes(branch) for branch in kind]
    if not isinstance(kind, dict):
        return "bytes" if kind == "string" else kind
    schema = {name: value for name, value in kind.items() if name != "default"}
    for name in ("type", "items", "values"):
        if name in schema:
            schema[name] = texts_as_bytes(schema[name])
    if "fields" in schema:
        schema["fields"] = [texts_as_bytes(field) for field in schema["fields"]]
    return schema
