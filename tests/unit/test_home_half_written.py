"""Homes whose files are cut off, empty or missing, of another version, of another user.

Each is told in a clear line, and nothing is made anew that must not be.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from earwitness.embedded import control, disk, stack
from earwitness.embedded.files import cannot_write
from earwitness.embedded.home import FORMAT, Home
from earwitness.embedded.keeper import Keeper
from earwitness.embedded.secrets import Secrets
from earwitness.embedded.service import Service
from earwitness.embedded.upgrades import upgrade
from earwitness.privacy.keys import EXAMPLE_KEY
from earwitness.runtime.errors import EarwitnessError, UsageError
from earwitness.runtime.settings import SettingsError

_TRY = """
import os, sys
from pathlib import Path
from earwitness.embedded import control
from earwitness.runtime.errors import EarwitnessError
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    control.up(Path(sys.argv[1]), progress=print)
except EarwitnessError as error:
    print(error)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def used(home: Home) -> Home:
    """One that has been started before."""
    stack.steps(home, ["privacy"])
    (home.broker / "data").mkdir()
    return home


def one_line(refused: pytest.ExceptionInfo[EarwitnessError]) -> str:
    message = str(refused.value)
    assert "\n" not in message
    return message


class TestMarker:
    def test_one_that_was_cut_off_at_the_very_start_is_finished(self, home):
        for directory in home.path.iterdir():
            if directory.is_dir():
                directory.rmdir()
        (home.path / "format").write_text("")
        (home.path / ".format.4711").write_text("")
        Home(home.path).create()
        assert (home.path / "format").read_text() == f"{FORMAT}\n"
        assert home.secrets.is_dir()

    def test_an_empty_one_of_a_home_with_data_is_not_guessed(self, used):
        (used.path / "format").write_text("")
        with pytest.raises(UsageError) as refused:
            used.create()
        assert str(used.path / "format") in one_line(refused)

    def test_a_name_longer_than_the_file_system_takes_is_told(self, tmp_path):
        with pytest.raises(UsageError, match="File name too long") as refused:
            Home(tmp_path / ("x" * 300)).create()
        one_line(refused)


class TestUpgrade:
    @pytest.fixture
    def old(self, used):
        """As format 1 had it: a password for the owner of the views, who never logs in."""
        Secrets(used.secrets).clickhouse_password_file("owner").write_text("unused\n")
        (used.path / "format").write_text("1\n")
        return used

    def test_it_brings_the_home_to_this_format_once(self, old):
        upgrade(old)
        upgrade(old)
        assert (old.path / "format").read_text() == f"{FORMAT}\n"
        assert not Secrets(old.secrets).clickhouse_password_file("owner").exists()

    def test_looking_at_an_old_home_does_not_change_it(self, old):
        control.status(old.path)
        control.environment(old.path, "producer")
        control.down(old.path, print)
        assert (old.path / "format").read_text() == "1\n"

    def test_one_that_was_cut_off_is_done_again(self, old, monkeypatch):
        def killed(home: Home, number: int) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Home, "write_format", killed)
            with pytest.raises(KeyboardInterrupt):
                upgrade(old)
        assert (old.path / "format").read_text() == "1\n"
        upgrade(old)
        assert (old.path / "format").read_text() == f"{FORMAT}\n"

    def test_secrets_and_ports_stay(self, old):
        before = {file.name: file.read_bytes() for file in old.secrets.iterdir()} | old.read_ports()
        upgrade(old)
        stack.steps(old, ["privacy"])
        after = {file.name: file.read_bytes() for file in old.secrets.iterdir()} | old.read_ports()
        assert before == after | {"clickhouse-owner.password": b"unused\n"}


class TestSecrets:
    @pytest.mark.parametrize("name", ["masking.key", "quarantine.key", "kafka-admin.password"])
    @pytest.mark.parametrize("how", ["missing", "empty"])
    def test_what_the_data_needs_is_never_made_anew(self, used, name, how):
        file = used.secrets / name
        file.unlink()
        if how == "empty":
            file.touch(0o600)
        with pytest.raises(SettingsError, match="put it back") as refused:
            stack.steps(used, [])
        assert str(file) in one_line(refused)
        assert not file.exists() or not file.read_bytes()

    def test_another_empty_one_is_named_and_made_anew_once_it_is_deleted(self, used):
        file = used.secrets / "kafka-sink.password"
        file.write_text("\n")
        with pytest.raises(SettingsError, match="delete it") as refused:
            stack.steps(used, [])
        assert str(file) in one_line(refused)
        file.unlink()
        stack.steps(used, [])
        assert file.read_text().strip()


