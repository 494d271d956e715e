"""Whatever bytes stand in the files: no error but the spool's own, nothing that was not written, all of it if they are whole."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import spooled
from earwitness.client.identity import Origin
from earwitness.client.spool import Spool, SpoolError
from earwitness.client.spool.journal import Journal
from earwitness.client.spool.ring import read

COUNT = 120
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=6)
CUT = st.one_of(st.none(), st.floats(0, 1))
TAIL = st.binary(max_size=600)
FEWER = settings(suppress_health_check=list(HealthCheck), max_examples=settings().max_examples * 2 // 5)


class Files(dict):
    """Their bytes by name, of which no report needs to show hundreds of thousands."""

    def __repr__(self):
        return f"Files({', '.join(self)})"

    __or__ = lambda self, other: Files({**self, **other})  # noqa: E731


def damaged(data, flips, cut, tail):
    data = bytearray(data if cut is None else data[: int(len(data) * cut)])
    for where, what in flips if data else ():
        data[int(len(data) * where)] ^= what
    return bytes(data) + tail


@pytest.fixture(scope="module")
def dead(tmp_path_factory):
    """Files of a process that was killed: the database and its log, of which each has some of the events."""
    place = tmp_path_factory.mktemp("dead")
    code = """
        import os, pathlib, sys
        import spooled
        from earwitness.client.spool import Spool
        spool = Spool.open(spooled.settings(pathlib.Path(sys.argv[1])), "ivr", "dead")
        spool.append(spooled.frames(60))
        spool._store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        spool.append(spooled.frames(60, first=61))
        os._exit(0)
    """
    process = spooled.python(code, place)
    process.communicate(timeout=30)
    assert process.returncode == 0
    return Files({path.name: path.read_bytes() for path in (place / "spool" / "ivr").iterdir()})


def adopted(place: Path, files):
    """What the next process finds, and what it is told."""
    directory = place / "spool" / "ivr"
    shutil.rmtree(directory, ignore_errors=True)
    spool = Spool.open(spooled.settings(place), "ivr", "heir")
    for name, data in files.items():
        (directory / name).write_bytes(data)
        (directory / name).chmod(0o600)
    try:
        for _ in range(500):
            spool.adopt(50)
            if not any(path.name.startswith("dead.db") and path.suffix != ".damaged" for path in directory.iterdir()):
                break
        else:
            raise AssertionError("it does not come to an end")
        found = [frame for _, frame in spool.oldest(0, 10_000)]
        spool.delete([number for number, _ in spool.oldest(0, 10_000)])
        return found, spool.damaged, spool.take_notices(), {path.name for path in directory.iterdir()}
    finally:
        spool.close()


@given(flips=FLIPS, cut=CUT, tail=TAIL, log=st.booleans())
@FEWER
def test_a_damaged_spool(tmp_path, dead, *, flips, cut, tail, log):
    name = "dead.db-wal" if log else "dead.db"
    files = dead | {name: damaged(dead[name], flips, cut, tail)}
    found, lost, notices, left = adopted(tmp_path, files)
    written = {(frame.sequence, frame.body) for frame in spooled.frames(COUNT)}
    assert {(frame.sequence, frame.body) for frame in found} <= written
    assert len(found) == len({frame.sequence for frame in found})
    if any(each.endswith(".damaged") for each in left):
        assert any("damaged" in notice for notice in notices)
    if not log and len(found) < COUNT:
        assert notices or lost
    if files == dead:
        assert len(found) == COUNT


@pytest.mark.parametrize("name", ["dead.db", "dead.db-wal", "dead.db-shm"])
def test_a_garbage_tail_costs_nothing(tmp_path, dead, name):
    found, lost, _, left = adopted(tmp_path, dead | {name: dead[name] + b"garbage" * 1000})
    assert sorted(frame.sequence for frame in found) == list(range(1, COUNT + 1))
    assert lost == 0
    assert not any(each.startswith("dead") for each in left)


def test_one_damaged_page_costs_what_is_in_it(tmp_path, dead):
    data = bytearray(dead["dead.db"])
    assert len(data) > 5 * 4096
    data[4 * 4096 : 5 * 4096] = b"\xff" * 4096
    found, _, notices, left = adopted(tmp_path, {"dead.db": bytes(data)})
    assert 40 <= len(found) < 60
    assert "dead.db.damaged" in left
    assert any(f"{len(found)} events could be read" in notice for notice in notices)


def test_one_damaged_row_is_counted_and_kept_for_a_look(tmp_path, dead):
    at = dead["dead.db"].index(bytes((33,)) * 300)
    data = bytearray(dead["dead.db"])
    data[at] ^= 1
    found, lost, _, _ = adopted(tmp_path, dead | {"dead.db": bytes(data)})
    assert sorted(frame.sequence for frame in found) == [number for number in range(1, COUNT + 1) if number != 33]
    assert lost == 1


def test_a_log_that_was_cut_gives_what_was_committed_before(tmp_path, dead):
    half = dead["dead.db-wal"][: len(dead["dead.db-wal"]) // 2]
    found, *_ = adopted(tmp_path, {"dead.db": dead["dead.db"], "dead.db-wal": half})
    assert sorted(frame.sequence for frame in found) == list(range(1, 61))


@pytest.mark.parametrize("data", [b"", b"\0"])
def test_a_file_that_lost_its_bytes_is_told_and_its_log_kept(tmp_path, dead, data):
    found, _, notices, left = adopted(tmp_path, dead | {"dead.db": data})
    assert found == []
    assert len(notices) == 1
    assert {"dead.db.damaged", "dead.db-wal.damaged"} <= left


@pytest.mark.parametrize("size", [512, 8192])
def test_a_file_of_zeros_gives_what_its_log_holds(tmp_path, dead, size):
    found, _, notices, left = adopted(tmp_path, dead | {"dead.db": bytes(size)})
    assert {frame.sequence for frame in found} <= set(range(61, COUNT + 1))
    assert len(found) > 50
    assert len(notices) == 1
    assert "dead.db.damaged" in left


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    place = tmp_path_factory.mktemp("ring")
    journal = Journal.open(spooled.settings(place), Origin("ivr", "prod", "acme", "dead"), size_bytes=64 << 10)
    slots = [journal.write(bytes((number,)) * (300 if number % 5 else 2500)) for number in range(25)]
    for slot in slots[::2]:
        journal.number(slot, slot + 1)
    journal.free(slots[3])
    data = (place / "spool" / "ivr" / "dead.ring").read_bytes()
    journal.close()
    return data


@given(flips=FLIPS, cut=CUT, tail=TAIL)
@settings(max_examples=settings().max_examples * 2, suppress_health_check=list(HealthCheck))
def test_a_damaged_journal(ring, flips, cut, tail):
    data = damaged(ring, flips, cut, tail)
    whole, found = read(ring), read(data)
    assert len(whole.entries) == 24
    written = {entry.snapshot: entry.sequence for entry in whole.entries}
    for entry in found.entries:
        assert entry.snapshot in written
        assert entry.sequence in {written[entry.snapshot], None}
    if data.startswith(ring):
        assert found == whole
    if found.origin is not None:
        assert found.origin == whole.origin
    if cut is None:  # what is not there any more, and whose mark is damaged, nobody can count
        assert len(found.entries) + found.torn >= 24 - len(flips)


@given(data=st.binary(max_size=10_000))
def test_garbage_is_no_journal(data):
    assert read(data).entries == []


@given(flips=FLIPS, cut=CUT, tail=TAIL, name=st.sampled_from(["dead.db", "dead.db-wal"]))
@example(flips=[(0.41137587796841163, 128)], cut=None, tail=b"", name="dead.db")  # two rows with one id
@FEWER
def test_a_process_that_finds_its_own_file_damaged_goes_on(tmp_path, dead, *, flips, cut, tail, name):
    directory = tmp_path / "spool" / "ivr"
    shutil.rmtree(directory, ignore_errors=True)
    Spool.open(spooled.settings(tmp_path), "ivr", "dead").close()
    for each, data in (dead | {name: damaged(dead[name], flips, cut, tail)}).items():
        (directory / each).write_bytes(data)
        (directory / each).chmod(0o600)
    spool = Spool.open(spooled.settings(tmp_path), "ivr", "dead")
    try:
        before, read_ = spool.count, set()
        try:
            read_ = {frame.sequence for _, frame in spool.oldest(0, 1000)}
        except SpoolError:
            assert spool.count == 0
        assert read_ <= set(range(1, COUNT + 1))
        for _ in range(2):
            try:
                spool.append(spooled.frames(5, first=1000))
                break
            except SpoolError:
                assert spool.count == 0
        else:
            raise AssertionError(f"it takes nothing any more; it held {before}")
        assert {frame.sequence for _, frame in spool.oldest(0, 1000)} >= set(range(1000, 1005))
    finally:
        spool.close()
