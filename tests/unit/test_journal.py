"""A journal keeps what it took, through a kill at any moment, and threads that write at once never touch each other's."""

import os
import random
import shutil
import signal
import stat
import struct
import sys
import threading
import time
from mmap import mmap

import pytest

import spooled
from earwitness.client.identity import Origin
from earwitness.client.spool import Spool, SpoolError
from earwitness.client.spool.journal import Journal
from earwitness.client.spool.ring import BLOCK, BLOCKS_AT, ROOM

ORIGIN = Origin("ivr", "prod", "acme", "ivr-1", salt=0xDEADBEEF)
SIZES = (0, 1, 600, ROOM - 1, ROOM, ROOM + 1, 5 * ROOM, 70_000)


@pytest.fixture
def journal(tmp_path):
    opened = Journal.open(spooled.settings(tmp_path), ORIGIN, size_bytes=1 << 20)
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "spool" / "ivr" / "ivr-1.ring"


def texts(file):
    ring = Journal.recover(file)
    assert ring.torn == 0
    return [entry.snapshot for entry in ring.entries]


@pytest.mark.parametrize("size", SIZES)
def test_events_of_any_size_come_back(journal, file, size):
    given = [bytes((number,)) * size for number in range(3)]
    assert all(journal.write(each) >= 0 for each in given)
    assert texts(file) == given


def test_what_is_freed_is_gone_and_its_room_is_used_again(journal, file):
    before = journal.room_bytes
    for _ in range(50):
        slots = [journal.write(bytes(size)) for size in SIZES]
        assert min(slots) >= 0
        for slot in slots:
            journal.free(slot)
            journal.free(slot)  # a second time changes nothing
    journal.free(-1)
    journal.free(10**6)
    assert journal.room_bytes == before
    assert texts(file) == []


def test_without_room_it_says_so_and_takes_nothing(journal, file):
    small, slots = b"x" * 600, []
    assert journal.write(bytes(2 << 20)) == -1
    while (slot := journal.write(small)) >= 0:
        slots.append(slot)
    assert len(slots) == ((1 << 20) - BLOCKS_AT) // BLOCK
    assert len(set(slots)) == len(slots)
    journal.free(slots.pop())
    assert journal.write(bytes(2 * ROOM)) == -1, "two blocks are needed, and one is free"
    assert journal.write(small) >= 0
    assert texts(file) == [small] * (len(slots) + 1)


def test_order_numbers_and_origin_come_back(journal, file):
    slots = [journal.write(b"%d" % number) for number in range(10)]
    for number in (7, 2):
        journal.free(slots[number])
    journal.write(b"late, in a block that was used")
    journal.number(slots[0], 41)
    journal.number(slots[1], 42)
    ring = Journal.recover(file)
    assert ring.origin == ORIGIN
    left = [b"%d" % number for number in range(10) if number not in {7, 2}]
    assert [entry.snapshot for entry in ring.entries] == [*left, b"late, in a block that was used"]
    assert [entry.sequence for entry in ring.entries] == [41, 42] + [None] * 7
    assert ring.highest == 42
    journal.reached(2**40)
    journal.reached(3)
    assert Journal.recover(file).highest == 2**40


def test_a_new_event_does_not_inherit_the_number_of_the_one_before(journal, file):
    slot = journal.write(b"first")
    journal.number(slot, 5)
    journal.free(slot)
    assert journal.write(b"second") == slot
    assert [entry.sequence for entry in Journal.recover(file).entries] == [None]


def test_a_kill_between_a_number_and_its_complement_leaves_the_event_without_one(journal, file):
    slot = journal.write(b"event")
    with file.open("r+b") as raw:
        raw.seek(BLOCKS_AT + slot * BLOCK + 8)
        raw.write(struct.pack("@q", 17))
    [entry] = Journal.recover(file).entries
    assert entry == (None, b"event")


