"""Homes that are copied, moved or deleted, taken ports and stepping clocks, over services of a few lines of Python."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from earwitness.embedded import control, ports
from earwitness.embedded.home import FORMAT, Home
from earwitness.runtime.errors import UsageError

LIVE = "ready()\nwhile True: time.sleep(60)"


def live(name: str, code: str = LIVE, **more: object) -> dict[str, object]:
    return {"name": name, "code": code, **more}


def copy(source: Path, target: Path) -> Home:
    shutil.copytree(source, target, symlinks=True)
    return Home(target)


class TestCopiedWhileUp:
    @pytest.fixture
    def torn(self, dummies, tmp_path):
        dummies.up(live("a"), live("b"))
        return copy(dummies.home.path, tmp_path / "copy")

    def test_it_is_refused_in_one_line_that_names_the_original(self, dummies, torn):
        with pytest.raises(UsageError) as refused:
            control.up(torn.path, progress=print)
        message = str(refused.value)
        assert "\n" not in message
        assert f"was copied from {dummies.home.path} while its stack ran" in message
        assert f"earwitness down --home {dummies.home.path}" in message
        assert str(torn.state_file) in message
        assert control.status(torn.path).message == message
        assert control.status(torn.path).services == ()

    def test_none_of_its_commands_touches_the_original(self, dummies, torn):
        before = {name: dummies.pid(name) for name in "ab"}
        assert control.down(torn.path, print) is False
        with pytest.raises(UsageError):
            control.up(torn.path, progress=print)
        with pytest.raises(UsageError, match="was moved or copied from"):
            control.environment(torn.path, "producer")
        assert {name: dummies.pid(name) for name in "ab"} == before
        assert control.status(dummies.home.path).phase == "ready"

    def test_it_is_refused_after_its_original_was_stopped_too(self, dummies, torn):
        dummies.down()
        with pytest.raises(UsageError, match="while its stack ran"):
            control.up(torn.path, progress=print)

    def test_in_the_place_of_an_original_that_was_moved_it_is_told_by_the_processes(self, dummies, torn):
        pid = dummies.pid("a")
        state = torn.read_state()
        assert state is not None
        assert state.home is not None
        # As the copy would read at the original's own path.
        torn.state_file.write_bytes(
            torn.state_file.read_bytes().replace(state.home.path.encode(), str(torn.path.resolve()).encode())
        )
        with pytest.raises(UsageError, match="copied from another home"):
            control.up(torn.path, progress=print)
        assert control.down(torn.path, print) is False
        assert psutil.pid_exists(pid)


class TestMoved:
    def test_while_it_runs_everything_is_stopped_and_it_starts_again_in_its_new_place(self, dummies, tmp_path):
        dummies.up(live("a"))
        pids = [process.pid for process in dummies.processes()]
        new = tmp_path / "elsewhere"
        dummies.home.path.rename(new)
        dummies.wait_for(lambda: not any(map(psutil.pid_exists, pids)) or dummies.processes() == [])
        assert "was moved or deleted while its stack ran" in (new / "logs" / "supervisor.log").read_text()
        assert not dummies.home.path.exists()
        dummies.home = Home(new)
        assert dummies.up(live("a")).phase == "ready"

    def test_deleted_while_it_runs_leaves_no_process(self, dummies):
        dummies.up(live("a"), live("b"))
        shutil.rmtree(dummies.home.path, ignore_errors=True)
        dummies.wait_for(lambda: dummies.processes() == [])

    def test_a_symlink_and_its_target_are_one_home(self, dummies, tmp_path):
        dummies.up(live("a"))
        link = tmp_path / "link"
        link.symlink_to(dummies.home.path)
        assert control.status(link).phase == "ready"
        assert control.up(link, progress=print).supervisor == control.status(dummies.home.path).supervisor
        assert control.down(link, print) is True
        assert dummies.processes() == []


class TestPorts:
    def test_one_that_a_stranger_took_meanwhile_is_told_and_waited_for(self, dummies):
        port = ports.assign(("a",), {})["a"]
        serve = f"import socket\nserver = socket.create_server(('127.0.0.1', {port}))\n" + LIVE
        dummies.up(live("a", serve, ports=[port]))
        os.kill(dummies.pid("a"), signal.SIGSTOP)
        os.kill(dummies.pid("a"), signal.SIGKILL)
        dummies.wait_for(lambda: ports.is_free(port))
        with socket.create_server((ports.HOST, port)):
            dummies.wait_for(lambda: dummies.service("a").waits_for is not None)
            state = control.status(dummies.home.path)
            assert f"a waits, port {port} on 127.0.0.1 is taken by process {os.getpid()}" in state.message
            assert "\n" not in state.message
            restarts = dummies.service("a").restarts
        dummies.wait_for(lambda: dummies.service("a").state == "ready" and dummies.service("a").waits_for is None)
        assert dummies.service("a").restarts == restarts
        assert control.status(dummies.home.path).message == ""


class TestRefusedStarts:
    def test_a_service_that_says_that_its_settings_are_wrong_is_not_tried_again(self, dummies):
        code = "print('earwitness: key file: the key is too short', flush=True); sys.exit(2)"
        with pytest.raises(UsageError, match=r"^bad refuses to start: key file: the key is too short$"):
            dummies.up(live("a"), live("bad", code))
        assert dummies.notes().count("bad started") == 1
        assert dummies.processes() == []

    def test_a_predecessors_failure_is_not_taken_for_ones_own(self, dummies):
        with pytest.raises(UsageError, match="the first time"):
            dummies.up(live("bad", "print('the first time', flush=True); sys.exit(2)"))
        started = dummies.launch(live("a"))
        dummies.wait_for(lambda: control.status(dummies.home.path).phase == "ready")
        dummies.down()
        (dummies.home.path / "format").write_text(f"{FORMAT + 1}\n")
        with pytest.raises(UsageError, match="made by a newer earwitness"):
            dummies.up(live("a"))
        (dummies.home.path / "format").write_text(f"{FORMAT}\n")
        assert not started.alive()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process's start does not follow the clock")
class TestClock:
    @pytest.mark.parametrize("step", [-86_400.0, 3_600.0])
    def test_a_step_hides_no_running_stack(self, dummies, monkeypatch, step):
        state = dummies.up(live("a"))
        pid = dummies.pid("a")
        # What the system says of a process's start after the step: /proc/stat's btime follows the clock.
        create_time = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + step)
        assert dummies.home.owner() == state.supervisor
        assert control.status(dummies.home.path).phase == "ready"
        assert dummies.pid("a") == pid
        assert control.up(dummies.home.path, progress=print).supervisor == state.supervisor
        assert dummies.down() is True
        assert not psutil.pid_exists(pid)

    def test_the_supervisor_goes_on_through_one(self, dummies):
        dummies.up({**live("a"), "clock_steps": -100_000.0})
        first = dummies.pid("a")
        dummies.wait_for(lambda: "the clock stepped" in dummies.log())
        os.kill(first, signal.SIGKILL)
        dummies.wait_for(lambda: dummies.service("a").restarts == 1 and dummies.service("a").state == "ready", 5.0)
        assert dummies.down() is True
