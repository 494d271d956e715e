"""A spool keeps what it is given until it is told that the broker has it: in order, within its cap, for some days."""

import os
import stat
import subprocess
import sys
import time

import pytest

import spooled
from earwitness.client.spool import Frame, Lost, Spool, SpoolError, SpoolFullError
from earwitness.client.spool.store import Store


@pytest.fixture
def spool(tmp_path):
    with_files = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-1")
    yield with_files
    with_files.close()


def all_of(spool):
    return spooled.sequences(spool.oldest(0, 10**6))


def test_what_is_appended_comes_back_as_it_was_and_in_order(spool):
    given = spooled.frames(30)
    ids = spool.append(given[:10]) + spool.append(given[10:])
    assert ids == sorted(ids)
    assert spool.oldest(0, 100) == list(zip(ids, given, strict=True))
    assert spool.oldest(ids[4], 3) == list(zip(ids[5:8], given[5:8], strict=True))
    assert spool.count == 30


def test_what_is_deleted_is_gone_and_its_id_is_not_used_again(spool):
    ids = spool.append(spooled.frames(10))
    spool.delete(ids[5:])
    assert spool.count == 5
    assert all_of(spool) == [1, 2, 3, 4, 5]
    spool.delete(ids)
    assert spool.count == 0
    assert min(spool.append(spooled.frames(2))) > max(ids)


def test_deleting_what_is_not_there_changes_nothing(spool):
    ids = spool.append(spooled.frames(3))
    spool.delete([ids[0], ids[0], 999_999])
    assert spool.count == 2
    spool.delete([])
    assert spool.append([]) == []
    assert all_of(spool) == [2, 3]


def test_numbers_tell_what_is_in_it(spool):
    assert (spool.count, spool.oldest_age_seconds) == (0, 0.0)
    empty = spool.bytes
    ids = spool.append(spooled.frames(100, age_days=1) + spooled.frames(100, first=101))
    assert spool.bytes > empty + 200 * 300
    assert spool.oldest_age_seconds == pytest.approx(86_400, abs=60)
    spool.delete(ids[:100])
    assert spool.oldest_age_seconds < 60
    spool.delete(ids)
    assert spool.oldest_age_seconds == 0.0


def test_a_clock_that_was_set_back_gives_no_negative_age(spool):
    spool.append(spooled.frames(1, age_days=-30))
    assert spool.oldest_age_seconds == 0.0
    assert spool.expire() == 0


def test_files_are_for_their_owner_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        spool = Spool.open(spooled.settings(tmp_path / "deep" / "er"), "ivr", "ivr-1")
    finally:
        os.umask(before)
    spool.append(spooled.frames(5))
    found = list((tmp_path / "deep").rglob("*"))
    assert {path.name for path in found} >= {"spool", "ivr", "ivr-1.db", "ivr-1.db-wal", "ivr-1.db-shm", "ivr-1.lock"}
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    spool.close()


def test_an_empty_spool_leaves_no_file_and_a_full_one_stays(tmp_path):
    directory = tmp_path / "spool" / "ivr"
    spool = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-1")
    ids = spool.append(spooled.frames(3))
    spool.close()
    spool.close()
    assert {path.name for path in directory.iterdir()} == {"ivr-1.db", "ivr-1.lock"}
    again = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-1")
    assert again.count == 3
    assert [number for number, _ in again.oldest(0, 10)] == ids
    again.delete(ids)
    again.close()
    assert list(directory.iterdir()) == []


def test_at_the_cap_nothing_of_the_call_is_stored_deletes_work_and_inserts_resume(tmp_path):
    spool = Spool.open(spooled.settings(tmp_path, max_bytes=1 << 20), "ivr", "ivr-1")
    stored = []
    with pytest.raises(SpoolFullError, match="is full"):  # noqa: PT012 (it is one of them that does not fit)
        while True:
            stored += spool.append(spooled.frames(50, first=len(stored) + 1, size=1000))
    assert 500 < len(stored) < 1100
    assert spool.count == len(stored)
    assert all_of(spool) == list(range(1, len(stored) + 1))
    assert spool.bytes <= 1 << 20
    with pytest.raises(SpoolFullError):
        spool.append(spooled.frames(50, size=1000))
    spool.delete(stored[:200])
    spool.append(spooled.frames(100, first=5000, size=1000))
    assert spool.count == len(stored) - 100
    while spool.count:
        spool.delete([number for number, _ in spool.oldest(0, 100)])
    for _ in range(20):  # each gives some of what is free back to the disk
        spool.delete([1])
    assert spool.bytes < 200_000
    assert len(spool.append(spooled.frames(500, size=1000))) == 500
    spool.delete([number for number, _ in spool.oldest(0, 10**6)])
    spool.close()
    assert list((tmp_path / "spool" / "ivr").iterdir()) == []