def test_it_is_removed_when_it_is_empty_and_stays_otherwise(tmp_path, file):
    for rest in (False, True):
        journal = Journal.open(spooled.settings(tmp_path), ORIGIN, size_bytes=1 << 20)
        slots = [journal.write(b"x") for _ in range(3)]
        for slot in slots[rest:]:
            journal.free(slot)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        journal.close()
        journal.close()
        assert file.exists() == rest
        assert journal.write(b"x") == -1
        journal.number(slots[0], 3)
        journal.free(slots[0])
        journal.reached(9)
    with pytest.raises(SpoolError, match="cannot make the journal"):
        Journal.open(spooled.settings(tmp_path), ORIGIN)


def test_it_shares_the_lock_with_the_spool_in_either_order(tmp_path):
    settings = spooled.settings(tmp_path)
    for first_journal in (True, False):
        opened = [Journal.open(settings, ORIGIN)] if first_journal else []
        spool = Spool.open(settings, "ivr", "ivr-1")
        opened = opened or [Journal.open(settings, ORIGIN)]
        other = Spool.open(settings, "ivr", "other")
        opened[0].write(b"x")
        spool.close()
        assert other.adopt(10) == 0, "the journal is still open"
        opened[0].close()
        other.adopt(10)
        assert other.aside == 1
        other.close()
        (tmp_path / "spool" / "ivr" / "other.db").unlink()
    assert {path.suffix for path in (tmp_path / "spool" / "ivr").iterdir()} <= {".lock"}


@pytest.mark.parametrize("names", [{"service": "s" * 2000}, {"tenant": "t" * 2000}])
def test_names_that_do_not_fit_are_told(tmp_path, names):
    origin = Origin(**({"service": "ivr", "environment": "prod", "tenant": "acme", "producer_id": "p"} | names))
    with pytest.raises(SpoolError, match="too long"):
        Journal.open(spooled.settings(tmp_path), origin)
    assert not list(tmp_path.rglob("*.ring"))
    assert not list(tmp_path.rglob("*.lock"))


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_to_write_is_no_system_call(tmp_path):
    code = """
        import os, pathlib, sys
        import spooled
        from earwitness.client.identity import Origin
        from earwitness.client.spool.journal import Journal
        journal = Journal.open(spooled.settings(pathlib.Path(sys.argv[1])), Origin("ivr", "prod", "acme", "p"))
        small, large = b"x" * 600, b"x" * 20_000
        for round in range(2):  # the first one warms up
            os.getppid()
            for number in range(300):
                journal.free(journal.write(small))
                slot = journal.write(large)
                journal.number(slot, number + 1)
                journal.free(slot)
        os.getppid()
        print("done", slot >= 0, flush=True)
    """
    log = tmp_path / "log"
    process = spooled.python(code, tmp_path, under=["strace", "-o", str(log)])
    assert process.communicate(timeout=120)[0] == "done True\n"
    calls = [line.partition("(")[0] for line in log.read_text().splitlines()]
    marks = [number for number, call in enumerate(calls) if call == "getppid"]
    assert len(marks) == 3
    # What the interpreter's own memory costs is not ours to count.
    seen = set(calls[marks[1] + 1 : marks[2]]) - {"brk", "mmap", "munmap", "madvise"}
    assert seen == set()


def test_threads_that_write_at_once_never_touch_each_others_events(tmp_path, file):
    journal = Journal.open(spooled.settings(tmp_path), ORIGIN, size_bytes=1 << 20)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    kept, full, problems = [[] for _ in range(8)], [0] * 8, []
    start = threading.Barrier(9)

    def write(mine):
        generator = random.Random(mine)
        held = []
        start.wait()
        for count in range(1500):
            size = generator.choice((10, 600, 984, 985, 3000, 9000))
            snapshot = bytes((mine,)) * size + count.to_bytes(4, "big")
            slot = journal.write(snapshot)
            if slot < 0:
                full[mine] += 1
            else:
                held.append((slot, snapshot))
            while held and (slot < 0 or len(held) > 12):
                journal.free(held.pop(generator.randrange(len(held)))[0])
        kept[mine] = [snapshot for _, snapshot in held]

    threads = [threading.Thread(target=write, args=(mine,)) for mine in range(8)]
    try:
        for thread in threads:
            thread.start()
        start.wait()
        while any(thread.is_alive() for thread in threads):
            # What is seen at any moment is whole, but for what is freed and written between the reads of two blocks.
            if Journal.recover(file).origin != ORIGIN:
                problems.append("the front")
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert not problems
    assert sorted(texts(file)) == sorted(snapshot for each in kept for snapshot in each)
    assert sum(full) < 8 * 1500
    journal.close()


