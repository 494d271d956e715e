"""The supervisor as a process, over services that are a few lines of Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from earwitness.embedded import control, following
from earwitness.embedded.process import ProcessId
from earwitness.embedded.state import ServiceState, StackState
from earwitness.runtime.errors import EarwitnessError, UsageError

LIVE = "ready()\nwhile True: time.sleep(60)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LIVE


def live(name: str, code: str = LIVE, **more: object) -> dict[str, object]:
    return {"name": name, "code": code, **more}


class TestStart:
    def test_services_start_in_order_and_stop_in_reverse(self, dummies):
        state = dummies.up(live("a"), live("b"), live("c"))
        assert [(service.name, service.state) for service in state.services] == [(n, "ready") for n in "abc"]
        assert [line for line in dummies.lines if "ready" in line] == ["a is ready", "b is ready", "c is ready"]
        assert dummies.down() is True
        assert dummies.notes() == [f"{n} started" for n in "abc"] + [f"{n} stopped" for n in "cba"]
        assert dummies.processes() == []

    def test_one_waits_until_the_one_before_is_ready(self, dummies):
        slow = "while not (home / 'go').exists(): time.sleep(0.01)\n" + LIVE
        dummies.launch(live("a", slow), live("b"))
        dummies.wait_for(lambda: dummies.notes() == ["a started"])
        (dummies.home.path / "go").touch()
        dummies.wait_for(lambda: control.status(dummies.home.path).phase == "ready")
        assert dummies.notes() == ["a started", "b started"]

    def test_status_tells_what_each_process_uses(self, dummies):
        dummies.up(live("a"))
        service = dummies.service("a")
        assert service.process is not None
        assert service.rss_bytes is not None
        assert service.rss_bytes > 1_000_000
        assert service.cpu_seconds is not None
        assert 0 <= service.uptime_seconds < 60

    def test_up_again_leaves_everything_as_it_is(self, dummies):
        dummies.up(live("a"))
        pid = dummies.pid("a")
        state = control.up(dummies.home.path, progress=dummies.lines.append)
        assert state.phase == "ready"
        assert dummies.pid("a") == pid

    def test_a_second_supervisor_is_refused_and_the_first_goes_on(self, dummies):
        dummies.up(live("a"))
        second = subprocess.run(dummies.command(live("b")), capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == UsageError.exit_code
        assert "another supervisor runs" in second.stderr
        assert "Traceback" not in second.stderr
        assert dummies.service("a").state == "ready"

    def test_of_two_ups_at_once_both_get_the_same_stack(self, dummies):
        states: list[StackState] = []
        ups = [threading.Thread(target=lambda: states.append(dummies.up(live("a"), live("b")))) for _ in range(2)]
        for one in ups:
            one.start()
        for one in ups:
            one.join()
        assert len(states) == 2
        assert states[0].supervisor == states[1].supervisor
        assert dummies.notes() == ["a started", "b started"]

    def test_a_service_that_always_ends_is_given_up_with_its_last_words(self, dummies):
        with pytest.raises(EarwitnessError, match="bad does not get ready") as failed:
            dummies.up(live("a"), live("bad", "print('no such port', flush=True); sys.exit(3)"))
        assert "exit code 3" in str(failed.value)
        assert "no such port" in str(failed.value)
        assert dummies.notes().count("bad started") == 5
        assert dummies.notes()[-1] == "a stopped"
        assert dummies.processes() == []
        assert control.status(dummies.home.path).phase == "failed"

    def test_a_service_that_never_answers_is_given_up(self, dummies):
        with pytest.raises(EarwitnessError, match=r"mute does not get ready: it does not answer after 0\.5 s"):
            dummies.up(live("mute", "while True: time.sleep(60)", ready_seconds=0.5))
        assert dummies.processes() == []

    def test_a_failing_step_stops_what_runs_and_says_why(self, dummies):
        with pytest.raises(EarwitnessError, match=r"^no network here$"):
            dummies.up(live("a"), {"name": "b", "raises": "no network here"})
        assert dummies.notes() == ["a started", "a stopped"]
        assert dummies.processes() == []

    def test_a_stop_in_the_middle_of_a_step_leaves_nothing_of_it(self, dummies):
        code = f"import time; time.sleep(60)  # {dummies.home.path}"
        dummies.launch(live("a"), {"name": "b", "hangs": code})
        dummies.wait_for(lambda: len(dummies.processes()) == 3)
        assert dummies.down() is True
        assert dummies.processes() == []
        assert control.status(dummies.home.path).phase == "stopped"


class TestRestart:
    def test_a_killed_service_comes_back(self, dummies):
        dummies.up(live("a"), live("b"))
        before, other = dummies.pid("a"), dummies.pid("b")
        os.kill(before, signal.SIGKILL)
        dummies.wait_for(lambda: dummies.service("a").restarts == 1 and dummies.service("a").state == "ready")
        assert dummies.pid("a") != before
        assert dummies.pid("b") == other
        assert dummies.service("a").last_exit == "killed by SIGKILL"
        assert "killed by SIGKILL" in dummies.log()

    def test_one_that_was_ready_once_is_never_given_up_but_waited_for_ever_longer(self, dummies):
        code = "ready()\nif (home / 'break').exists(): sys.exit(7)\nwhile True: time.sleep(60)"
        dummies.up(live("a", code))
        (dummies.home.path / "break").touch()
        os.kill(dummies.pid("a"), signal.SIGKILL)
        dummies.wait_for(lambda: dummies.service("a").restarts >= 4)
        (dummies.home.path / "break").unlink()
        dummies.wait_for(lambda: dummies.service("a").state == "ready" and dummies.service("a").process is not None)
        pauses = [line.rpartition("next start in ")[2] for line in dummies.log().splitlines() if "next start" in line]
        assert pauses[:4] == ["0.2 s", "0.4 s", "0.8 s", "1.6 s"]
        assert "exit code 7" in dummies.log()

    def test_services_are_kept_alive_while_a_later_one_still_starts(self, dummies):
        slow = "while not (home / 'go').exists(): time.sleep(0.01)\n" + LIVE
        dummies.launch(live("a"), live("b", slow))
        dummies.wait_for(lambda: "b started" in dummies.notes())
        os.kill(dummies.pid("a"), signal.SIGKILL)
        dummies.wait_for(lambda: dummies.service("a").restarts == 1)
        (dummies.home.path / "go").touch()
        dummies.wait_for(lambda: control.status(dummies.home.path).phase == "ready")

    def test_a_start_that_fails_is_tried_again(self, dummies):
        state = dummies.up(live("a"))
        (dummies.home.logs / "a.log").unlink()
        (dummies.home.logs / "a.log").mkdir()
        os.kill(dummies.pid("a"), signal.SIGKILL)
        dummies.wait_for(lambda: dummies.service("a").restarts >= 2)
        (dummies.home.logs / "a.log").rmdir()
        dummies.wait_for(lambda: dummies.service("a").state == "ready")
        assert control.status(dummies.home.path).supervisor == state.supervisor


class TestStop:
    def test_one_that_ignores_sigterm_is_killed_after_its_time(self, dummies):
        dummies.up(live("a"), live("stubborn", STUBBORN, stop_seconds=0.3))
        dummies.down()
        assert dummies.service("stubborn").last_exit == "killed by SIGKILL"
        assert dummies.notes()[-1] == "a stopped"
        assert dummies.processes() == []

    def test_no_ready_file_stays(self, dummies):
        dummies.up(live("a"))
        assert dummies.home.ready_file("a").exists()
        dummies.down()
        assert not dummies.home.ready_file("a").exists()

    def test_a_supervisor_that_takes_too_long_is_killed_with_everything(self, dummies):
        dummies.up(live("stubborn", STUBBORN, stop_seconds=120))
        assert dummies.down(seconds=0.5) is True
        assert dummies.processes() == []
        assert not dummies.home.locked()

    def test_down_without_anything_running_is_fine(self, dummies):
        assert dummies.down() is False

    def test_it_can_be_started_again(self, dummies):
        for _ in range(2):
            dummies.up(live("a"))
            dummies.down()
        assert dummies.notes() == ["a started", "a stopped"] * 2

    def test_ctrl_c_in_the_terminal_does_not_reach_the_services(self, dummies):
        dummies.up(live("a"))
        supervisor = control.status(dummies.home.path).supervisor
        assert supervisor is not None
        sessions = {os.getsid(0), os.getsid(supervisor.pid), os.getsid(dummies.pid("a"))}
        assert len(sessions) == 3


class TestKilledSupervisor:
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children together with their parent")
    @pytest.mark.parametrize("code", [LIVE, STUBBORN], ids=["polite", "stubborn"])
    def test_it_leaves_no_process(self, dummies, code):
        state = dummies.up(live("a"), live("b", code))
        assert state.supervisor is not None
        os.kill(state.supervisor.pid, signal.SIGKILL)
        dummies.wait_for(lambda: dummies.processes() == [], 5.0)
        assert control.status(dummies.home.path).phase == "crashed"

    def test_up_works_at_once(self, dummies):
        first = dummies.up(live("a"))
        assert first.supervisor is not None
        os.kill(first.supervisor.pid, signal.SIGKILL)
        second = dummies.up(live("a"))
        assert second.supervisor != first.supervisor
        assert len(dummies.processes()) == 2

    def test_up_does_not_take_a_dying_supervisor_for_a_running_one(self, dummies):
        state = dummies.up(live("a"))
        assert state.supervisor is not None
        # Stopped, it looks as one does that was killed a moment ago: it has the lock, a state that says ready, no life.
        os.kill(state.supervisor.pid, signal.SIGSTOP)
        answers: list[StackState | Exception] = []

        def ask() -> None:
            try:
                answers.append(following.follow(dummies.home, None, dummies.lines.append))
            except EarwitnessError as error:
                answers.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        dummies.wait_for(lambda: dummies.lines.count("a is ready") == 2)
        asking.join(0.5)
        assert answers == []
        os.kill(state.supervisor.pid, signal.SIGKILL)
        asking.join(10)
        assert isinstance(answers[0], EarwitnessError)

    def test_garbage_for_a_state_does_not_hinder_up(self, dummies):
        (dummies.home.run / "stack.json").write_bytes(b'{"phase": "rea')
        assert dummies.up(live("a")).phase == "ready"
        assert "not readable" in dummies.log()

    @pytest.mark.parametrize("command", ["up", "down"])
    def test_what_it_left_behind_is_ended(self, dummies, command):
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=dummies.home.run)
        process = ProcessId.of(left.pid)
        service = ServiceState(name="a", state="ready", since=0.0, process=process)
        dummies.home.write_state(StackState(phase="ready", supervisor=ProcessId(left.pid, 1.0), services=(service,)))
        if command == "up":
            dummies.up(live("a"))
            assert "left behind" in dummies.log()
        else:
            assert dummies.down() is True
        assert left.wait(5) == -signal.SIGTERM


class TestParent:
    @pytest.fixture
    def parent(self, dummies):
        # The supervisor is told its parent's pid, as its last argument.
        code = (
            "import os, subprocess, sys\n"
            "child = subprocess.Popen([*sys.argv[1:-1], str(os.getpid())], start_new_session=True)\n"
            "input()"
        )
        command = [sys.executable, "-c", code, *dummies.command(live("a"))]
        parent = subprocess.Popen(command, stdin=subprocess.PIPE)
        dummies.wait_for(lambda: control.status(dummies.home.path).phase == "ready")
        yield parent
        parent.kill()
        parent.communicate()

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
    def test_the_stack_ends_with_it(self, dummies, parent, number):
        parent.send_signal(number)
        parent.wait(5)
        dummies.wait_for(lambda: dummies.processes() == [], 10.0)
        assert control.status(dummies.home.path).phase == "stopped"
        assert dummies.notes() == ["a started", "a stopped"]

    def test_it_lives_while_the_parent_does(self, dummies, parent):
        assert psutil.pid_exists(parent.pid)
        assert dummies.down() is True


class TestInterruptedUp:
    CODE = (
        "import sys\n"
        "from pathlib import Path\n"
        "from earwitness.embedded import following\n"
        "from earwitness.embedded.home import Home\n"
        "home = Home(Path(sys.argv[1]))\n"
        "following.follow(home, following.launch(home, sys.argv[2:]), lambda line: print(line, flush=True))"
    )

    def test_ctrl_c_stops_what_it_started(self, dummies):
        command = dummies.command(live("a"), live("mute", "while True: time.sleep(60)", ready_seconds=60))
        up = subprocess.Popen(
            [sys.executable, "-c", self.CODE, str(dummies.home.path), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        dummies.wait_for(lambda: "mute started" in dummies.notes())
        os.killpg(up.pid, signal.SIGINT)
        output, _ = up.communicate(timeout=20)
        assert b"KeyboardInterrupt" in output
        assert b"stopping the embedded stack" in output
        assert dummies.processes() == []
        assert dummies.notes()[-1] == "a stopped"

    def test_ctrl_c_leaves_a_stack_that_somebody_else_started(self, dummies):
        dummies.launch(live("a"), live("mute", "while True: time.sleep(60)", ready_seconds=60))
        dummies.wait_for(lambda: "mute started" in dummies.notes())
        code = "import sys\nfrom pathlib import Path\nfrom earwitness.embedded import control\n"
        code += "control.up(Path(sys.argv[1]), progress=lambda line: print(line, flush=True))"
        up = subprocess.Popen([sys.executable, "-c", code, str(dummies.home.path)], stdout=-1, stderr=-1)
        assert up.stdout is not None
        up.stdout.readline()
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=20)
        assert dummies.service("a").state == "ready"
