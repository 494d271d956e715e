"""A journal of what was captured and is not safe elsewhere yet: in a mapped file, so it survives the process's death.

The kernel keeps what was stored in a shared mapping, however the process ends; the caller pays for a copy and a checksum,
no system call, no lock. (A power cut takes what the kernel has not written out yet: seconds. The mode `spool_first` with
`EARWITNESS_SPOOL_SYNC=full` is for that.)

Why threads do not get in each other's way. The file is cut into blocks, and a list of free ones is a `deque`. To reserve
a block is one `deque.pop()`, to free it one `deque.append()`: each runs in C from start to end with the GIL held, so no two
threads can ever pop the same block. From there on a block has one owner, who alone writes to it, and no two blocks
overlap, so nothing else need be exclusive: a thread may be interrupted anywhere, by another one or by a signal handler that
captures too. An event that needs several blocks takes them one by one and gives them back when there are too few. There is no
contiguous space to reserve, which would need a lock. Order comes from a ticket, `next()` of an `itertools.count`: also one
call in C. No step lets go of the GIL: `zlib.crc32` would, above 5 KiB, but it sees a block at a time.

Why a kill cannot leave half an event. The bytes are stored first, the block's head behind them, and the head's state last; a
chain's first block after all others. Before that last store of four bytes the block is free, after it the event is whole.
A processor does not lose stores that it has executed, and the kernel none that reached the mapping. Numbering: the number,
then its complement; between the two the event counts as not numbered, and it is sent only after both.
(With a Python that has no GIL `pop` and `append` stay atomic, by the deque's own lock.)
"""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import struct
import weakref
from collections import deque
from functools import cache
from pathlib import Path
from typing import Final, Self
from zlib import crc32

from earwitness.client.identity import Origin
from earwitness.client.spool import claims, places, ring
from earwitness.client.spool.claims import Claim
from earwitness.client.spool.errors import SpoolError
from earwitness.client.spool.ring import BLOCK, BLOCKS_AT, FREE, HEAD, HIGHEST_AT, PART, ROOM, Ring, seed
from earwitness.runtime.settings import SpoolSettings

__all__ = ["Journal"]

DEFAULT_BYTES: Final = 16 << 20  # more small events than a full queue holds
_HEAD_SIZE: Final = ring.HEAD_OF_BLOCK.size
_pack_head = ring.HEAD_OF_BLOCK.pack_into
_pack_number = ring.HIGHEST.pack_into
_STATE: Final = struct.Struct("@I")
_NEXT: Final = struct.Struct("@i")
_OPEN: Final[weakref.WeakSet[Journal]] = weakref.WeakSet()


