"""A home on a disk that is full, fills up, or cannot be written: it is told, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import homes
import pytest

from earwitness.client import AuditClient
from earwitness.embedded import control, disk
from earwitness.embedded.home import Home
from earwitness.runtime.settings import Settings
from waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield place
    finally:
        homes.down(place / "home")
        subprocess.run(["umount", str(place)], check=True)


def fill(file: Path, leave: int = 0) -> None:
    with contextlib.suppress(OSError), file.open("ab", buffering=0) as ballast:
        for size in (1 << 20, 512):
            with contextlib.suppress(OSError):
                while shutil.disk_usage(file.parent).free > leave + size or not leave:
                    ballast.write(bytes(size))


@pytest.mark.parametrize("how", ["growing", "at once"])
def test_a_disk_that_fills_up_loses_nothing_and_is_told(small_disk, how):
    home, ballast = small_disk / "home", small_disk / "ballast"
    homes.up(home)
    client = AuditClient(Settings.load(control.environment(home, "producer")), service="client")

    def end_calls(count: int) -> None:
        for _ in range(count):
            with client.call(call_sid=f"CA{secrets.token_hex(16)}", caller="+14155550100"):
                client.call_ended(
                    duration_seconds=7, disconnect_reason="completed", final_stage="goodbye", call_status="completed"
                )

    try:
        end_calls(500)
        assert client.flush(30.0) == 0
        fill(ballast, leave=disk.STOP_FREE - 4_000_000 if how == "growing" else 0)
        end_calls(500)

        def broker_is_down() -> bool:
            return any(s.name == "broker" and s.state != "ready" for s in control.status(home).services)

        wait_for(broker_is_down, 90.0)
        fill(ballast)  # what the broker freed too
        state = control.status(home)
        assert f"the disk under {home} is full" in state.message
        assert "\n" not in state.message
        told = homes.run(home, "status")
        assert told.returncode == 1
        assert "is full" in told.stdout
        end_calls(500)
        assert client.stats().undelivered >= 500

        ballast.unlink()
        wait_for(lambda: {service.state for service in control.status(home).services} == {"ready"}, 90.0)
        assert control.status(home).message == ""
        # The client takes the broker for away until something is confirmed; till then a flush does not wait.
        wait_for(lambda: client.flush(5.0) == 0, 60.0, lambda: f"{client.stats()}")
        stats = client.stats()
        # A write that fails in the broker can end as an error by which the client gives an event up: it says so then.
        lost = 0 if how == "growing" else sum(stats.dropped.values())
        assert (stats.accepted, stats.acknowledged, stats.refused) == (1500, 1500 - lost, {})
        homes.stored(home)  # nothing is unexplained
        assert 1500 - lost <= homes.distinct(home, "client") <= 1500
    finally:
        client.close(5.0)


def test_a_home_that_cannot_be_written_is_refused_in_one_line(small_disk):
    home = small_disk / "home"
    Home(home).create()

    def refusal() -> str:
        told = homes.run(home, "up")
        assert told.returncode == 3
        assert "Traceback" not in told.stderr
        (line,) = [line for line in told.stderr.splitlines() if line.startswith("earwitness:")]
        return line

    fill(small_disk / "ballast")
    assert "is full" in refusal()
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        assert "Read-only file system" in refusal()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
