"""Homes with the real parts in them: several at once, moved, killed while they are made, made by an earlier version."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import homes
import pytest

from earwitness.embedded import control
from earwitness.embedded.home import FORMAT, Home
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

EARLIER = Path(__file__).parents[1] / "data" / "earlier-format-1.zip"
"""The import roots of the last version whose homes had the format 1."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has 20 events of the service `first` and is down; to be copied, not to be used."""
    home: Path = tmp_path_factory.mktemp("lived") / "home"
    try:
        homes.up(home)
        homes.emit(home, "first", 20)
        assert homes.stored(home) == {"first": 20}
    finally:
        homes.down(home)
    return home


@pytest.fixture
def copy(lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived, tmp_path / "copy", symlinks=True))


def test_three_stacks_at_once_do_not_meet(copy, tmp_path):
    original, second, fresh = copy, tmp_path / "second", tmp_path / "fresh"
    shutil.copytree(original, second, symlinks=True)
    all_three = (original, second, fresh)
    try:
        with ThreadPoolExecutor(3) as pool:
            chosen = list(pool.map(homes.up, all_three, [("privacy", "sink"), ("privacy", "sink"), ()]))
        ports = [port for each in chosen for port in each.values()]
        assert len(set(ports)) == len(ports)
        homes.emit(second, "second", 30)
        homes.emit(original, "original", 10)
        assert homes.stored(second) == {"first": 20, "second": 30}
        assert homes.stored(original) == {"first": 20, "original": 10}
        assert homes.counted(fresh) == {}

        control.down(second, lambda _: None)
        for home in (original, fresh):
            state = control.status(home)
            assert state.phase == "ready"
            assert {(service.state, service.restarts) for service in state.services} == {("ready", 0)}
        homes.emit(original, "original", 5)
        assert homes.stored(original)["original"] == 15
    finally:
        homes.down(*all_three)


def test_a_moved_home_has_its_data_and_ports_at_any_path_and_by_a_symlink(copy, tmp_path):
    place = tmp_path / 'mit Leerzeichen, ünd "quotes" \'n $HOME' / ("x" * 200) / ("y" * 200) / "home"
    link = tmp_path / "link"
    try:
        before = homes.up(copy)
        homes.emit(copy, "before", 10)
        control.down(copy, lambda _: None)
        place.parent.mkdir(parents=True)
        copy.rename(place)
        link.symlink_to(place)
        assert homes.up(link) == before
        homes.emit(place, "moved", 10)
        assert homes.stored(link) == {"first": 20, "before": 10, "moved": 10}
        assert control.status(place).phase == "ready"
        assert control.down(place, lambda _: None) is True
        assert control.status(link).phase == "stopped"
    finally:
        homes.down(copy, place)


def test_a_first_start_that_is_killed_at_every_step_comes_to_its_end(tmp_path):
    home = tmp_path / "home"
    steps = ("starting the broker", "making Kafka users and topics", "starting the schema catalogue",
             "starting ClickHouse", "making ClickHouse tables", "starting worker privacy", "starting worker sink")  # fmt: skip
    command = [sys.executable, "-m", "earwitness.cli", "up", "--home", str(home)]
    try:
        for step in steps:
            starting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for(
                lambda step=step: (state := control.status(home)).message == step and state.supervisor is not None,
                90.0,
            )
            supervisor = control.status(home).supervisor
            assert supervisor is not None
            os.kill(supervisor.pid, signal.SIGKILL)
            assert starting.wait(60) == 3
        homes.up(home)
        homes.emit(home, "survivor", 20)
        assert homes.stored(home) == {"survivor": 20}
    finally:
        homes.down(home)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python in which the earlier version is installed."""
    directory = tmp_path_factory.mktemp("earlier")
    with zipfile.ZipFile(EARLIER) as archive:
        archive.extractall(directory)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(directory / "env")], check=True)
    parts = [str(directory / part) for part in ("schemas", "producers", "processors", "sinks", "deploy")]
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site,) = (directory / "env").glob("lib/python3*/site-packages")
    (site / "earlier.pth").write_text("\n".join([*parts, *others]) + "\n")
    return str(directory / "env" / "bin" / "python")


def test_a_home_of_the_previous_version_goes_on_with_all_its_data(earlier, tmp_path):
    home = tmp_path / "home"
    try:
        # More than once: on a busy machine that version gives a broker ten seconds to show its topics.
        wait_for(lambda: homes.run(home, "up", python=earlier).returncode == 0, 240.0)
        homes.emit(home, "old", 20, python=earlier)
        # Upgraded while it runs: the new command knows the old supervisor, and stops it. What is still on its way stays in Kafka.
        assert control.status(home).phase == "ready"
        assert control.down(home, lambda _: None) is True
        assert (home / "format").read_text() == "1\n"
        ports = Home(home).read_ports()

        # An upgrade that is killed as soon as it has begun.
        killed = subprocess.Popen([sys.executable, "-m", "earwitness.cli", "up", "--home", str(home)])
        wait_for(lambda: "upgrading the home" in (home / "logs" / "supervisor.log").read_text(), 90.0)
        state = Home(home).owner()
        if state is not None:
            os.kill(state.pid, signal.SIGKILL)
        killed.wait(60)

        assert homes.up(home) == ports
        assert (home / "format").read_text() == f"{FORMAT}\n"
        homes.emit(home, "new", 20)
        assert homes.stored(home) == {"old": 20, "new": 20}
        homes.down(home)
        told = homes.run(home, "up", python=earlier)
        assert told.returncode == 2
        assert told.stderr.count("\n") == 1
        assert "was made by a newer earwitness" in told.stderr
    finally:
        homes.down(home)
