"""What a dead process left is taken over by whoever lives, once, whatever happens in between."""

import os
import signal
import threading

import pytest

import spooled
from earwitness.client.identity import Origin
from earwitness.client.spool import Lost, Spool, SpoolError, SpoolFullError, claims
from earwitness.client.spool.journal import Journal
from earwitness.client.spool.orphans import Orphans
from waiting import wait_for

FILL = """
    import pathlib, sys
    import spooled
    from earwitness.client.spool import Spool
    spool = Spool.open(spooled.settings(pathlib.Path(sys.argv[1])), "ivr", sys.argv[2])
    spool.append(spooled.frames(int(sys.argv[3]), producer_id=sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "spool" / "ivr"


@pytest.fixture
def living(tmp_path):
    spool = Spool.open(spooled.settings(tmp_path), "ivr", "living")
    yield spool
    spool.close()


def filled(tmp_path, name, count):
    """A process that holds a spool with so many events."""
    process = spooled.python(FILL, tmp_path, name, count)
    assert process.stdout.readline() == "ready\n"
    return process


def killed(process):
    process.kill()
    process.wait(10)
    process.stdin.close()
    process.stdout.close()


def left(tmp_path, name, count, **options):
    """A file whose process is gone, as far as anybody can see."""
    spool = Spool.open(spooled.settings(tmp_path), "ivr", name)
    spool.append(spooled.frames(count, producer_id=name, **options))
    spool.close()


def adopted(spool, limit=100):
    total = 0
    while found := spool.adopt(limit):
        total += found
    return total


def numbers(spool):
    return [(frame.producer_id, frame.sequence) for _, frame in spool.oldest(0, 10**6)]


def test_a_living_process_keeps_its_events_and_a_killed_ones_are_taken_over(tmp_path, directory, living):
    process = filled(tmp_path, "other", 250)
    assert living.adopt(100) == 0
    killed(process)
    assert (directory / "other.db-wal").exists(), "it had no time to tidy up"
    assert living.adopt(100) == 100
    assert adopted(living) == 150
    assert numbers(living) == [("other", number) for number in range(1, 251)]
    assert {path.stem for path in directory.iterdir()} == {"living"}
    living.delete([number for number, _ in living.oldest(0, 1000)])


def test_work_is_bounded_and_a_file_is_finished_by_the_next_one(tmp_path, directory, living):
    left(tmp_path, "dead", 100)
    assert living.adopt(30) == 30
    living.close()
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    assert adopted(heir) == 100
    assert sorted(numbers(heir)) == [("dead", number) for number in range(1, 101)]
    assert {path.stem for path in directory.iterdir()} == {"heir"}
    heir.close()


def test_work_is_bounded_by_time_and_goes_on_with_the_next_turn(tmp_path, directory, living):
    """With no time at all a turn is one step of looking for files or one batch of rows, a longer one each time."""
    left(tmp_path, "dead", 300)
    for number in range(20):
        left(tmp_path, f"small-{number:02}", 2)
    turns = [living.adopt(1000, 0)]
    while living.is_adopting:
        turns.append(living.adopt(1000, 0))
    assert sum(turns) == 340
    assert [each for each in turns if each][:3] == [64, 128, 108]
    assert sum(bool(each) for each in turns) == 3 + 20
    assert living.count == len(set(numbers(living))) == 340
    assert {path.stem for path in directory.iterdir()} == {"living"}


def test_the_last_rows_of_a_file_come_once_though_the_adopter_ends_before_the_file_is_removed(tmp_path, directory):
    left(tmp_path, "dead", 10)
    one = Spool.open(spooled.settings(tmp_path), "ivr", "one")
    while not one.adopt(1000, 0):
        assert one.is_adopting
    one.delete([number for number, _ in one.oldest(0, 10)])
    one.close()
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    assert adopted(heir) == 0
    heir.close()
    assert not [path for path in directory.iterdir() if path.suffix == ".db"]


def test_another_service_keeps_its_own(tmp_path, living):
    other = Spool.open(spooled.settings(tmp_path), "billing", "dead")
    other.append(spooled.frames(3))
    other.close()
    assert living.adopt(100) == 0


def test_two_adopters_at_once_do_not_take_the_same_row_twice(tmp_path):
    for name in range(6):
        left(tmp_path, f"dead-{name}", 200)
    heirs = [Spool.open(spooled.settings(tmp_path), "ivr", f"heir-{number}") for number in range(4)]
    start = threading.Barrier(len(heirs))

    def adopt(heir):
        start.wait()
        while heir.adopt(7):
            pass

    threads = [threading.Thread(target=adopt, args=(heir,)) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [number for heir in heirs for number in numbers(heir)]
    assert sorted(found) == [(f"dead-{name}", number) for name in range(6) for number in range(1, 201)]
    for heir in heirs:
        heir.close()


def test_old_ones_are_dropped_and_counted(tmp_path, directory, living):
    dead = Spool.open(spooled.settings(tmp_path, max_days=30), "ivr", "dead")
    dead.append(spooled.frames(5, producer_id="dead", age_days=8) + spooled.frames(3, first=6, producer_id="dead"))
    dead.close()
    assert adopted(living) == 3
    assert living.expired == 5
    assert living.take_lost() == [Lost(0, "dead", number, "call.ended", "spool_expired") for number in range(1, 6)]
    assert {path.stem for path in directory.iterdir()} == {"living"}


def test_a_step_that_moves_nothing_is_not_yet_the_end(tmp_path, living):
    dead = Spool.open(spooled.settings(tmp_path, max_days=30), "ivr", "dead")
    dead.append(spooled.frames(100, age_days=8) + spooled.frames(3, first=101))
    dead.close()
    steps = [(living.adopt(60), living.is_adopting) for _ in range(3)]
    assert steps == [(0, True), (3, False), (0, False)]
    assert living.expired == 100


def test_invalid_events_are_taken_over_too(tmp_path, directory, living):
    dead = Spool.open(spooled.settings(tmp_path), "ivr", "dead")
    for number in range(250):
        dead.set_aside("call.ended", number, b"snapshot", "it does not fit")
    dead.close()
    living.adopt(1000)
    assert (living.count, living.aside) == (0, 250)
    assert {path.stem for path in directory.iterdir()} == {"living"}


def test_a_full_spool_leaves_them_where_they_are(tmp_path, directory):
    left(tmp_path, "dead", 50, size=5000)
    living = Spool.open(spooled.settings(tmp_path, max_bytes=1 << 20), "ivr", "living")
    size = 1000
    with pytest.raises(SpoolFullError):  # noqa: PT012 (it is one of them that does not fit)
        while True:
            living.append(spooled.frames(20, size=size))
    assert living.adopt(100) == 0
    assert (directory / "dead.db").exists()
    living.delete([number for number, _ in living.oldest(0, 10**6)])
    assert adopted(living) == 50
    living.close()


def test_files_without_events_are_tidied_up(tmp_path, directory, living):
    (directory / "never.lock").touch(0o600)
    (directory / "cut.db").touch(0o600)
    (directory / "lost-its-lock.ring").touch(0o600)
    (directory / "notes.txt").touch()
    assert living.adopt(100) == 0
    found = {path.name for path in directory.iterdir() if path.stem != "living"}
    assert found == {"notes.txt", "lost-its-lock.ring.damaged"}


def test_a_child_that_lives_does_not_hide_that_its_parent_is_dead(tmp_path, living):
    code = """
        import os, pathlib, sys, time
        import spooled
        from earwitness.client.spool import Spool
        spool = Spool.open(spooled.settings(pathlib.Path(sys.argv[1])), "ivr", "parent")
        spool.append(spooled.frames(10, producer_id="parent"))
        child = os.fork()
        if not child:
            time.sleep(600)
        print(child, flush=True)
        sys.stdin.read()
    """
    process = spooled.python(code, tmp_path)
    child = int(process.stdout.readline())
    try:
        assert living.adopt(100) == 0
        process.kill()
        process.wait(10)
        wait_for(lambda: living.adopt(100) == 10, 10, "the events of a dead parent")
        os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdin.close()
        process.stdout.close()


def test_a_child_starts_its_own_and_leaves_its_parents_alone(tmp_path, directory):
    code = """
        import os, pathlib, sys
        import spooled
        from earwitness.client.identity import Origin
        from earwitness.client.spool import Spool, SpoolError
        from earwitness.client.spool.journal import Journal
        settings = spooled.settings(pathlib.Path(sys.argv[1]))
        spool = Spool.open(settings, "ivr", "parent")
        journal = Journal.open(settings, Origin("ivr", "dev", "default", "parent"), size_bytes=1 << 20)
        ids = spool.append(spooled.frames(10, producer_id="parent"))
        slot = journal.write(b"mine")
        for number in range(int(sys.argv[2])):
            child = os.fork()
            if not child:
                for refused in (lambda: spool.append(spooled.frames(1)), lambda: spool.delete(ids), lambda: spool.oldest(0, 1)):
                    try:
                        refused()
                    except SpoolError as error:
                        assert "forked" in str(error), error
                    else:
                        raise AssertionError("it used its parent's file")
                assert journal.write(b"child's") == -1
                journal.number(slot, 7)
                journal.free(slot)
                if number % 2:
                    spool.close()
                    journal.close()
                own = Spool.open(settings, "ivr", f"child-{number}")
                own.append(spooled.frames(3, producer_id=f"child-{number}"))
                own.close()
                sys.exit(0)  # with all that Python tidies up
            assert os.waitpid(child, 0)[1] == 0
            spool.append(spooled.frames(1, first=100 + number, producer_id="parent"))
        assert journal.write(b"mine too") >= 0
        print(spool.count, flush=True)
        os._exit(0)
    """
    process = spooled.python(code, tmp_path, 6)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "16\n")
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    ring = Journal.recover(directory / "parent.ring")
    assert [entry.snapshot for entry in ring.entries] == [b"mine", b"mine too"]
    assert ring.entries[0].sequence is None
    (directory / "parent.ring").unlink()
    assert adopted(heir) == 16 + 6 * 3
    heir.close()


def test_a_fork_in_the_middle_of_a_write_neither_hangs_nor_harms(tmp_path):
    code = """
        import os, pathlib, sys, threading
        import spooled
        from earwitness.client.spool import Spool
        spool = Spool.open(spooled.settings(pathlib.Path(sys.argv[1])), "ivr", "parent")
        end, done = threading.Event(), 0
        def write():
            global done
            while not end.is_set():
                spool.append(spooled.frames(20, first=done + 1, producer_id="parent"))
                done += 20
        thread = threading.Thread(target=write)
        thread.start()
        for _ in range(int(sys.argv[2])):
            child = os.fork()
            if not child:
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
        end.set()
        thread.join()
        assert spooled.sequences(spool.oldest(0, 10**6)) == list(range(1, done + 1))
        print("well", flush=True)
        os._exit(0)
    """
    process = spooled.python(code, tmp_path, 12)
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "well\n")


def test_what_is_executed_does_not_inherit_the_lock(tmp_path, living):
    code = """
        import pathlib, subprocess, sys
        import spooled
        from earwitness.client.spool import Spool
        spool = Spool.open(spooled.settings(pathlib.Path(sys.argv[1])), "ivr", "parent")
        spool.append(spooled.frames(10))
        print(subprocess.Popen(["sleep", "600"], close_fds=False).pid, flush=True)
        sys.stdin.read()
    """
    process = spooled.python(code, tmp_path)
    sleeper = int(process.stdout.readline())
    killed(process)
    try:
        assert living.adopt(100) == 10
    finally:
        os.kill(sleeper, signal.SIGKILL)


@pytest.mark.parametrize("after", ["stored", "deleted"])
def test_a_kill_in_the_middle_of_an_adoption_loses_nothing(tmp_path, after):
    left(tmp_path, "dead", 100)
    code = """
        import os, pathlib, signal, sys
        import spooled
        from earwitness.client.spool import Spool
        from earwitness.client.spool.orphans import Orphans
        spool = Spool.open(spooled.settings(pathlib.Path(sys.argv[1])), "ivr", "heir")
        assert spool.adopt(20) == 20
        taken = Orphans.taken
        def kill(self):
            if sys.argv[2] == "deleted":
                taken(self)
            os.kill(os.getpid(), signal.SIGKILL)
        Orphans.taken = kill
        spool.adopt(20)
    """
    process = spooled.python(code, tmp_path, after)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "second")
    adopted(heir)
    found = numbers(heir)
    assert set(found) == {("dead", number) for number in range(1, 101)}
    assert len(found) == (120 if after == "stored" else 100), "a row may come twice: it has its event id"
    heir.close()


def test_a_lock_is_taken_by_one_and_its_removal_seen_by_all(tmp_path):
    rounds, holders, most = 300, [], []
    stem = tmp_path / "one"

    def fight():
        for _ in range(rounds):
            claim = claims.try_take(stem)
            if claim is not None:
                holders.append(claim)
                most.append(len(holders))
                holders.remove(claim)
                claim.release()  # removes the file, since there is nothing that it guards

    threads = [threading.Thread(target=fight) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert not list(tmp_path.iterdir())


def test_a_name_that_another_process_uses_is_refused(tmp_path, directory):
    process = filled(tmp_path, "same", 1)
    try:
        with pytest.raises(SpoolError, match="another process uses"):
            Spool.open(spooled.settings(tmp_path), "ivr", "same")
    finally:
        killed(process)
    Spool.open(spooled.settings(tmp_path), "ivr", "same").close()


def test_events_of_a_dead_processs_journal_are_numbered_behind_its_own(tmp_path, directory, living):
    settings = spooled.settings(tmp_path)
    origin = Origin("ivr", "prod", "acme", "dead")
    journal = Journal.open(settings, origin)
    slots = [journal.write(spooled.taken(spooled.ended(number))) for number in range(5)]
    journal.number(slots[0], 40)
    journal.number(slots[2], 41)
    journal.reached(45)  # given to events that are not in the journal
    journal.write(b"no snapshot at all")
    journal.close()
    assert adopted(living) == 5
    found = [frame for _, frame in living.oldest(0, 10)]
    assert [frame.sequence for frame in found] == [40, 46, 41, 47, 48]
    assert {frame.producer_id for frame in found} == {"dead"}
    assert living.aside == 1
    assert not (directory / "dead.ring").exists()


def test_a_journal_that_is_read_again_gives_the_same_numbers(tmp_path, directory):
    settings = spooled.settings(tmp_path)
    journal = Journal.open(settings, Origin("ivr", "prod", "acme", "dead"))
    for number in range(10):
        journal.write(b"nonsense" if number == 3 else spooled.taken(spooled.ended(number)))
    journal.close()
    found = []
    for _ in range(2):
        orphans = Orphans(directory, directory / "nobody", 7)
        batches = [orphans.read(4)]
        orphans.taken()
        batches.append(orphans.read(4))
        found.append([frame for batch in batches for frame in batch.frames])
        orphans.close()
    assert found[0] == found[1]
    assert [frame.sequence for frame in found[0]] == [1, 2, 3, 4, 5, 6, 7]


def test_an_adopter_that_dies_lets_go(tmp_path, living):
    process = filled(tmp_path, "other", 5)
    killed(process)
    holder = Orphans(tmp_path / "spool" / "ivr", tmp_path / "nobody", 7)
    assert holder.read(1) is not None
    assert living.adopt(10) == 0
    holder.close()
    wait_for(lambda: living.adopt(10) == 5, 10, "the rows of a file that was let go")