class TestMaskingKey:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "missing or empty"),
            ("k1:c2hvcnQ=\n", "has 5 bytes; at least 32"),
            (f"{EXAMPLE_KEY}\n", "example key of the documentation"),
            ("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "not random"),
            ("k1\n", "one line, k1:<base64"),
            ("k1:äöü\n", "one line, k1:<base64"),
        ],
        ids=["empty", "short", "example", "zeroes", "no key", "not ascii"],
    )
    def test_one_that_is_not_to_be_used_stops_the_start_before_anything_runs(self, used, text, why):
        key = Secrets(used.secrets).masking_key_file
        key.write_text(text)
        with pytest.raises(SettingsError, match=why) as refused:
            stack.steps(used, ["privacy", "sink"])
        message = one_line(refused)
        assert str(key) in message
        assert not text.strip() or text.strip().partition(":")[2] not in message or text == "k1\n"

    def test_one_that_others_may_read_stops_it_too(self, used):
        Secrets(used.secrets).masking_key_file.chmod(0o640)
        with pytest.raises(SettingsError, match="chmod 600") as refused:
            stack.steps(used, ["privacy"])
        one_line(refused)

    def test_it_reaches_the_terminal_as_one_line_with_exit_code_2(self, used):
        Secrets(used.secrets).masking_key_file.write_text(EXAMPLE_KEY)
        command = [sys.executable, "-m", "earwitness.cli", "up", "--home", str(used.path)]
        up = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert up.returncode == UsageError.exit_code
        last = up.stderr.splitlines()[-1]
        assert "example key of the documentation" in last
        assert "Traceback" not in up.stderr
        assert EXAMPLE_KEY.partition(":")[2] not in up.stdout + up.stderr


class TestStateFiles:
    @pytest.mark.parametrize("garbage", [b"", b'{"broker": 200', b"[]", b'{"broker": "many"}', b"\xff\x00"])
    def test_damaged_ports_are_chosen_anew(self, used, garbage):
        (used.path / "ports.json").write_bytes(garbage)
        stack.steps(used, [])
        assert set(used.read_ports()) == {"broker", "controller", "catalogue", "clickhouse"}

    def test_what_a_killed_write_left_does_not_hinder(self, used):
        for directory, name in ((used.path, ".ports.json.1"), (used.run, ".stack.json.1"), (used.secrets, ".x.y")):
            (directory / name).write_bytes(b"{")
        stack.steps(used, ["privacy"])
        used.create()


class TestOthersHomes:
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to somebody else")
    def test_another_users_home_is_refused_and_left_alone(self, used):
        os.chown(used.path / "format", 12_345, 12_345)
        with pytest.raises(UsageError, match="belongs to user 12345") as refused:
            used.create()
        one_line(refused)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_another_user_is_told_what_is_closed_to_him(self, used):
        used.path.parent.chmod(0o755)
        told = subprocess.run(
            [sys.executable, "-c", _TRY, str(used.path)], capture_output=True, text=True, timeout=60, check=False
        )
        assert told.stdout.startswith(f"cannot read {used.path}/format: Permission denied"), told


class TestFullDisk:
    def test_a_service_is_not_started_without_space_and_says_so(self, home, monkeypatch):
        service = Service("a", ["true"], {}, home.run, home.log("a"), lambda: True)
        assert Keeper(service, home).hindrance() is None
        monkeypatch.setattr(disk, "free_bytes", lambda _: 1_234_567)
        hindrance = Keeper(service, home).hindrance()
        assert hindrance == disk.too_full(home.path)
        assert hindrance is not None
        assert f"the disk under {home.path} is full (1.2 MB free" in hindrance

    def test_a_write_that_fails_names_the_file_and_the_reason(self):
        assert str(cannot_write(OSError(28, "No space left on device", "/a/b"), Path("/a"))) == (
            "cannot write /a/b: the disk is full; free some space, or give another --home"
        )
        assert str(cannot_write(OSError(30, "Read-only file system"), Path("/a"))) == (
            "cannot write /a: Read-only file system; give another --home"
        )
