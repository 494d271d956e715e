"""The demo's example app ends with the demo, however that one ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from earwitness.embedded.home import Home
from earwitness.embedded.secrets import Secrets

DEMO = """
import sys
from pathlib import Path
from earwitness.cli.demo_app import running_voice_app
with running_voice_app(Path(sys.argv[1])) as app:
    print(app.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What the app needs to know of a stack; none runs."""
    home = Home(tmp_path / "home")
    home.create()
    Secrets(home.secrets).make()
    home.write_ports({"broker": 1, "controller": 2, "catalogue": 3, "clickhouse": 4})
    return home.path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children together with their parent")
def test_a_killed_demo_leaves_no_app(home):
    demo = subprocess.Popen([sys.executable, "-c", DEMO, str(home)], stdin=-1, stdout=-1, text=True)
    assert demo.stdout is not None
    try:
        url = demo.stdout.readline().strip()
        (app,) = psutil.Process(demo.pid).children()
        assert url.startswith("http://")
        demo.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while app.is_running() and app.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the app lives on"
            time.sleep(0.02)
    finally:
        demo.kill()
        demo.communicate()
