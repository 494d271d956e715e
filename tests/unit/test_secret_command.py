"""Keys that a command prints: what it gets, what it may not do, and what is never shown."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import time
import traceback
from pathlib import Path

import pytest

from earwitness.privacy.keyring import KeyRing
from earwitness.runtime.errors import SettingsError
from earwitness.runtime.masking_settings import MaskingSettings
from earwitness.runtime.secret_command import command, output_of
from earwitness.runtime.settings import Settings
from waiting import wait_for

LINE = "k1:" + base64.b64encode(hashlib.sha256(b"a key").digest()).decode()


@pytest.fixture
def program(tmp_path):
    def make(body: str, mode: int = 0o755) -> str:
        path = tmp_path / "give-key"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}\n")
        path.chmod(mode)
        return str(path)

    return make


def ask(*words: str, seconds: float = 10.0) -> bytes:
    return output_of(words, setting="masking_key_command", seconds=seconds)


def test_the_key_is_what_the_command_prints(program):
    settings = Settings.load({"EARWITNESS_MASKING_KEY_COMMAND": f"{program(f'print({LINE!r})')} --name 'of the line'"})
    assert [key.id for key in KeyRing.load(settings.masking).keys] == ["k1"]


def test_arguments_come_as_they_are_and_no_shell_reads_them(program, tmp_path):
    words = command(
        "masking_key_command", f"{program('print(sys.argv[1:])')} a 'b c' '$(touch {tmp_path}/made)' ';' '*'"
    )
    assert words is not None
    assert ask(*words).decode().strip() == str(["a", "b c", f"$(touch {tmp_path}/made)", ";", "*"])
    assert not (tmp_path / "made").exists()


def test_it_sees_nothing_of_the_environment_but_the_path(program, monkeypatch):
    monkeypatch.setenv("EARWITNESS_SECRET", "x")
    seen = ask(program("print(sorted(os.environ)); print(sys.stdin.read())")).decode()
    assert "PATH" in seen
    assert set(seen.split("]")[0].strip("[]\n").replace("'", "").split(", ")) <= {
        "PATH",
        "LC_CTYPE",
        "__CF_USER_TEXT_ENCODING",
    }


def test_what_it_says_on_standard_error_is_shown_to_nobody(program, capfd):
    words = [program("print('a secret'); print('token-4711', file=sys.stderr); sys.exit(3)"), "--argument-of-mine"]
    with pytest.raises(SettingsError, match="ended with 3; run it by hand") as caught:
        ask(*words)
    said = "".join(traceback.format_exception(caught.value))
    assert capfd.readouterr() == ("", "")
    for secret in ("4711", "a secret", "--argument-of-mine"):
        assert secret not in said


def test_one_that_does_not_end_is_ended_with_all_that_it_started(program, tmp_path):
    body = f"if os.fork() == 0: open({str(tmp_path / 'child')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    begun = time.monotonic()
    with pytest.raises(SettingsError, match="took more than 1 s"):
        ask(program(body), seconds=1)
    assert time.monotonic() - begun < 5
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not _runs(child), 5, "the command's child is gone")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_that_keeps_the_pipe_does_not_keep_us(program):
    with pytest.raises(SettingsError, match="took more than 1 s"):
        ask(program(f"print({LINE!r}, flush=True)\nif os.fork() == 0: time.sleep(600)"), seconds=1)


def test_more_than_a_secret_is_refused_before_it_fills_the_memory(program):
    with pytest.raises(SettingsError, match="prints more than 64 KiB"):
        ask(program("while True: sys.stdout.write('k' * 65536)"))


WRONG = {
    "nothing": ("pass", 0o755, "prints nothing"),
    "no program": ("", 0o644, "there is no program"),
    "one that anybody may change": ("print(1)", 0o757, r"can be changed by any user of this machine; run: chmod o-w"),
}


@pytest.mark.parametrize(("body", "mode", "reason"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_used_is_said_in_one_line(program, body, mode, reason):
    with pytest.raises(SettingsError, match=reason) as caught:
        ask(program(body, mode))
    assert str(caught.value).startswith("EARWITNESS_MASKING_KEY_COMMAND: ")
    assert "\n" not in str(caught.value)


def test_a_program_that_is_none_is_said(tmp_path):
    path = tmp_path / "give-key"
    path.write_bytes(b"\x00\x01")
    path.chmod(0o755)
    with pytest.raises(SettingsError, match="cannot run"):
        ask(str(path))
    with pytest.raises(SettingsError, match="there is no program nowhere-at-all"):
        ask("nowhere-at-all")


@pytest.mark.parametrize("value", ["'unfinished", "  "])
def test_a_command_that_is_no_command_stops_the_start(value):
    with pytest.raises(SettingsError, match="give a program and its arguments"):
        Settings.load({"EARWITNESS_MASKING_KEY_COMMAND": value})


def test_keys_come_from_one_place(program):
    with pytest.raises(SettingsError, match="both set"):
        Settings.load({"EARWITNESS_MASKING_KEY_COMMAND": "x", "EARWITNESS_MASKING_KEY_FILE": "y"})
    assert not MaskingSettings().has_keys


def test_the_key_is_checked_like_the_files(program):
    short = "k1:" + base64.b64encode(b"short").decode()
    with pytest.raises(SettingsError, match="has 5 bytes") as caught:
        KeyRing.load(MaskingSettings(key_command=(program(f"print({short!r})"),)))
    assert short not in str(caught.value)


def test_where_path_says_it_is_found(program, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(program(f'print({LINE!r})')).parent}{os.pathsep}{os.environ['PATH']}")
    assert ask("give-key").decode().strip() == LINE
