"""Every place of a home where something of an event may have come to rest, as bytes and as texts.

Two are left out, for they hold personal data on purpose: the raw topics, and a client's spool before it is delivered.
"""

from __future__ import annotations

import base64
import http.client
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cramjam

from earwitness.embedded.home import Home
from earwitness.runtime.settings import ClickHouseSettings
from earwitness.runtime.topic_names import RAW

__all__ = ["ClickHouse", "compressed_blocks", "files", "log_batches"]

_BATCH = struct.Struct(">qiibIhiqqqhii")
"""Kafka's record batch, format 2: its header up to the number of records."""
_KAFKA_CODECS = {1: cramjam.gzip, 2: cramjam.snappy, 3: cramjam.lz4, 4: cramjam.zstd}
_BLOCK = struct.Struct("<BII")
"""ClickHouse's compressed block behind its checksum: method, size with this header, size of the content."""
_CHECKSUM = 16
_LZ4, _ZSTD, _SEVERAL = 0x82, 0x90, 0x91
_READ = 1 << 20


def files(home: Home, *more: Path, leave_out: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file as it is, but for raw topics and the client's spool; of broker and ClickHouse the content decompressed, too."""
    for root in (home.path, *more):
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink() and not _holds_raw(path, leave_out):
                data = path.read_bytes()
                # The broker makes its indexes ten megabytes of zeros each.
                yield path, data.rstrip(b"\x00")
                if path.suffix == ".log" and path.is_relative_to(home.broker):
                    yield path, b"\x00".join(log_batches(data))
                elif path.suffix == ".bin" and path.is_relative_to(home.clickhouse):
                    yield path, b"".join(compressed_blocks(data))


def _holds_raw(path: Path, spool: Path) -> bool:
    return path.parent.name.startswith(RAW) or path.is_relative_to(spool)


def raw_topics(home: Home) -> Iterator[tuple[Path, bytes]]:
    """The raw topics' log, decompressed: where everything must be found."""
    for path in sorted(home.broker.rglob("*.log")):
        if path.parent.name.startswith(RAW):
            yield path, b"\x00".join(log_batches(path.read_bytes()))


def log_batches(data: bytes) -> Iterator[bytes]:
    """The records of each batch of a log segment, decompressed.

    Raises:
        ValueError: a batch is of a format or codec that this does not know.
    """
    at = 0
    while at + _BATCH.size <= len(data):
        _, length, _, magic, _, attributes, *_ = _BATCH.unpack_from(data, at)
        if length <= 0:
            return  # a segment is made longer than it is filled
        if magic != 2:
            raise ValueError(f"a batch of format {magic}")
        records = data[at + _BATCH.size : at + 12 + length]
        codec = attributes & 7
        yield bytes(_KAFKA_CODECS[codec].decompress(records)) if codec else records
        at += 12 + length


def compressed_blocks(data: bytes) -> Iterator[bytes]:
    """The blocks of a column's file, decompressed; of numbers that are packed otherwise, as far as a general codec goes."""
    at = 0
    while at + _CHECKSUM + _BLOCK.size <= len(data):
        at += _CHECKSUM
        _, size, _ = _BLOCK.unpack_from(data, at)
        yield _block(data[at : at + size])
        at += size


def _block(block: bytes) -> bytes:
    method, _, content_size = _BLOCK.unpack_from(block)
    body = block[_BLOCK.size :]
    if method == _LZ4:
        return bytes(cramjam.lz4.decompress_block(body, output_len=content_size))
    if method == _ZSTD:
        return bytes(cramjam.zstd.decompress(body))
    if method == _SEVERAL:  # a count, as many codecs, and the last one's block
        return _block(body[1 + body[0] :])
    return body


class ClickHouse:
    """Reads all tables, in full, as the administrator."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings

    def tables(self) -> list[tuple[str, str]]:
        """Those that keep rows, also the server's own logs."""
        sql = "SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree' OR engine LIKE '%Log' ORDER BY 1, 2"
        return [(database, name) for database, name in list(self.rows(sql))[1:]]

    def rows(self, sql: str) -> Iterator[list[Any]]:
        """The columns' names, then the rows."""
        for line in self.lines(sql):
            yield json.loads(line)

    def lines(self, sql: str) -> Iterator[str]:
        """The same, each as a line of JSON."""
        address = urlsplit(self._settings.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=300)
        password = self._settings.password
        login = f"{self._settings.user}:{password.reveal() if password else ''}"
        headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
        connection.request("POST", "/", f"{sql} FORMAT JSONCompactEachRowWithNames".encode(), headers)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{sql}: {answer.read().decode('utf-8', 'replace')[:500]}")
        rest = b""
        while chunk := answer.read(_READ):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
        connection.close()