class Journal:
    """The journal of one process. Made by `open`.

    `write` may be called by any thread; all else is for the worker's.
    """

    def __init__(self, claim: Claim, mapped: mmap.mmap, blocks: int) -> None:
        self._claim = claim
        self._map = mapped
        self._blocks = blocks
        # The last one first: what was used last is used next, and is still in the processor's cache.
        self._free = deque(range(blocks - 1, -1, -1))
        self._tickets = itertools.count(1)
        self._highest = 0
        self._closed = False
        _OPEN.add(self)
        _register()

    @classmethod
    def open(cls, settings: SpoolSettings, origin: Origin, *, size_bytes: int = DEFAULT_BYTES) -> Self:
        """Make the journal of a process, beside its spool.

        Args:
            settings: where the spool is.
            origin: who publishes; the journal is named after its producer.
            size_bytes: the file's size, all of it taken from the disk at once.

        Raises:
            SpoolError: the directory or the file cannot be used, or the disk has no room.
        """
        blocks = (size_bytes - BLOCKS_AT) // BLOCK
        if blocks < 1:
            raise SpoolError(f"a journal of {size_bytes} bytes holds nothing; give it at least 1 MiB")
        claim = claims.take(places.prepare(settings, origin.service), origin.producer_id)
        file = claim.file(".ring")
        try:
            return cls(claim, _made(file, ring.front(origin), blocks), blocks)
        except (OSError, ValueError) as error:
            with contextlib.suppress(OSError):
                if not isinstance(error, FileExistsError):
                    file.unlink()
            claim.release()
            text = error.strerror if isinstance(error, OSError) else error
            raise SpoolError(f"cannot make the journal {file}: {text}") from None

    @staticmethod
    def recover(path: Path) -> Ring:
        """What is in the journal of a dead process, whatever happened to its bytes.

        Raises:
            SpoolError: the file cannot be opened, or is not one's own.
        """
        if not places.check_file(path):
            raise SpoolError(f"there is no journal {path}")
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                return ring.read(file.read())
        except OSError as error:
            raise SpoolError(f"cannot read the journal {path}: {error.strerror}") from None

    def write(self, snapshot: bytes) -> int:
        """Copy an event into the file: its slot, or -1 when there is no room (or the journal is closed).

        No lock, no system call. Once it has returned a slot, the event survives the process.
        """
        try:
            size = len(snapshot)
            if size > ROOM:
                return self._write_parts(snapshot, size)
            block = self._free.pop()
            ticket = next(self._tickets)
            at = BLOCKS_AT + block * BLOCK
            mapped = self._map
            mapped[at + _HEAD_SIZE : at + _HEAD_SIZE + size] = snapshot
            _pack_head(mapped, at, ticket, 0, -1, size, crc32(snapshot, seed(ticket, size, 0)), -1, HEAD)
        except (IndexError, ValueError):  # there is no free block, or it was closed meanwhile
            return -1
        return block

    def _write_parts(self, snapshot: bytes, size: int) -> int:
        blocks: list[int] = []
        try:
            while len(blocks) * ROOM < size:
                blocks += (self._free.pop(),)
        except IndexError:
            self._free.extend(blocks)
            return -1
        ticket = next(self._tickets)
        following = -1
        for number in range(len(blocks) - 1, -1, -1):
            part = snapshot[number * ROOM : (number + 1) * ROOM]
            at = BLOCKS_AT + blocks[number] * BLOCK
            self._map[at + _HEAD_SIZE : at + _HEAD_SIZE + len(part)] = part
            state = PART if number else HEAD
            checksum = crc32(part, seed(ticket, size, number))
            _pack_head(self._map, at, ticket, 0, -1, size, checksum, following, state)
            following = blocks[number]
        return blocks[0]

    def number(self, slot: int, sequence: int) -> None:
        """The event in that slot has this number; to be called before it is sent under it."""
        if slot >= 0 and not self._closed:
            _pack_number(self._map, BLOCKS_AT + slot * BLOCK + ring.NUMBER_AT, sequence, ~sequence)
        self.reached(sequence)

    def reached(self, sequence: int) -> None:
        """This number was given, be it to an event that is not in the journal: it is given to no other one."""
        if sequence > self._highest and not self._closed:
            self._highest = sequence
            for at in HIGHEST_AT:
                _pack_number(self._map, at, sequence, ~sequence)

    def free(self, slot: int) -> None:
        """The event in that slot is safe elsewhere, or lost and counted. A slot of -1 or a free one is passed over."""
        if slot < 0 or self._closed:
            return
        blocks: list[int] = []
        expected = HEAD
        while 0 <= slot < self._blocks and len(blocks) < self._blocks:
            at = BLOCKS_AT + slot * BLOCK
            if _STATE.unpack_from(self._map, at + ring.STATE_AT)[0] != expected:
                break
            _STATE.pack_into(self._map, at + ring.STATE_AT, FREE)
            blocks.append(slot)
            (slot,) = _NEXT.unpack_from(self._map, at + ring.NEXT_AT)
            expected = PART
        self._free.extend(blocks)

    @property
    def room_bytes(self) -> int:
        """How many bytes of small events still fit."""
        return len(self._free) * ROOM

    def close(self) -> None:
        """Close it; the file goes unless an event is left in it. Never raises. May be repeated."""
        if self._closed:
            return
        self._closed = True
        _OPEN.discard(self)
        self._free.clear()  # whoever comes now finds no room
        is_left = any(
            _STATE.unpack_from(self._map, BLOCKS_AT + block * BLOCK + ring.STATE_AT)[0] == HEAD
            for block in range(self._blocks)
        )
        with contextlib.suppress(BufferError):  # a thread is writing; it is unmapped when that is through
            self._map.close()
        if not is_left:
            with contextlib.suppress(OSError):
                self._claim.file(".ring").unlink()
        self._claim.release()

    def _forget(self) -> None:
        self._closed = True
        self._free.clear()
        with contextlib.suppress(BufferError):
            self._map.close()


def _made(file: Path, front: bytes, blocks: int) -> mmap.mmap:
    descriptor = places.create_file(file)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as out:
            out.write(front)
            # Written, not only made long: a hole that the full disk cannot fill would kill the process at the first touch.
            for _ in range(blocks):
                out.write(bytes(BLOCK))
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        return mmap.mmap(descriptor, BLOCKS_AT + blocks * BLOCK, flags=flags)
    finally:
        os.close(descriptor)


@cache
def _register() -> None:
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _after_fork_in_child() -> None:
    for journal in list(_OPEN):
        journal._forget()  # noqa: SLF001 (of this module)
    _OPEN.clear()