def test_a_frame_larger_than_the_spool_is_refused_and_the_next_one_taken(tmp_path):
    spool = Spool.open(spooled.settings(tmp_path, max_bytes=1 << 20), "ivr", "ivr-1")
    with pytest.raises(SpoolFullError):
        spool.append(spooled.frames(1, size=2 << 20))
    assert len(spool.append(spooled.frames(1))) == 1
    spool.close()


@pytest.mark.parametrize(
    "frame",
    [
        spooled.frames(1)[0]._replace(captured_ms=2**70),
        spooled.frames(1)[0]._replace(key="\ud800"),
        spooled.frames(1)[0]._replace(body=object()),
    ],
    ids=["huge", "surrogate", "object"],
)
def test_what_cannot_be_stored_is_a_spool_error_and_nothing_else(spool, frame):
    with pytest.raises(SpoolError):
        spool.append([*spooled.frames(3), frame])
    assert spool.count == 0
    assert all_of(spool) == []
    spool.append(spooled.frames(1))
    assert all_of(spool) == [1]


def test_texts_of_any_sort_come_back(spool):
    frame = Frame("ivr\0-1", 2**62, "call.ended", "", "Zoë \0🙈", 2**31 - 1, bytes(range(256)), 0)
    spool.append([frame])
    [(_, found)] = spool.oldest(0, 1)
    assert found == frame
    assert isinstance(found, Frame)


def test_old_events_are_dropped_and_told(tmp_path):
    spool = Spool.open(spooled.settings(tmp_path, max_days=7), "ivr", "ivr-1")
    ids = spool.append(spooled.frames(5, age_days=8) + spooled.frames(3, first=6))
    assert spool.expire(2) == 2
    assert spool.take_lost() == [
        Lost(ids[0], "ivr-1", 1, "call.ended", "spool_expired"),
        Lost(ids[1], "ivr-1", 2, "call.ended", "spool_expired"),
    ]
    assert spool.expire(limit=2, keep={ids[2]}) == 1, "one is on its way"
    assert spool.expire(keep={ids[2]}) == 1
    assert spool.expire() == 1
    assert spool.expire() == 0
    assert len(spool.take_lost()) == 3
    assert spool.take_lost() == []
    assert spool.expired == 5
    assert all_of(spool) == [6, 7, 8]
    spool.delete(ids)
    spool.close()


def test_old_events_are_dropped_when_the_file_is_opened(tmp_path):
    spool = Spool.open(spooled.settings(tmp_path, max_days=30), "ivr", "ivr-1")
    spool.append(spooled.frames(1200, age_days=8, size=10) + spooled.frames(2, first=2000))
    spool.close()
    spool = Spool.open(spooled.settings(tmp_path, max_days=7), "ivr", "ivr-1")
    assert (spool.count, spool.expired, len(spool.take_lost())) == (2, 1200, 1200)
    spool.close()


def test_invalid_events_are_kept_up_to_a_number_and_for_some_days(tmp_path):
    spool = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-1")
    for number in range(1005):
        spool.set_aside("call.ended", number, b"snapshot", "duration_seconds does not fit")
    assert (spool.count, spool.aside, spool.aside_skipped) == (0, 1000, 5)
    assert spool.oldest(0, 10) == []
    spool.close()
    store = Store(tmp_path / "spool" / "ivr" / "ivr-1.db")
    assert [row.sequence for row in store.asides(0, 2)] == [0, 1]
    with store._transaction("write") as db:
        db.execute("UPDATE aside SET set_ms = ? WHERE id > 10", (int(time.time() - 8 * 86_400) * 1000,))
    store.close()
    spool = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-1")
    assert spool.aside == 10
    spool.close()


def test_two_spools_of_one_process_do_not_take_each_others_files(tmp_path):
    one = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-1")
    two = Spool.open(spooled.settings(tmp_path), "ivr", "ivr-2")
    one.append(spooled.frames(3))
    assert two.adopt(100) == 0
    assert one.adopt(100) == 0
    one.close()
    assert two.adopt(100) == 3
    assert spooled.sequences(two.oldest(0, 9)) == [1, 2, 3]
    two.delete([number for number, _ in two.oldest(0, 9)])
    two.close()


def test_a_name_is_never_a_path(tmp_path):
    for service in ("../../etc", "/", "..", ".", "", "a" * 500, "a" * 499 + "b", "Zoë/\0", ".lock", "a%2Fb", "a/b"):
        spool = Spool.open(spooled.settings(tmp_path), service, f"{service}-1")
        spool.append(spooled.frames(1))
        spool.close()
    top = tmp_path / "spool"
    assert set(tmp_path.iterdir()) == {top}
    assert len(list(top.iterdir())) == 11
    assert all(len(list(path.iterdir())) == 2 for path in top.iterdir())


def test_sqlite_is_not_imported_by_an_app_that_does_not_use_the_client():
    code = "import sys, earwitness.client; print([name for name in sys.modules if 'sqlite' in name])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