def test_a_signal_handler_that_writes_in_the_middle_of_a_write_loses_neither(journal, file):
    taken = []

    def handler(*_):
        if journal.write(b"signal" * 300) >= 0:
            taken.append(b"signal" * 300)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        deadline = time.monotonic() + 20
        while len(taken) < 60 and time.monotonic() < deadline:
            slot = journal.write(b"thread" * 300)
            if slot >= 0 and len(taken) % 2:
                journal.free(slot)
            elif slot >= 0:
                taken.append(b"thread" * 300)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert sorted(texts(file)) == sorted(taken)


SETUP = """
    import mmap, pathlib, random, threading
    import spooled
    from earwitness.client.identity import Origin
    from earwitness.client.spool.journal import Journal

    # What a child did, in memory that it shares with the one that kills it: one byte an event.
    notes = mmap.mmap(int(sys.argv[1]), 0)
    threads, each = 3, len(notes) // 3
    numbers = iter(range(1, 10**9))
    guard = threading.Lock()

    def write(journal, mine):
        generator = random.Random(mine)
        held = []
        for number in range(mine * each, (mine + 1) * each):
            size = generator.choice((30, 600, 1200, 5000))
            slot = journal.write(number.to_bytes(4, "big") + bytes((number % 251,)) * size)
            if slot < 0:
                notes[number] = 4  # there was no room
            else:
                notes[number] = 1  # it is safe
                held.append((number, slot))
                if number % 3 == 0:
                    with guard:
                        journal.number(slot, next(numbers))
                    notes[number] = 2  # and numbered
            while held and (slot < 0 or len(held) > 40):
                number, freed = held.pop(generator.randrange(len(held)))
                notes[number] = 3  # it may be gone from now on
                journal.free(freed)
"""
BODY = """
    origin = Origin("ivr", "prod", "acme", "dead")
    journal = Journal.open(spooled.settings(pathlib.Path(argv[0])), origin, size_bytes=1 << 20)
    workers = [threading.Thread(target=write, args=(journal, mine)) for mine in range(threads)]
    for worker in workers:
        worker.start()
    print("running", flush=True)
    for worker in workers:
        worker.join()
"""


@pytest.mark.timeout(300)
def test_a_kill_at_any_moment_loses_nothing_that_was_taken(tmp_path):
    generator = random.Random()
    seen = 0
    memory = os.memfd_create("notes")
    os.ftruncate(memory, 120_000)
    notes = mmap(memory, 0)
    nursery = spooled.Nursery(SETUP, BODY, arguments=[memory], pass_fds=(memory,))
    for round_ in range(50):
        notes[:] = bytes(len(notes))
        place = tmp_path / str(round_)
        nursery.kill_one(place, ready="running", after_seconds=generator.uniform(0, 0.06))
        ring = Journal.recover(place / "spool" / "ivr" / "dead.ring")
        found = {}
        for entry in ring.entries:
            number = int.from_bytes(entry.snapshot[:4], "big")
            assert entry.snapshot[4:] == bytes((number % 251,)) * (len(entry.snapshot) - 4)
            found[number] = entry.sequence
        assert ring.torn == 0
        noted = bytes(notes)
        taken = [number for number, what in enumerate(noted) if what in {1, 2}]
        assert not [number for number in taken if number not in found]
        assert all(found[number] for number in taken if noted[number] == 2)
        given = [sequence for sequence in found.values() if sequence]
        assert len(given) == len(set(given))
        assert ring.highest >= max(given, default=0)
        seen += len(taken)
        shutil.rmtree(place)
    nursery.close()
    notes.close()
    os.close(memory)
    assert seen > 100
