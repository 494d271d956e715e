"""A process that reads its own directories only."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")

SCRIPT = """
import sys, threading
from pathlib import Path
from earwitness.embedded.confine import confine_reads

mine, other = Path(sys.argv[1]), Path(sys.argv[2])
if not confine_reads([mine, mine / "missing"]):
    sys.exit("this kernel cannot")

def look():
    (mine / "sub").mkdir()
    (mine / "a").rename(mine / "sub" / "a")
    (other / "written").write_text("x")
    for path in (mine / "sub" / "a", other / "b", other / "written"):
        try:
            print(path.read_text())
        except PermissionError:
            print("denied")

thread = threading.Thread(target=look)
thread.start()
thread.join()
"""


def test_only_what_is_named_can_be_read_by_threads_started_later(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.mkdir()
    other.mkdir()
    (mine / "a").write_text("mine")
    (other / "b").write_text("other")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(mine), str(other)], capture_output=True, text=True, check=False, timeout=30
    )
    if done.stderr == "this kernel cannot\n":
        pytest.skip("this kernel has no Landlock")
    assert done.stderr == ""
    assert done.stdout.split() == ["mine", "denied", "denied"]
