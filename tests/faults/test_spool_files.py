"""Files and directories of a spool that are somebody else's, open, links, read-only, on a full disk, or cut off by a kill."""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import spooled
from earwitness.client.identity import Origin
from earwitness.client.spool import Spool, SpoolError, SpoolFullError
from earwitness.client.spool.journal import Journal

NOBODY = 65534
ORIGIN = Origin("ivr", "prod", "acme", "mine")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to give files away")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "spool" / "ivr"
    made.mkdir(mode=0o700, parents=True)
    (tmp_path / "spool").chmod(0o700)
    return made


@contextlib.contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def refused(place: Path, says: str) -> None:
    """Neither spool nor journal can be opened, each says why in a line, and nothing was left behind."""
    settings = spooled.settings(place)
    for opened in (lambda: Spool.open(settings, "ivr", "mine"), lambda: Journal.open(settings, ORIGIN)):
        with pytest.raises(SpoolError) as caught:
            opened()
        text = str(caught.value)
        assert says in text
        assert "\n" not in text
        assert type(caught.value) is SpoolError


def fill(place: Path) -> Path:
    ballast = place / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


@pytest.mark.parametrize(("of", "mode"), [("spool", 0o777), ("spool", 0o720), ("ivr", 0o755), ("ivr", 0o770)])
def test_a_directory_that_is_open_to_others_is_refused(tmp_path, directory, of, mode):
    wrong = directory if of == "ivr" else directory.parent
    wrong.chmod(mode)
    refused(tmp_path, f"the spool's directory {wrong} is open to other users; run: chmod 700")
    assert wrong.stat().st_mode & 0o777 == mode, "it is not for us to change"


@as_root
@pytest.mark.parametrize("of", ["spool", "ivr"])
def test_a_directory_of_another_user_is_refused(tmp_path, directory, of):
    wrong = directory if of == "ivr" else directory.parent
    os.chown(wrong, NOBODY, NOBODY)
    refused(tmp_path, f"{wrong} belongs to the user {NOBODY}, and this is 0")


@pytest.mark.parametrize("of", ["spool", "ivr"])
def test_a_directory_that_is_a_link_is_not_followed(tmp_path, directory, of):
    wrong = directory if of == "ivr" else directory.parent
    elsewhere = tmp_path / "elsewhere"
    wrong.rename(elsewhere)
    wrong.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    refused(tmp_path, f"{wrong} is a symbolic link")
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize("ending", [".db", ".db-wal", ".db-shm", ".db-journal", ".lock"])
@pytest.mark.parametrize("how", ["link", "dangling", "hard", "directory", "fifo", "open", "foreign"])
def test_a_file_that_is_not_ours_alone_is_refused(tmp_path, directory, ending, how):
    file, target = directory / f"mine{ending}", tmp_path / "target"
    target.write_bytes(b"precious")
    target.chmod(0o600)
    if how in {"link", "dangling"}:
        file.symlink_to(target if how == "link" else tmp_path / "nowhere")
    elif how == "hard":
        file.hardlink_to(target)
    elif how == "directory":
        file.mkdir(0o700)
    elif how == "fifo":
        os.mkfifo(file, 0o600)
    else:
        file.touch(0o600)
        if how == "open":
            file.chmod(0o644)
        elif os.geteuid():
            pytest.skip("needs the right to give files away")
        else:
            os.chown(file, NOBODY, NOBODY)
    with pytest.raises(SpoolError) as caught:
        Spool.open(spooled.settings(tmp_path), "ivr", "mine")
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert target.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    # The same as a dead process's: nobody touches it, a person is told once, and the others' are adopted.
    left = Spool.open(spooled.settings(tmp_path), "ivr", "left")
    left.append(spooled.frames(3))
    left.close()
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    assert sum(heir.adopt(10) for _ in range(3)) == 3
    told = heir.take_notices()
    assert len(told) == (
        0 if ending == ".db-journal" or (ending[:4] == ".db-" and not (directory / "mine.db").exists()) else 1
    )
    assert all(str(file) in each for each in told)
    assert target.read_bytes() == b"precious"
    assert os.path.lexists(file)
    heir.close()


def test_a_journal_that_is_a_link_is_not_followed(tmp_path, directory):
    (directory / "mine.ring").symlink_to(tmp_path / "target")
    with pytest.raises(SpoolError, match="File exists"):
        Journal.open(spooled.settings(tmp_path), ORIGIN)
    assert not (tmp_path / "target").exists()
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    assert heir.adopt(10) == 0
    assert ["is a symbolic link" in each for each in heir.take_notices()] == [True]
    heir.close()


