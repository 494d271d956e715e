"""Home directory, secrets, ports and the written state, without any process."""

from __future__ import annotations

import base64
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from earwitness.embedded import control, ports, stack
from earwitness.embedded.home import FORMAT, Home
from earwitness.embedded.keeper import Backoff
from earwitness.embedded.process import ProcessId, describe_exit
from earwitness.embedded.secrets import CLICKHOUSE_USERS, KAFKA_USERS, Secrets
from earwitness.embedded.state import ServiceState, StackState
from earwitness.runtime.errors import UsageError
from earwitness.runtime.settings import Settings, SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestHome:
    def test_only_its_owner_may_look_inside(self, home):
        for path in (home.path, home.secrets, home.broker, home.clickhouse, home.logs, home.run):
            assert mode(path) == 0o700

    def test_making_it_again_changes_nothing(self, home):
        (home.broker / "data").write_text("kept")
        Home(home.path).create()
        assert (home.broker / "data").read_text() == "kept"

    def test_a_home_of_a_newer_version_is_refused_in_one_line(self, home):
        (home.path / "format").write_text(f"{FORMAT + 1}\n")
        with pytest.raises(UsageError, match="newer earwitness") as refused:
            home.create()
        assert "\n" not in str(refused.value)

    def test_a_damaged_marker_is_refused(self, home):
        (home.path / "format").write_text("what?")
        with pytest.raises(UsageError, match="does not hold the number of a format"):
            home.create()

    def test_somebody_elses_directory_is_refused_and_left_alone(self, tmp_path):
        tmp_path.chmod(0o755)
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(UsageError, match="no home of earwitness"):
            Home(tmp_path).create()
        assert mode(tmp_path) == 0o755
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    def test_a_file_is_refused(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(UsageError, match="no home of earwitness"):
            Home(tmp_path / "file").create()

    def test_a_large_log_is_put_aside_once(self, home):
        with home.log("broker").open("wb") as log:
            log.truncate(30_000_000)
        home.log("sink").write_text("small")
        home.rotate_log("broker")
        home.rotate_log("sink")
        home.rotate_log("never-written")
        assert sorted(path.name for path in home.logs.iterdir()) == ["broker.log.1", "sink.log"]


class TestLock:
    def test_nobody_holds_a_new_home(self, home):
        assert not home.locked()
        assert home.owner() is None

    def test_it_says_who_holds_it(self, home):
        with home.lock() as holder:
            assert home.locked()
            assert home.owner() == holder == ProcessId.of(os.getpid())
        assert home.owner() is None

    def test_a_second_supervisor_is_refused(self, home):
        with home.lock(), pytest.raises(UsageError, match="another supervisor"), Home(home.path).lock(seconds=0.1):
            pass

    def test_asking_does_not_get_into_the_way_of_taking(self, home):
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                home.locked()

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            for _ in range(50):
                with home.lock():
                    assert home.locked()
        finally:
            done.set()
            asking.join()


class TestState:
    def test_it_reads_as_it_was_written(self, home):
        state = StackState(
            phase="ready",
            supervisor=ProcessId.of(os.getpid()),
            ports={"broker": 20000},
            services=(ServiceState(name="broker", state="ready", since=1.5, process=ProcessId(2, 3.25), restarts=1),),
        )
        home.write_state(state)
        assert home.read_state() == state
        assert [path.name for path in home.run.iterdir()] == ["stack.json"]

    def test_there_is_none_at_first(self, home):
        assert home.read_state() is None
        assert control.status(home.path).phase == "stopped"

    @pytest.mark.parametrize("garbage", [b"", b'{"phase": "rea', b"[]", b'{"phase": "dancing"}', b"\xff\xfe\x00"])
    def test_garbage_reads_as_a_crashed_stack_that_says_so(self, home, garbage):
        (home.run / "stack.json").write_bytes(garbage)
        state = control.status(home.path)
        assert state.phase == "crashed"
        assert "not readable" in state.message
        assert control.down(home.path, print) is False

    def test_a_recorded_process_that_is_another_one_by_now_is_left_alone(self, home):
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
            identity = ProcessId.of(bystander.pid)
            assert identity is not None
            earlier = ProcessId(identity.pid, identity.created - 3600)
            service = ServiceState(name="broker", state="ready", since=0.0, process=earlier)
            home.write_state(StackState(phase="ready", supervisor=earlier, services=(service,)))
            status = control.status(home.path)
            assert status.phase == "crashed"
            assert status.services[0].process is None
            assert control.down(home.path, print) is False
            assert bystander.poll() is None
            bystander.communicate(b"\n")

    def test_a_zombie_is_not_alive(self):
        process = subprocess.Popen([sys.executable, "-c", "print(flush=True)"], stdout=subprocess.PIPE)
        identity = ProcessId.of(process.pid)
        assert identity is not None
        assert process.stdout is not None
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not identity.alive()
        process.communicate()

    def test_a_worker_says_that_it_is_ready_with_its_pid(self, home):
        home.say_ready("sink")
        assert home.ready_file("sink").read_text() == f"{os.getpid()}\n"
        Home(home.path / "not" / "there").say_ready("sink")


class TestSecrets:
    def test_each_is_in_a_file_of_its_own_that_only_the_owner_reads(self, home):
        secrets = Secrets(home.secrets)
        secrets.make()
        files = sorted(home.secrets.iterdir())
        assert len(files) == len(KAFKA_USERS) + len(CLICKHOUSE_USERS) + 2
        assert {mode(file) for file in files} == {0o600}
        assert len({file.read_bytes() for file in files}) == len(files)

    @pytest.mark.parametrize(("name", "key_id"), [("masking.key", "k1"), ("quarantine.key", "q1")])
    def test_a_key_is_an_id_and_32_bytes(self, home, name, key_id):
        Secrets(home.secrets).make()
        found, _, encoded = (home.secrets / name).read_text().strip().partition(":")
        assert found == key_id
        assert len(base64.b64decode(encoded, validate=True)) == 32

    def test_they_are_never_made_anew(self, home):
        secrets = Secrets(home.secrets)
        secrets.make()
        before = {file.name: file.read_bytes() for file in home.secrets.iterdir()}
        secrets.masking_key_file.write_text("k7:bWluZQ==\n")
        secrets.kafka_password_file("sink").unlink()
        secrets.make()
        after = {file.name: file.read_bytes() for file in home.secrets.iterdir()}
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"masking.key", "kafka-sink.password"}
        assert after["masking.key"] == b"k7:bWluZQ==\n"

    def test_of_many_makers_at_once_one_wins(self, home):
        makers = [threading.Thread(target=Secrets(home.secrets).make) for _ in range(8)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
        assert len(list(home.secrets.iterdir())) == len(KAFKA_USERS) + len(CLICKHOUSE_USERS) + 2

    def test_a_file_open_to_others_is_refused(self, home):
        secrets = Secrets(home.secrets)
        secrets.make()
        secrets.kafka_password_file("admin").chmod(0o644)
        with pytest.raises(SettingsError, match="chmod 600"):
            secrets.kafka_password("admin")


class TestPorts:
    def test_they_differ_and_are_free(self):
        chosen = ports.assign(("a", "b", "c"), {})
        assert len(set(chosen.values())) == 3
        assert all(ports.is_free(port) for port in chosen.values())

    def test_they_stay_the_same(self):
        chosen = ports.assign(("a", "b"), {})
        assert ports.assign(("a", "b"), chosen) == chosen

    def test_one_in_use_is_given_up(self):
        chosen = ports.assign(("a", "b"), {})
        with socket.create_server((ports.HOST, chosen["a"])):
            again = ports.assign(("a", "b"), chosen)
        assert again["a"] != chosen["a"]
        assert again["b"] == chosen["b"]

    def test_two_names_never_share_one(self):
        (port,) = ports.assign(("a",), {}).values()
        again = ports.assign(("a", "b"), {"a": port, "b": port})
        assert again["a"] != again["b"]


class TestRoles:
    @pytest.fixture
    def started(self, home):
        Secrets(home.secrets).make()
        home.write_ports({"broker": 1, "controller": 2, "catalogue": 3, "clickhouse": 4})
        return home

    @pytest.mark.parametrize("role", stack.ROLES)
    def test_what_a_role_gets_are_valid_settings(self, started, role):
        settings = Settings.load(control.environment(started.path, role))
        assert settings.home == started.path
        assert (settings.kafka is not None) == (role != "analyst")
        assert (settings.clickhouse is not None) == (role in {"admin", "sink", "analyst"})

    @pytest.mark.parametrize("role", stack.ROLES)
    def test_only_privacy_masks_and_only_the_admin_opens_what_it_sealed(self, started, role):
        settings = Settings.load(control.environment(started.path, role))
        assert (settings.masking.has_keys) == (role == "privacy")
        assert (settings.quarantine_key_file is not None) == (role in {"privacy", "admin"})

    @pytest.mark.parametrize("role", stack.ROLES)
    def test_no_secret_stands_in_the_environment(self, started, role):
        values = control.environment(started.path, role).values()
        for file in started.secrets.iterdir():
            assert file.read_text().strip() not in values

    def test_only_privacy_is_told_how_free_text_is_masked_and_a_wrong_dictionary_stops_the_start(
        self, started, monkeypatch, tmp_path
    ):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("EARWITNESS_PRIVACY_PRESET", "strict")
        monkeypatch.setenv("EARWITNESS_PRIVACY_DICTIONARY", "words.toml")
        for role in stack.ROLES:
            settings = Settings.load(control.environment(started.path, role))
            told = (settings.privacy_preset, settings.privacy_dictionary)
            assert told == (("strict", tmp_path / "words.toml") if role == "privacy" else ("balanced", None))
        with pytest.raises(UsageError, match="cannot read the dictionary"):
            stack.steps(started, ["privacy"])

    def test_an_unknown_role_is_refused(self, started):
        with pytest.raises(UsageError, match="no role king"):
            control.environment(started.path, "king")

    def test_without_a_stack_there_is_nothing_to_reach(self, tmp_path):
        with pytest.raises(UsageError, match="earwitness up"):
            control.environment(tmp_path / "nowhere", "sink")
        assert not (tmp_path / "nowhere").exists()

    def test_an_unknown_worker_is_refused(self, home):
        with pytest.raises(UsageError, match="no worker cook"):
            stack.steps(home, ["cook"])


class TestBackoff:
    def test_it_doubles_up_to_its_most(self):
        backoff = Backoff()
        assert [backoff.after(0.1) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]

    def test_a_long_life_is_forgiven(self):
        backoff = Backoff()
        for _ in range(5):
            backoff.after(29.9)
        assert backoff.after(30.0) == 0.2
        assert backoff.after(1.0) == 0.4


def test_ends_in_words():
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
    assert describe_exit(-64) in {"killed by SIGRTMAX", "killed by signal 64"}
