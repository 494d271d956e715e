"""Avro's variable-length integers: zigzag, then seven bits a byte, lowest first (Avro 1.12 specification, binary encoding)."""

from __future__ import annotations

from earwitness.schemas.errors import MalformedError, TruncatedError

__all__ = ["encode_long", "read_long", "skip_bytes", "skip_long"]


def encode_long(value: int) -> bytes:
    """An int or long as Avro writes it.

    Raises:
        ValueError: it does not fit 64 bits.
    """
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} does not fit a long")
    rest = (value << 1) ^ (value >> 63)
    if rest < 128:
        return bytes((rest,))
    if rest < 1 << 14:
        return bytes((rest & 127 | 128, rest >> 7))
    if rest < 1 << 21:
        return bytes((rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14))
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def read_long(data: bytes, at: int, most: int = 10) -> tuple[int, int]:
    """The integer that starts at `at`, and where it ends.

    Args:
        data: the datum.
        at: index of its first byte.
        most: how many bytes it may take: 5 for an int, 10 for a long.

    Raises:
        TruncatedError: the data ends in the middle of it.
        MalformedError: it is longer than `most` bytes or does not fit 64 bits, an int 32.
    """
    value = shift = 0
    end = at + most
    try:
        while True:
            byte = data[at]
            value |= (byte & 127) << shift
            at += 1
            if byte < 128:
                break
            if at == end:
                raise MalformedError("an integer is longer than it may be")
            shift += 7
    except IndexError:
        raise TruncatedError("the data ends within an integer") from None
    if value >> (32 if most == 5 else 64):
        raise MalformedError("an integer is larger than its type")
    return (value >> 1) ^ -(value & 1), at


def skip_long(data: bytes, at: int, most: int = 10) -> int:
    """Where the integer that starts at `at` ends; raises as `read_long`."""
    # Up to three bytes, as most have, fit any type.
    for end, byte in enumerate(data[at : at + 3], at + 1):
        if byte < 128:
            return end
    return read_long(data, at, most)[1]


def skip_bytes(data: bytes, at: int) -> int:
    """Where the string or bytes value whose length starts at `at` ends.

    Raises:
        TruncatedError: the data ends before it does.
        MalformedError: its length is negative.
    """
    length, at = read_long(data, at)
    if length < 0:
        raise MalformedError("a length is negative")
    if at + length > len(data):
        raise TruncatedError("the data ends within a string")
    return at + length