def test_a_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "spool").write_text("in the way")
    refused(tmp_path, "is no directory")
    with pytest.raises(SpoolError, match="cannot make the spool's directory"):
        Spool.open(spooled.SpoolSettings(directory=tmp_path / "spool" / "deeper"), "ivr", "mine")
    with pytest.raises(SpoolError, match="has no home; set EARWITNESS_SPOOL_DIR"):
        Spool.open(spooled.SpoolSettings(directory=None), "ivr", "mine")


def test_a_read_only_disk_is_told_and_what_is_on_it_stays(tmp_path):
    place = tmp_path / "disk"
    with mounted(place, "size=16m"):
        spool = Spool.open(spooled.settings(place), "ivr", "left")
        spool.append(spooled.frames(5))
        spool.close()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        refused(place, "cannot write to the spool's directory")
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
        heir = Spool.open(spooled.settings(place), "ivr", "heir")
        assert heir.adopt(100) == 5
        subprocess.run(
            ["mount", "-o", "remount,ro", str(place)], check=False
        )  # refused while files are open for writing
        heir.close()


def test_a_read_only_file_is_told(tmp_path, directory):
    for name in ("mine", "left"):
        spool = Spool.open(spooled.settings(tmp_path), "ivr", name)
        spool.append(spooled.frames(5))
        spool.close()
    files = [str(directory / f"{name}.db") for name in ("mine", "left")]
    for file in files:
        if subprocess.run(["mount", "--bind", file, file], capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount")
        subprocess.run(["mount", "-o", "remount,ro,bind", file], check=True)
    try:
        with pytest.raises(SpoolError, match=r"mine\.db: .*readonly"):
            Spool.open(spooled.settings(tmp_path), "ivr", "mine")
        heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
        assert heir.adopt(10) == 0
        assert all("readonly" in each for each in heir.take_notices())
        heir.close()
    finally:
        for file in files:
            subprocess.run(["umount", file], check=True)
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    assert heir.adopt(20) == 10
    heir.close()


def test_a_full_disk_takes_nothing_keeps_what_is_there_and_goes_on_when_there_is_room(tmp_path):
    place = tmp_path / "disk"
    with mounted(place, "size=24m", "mode=700"):
        spool = Spool.open(spooled.settings(place), "ivr", "mine")
        ids = spool.append(spooled.frames(500, size=2000))
        ballast = fill(place)
        with pytest.raises(SpoolFullError, match="or its disk"):  # noqa: PT012 (it is one of them that does not fit)
            for count in range(100):
                ids += spool.append(spooled.frames(50, first=501 + 50 * count, size=2000))
        assert spooled.sequences(spool.oldest(0, 10**6)) == list(range(1, len(ids) + 1))
        assert spool.count == len(ids)
        with pytest.raises(SpoolError) as caught:
            Journal.open(spooled.settings(place), ORIGIN)
        assert "No space left" in str(caught.value)
        assert not (place / "spool" / "ivr" / "mine.ring").exists()
        with pytest.raises(SpoolError):
            Spool.open(spooled.settings(place), "ivr", "another")
        ballast.unlink()
        assert len(spool.append(spooled.frames(50, first=len(ids) + 1, size=2000))) == 50
        spool.delete(ids)
        assert spool.count == 50
        ballast = fill(place)
        spool.close()
        ballast.unlink()
        heir = Spool.open(spooled.settings(place), "ivr", "heir")
        heir.adopt(1000)
        found = spooled.sequences(heir.oldest(0, 10**6))
        assert sorted(set(found)) == list(range(len(ids) + 1, len(ids) + 51))
        heir.close()


def test_an_adoption_on_a_full_disk_loses_nothing(tmp_path):
    place = tmp_path / "disk"
    with mounted(place, "size=24m", "mode=700"):
        left = Spool.open(spooled.settings(place), "ivr", "left")
        left.append(spooled.frames(800, size=3000))
        left.close()
        heir = Spool.open(spooled.settings(place), "ivr", "heir")
        ballast = fill(place)
        moved = 0
        for _ in range(30):
            with contextlib.suppress(SpoolError):
                moved += heir.adopt(100)
        assert moved < 800
        ballast.unlink()
        for _ in range(30):
            moved += heir.adopt(100)
        assert set(spooled.sequences(heir.oldest(0, 10**6))) == set(range(1, 801))
        heir.close()


def test_a_directory_that_disappears_is_told(tmp_path, directory):
    spool = Spool.open(spooled.settings(tmp_path), "ivr", "mine")
    shutil.rmtree(directory.parent)
    with pytest.raises(SpoolError, match="cannot read the spool's directory"):
        spool.adopt(10)
    spool.close()


@pytest.mark.timeout(300)
def test_what_was_appended_is_there_after_a_kill_at_any_moment(tmp_path):
    setup = """
        import pathlib
        import spooled
        from earwitness.client.spool import Spool
    """
    body = """
        spool = Spool.open(spooled.settings(pathlib.Path(argv[0])), "ivr", "dead")
        number, ids = 0, []
        while True:
            ids += spool.append(spooled.frames(20, first=number + 1, producer_id="dead"))
            number += 20
            print("stored", number, flush=True)
            if len(ids) > 400:
                print("deleting", number - 400, flush=True)
                spool.delete(ids[:-400])
                ids = ids[-400:]
    """
    generator = random.Random()
    nursery = spooled.Nursery(setup, body)
    for round_ in range(40):
        place = tmp_path / str(round_)
        lines = nursery.kill_one(place, ready="stored", after_seconds=generator.uniform(0, 0.05))
        told = [line.split() for line in lines]
        stored = max(int(number) for what, number in told if what == "stored")
        deleted = max((int(number) for what, number in told if what == "deleting"), default=0)
        heir = Spool.open(spooled.settings(place), "ivr", "heir")
        while heir.adopt(200):
            pass
        found = spooled.sequences(heir.oldest(0, 10**6))
        assert len(found) == len(set(found))
        assert set(found) >= set(range(deleted + 1, stored + 1)), "what append had returned"
        assert heir.take_notices() == []
        heir.close()
    nursery.close()


@pytest.mark.stack
def test_replay_brings_dead_processes_events_into_kafka_and_empties_their_files(
    stack: Any, tmp_path, capsys, monkeypatch
):
    from confluent_kafka import Consumer, TopicPartition

    from earwitness.cli import main
    from earwitness.schemas import codec

    service = f"replayed-{secrets.token_hex(4)}"
    for name, value in stack.environment("producer").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EARWITNESS_SPOOL_DIR", str(tmp_path))
    monkeypatch.setenv("EARWITNESS_ENVIRONMENT", "spool")
    expected = set()
    for number in range(3):
        origin = Origin(service, "prod", "acme", f"{service}-{number}")
        dead = Spool.open(spooled.settings(tmp_path), service, origin.producer_id)
        dead.append([spooled.event_frame(origin, each) for each in range(1, 701)])
        dead.close()
        expected |= {(origin.producer_id, each) for each in range(1, 701)}
    journal = Journal.open(spooled.settings(tmp_path), Origin(service, "prod", "acme", "ring"))
    journal.write(spooled.taken(spooled.ended()))
    journal.close()
    expected.add(("ring", 1))
    living = Spool.open(spooled.settings(tmp_path), service, "living")
    living.append([spooled.event_frame(Origin(service, "prod", "acme", "living"), 1)])

    code = main(["spool", "replay", "--service", service, "--json"])
    assert (code, json.loads(capsys.readouterr().out)["delivered"]) == (0, 2101)
    assert {path.stem for path in (tmp_path / "spool" / service).iterdir()} == {"living"}
    assert living.count == 1
    code = main(["spool", "replay", "--service", service])
    assert (code, capsys.readouterr().out) == (0, "0 events delivered, 0 stay\n")
    living.delete([1])
    living.close()

    kafka = stack.settings("admin").need_kafka()
    consumer = Consumer(kafka.librdkafka() | {"group.id": service, "enable.auto.commit": False})
    topic = "audit.raw.call"
    partitions = [TopicPartition(topic, each, 0) for each in consumer.list_topics(topic, 10).topics[topic].partitions]
    consumer.assign(partitions)
    found = []
    deadline = time.monotonic() + 60
    while len(found) < len(expected) and time.monotonic() < deadline:
        for message in consumer.consume(500, 1.0):
            _, record = codec.decode(message.value())
            if record["service"] == service:
                assert record["replayed"] is True
                found.append((record["producer_id"], record["sequence"]))
    consumer.close()
    assert sorted(found) == sorted(expected)


@pytest.mark.stack
def test_replay_without_a_broker_keeps_everything(tmp_path):
    dead = Spool.open(spooled.settings(tmp_path), "ivr", "dead")
    dead.append([spooled.event_frame(ORIGIN, each) for each in range(1, 11)])
    dead.close()
    environment = os.environ | {
        "EARWITNESS_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "EARWITNESS_SPOOL_DIR": str(tmp_path),
        "EARWITNESS_ENVIRONMENT": "spool",
    }
    command = [sys.executable, "-m", "earwitness.cli", "spool", "replay"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "does not answer" in ran.stderr
    heir = Spool.open(spooled.settings(tmp_path), "ivr", "heir")
    assert heir.adopt(100) == 10
    heir.close()
